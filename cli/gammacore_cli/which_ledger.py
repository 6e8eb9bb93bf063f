"""Which ledger a command means: the options that say it, the first line that names it, and the keys JSON has of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, frozen

from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.errors import GammacoreError
from gammacore_cli.options import LEDGER
from gammacore_cli.output import show, show_aside

if TYPE_CHECKING:
    import datetime as dt

    from gammacore.domain.ledger import Mode
    from gammacore.wiring import Armed, Chosen, FoundLedger, LedgerChoice, LedgerPlace, Use
    from gammacore_cli.frame import Frame
from gammacore_cli.frame import Frame

COLOURS = {"LIVE": "bold white on red", "PAPER": "bold green", "STUDY": "bold cyan"}

BROKER = click.option(
    "--broker",
    type=click.Choice([broker.value for broker in BrokerName]),
    help="Broker that takes the orders (default: the configured one, else fake).",
)
CONFIRM = click.option(
    "--confirm-account", metavar="N", default="", help="With a live ledger: the account number, typed back."
)


def ledger_options(*, locks: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --paper, --live, --study and --ledger; the command receives them as `asked`, a `LedgerChoice`. Rule: OP-101.

    With `locks`, --broker and --confirm-account are added too and taken into the frame with --live, which is then a
    lock of live trading as well. Stands below `common_options`.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def asked(
            frame: Frame, *, paper: bool, live: bool, study: bool, ledger: LedgerPlace | None, **options: Any
        ) -> Any:
            from gammacore.domain.ledger import Mode
            from gammacore.wiring import LedgerChoice

            if locks:
                frame.choose({"account.broker": options.pop("broker")})
                frame.ask_live(live, options.pop("confirm_account"))
            modes = [mode for mode, on in ((Mode.PAPER, paper), (Mode.LIVE, live), (Mode.STUDY, study)) if on]
            return command(frame, asked=LedgerChoice.of(modes, ledger, locks=locks), **options)

        for option in (
            *((CONFIRM, BROKER) if locks else ()),
            click.option("--ledger", type=LEDGER, metavar="LEDGER", help="This ledger: a file or firestore:NAME."),
            click.option("--study", is_flag=True, help="The newest study."),
            click.option("--live", is_flag=True, help="The live account's ledger."
                         + (" Real money: with no loop running also live credentials and --confirm-account."
                            if locks else "")),
            click.option("--paper", is_flag=True, help="The paper account's ledger."),
        ):  # fmt: skip
            asked = option(asked)
        return asked

    return add


def means(frame: Frame, asked: LedgerChoice, use: Use, command: str) -> Chosen:
    """The ledgers that this command means; `command` is how it begins, for refusals. Rules: OP-101, OP-102."""
    from gammacore import wiring

    broker = frame.option_given("account.broker")
    begins = f"gammacore {command}" + (f" --broker {broker}" if broker else "")
    return wiring.choose(asked, wiring.ledgers_of(frame.settings, everywhere=True), use, begins)


@frozen
class Head:
    """What a command says of its ledger before anything else. Rule: OP-103.

    `account` is the end of the account's number behind ***, "" where it is not known; `as_of` the last event's instant.
    """

    ledger: FoundLedger | None
    mode: Mode | None
    account: str = ""
    as_of: dt.datetime | None = None

    @property
    def document(self) -> dict[str, object]:
        """The keys that every document of such a command has."""
        from gammacore_cli.json_values import clock

        return {
            "mode": None if self.mode is None else self.mode.value,
            "account": self.account or None,
            "ledger": None if self.ledger is None else str(self.ledger.place),
            "running": self.ledger is not None and self.ledger.writer is not None,
            "loop": None if self.ledger is None else self.ledger.writer,
            "as_of": None if self.as_of is None else clock(self.as_of),
        }

    @property
    def line(self) -> object:
        """Mode in words and colour, account, ledger and loop, in one line."""
        from rich.text import Text

        words = "UNKNOWN MODE" if self.mode is None else self.mode.value.upper()
        line = Text(words, style=COLOURS.get(words, "bold yellow"), end="")
        line.append("".join(f"  {part}" for part in self._parts() if part), style="not bold default on default")
        return line

    def _parts(self) -> tuple[str, ...]:
        from gammacore.domain.reports.figures import clock_text
        from gammacore.domain.sessions import new_york_date

        account = f"account {self.account}" if self.account else ""
        if self.ledger is None:
            return account, "no ledger"
        as_of = self.as_of
        last = "" if as_of is None else f", last event {new_york_date(as_of)} {clock_text(as_of)} New York"
        loop = self.ledger.writer
        return account, str(self.ledger.place), f"no loop runs{last}" if loop is None else f"loop: {loop}{last}"

    def show(self, frame: Frame, *, machine: bool | None = None) -> None:
        """Print the line: on stdout before everything else, on stderr where stdout is a program's.

        Under --quiet stderr has it only of a live ledger, as every banner.
        """
        from gammacore.domain.ledger import Mode

        if not (frame.as_json if machine is None else machine):
            show(self.line)
        elif not frame.quiet or self.mode is Mode.LIVE:
            show_aside(self.line)


def head_of(frame: Frame, ledger: FoundLedger, armed: Armed | None = None) -> Head:
    """The head of one ledger; what of it cannot be read is left out, for a halt must not fail by it."""
    from gammacore import wiring

    try:
        sight = wiring.sight_of(frame.settings, ledger.place)
    except GammacoreError:
        return Head(ledger, ledger.mode)
    head = Head(ledger, ledger.mode, sight.account, sight.as_of)
    known = "" if armed is None or armed.number is None else armed.number.ending
    return head if head.account else evolve(head, account=known)


def show_others(frame: Frame, others: tuple[FoundLedger, ...]) -> None:
    """List below what a command could have meant besides: its stdout is read by people, JSON has `others`. OP-102."""
    if others and not frame.as_json:
        show("\n".join(other_line(one) for one in others))


def other_line(ledger: FoundLedger) -> str:
    loop = "no loop runs" if ledger.writer is None else f"loop: {ledger.writer}"
    return f"also there: {ledger.words} {ledger.place}, {loop}"


def others_document(others: tuple[FoundLedger, ...]) -> list[dict[str, object]]:
    return [
        {
            "mode": None if one.mode is None else one.mode.value,
            "ledger": str(one.place),
            "running": one.writer is not None,
        }
        for one in others
    ]


def live_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --broker, --live and --confirm-account, and take them into the frame. Stands below `common_options`."""

    @click.option("--confirm-account", metavar="N", default="", help="Account number typed back; required with --live.")
    @click.option("--live", is_flag=True, help="Trade real money; also needs live credentials and --confirm-account.")
    @BROKER
    @functools.wraps(command)
    def asked(frame: Frame, *, broker: str | None, live: bool, confirm_account: str, **options: Any) -> Any:
        frame.choose({"account.broker": broker})
        frame.ask_live(live, confirm_account)
        return command(frame, **options)

    return asked

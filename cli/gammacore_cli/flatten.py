"""`gammacore flatten`: close everything and latch the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import BrokerError
from gammacore.ports.storage import Request, RequestKind
from gammacore_cli.control import sentence_of, silent
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means

if TYPE_CHECKING:
    from gammacore.wiring import Answer, LedgerChoice


@click.command("flatten")
@click.option("--reason", default="flattened by hand", show_default=True, help="Reason that is journaled.")
@click.option("--wait", type=click.FloatRange(min=0), default=120, show_default=True, metavar="SECONDS",
              help="Seconds until a running loop is flat; one that does not obey is left sooner.")  # fmt: skip
@market_options
@common_options
@ledger_options(locks=True)
def flatten(frame: Frame, asked: LedgerChoice, reason: str, wait: float, **market: Any) -> None:
    """Call back entries, close every position, verify, and stay halted until `resume`.

    A running loop does it and is waited for (--wait); one that does not obey in time is named, with what can be done.
    With none running the halt is journaled first and the rest is done here, on the market the options name; a live
    ledger then needs all three locks, which are checked before anything is written. The exit code is 1 when not
    everything is closed: what is open is named, and the account stays halted.

    Three other ways, where this command is not at hand: make the file LEDGER.halt beside the ledger (or the one the
    configuration names, account.halt_file), or the file HALT in the home folder, which holds for every account ledger
    of that home: it is obeyed at every start while it exists. Or send the running `trade` the signal SIGUSR1.
    """
    from gammacore import wiring

    choose_market(frame, market)
    ledger = means(frame, asked, wiring.Use.TRADE, "flatten").one
    wiring.refuse_contradiction(frame.configuration, ledger)
    configuration, armed = frame.configuration, None
    if ledger.writer is None:
        configuration, armed = wiring.armed_for(configuration, frame.credentials, ledger)
        configuration = wiring.taking_up(configuration, ledger.place, only_to_close=True)
    head = head_of(frame, ledger, armed)
    request = Request(RequestKind.FLATTEN, wiring.system_clock().now(), reason)
    patience = wiring.Patience.of(frame.settings, done=wait)
    (answer,) = wiring.ask(frame.settings, [ledger.place], request, patience, before_waiting=lambda: head.show(frame))
    done, sentence = answer.done, _left(answer)
    held: dict[str, object] = {"open": answer.open, "orders": []}
    if answer.loop is None:
        if armed is None:  # its loop ended while it was asked
            configuration, armed = wiring.armed_for(configuration, frame.credentials, ledger)
            configuration = wiring.taking_up(configuration, ledger.place, only_to_close=True)
        flat = wiring.flatten_now(configuration, ledger.place, frame.credentials)
        done, sentence = flat.done, flat.sentence
        held = {"open": flat.open, "orders": flat.orders, "held_beyond": flat.beyond}
    document = {**head.document, "flatten": reason, "done": sentence, "verdicts": [], **held}
    emit(document, frame.as_json, lambda: f"flatten ({reason}): {sentence}")
    if answer.loop is not None and answer.at is None:
        raise silent(RequestKind.FLATTEN, [(ledger, answer)], patience.obey)
    if not done:
        raise BrokerError(f"{ledger.words} {ledger.place}: {sentence}")


def _left(answer: Answer) -> str:
    """What a running loop made of it."""
    sentence = sentence_of(RequestKind.FLATTEN, answer)
    if answer.open:
        return f"{sentence}; still open: {', '.join(answer.open)}"
    return sentence if answer.at is None else f"flat and halted; {sentence}"

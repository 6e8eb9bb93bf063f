"""`gammacore flatten`: close everything and latch the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from gammacore.errors import BrokerError, MissingData, StorageError, WriteConflict
from gammacore.ports.storage import Request, RequestKind
from gammacore_cli.control import sentence_of, silent
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import Head, head_of, ledger_options, means

if TYPE_CHECKING:
    from gammacore.configuration import Configuration
    from gammacore.wiring import Answer, Armed, Flattened, FoundLedger, LedgerChoice, Patience


@click.command("flatten")
@click.option("--reason", default="flattened by hand", show_default=True, help="Reason that is journaled.")
@click.option("--wait", type=click.FloatRange(min=0), default=120, show_default=True, metavar="SECONDS",
              help="Seconds until a running loop is flat; one that does not obey is left sooner.")  # fmt: skip
@click.option("--all-holdings", is_flag=True,
              help="Close every option contract the account holds, whosever it is, and call every order back: the one "
              "way where the ledger cannot be read.")  # fmt: skip
@market_options
@common_options
@ledger_options(locks=True)
def flatten(frame: Frame, asked: LedgerChoice, reason: str, wait: float, all_holdings: bool, **market: Any) -> None:
    """Call back entries, close every position, verify, and stay halted until `resume`.

    A running loop does it and is waited for (--wait); one that does not obey in time is named, with what can be done.
    With none running the halt is journaled first and the rest is done here, on the market the options name; a live
    ledger then needs all three locks, which are checked before anything is written. The answer is what account and
    ledger show afterwards. The exit code is 1 when not everything is closed, when the two differ, or when the halt does
    not stand; what is held is named.

    A ledger that cannot be written (disk full, read-only) does not keep this from closing: what is done is kept in the
    temporary folder and taken up by the next start. For one that cannot be read see --all-holdings.

    Three other ways, where this command is not at hand: make the file LEDGER.halt beside the ledger (or the one the
    configuration names, account.halt_file), or the file HALT in the home folder, which holds for every account ledger
    of that home: it is obeyed at every start while it exists. Or send the running `trade` the signal SIGUSR1.
    """
    from gammacore import wiring

    choose_market(frame, market)
    request = Request(RequestKind.FLATTEN, wiring.system_clock().now(), reason)
    run = _Run(frame, request, wiring.Patience.of(frame.settings, done=wait))
    try:
        ledger = means(frame, asked, wiring.Use.TRADE, "flatten").one
    except MissingData:
        if not all_holdings:
            raise
        run.by_holdings(None)
        return
    wiring.refuse_contradiction(frame.configuration, ledger)
    if ledger.writer is None and (why := wiring.why_unreadable(frame.settings, ledger.place)):
        if not all_holdings:
            raise StorageError(f"{why}. To close every option contract the account holds without the ledger: "
                               "`gammacore flatten --all-holdings`")  # fmt: skip
        run.by_holdings(ledger)
        return
    run.by_ledger(ledger, all_holdings)


class _Run:
    """One flatten: what is asked, how long it may take."""

    def __init__(self, frame: Frame, request: Request, patience: Patience) -> None:
        self._frame = frame
        self._request = request
        self._patience = patience

    def by_ledger(self, ledger: FoundLedger, all_holdings: bool) -> None:
        """Close what the ledger holds; with `all_holdings` then what else the account does."""
        armed = None if ledger.writer is not None else self._armed(ledger)
        head = head_of(self._frame, ledger, None if armed is None else armed[1])
        answer, flat = self._flattened(ledger, head, armed)
        if all_holdings and flat.beyond and not flat.open:
            rest = self._holdings_closed(ledger, (armed or self._armed(ledger))[1])
            flat = evolve(rest, ledger_holds=flat.ledger_holds, orders=(*flat.orders, *rest.orders))
        sentence = flat.sentence
        if answer.loop is not None:
            sentence = f"{sentence}; {sentence_of(RequestKind.FLATTEN, answer)}"
        self._show(head, flat, sentence)
        if answer.loop is not None and answer.at is None:
            raise silent(RequestKind.FLATTEN, [(ledger, answer)], self._patience.obey)
        if not flat.done or answer.at is None:
            raise BrokerError(f"{ledger.words} {ledger.place}: {sentence}")

    def by_holdings(self, ledger: FoundLedger | None) -> None:
        """Without a ledger."""
        from gammacore import wiring

        armed = wiring.armed_without_ledger(self._frame.configuration, self._frame.credentials, ledger)
        head = Head(ledger, armed.mode, "" if armed.number is None else armed.number.ending)
        head.show(self._frame)
        flat = self._holdings_closed(ledger, armed)
        self._show(head, flat, flat.sentence)
        if not flat.done:
            raise BrokerError(f"{armed.banner}: {flat.sentence}")

    def _armed(self, ledger: FoundLedger) -> tuple[Configuration, Armed]:
        from gammacore import wiring

        configuration, armed = wiring.armed_for(self._frame.configuration, self._frame.credentials, ledger)
        return wiring.taking_up(configuration, ledger.place, only_to_close=True), armed

    def _flattened(
        self, ledger: FoundLedger, head: Head, armed: tuple[Configuration, Armed] | None
    ) -> tuple[Answer, Flattened]:
        """Ask the loop, or do it here; and what account and ledger show then."""
        from gammacore import wiring

        frame, place, credentials = self._frame, ledger.place, self._frame.credentials
        try:
            (answer,) = wiring.ask(
                frame.settings, [place], self._request, self._patience, before_waiting=lambda: head.show(frame)
            )
        except WriteConflict:
            raise
        except StorageError:
            if armed is None:
                raise
            head.show(frame)
            flat = wiring.flatten_now(armed[0], place, credentials, unwritten=self._request)
            return wiring.Answer(self._request.at), flat
        if answer.loop is not None:
            return answer, wiring.look_whether_flat(frame.configuration, ledger, credentials)
        configuration, _ = armed or self._armed(ledger)  # without: its loop ended while it was asked
        return answer, wiring.flatten_now(configuration, place, credentials)

    def _holdings_closed(self, ledger: FoundLedger | None, armed: Armed) -> Flattened:
        from gammacore import wiring

        frame = self._frame
        return wiring.flatten_holdings_now(
            frame.settings, armed, frame.credentials, ledger, self._request, self._patience.done
        )

    def _show(self, head: Head, flat: Flattened, sentence: str) -> None:
        reason = self._request.reason
        document = {**head.document, "flatten": reason, "done": sentence, "verdicts": [], **flat.document}
        lines = "\n  ".join((f"flatten ({reason}): {sentence}", *flat.facts))
        emit(document, self._frame.as_json, lambda: lines)

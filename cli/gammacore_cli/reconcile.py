"""`gammacore reconcile`: compare the ledger with the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import Head, head_of, ledger_options, means

if TYPE_CHECKING:
    from gammacore.wiring import FoundLedger, LedgerChoice


@click.command("reconcile")
@market_options
@common_options
@ledger_options(locks=True)
def reconcile(frame: Frame, asked: LedgerChoice, **market: Any) -> None:
    """Look twice, as the loop does: match, adopt late fills of ours, quarantine what is foreign.

    Where a loop runs, its last verdicts are shown with their time, and nothing is asked of the broker. A live ledger
    without a loop needs all three locks.
    """
    from gammacore import wiring

    choose_market(frame, market)
    ledger = means(frame, asked, wiring.Use.TRADE, "reconcile").one
    wiring.refuse_contradiction(frame.configuration, ledger)
    if ledger.writer is not None:
        _show_past(frame, ledger)
        return
    configuration, armed = wiring.armed_for(frame.configuration, frame.credentials, ledger)
    configuration = wiring.taking_up(configuration, ledger.place, only_to_close=True)
    findings, orders = wiring.reconcile_now(configuration, ledger.place, frame.credentials)
    head = head_of(frame, ledger, armed)
    head.show(frame)
    verdicts: list[dict[str, object]] = [
        {"symbol": f.symbol, "expected": f.expected, "held": f.held, "verdict": str(f.verdict)} for f in findings
    ]
    _show(frame, head, verdicts, orders, "nothing to compare")


def _show_past(frame: Frame, ledger: FoundLedger) -> None:
    """The loop's last verdicts, read from its ledger."""
    from gammacore import wiring
    from gammacore_cli.json_values import clock

    events = wiring.events_of(frame.settings, ledger.place)
    head = head_of(frame, ledger)
    head.show(frame)
    verdicts: list[dict[str, object]] = [
        {"symbol": one.symbol, "expected": None, "held": one.held, "verdict": str(one.verdict), "at": clock(one.at)}
        for one in wiring.past_verdicts(events)
    ]
    _show(frame, head, verdicts, [], "the running loop has journaled no difference on this day")


def _show(
    frame: Frame, head: Head, verdicts: list[dict[str, object]], orders: list[dict[str, object]], none: str
) -> None:
    document: dict[str, object] = {**head.document, "verdicts": verdicts, "orders": orders}

    def view() -> object:
        from rich.table import Table

        if not verdicts:
            return none
        table = Table("symbol", "book", "broker", "verdict", *(["at"] if "at" in verdicts[0] else []))
        for one in verdicts:
            table.add_row(
                *("–" if value is None else str(value) for value in (one | {"symbol": one["symbol"] or "all"}).values())
            )
        return table

    emit(document, frame.as_json, view)

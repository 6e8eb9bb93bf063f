"""`gammacore reconcile`: compare the ledger with the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.control import ledger_to_control
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.live_options import live_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


@click.command("reconcile")
@market_options
@click.option("--ledger", type=LEDGER, metavar="LEDGER", help="Default: the paper ledger.")
@common_options
@live_options
def reconcile(frame: Frame, ledger: LedgerPlace | None, **market: Any) -> None:
    """Look twice, as the loop does: match, adopt late fills of ours, quarantine what is foreign."""
    from gammacore import wiring

    path = ledger_to_control(frame, ledger)
    choose_market(frame, market)
    findings, orders = wiring.reconcile_now(wiring.taking_up(frame.configuration, path), path, frame.credentials)
    verdicts = [
        {"symbol": f.symbol, "expected": f.expected, "held": f.held, "verdict": str(f.verdict)} for f in findings
    ]
    document: dict[str, object] = {"ledger": str(path), "verdicts": verdicts, "orders": orders}

    def view() -> object:
        from rich.table import Table

        table = Table("symbol", "book", "broker", "verdict")
        for finding in findings:
            table.add_row(finding.symbol or "all", str(finding.expected), str(finding.held), str(finding.verdict))
        return table

    emit(document, frame.as_json, view)

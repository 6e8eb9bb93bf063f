"""`gammacore halt`: latch the kill switch; no entries, exits go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.ports.storage import RequestKind
from gammacore_cli.control import ask, ledger_to_control
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


@click.command("halt")
@click.option("--reason", default="halted by hand", show_default=True, help="Reason that is journaled.")
@click.option("--ledger", type=LEDGER, metavar="LEDGER", help="Default: the paper ledger.")
@common_options
def halt(frame: Frame, reason: str, ledger: LedgerPlace | None) -> None:
    """Latch the kill switch. It survives restarts until `resume`."""
    path = ledger_to_control(frame, ledger)
    _, sentence = ask(frame, path, RequestKind.HALT, reason)
    document: dict[str, object] = {"halt": reason, "ledger": str(path), "done": sentence, "verdicts": [], "orders": []}
    emit(document, frame.as_json, lambda: f"halt ({reason}): {sentence}")

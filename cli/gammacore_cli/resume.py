"""`gammacore resume`: clear the kill switch once its cause is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.errors import TradingHalted
from gammacore.ports.storage import RequestKind
from gammacore_cli.control import ask, ledger_to_control
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


@click.command("resume")
@click.option("--reason", default="resumed by hand", show_default=True, help="Reason that is journaled.")
@click.option("--ledger", type=LEDGER, metavar="LEDGER", help="Default: the paper ledger.")
@common_options
def resume(frame: Frame, reason: str, ledger: LedgerPlace | None) -> None:
    """Clear the kill switch. A kill file that stands is removed by hand first."""
    from gammacore import wiring

    path = ledger_to_control(frame, ledger)
    for file in wiring.kill_files(frame.settings, path):
        if file.stands():
            raise TradingHalted(f"the kill file {file.path} stands; remove it, then resume")
    _, sentence = ask(frame, path, RequestKind.RESUME, reason)
    document: dict[str, object] = {
        "resume": reason,
        "ledger": str(path),
        "done": sentence,
        "verdicts": [],
        "orders": [],
    }
    emit(document, frame.as_json, lambda: f"resume ({reason}): {sentence}")

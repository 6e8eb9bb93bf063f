"""`gammacore halt`: latch the kill switch; no entries, exits go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.ports.storage import RequestKind
from gammacore_cli.control import WAIT, ask_and_show
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.which_ledger import ledger_options, means

if TYPE_CHECKING:
    from gammacore.wiring import LedgerChoice


@click.command("halt")
@click.option("--reason", default="halted by hand", show_default=True, help="Reason that is journaled.")
@WAIT
@common_options
@ledger_options()
def halt(frame: Frame, asked: LedgerChoice, reason: str, wait: float | None) -> None:
    """Latch the kill switch. It survives restarts until `resume`.

    Without a choice every loop that runs is halted; where none runs, the only account ledger. A running loop is waited
    for (--wait); the exit code is 1 when it has not obeyed by then, and the request stays. No credential is needed.
    """
    from gammacore import wiring

    chosen = means(frame, asked, wiring.Use.HALT, "halt")
    ask_and_show(frame, chosen.ledgers, RequestKind.HALT, reason, wait)

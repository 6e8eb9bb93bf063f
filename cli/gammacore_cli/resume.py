"""`gammacore resume`: clear the kill switch once its cause is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.errors import TradingHalted
from gammacore.ports.storage import RequestKind
from gammacore_cli.control import WAIT, ask_and_show
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.which_ledger import BROKER, CONFIRM, ledger_options, means

if TYPE_CHECKING:
    from gammacore.wiring import LedgerChoice


@click.command("resume")
@click.option("--reason", default="resumed by hand", show_default=True, help="Reason that is journaled.")
@WAIT
@CONFIRM
@BROKER
@common_options
@ledger_options()
def resume(
    frame: Frame, asked: LedgerChoice, reason: str, wait: float | None, broker: str | None, confirm_account: str
) -> None:
    """Clear the kill switch. A kill file that stands is removed by hand first.

    A live ledger is never guessed: it is named, and its account number is typed back (--confirm-account N). A flatten
    that is not finished is waited for: until the ledger is flat it cannot be resumed. A
    restored ledger is compared with the broker first (`reconcile`).
    """
    from gammacore import wiring

    frame.choose({"account.broker": broker})
    ledger = means(frame, asked, wiring.Use.RESUME, "resume").one
    wiring.require_to_resume(frame.configuration, frame.credentials, ledger, confirm_account)
    for file in wiring.kill_files(frame.settings, ledger.place, ledger.mode):
        if file.stands():
            raise TradingHalted(f"the kill file {file.path} stands; remove it, then resume")
    wiring.refuse_while_flattening(frame.settings, ledger.place)
    wiring.refuse_while_restored(frame.settings, ledger.place)
    ask_and_show(frame, (ledger,), RequestKind.RESUME, reason, wait)

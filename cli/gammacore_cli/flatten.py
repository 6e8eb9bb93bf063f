"""`gammacore flatten`: close everything and latch the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore.ports.storage import RequestKind
from gammacore_cli.control import ask, ledger_to_control
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.live_options import live_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


@click.command("flatten")
@click.option("--reason", default="flattened by hand", show_default=True, help="Reason that is journaled.")
@market_options
@click.option("--ledger", type=LEDGER, metavar="LEDGER", help="Default: the paper ledger.")
@common_options
@live_options
def flatten(frame: Frame, reason: str, ledger: LedgerPlace | None, **market: Any) -> None:
    """Call back entries, close every position, verify, and stay halted until `resume`.

    A running loop does it within one cycle. With none running it is done here, on the market the options name.

    Two other ways, where this command is not at hand: make the file LEDGER.halt beside the ledger (or the one the
    configuration names, account.halt_file): it is obeyed at every start while it exists. Or send the running `trade`
    the signal SIGUSR1.
    """
    path = ledger_to_control(frame, ledger)
    choose_market(frame, market)
    running, sentence = ask(frame, path, RequestKind.FLATTEN, reason)
    orders: list[dict[str, object]] = []
    if not running:
        from gammacore import wiring

        sentence, orders = wiring.flatten_now(wiring.taking_up(frame.configuration, path), path, frame.credentials)
    document: dict[str, object] = {"flatten": reason, "ledger": str(path), "done": sentence, "orders": orders,
                                   "verdicts": []}  # fmt: skip
    emit(document, frame.as_json, lambda: f"flatten ({reason}): {sentence}")

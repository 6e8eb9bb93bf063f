"""`gammacore size`: how many contracts the account may trade, and why."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from attrs import evolve
from rich.console import Group
from rich.table import Table

from gammacore.adapters.study_files import read_pl_history
from gammacore.domain.sizing.max_risk import UNKNOWN_RISK, max_risk_by_strategy
from gammacore.domain.sizing.policies import Size, SizeReason, SizingPolicy, SizingRules, sizing_policy
from gammacore.errors import InvalidInput
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.json_values import money
from gammacore_cli.options import DECIMAL
from gammacore_cli.output import emit

log = logging.getLogger(__name__)

WORDS = {
    SizeReason.KELLY: "the Kelly fraction decides",
    SizeReason.CAP: "the cap decides",
    SizeReason.MINIMUM: "the Kelly fraction buys less than one contract; the minimum is 1",
    SizeReason.FEW_TRADES: "too few trades are known to trust the record",
    SizeReason.NO_WINS: "no win in the window",
    SizeReason.NO_LOSSES: "no loss in the window",
    SizeReason.NO_EDGE: "the record shows no edge (Kelly is 0 or below)",
    SizeReason.SIZING_OFF: "sizing is off",
    SizeReason.LOW_CONFIDENCE: "setups of LOW confidence are not traded",
}


@click.command("size")
@click.option("--balance", required=True, type=DECIMAL, metavar="B", help="Account balance, dollars.")
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    metavar="CSV",
    help="Past trades: a CSV with the column pl_per_contract, or a journal export (default: no trades).",
)
@click.option("--max-risk", type=DECIMAL, metavar="D", help="Most that one contract can lose, dollars (default: 800).")
@click.option(
    "--policy", type=click.Choice([policy.value for policy in SizingPolicy]), help="Rule that sizes (default: rolling)."
)
@click.option("--fraction", type=DECIMAL, metavar="F", help="Part of the Kelly fraction: 0.5 = half, 1 = full.")
@click.option("--starting-capital", type=DECIMAL, metavar="C", help="Dollars; below half of it trading stops.")
@click.option("--max-contracts", type=int, metavar="N", help="Most contracts to trade.")
@common_options
def size(
    frame: Frame,
    balance: Decimal,
    history: Path | None,
    max_risk: Decimal | None,
    policy: str | None,
    fraction: Decimal | None,
    starting_capital: Decimal | None,
    max_contracts: int | None,
) -> None:
    """Compute the number of contracts to trade with this balance and record."""
    given: dict[str, Any] = {
        "policy": None if policy is None else SizingPolicy(policy),
        "fraction": fraction,
        "starting_capital": starting_capital,
        "max_contracts": max_contracts,
    }
    record = [] if history is None else read_pl_history(history)
    risk = UNKNOWN_RISK if max_risk is None else max_risk
    try:
        configured = SizingRules() if frame.is_unconfigured else frame.settings.sizing
        rules: SizingRules = evolve(configured, **{name: value for name, value in given.items() if value is not None})
        answer = sizing_policy(rules).size(balance, record, risk)
    except InvalidInput as wrong:
        raise click.UsageError(str(wrong)) from wrong
    if rules.warning:
        log.warning("%s", rules.warning)
    emit(size_document(answer, balance), frame.as_json, lambda: _table(answer, balance, rules))


def size_document(answer: Size, balance: Decimal) -> dict[str, object]:
    """A size as JSON: money as strings in cents, fractions and counts as numbers; null for a mean of no trade."""
    statistics = answer.statistics
    return {
        "contracts": answer.contracts,
        "policy": answer.policy.value,
        "kelly": float(answer.kelly),
        "half_kelly": float(answer.half_kelly),
        "raw_contracts": float(answer.raw_contracts),
        "max_risk": money(answer.max_risk),
        "max_risk_by_strategy": {name: money(risk) for name, risk in max_risk_by_strategy().items()},
        "balance": money(balance),
        "reason": answer.reason.value,
        "statistics": {
            "trades": statistics.trades,
            "wins": statistics.wins,
            "losses": statistics.losses,
            "win_rate": float(statistics.win_rate) if statistics.trades else None,
            "average_win": money(statistics.average_win) if statistics.wins else None,
            "average_loss": money(statistics.average_loss) if statistics.losses else None,
        },
    }


def _table(answer: Size, balance: Decimal, rules: SizingRules) -> Group:
    statistics = answer.statistics
    why = WORDS.get(answer.reason) or rules.halt_words(balance)
    number = "1 contract" if answer.contracts == 1 else f"{answer.contracts} contracts"
    table = Table()
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_row("policy", answer.policy.value)
    table.add_row("balance", f"${money(balance)}")
    table.add_row("Kelly", f"{float(answer.kelly):.2%}" + (" (assumed record)" if answer.assumed else ""))
    table.add_row(f"Kelly × {rules.fraction}", f"{float(answer.half_kelly):.2%}")
    table.add_row("contracts before floor and cap", f"{float(answer.raw_contracts):.3f}")
    table.add_row("maximum risk per contract", f"${money(answer.max_risk)}")
    table.add_row("trades in the window", f"{statistics.trades} ({statistics.wins} won, {statistics.losses} lost)")
    table.add_row("win rate", f"{float(statistics.win_rate):.1%}" if statistics.trades else "–")
    win = f"${money(statistics.average_win)}" if statistics.wins else "–"
    loss = f"${money(statistics.average_loss)}" if statistics.losses else "–"
    table.add_row("average win / loss", f"{win} / {loss}")
    table.add_section()
    for name, risk in max_risk_by_strategy().items():
        table.add_row(f"maximum risk {name}", f"${money(risk)}")
    return Group(f"{number} ({answer.reason}: {why})", table)

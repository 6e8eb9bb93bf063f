"""`gammacore montecarlo`: what a sizing policy makes of draws from a record of trades."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import InvalidInput
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import DECIMAL, PICTURE
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.domain.sizing.policies import SizingRules
    from gammacore.domain.study.paths import Stress
    from gammacore.domain.study.terms import CostGiven, MonteCarloTerms

OF_THE_RECORD = ("max_risk", "record")
"""Fields of a refusal that lie in the table, not in an option."""


@click.command("montecarlo")
@click.argument("trades_file", metavar="TRADES", type=click.Path(path_type=Path))
@click.option("--runs", type=int, default=10_000, show_default=True, metavar="N", help="Paths.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Seed of the draws.")
@click.option("--starting-capital", type=DECIMAL, metavar="B", help="Dollars (default: sizing.starting_capital).")
@click.option("--trades", type=int, metavar="N", help="Trades a path (default: as many as the record has).")
@click.option(
    "--mode", default="trade", show_default=True, metavar="M",
    help="What is drawn at a time: trade, block:L, day, or regime (VIX band by band in the record's order).",
)  # fmt: skip
@click.option(
    "--policy", metavar="P",
    help="rolling, bootstrap-stats, study, off or fixed:N, under every key of sizing.* (default: sizing.policy).",
)  # fmt: skip
@click.option(
    "--risk", metavar="R",
    help="Maximum risk where the record has none, dollars a contract: 400, or GEX=250,OTM-SS=900 (default: 800).",
)  # fmt: skip
@click.option("--cost", type=DECIMAL, metavar="D", help="Dollars a contract and trade, both ways together.")
@click.option("--slippage", type=DECIMAL, metavar="P", help="Or: points lost a leg and fill, beside the fee.")
@click.option("--fee", type=DECIMAL, metavar="D", help="Dollars a leg, with --slippage (default: broker.fees).")
@click.option("--legs", type=int, metavar="N", help="Legs a trade, with --slippage (default: 2).")
@click.option("--stress", type=click.Choice(["source-000"]), help="Gaps and forced stops of source 000 over the draws.")
@click.option("--gap-share", type=DECIMAL, metavar="F", help="Part of the trades that gap (default: 0.02).")
@click.option("--gap-loss", metavar="D", help="Dollars a contract a gap loses, or width (default: 500).")
@click.option("--stop-share", type=DECIMAL, metavar="F", help="Part of the trades stopped by force (default: 0.10).")
@click.option("--stop-loss", type=DECIMAL, metavar="D", help="Dollars a contract a forced stop loses (default: 150).")
@click.option("--plot", type=PICTURE, metavar="FILE", help="Draw the fan (png, svg or pdf).")
@common_options
def montecarlo(
    frame: Frame, trades_file: Path, plot: Path | None, starting_capital: Decimal | None, **options: Any
) -> None:
    """Draw trades from a record, size them as the policy would, and show what the account came to.

    TRADES is a table of closed trades: trades.csv of a study, a journal export, or any table with pl_per_contract.
    """
    from gammacore.adapters.html_report.fan_plot import save_fan_plot
    from gammacore.adapters.study_files import read_record
    from gammacore.wiring.study.monte_carlo import simulate_record
    from gammacore_cli.montecarlo_view import table_of

    if starting_capital is not None:
        frame.choose({"sizing.starting_capital": starting_capital})
    try:
        terms = _terms(frame, options)
    except InvalidInput as wrong:
        raise click.UsageError(str(wrong)) from wrong
    record = read_record(trades_file)
    try:
        study = simulate_record(record, terms)
    except InvalidInput as wrong:
        if wrong.field in OF_THE_RECORD:
            raise
        raise click.UsageError(str(wrong)) from wrong
    if plot is not None:
        save_fan_plot(plot, study)
    emit(study.document(), frame.as_json, lambda: table_of(study))


def _terms(frame: Frame, options: dict[str, Any]) -> MonteCarloTerms:
    from gammacore.domain.sizing.on_paths import PathSizing
    from gammacore.domain.sizing.policies import SizingRules
    from gammacore.domain.study.draws import DrawMode
    from gammacore.domain.study.terms import MonteCarloTerms, RiskGiven

    rules: SizingRules = SizingRules() if frame.is_unconfigured else frame.settings.sizing
    return MonteCarloTerms(
        runs=options["runs"],
        seed=options["seed"],
        trades=options["trades"],
        mode=DrawMode.parse(options["mode"]),
        sizing=PathSizing.parse(options["policy"] or rules.policy.value, rules),
        risk=RiskGiven() if options["risk"] is None else RiskGiven.parse(options["risk"]),
        cost=_cost(frame, options),
        stress=_stress(options),
    )


def _cost(frame: Frame, options: dict[str, Any]) -> CostGiven:
    """--cost, else fee and slippage of the legs where --slippage or --fee asks for them, else none. Rule: ST-406."""
    from gammacore.domain.study.terms import CostGiven

    cost, slippage, fee, legs = (options[name] for name in ("cost", "slippage", "fee", "legs"))
    of_legs = slippage is not None or fee is not None
    if cost is not None and of_legs:
        raise click.UsageError("--cost is all that a trade costs; leave --slippage and --fee out")
    if legs is not None and not of_legs:
        raise click.UsageError("--legs counts with --slippage or --fee; give one of them")
    if not of_legs:
        return CostGiven(cost)
    charged = frame.settings.broker.fees.option_contract if fee is None else fee
    return CostGiven.of_legs(charged, slippage or Decimal(0), 2 if legs is None else legs)


def _stress(options: dict[str, Any]) -> Stress | None:
    """Source 000's figures, or any of them given by an option. Rule: ST-407."""
    from gammacore.domain.study.paths import Stress
    from gammacore.domain.written_figures import read_figure

    names = ("gap_share", "gap_loss", "stop_share", "stop_loss")
    given = {name: options[name] for name in names if options[name] is not None}
    if not given:
        return None if options["stress"] is None else Stress()
    if "gap_loss" in given:
        text = given["gap_loss"].strip()
        loss = None if text == "width" else read_figure(text)
        if text != "width" and not isinstance(loss, Decimal):
            raise InvalidInput("gap_loss", text, "give dollars a contract, or width for the maximum risk")
        given["gap_loss"] = loss
    return Stress(**given)

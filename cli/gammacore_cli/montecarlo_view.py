"""Simulated equity on a terminal: what the figures cannot carry first, then the figures."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gammacore.domain.study.equity import Distribution, EquityStudy
from gammacore_cli.study_view import warning_lines

CHANCES = {
    "profit": "ends above the start", "double": "more than doubles", "triple": "more than triples",
    "loss": "ends below the start", "halt": "halted on the way", "ruin": "was ever at 0 or below",
}  # fmt: skip
RUNGS = {"as_is": "as it is", "costs": "with costs", "stress": "with stress", "costs_and_stress": "with both"}


def table_of(study: EquityStudy) -> Group:
    """Warnings, both distributions side by side, the ladder, assumptions."""
    assumed = (Text(one, style="dim") for one in study.assumptions)
    return Group(
        warning_lines(study.warnings), "", _figures(study), _sizes(study), "", _ladder(study), "", *assumed
    )  # fmt: skip


def _figures(study: EquityStudy) -> Table:
    pair = (study.found, study.beside)
    table = Table(title=f"{study.runs:,} paths of {study.trades:,} trades, policy {study.policy}", title_justify="left")
    table.add_column("figure")
    for one in pair:
        table.add_column(f"mode {one.mode}", justify="right")

    def row(name: str, *cells: str) -> None:
        table.add_row(name, *cells)

    for rank in study.found.percentiles:
        row(f"p{rank}, dollars", *(_dollars(one.percentiles[rank]) for one in pair))
    row("mean, dollars", *(_dollars(one.mean) for one in pair))
    row("standard deviation", *("–" if one.sd is None else _dollars(one.sd) for one in pair))
    table.add_section()
    for name, words in CHANCES.items():
        row(words, *(f"{one.probabilities[name]:.2%}" for one in pair))
    table.add_section()
    for name, words in (("mean", "mean"), ("median", "median"), ("p95", "p95"), ("worst", "worst")):
        row(f"deepest drawdown, {words}", *(_dollars(one.drawdown[name]) for one in pair))
    row("  in percent, median", *(f"{one.drawdown['percent_median']:.2f} %" for one in pair))
    row("  in percent, p95", *(f"{one.drawdown['percent_p95']:.2f} %" for one in pair))
    table.add_section()
    row("the record's own end", _dollars(float(study.own[-1])), "")
    row("  paths below it", "–" if study.rank is None else f"{study.rank:.1f} %", "")
    return table


def _sizes(study: EquityStudy) -> Text:
    return Text(f"contracts taken: {_shares(study.found)}")


def _shares(found: Distribution) -> str:
    every = sum(found.sizes.values())
    return ", ".join(f"{size}: {times / every:.2%}" for size, times in found.sizes.items())


def _ladder(study: EquityStudy) -> Table:
    table = Table(title="the same draws with costs and stress", title_justify="left")
    table.add_column("")
    for name in ("mean a contract", "p5", "p50", "p95", "profit", "halt"):
        table.add_column(name, justify="right")
    for rung in study.ladder:
        table.add_row(
            RUNGS[rung.name], f"{rung.mean_per_contract:,.2f}",
            *(f"{one:,.0f}" for one in (rung.p5, rung.p50, rung.p95)),
            f"{rung.profit:.1%}", f"{rung.halt:.2%}",
        )  # fmt: skip
    return table


def _dollars(figure: float) -> str:
    return f"{figure:,.2f}"

"""`gammacore stats`: the statistics of a record of closed trades, warnings first."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import DECIMAL
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.application.study.record_statistics import RecordStatistics

log = logging.getLogger(__name__)


@click.command("stats")
@click.argument("trades", type=click.Path(path_type=Path), metavar="TRADES")
@click.option("--starting-capital", type=DECIMAL, metavar="B",
              help="Balance before the first trade, dollars (default: sizing.starting_capital).")  # fmt: skip
@click.option("--risk-free", type=DECIMAL, default=Decimal(0), metavar="F",
              help="Yearly risk-free rate as a fraction: 0.04 is 4 % (default: 0).")  # fmt: skip
@click.option("--days", type=click.Choice(["sessions", "trade-dates"]), default="sessions",
              help="Days of the daily ratios: all sessions, or dates with trades (default: sessions).")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, metavar="S", help="Seed of the intervals (default: 1).")
@click.option("--resamples", type=click.IntRange(min=1), default=10_000, metavar="N",
              help="Resamples of the intervals (default: 10000).")  # fmt: skip
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write a tear sheet as one self-contained page.")  # fmt: skip
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the trades in the layout of a study's trades.csv.")  # fmt: skip
@common_options
def stats(
    frame: Frame,
    trades: Path,
    starting_capital: Decimal | None,
    risk_free: Decimal,
    days: str,
    seed: int,
    resamples: int,
    page: Path | None,
    table: Path | None,
) -> None:
    """Show what a record of closed trades is worth: warnings first, then figures net and gross of fees.

    TRADES is a study's trades.csv, a CSV with the column pl_per_contract (or pnl with contracts), or a journal export.
    """
    from gammacore.domain.study.documents import statistics_document
    from gammacore.domain.study.statistics import DaysCounted, StatisticsRules
    from gammacore.errors import InvalidInput
    from gammacore.wiring.study.record_statistics import statistics_of

    if starting_capital is None:
        starting_capital = _configured_capital(frame)
    try:
        StatisticsRules(starting_capital, risk_free, DaysCounted(days), resamples, seed)
    except InvalidInput as wrong:
        raise click.UsageError(str(wrong)) from wrong
    statistics = statistics_of(
        trades, starting_capital=starting_capital, risk_free=risk_free, days=days, resamples=resamples, seed=seed
    )
    if table is not None:
        from gammacore.adapters.study_files import write_trades

        write_trades(table, statistics.record)
        log.info("%d trades written to %s", len(statistics.record), table)
    if page is not None:
        _write_page(page, statistics, trades.name)
    emit(statistics_document(statistics), frame.as_json, lambda: _shown(statistics, trades.name))


def _configured_capital(frame: Frame) -> Decimal:
    from gammacore.domain.sizing.policies import SizingRules

    return (SizingRules() if frame.is_unconfigured else frame.settings.sizing).starting_capital


def _write_page(page: Path, statistics: RecordStatistics, name: str) -> None:
    from gammacore.adapters.html_report import render_study, write_page
    from gammacore.wiring.study.monte_carlo import equity_band

    band = equity_band(statistics.record, statistics.rules.starting_capital)
    write_page(page, render_study(statistics, name, band))
    log.info("tear sheet written to %s", page)


def _shown(statistics: RecordStatistics, name: str) -> object:
    from gammacore.domain.study.views import study_view
    from gammacore_cli.study_view import study_screen

    return study_screen(study_view(statistics, name))

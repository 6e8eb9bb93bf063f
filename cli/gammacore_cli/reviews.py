"""A whole ledger on the screen, and its daily, weekly and monthly reviews, as JSON and for people. Rule: CS-624."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from gammacore.domain.dollars import dollars, exact, signed_dollars
from gammacore.domain.reports.day_report import DayReport, drawdown_of, trades_of
from gammacore.domain.reports.figures import Figure, Unit, labelled, pick
from gammacore.domain.reports.review import Period, Review, reviews
from gammacore.domain.reports.scalp_views import signals_section
from gammacore.domain.reports.trade_figures import TradeFigures, by_strategy
from gammacore.domain.reports.trades import Trade
from gammacore.domain.reports.views import day_row, drawdown_figure, statistics
from gammacore_cli.day_view import day_panel
from gammacore_cli.documents import document, fall, statistics_by
from gammacore_cli.figures_view import SectionTable, value
from gammacore_cli.json_values import Document, money

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring import LedgerPlace

KINDS = {Period.DAY: "daily", Period.WEEK: "weekly", Period.MONTH: "monthly"}
STATISTICS = ("trades", "open", "win_rate", "profit_factor", "pnl")
SIZING_COLUMNS = ("period", "contracts", "by size", "projected")
CAPTION = (
    "P/L is gross; a holding with all its hedges is one trade. Of credit spreads\n"
    "alone: contracts, average a trade; by size, what sizing added to one contract a\n"
    "trade; projected, mean and deviation of what the trades before the period\n"
    "promise (independent draws), then how far off the period was."
)


def reviews_document(trades: Sequence[Trade]) -> Document:
    """The reviews under the keys daily, weekly and monthly, oldest first."""
    return {name: [_review_document(one) for one in reviews(trades, period)] for period, name in KINDS.items()}


def _review_document(review: Review) -> Document:
    sizing, projection = review.sizing, review.projection
    average = sizing.average_contracts
    return {
        "first": review.first.isoformat(),
        "last": review.last.isoformat(),
        **document(statistics(review.figures)),
        "by_regime": statistics_by({regime.value: figures for regime, figures in review.by_regime.items()}),
        "by_strategy": statistics_by(review.by_strategy),
        "drawdown": fall(review.drawdown),
        "sizing": {
            "trades_by_contracts": {str(size): count for size, count in sizing.trades_by_contracts.items()},
            "average_contracts": None if average is None else float(average),
            "pnl_of_one_contract": money(sizing.pnl_of_one_contract),
            "gained_by_size": money(sizing.gained_by_size),
        },
        "projection": None
        if projection is None
        else {
            "trades": projection.trades,
            "mean": money(projection.mean),
            "deviation": money(Fraction(projection.deviation)),
            "surprise": projection.surprise(review.actual),
        },
        "actual": money(review.actual),
    }


def report_view(reports: Sequence[DayReport], path: LedgerPlace) -> RenderableType:
    """The newest day, the days, what each strategy came to, and the reviews."""
    trades = trades_of(reports)
    parts: list[RenderableType] = [day_panel(reports[-1], path)]
    if len(reports) > 1:
        parts += ["", _days_table(reports)]
    if trades:
        groups = {"all": TradeFigures.of(trades), **by_strategy(trades)}
        parts += ["", _statistics_table(groups, reports), "", reviews_table(trades)]
    if len(reports) > 1 and (signals := signals_section(reports)).rows:
        parts += ["", SectionTable(signals, title="signals")]
    return Group(*parts)


def _days_table(reports: Sequence[DayReport]) -> RenderableType:
    days = [(Figure("date", str(report.date)), *labelled(day_row(report))) for report in reports]
    table = Table(title="Days", title_justify="left")
    for column in days[0]:
        table.add_column(column.label, justify="left" if column.unit is Unit.AS_IT_IS else "right")
    for day in days:
        table.add_row(*map(value, day))
    return table


def _statistics_table(groups: Mapping[str, TradeFigures], reports: Sequence[DayReport]) -> RenderableType:
    caption = "win and loss are averages, gross of fees; drawdown from the running peak: "
    rows = [(Figure("strategy", tag), *labelled(statistics(figures))) for tag, figures in groups.items()]
    table = _columns("Statistics", tuple(figure.label for figure in rows[0]))
    table.caption, table.caption_justify = caption + drawdown_figure(drawdown_of(reports)).full_text, "left"
    for row in rows:
        table.add_row(*map(value, row))
    return table


def reviews_table(trades: Sequence[Trade]) -> RenderableType:
    """Every period with its parts: by VIX regime at the entry, by strategy."""
    names = ("period", *(figure.label for figure in _figures(TradeFigures.of(()))), "drawdown")
    figures_table, sizing_table = _columns("Reviews", names), _columns("Sizing and projection", SIZING_COLUMNS)
    for period, name in KINDS.items():
        for table in (figures_table, sizing_table):
            table.add_section()
            table.add_row(f"[bold]{name}[/]")
        for review in reviews(trades, period):
            figures_table.add_row(
                _span(review), *map(value, _figures(review.figures)), drawdown_figure(review.drawdown).full_text
            )
            sizing_table.add_row(_span(review), *_sizing(review))
            for title, figures in _parts(review):
                figures_table.add_row(f"[dim]  {title}[/]", *map(value, _figures(figures)))
    return Group(figures_table, "", sizing_table, CAPTION)


def _columns(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right", no_wrap=True)
    return table


def _span(review: Review) -> str:
    return str(review.first) if review.first == review.last else f"{review.first} to {review.last}"


def _sizing(review: Review) -> tuple[str, str, str]:
    average = review.sizing.average_contracts
    contracts = "–" if average is None else f"{float(average):.1f}"
    return contracts, signed_dollars(review.sizing.gained_by_size), _projected(review)


def _figures(figures: TradeFigures) -> tuple[Figure, ...]:
    return pick(statistics(figures), *STATISTICS)


def _parts(review: Review) -> Iterator[tuple[str, TradeFigures]]:
    parts: tuple[Mapping[str, TradeFigures], ...] = (
        {regime.value: figures for regime, figures in review.by_regime.items()},
        review.by_strategy,
    )
    for part in parts:
        yield from part.items()


def _projected(review: Review) -> str:
    """What the record promised; "no record" until there are two trades before the period."""
    projection = review.projection
    if projection is None:
        return "no record"
    surprise = projection.surprise(review.actual)
    off = "" if surprise is None else f", {surprise:+.1f} σ"
    return f"{signed_dollars(exact(projection.mean))} ± {dollars(exact(Fraction(projection.deviation)))}{off}"

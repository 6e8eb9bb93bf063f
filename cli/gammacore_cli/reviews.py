"""The daily, weekly and monthly reviews of a ledger, as JSON and for people. Rule: CS-624."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.reports.review import Period, Review, reviews
from gammacore.domain.reports.trade_figures import TradeFigures, TradeRecord
from gammacore_cli.documents import fall, statistics
from gammacore_cli.json_values import Document, money
from gammacore_cli.numbers_view import amount, factor, fall_text, percent

if TYPE_CHECKING:
    from rich.console import RenderableType

KINDS = {Period.DAY: "daily", Period.WEEK: "weekly", Period.MONTH: "monthly"}
COLUMNS = ("period", "trades", "open", "win rate", "factor", "P/L", "drawdown")
SIZING_COLUMNS = ("period", "contracts", "by size", "projected")
CAPTION = (
    "P/L is gross; an inventory with all its hedges is one trade. Of credit spreads\n"
    "alone: contracts, average a trade; by size, what sizing added to one contract a\n"
    "trade; projected, mean and deviation of what the trades before the period\n"
    "promise (independent draws), then how far off the period was."
)


def reviews_document(trades: Sequence[TradeRecord]) -> Document:
    """The reviews under the keys daily, weekly and monthly, oldest first."""
    return {name: [_review_document(one) for one in reviews(trades, period)] for period, name in KINDS.items()}


def _review_document(review: Review) -> Document:
    sizing, projection = review.sizing, review.projection
    average = sizing.average_contracts
    return {
        "first": review.first.isoformat(),
        "last": review.last.isoformat(),
        **statistics(review.figures),
        "by_regime": {regime.value: statistics(figures) for regime, figures in review.by_regime.items()},
        "by_strategy": {tag: statistics(figures) for tag, figures in review.by_strategy.items()},
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


def reviews_table(trades: Sequence[TradeRecord]) -> RenderableType:
    """Every period with its parts: by VIX regime at the entry, by strategy."""
    figures_table, sizing_table = _columns("Reviews", COLUMNS), _columns("Sizing and projection", SIZING_COLUMNS)
    for period, name in KINDS.items():
        for table in (figures_table, sizing_table):
            table.add_section()
            table.add_row(f"[bold]{name}[/]")
        for review in reviews(trades, period):
            figures_table.add_row(_span(review), *_figures(review.figures), fall_text(review.drawdown))
            sizing_table.add_row(_span(review), *_sizing(review))
            for title, figures in _parts(review):
                figures_table.add_row(f"[dim]  {title}[/]", *_figures(figures))
    return Group(figures_table, "", sizing_table, CAPTION)


def _columns(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column == "period" else "right", no_wrap=True)
    return table


def _span(review: Review) -> str:
    return str(review.first) if review.first == review.last else f"{review.first} to {review.last}"


def _sizing(review: Review) -> tuple[str, str, str]:
    average = review.sizing.average_contracts
    contracts = "–" if average is None else f"{float(average):.1f}"
    return contracts, signed_dollars(review.sizing.gained_by_size), _projected(review)


def _figures(figures: TradeFigures) -> tuple[str, ...]:
    return (str(figures.trades), str(figures.open), percent(figures.win_rate), factor(figures), amount(figures.pnl))


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
    mean, deviation = projection.mean, Fraction(projection.deviation)
    surprise = projection.surprise(review.actual)
    off = "" if surprise is None else f", {surprise:+.1f} σ"
    return f"{signed_dollars(_exact(mean))} ± {dollars(_exact(deviation))}{off}"


def _exact(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)

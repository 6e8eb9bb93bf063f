"""The periodic review: what a day, a week or a month of trades came to, against what the record before it promised.

A trade belongs to the period of its close, an open one to that of its entry: it is no loss and counts in no P/L.
A holding with all its hedges is one trade; sizing and projection are of credit spreads, whose size the record
decides. Dates are New York dates. Rules: CS-622..624, CS-703, CS-705, sections 7.2 and 10.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import frozen

from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, by_strategy, drawdown, trades_once
from gammacore.domain.reports.trades import Trade
from gammacore.domain.sessions import new_york_date


class Period(StrEnum):
    """How long a review looks back: a New York date, a week from Monday, a calendar month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def span(self, date: dt.date) -> tuple[dt.date, dt.date]:
        """First and last date of the period a date is in.

        >>> [str(day) for day in Period.WEEK.span(dt.date(2026, 1, 1))]
        ['2025-12-29', '2026-01-04']
        """
        if self is Period.WEEK:
            monday = date - dt.timedelta(days=date.weekday())
            return monday, monday + dt.timedelta(days=6)
        if self is Period.MONTH:
            first = date.replace(day=1)
            return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        return date, date


class VixRegime(StrEnum):
    """How nervous the market was at the entry: the bands of CS-021."""

    CALM = "VIX below 15"
    USUAL = "VIX 15 to below 20"
    TENSE = "VIX 20 to below 25"
    WILD = "VIX from 25"
    UNKNOWN = "VIX not recorded"

    @classmethod
    def of(cls, vix: Decimal) -> VixRegime:
        """The regime of a VIX at the entry; 0 was never recorded.

        >>> [VixRegime.of(Decimal(vix)).name for vix in ("14.99", "15", "20", "25", "0")]
        ['CALM', 'USUAL', 'TENSE', 'WILD', 'UNKNOWN']
        """
        if vix <= 0:
            return cls.UNKNOWN
        bands = ((15, cls.CALM), (20, cls.USUAL), (25, cls.TENSE))
        return next((regime for limit, regime in bands if vix < limit), cls.WILD)


@frozen
class SizingReview:
    """What sizing did: trades by contracts, gross dollars as traded, and what one contract each had brought."""

    trades_by_contracts: dict[int, int]
    pnl: Decimal
    pnl_of_one_contract: Decimal

    @classmethod
    def of(cls, closed: Sequence[Trade]) -> SizingReview:
        sizes = Counter(trade.contracts for trade in closed)
        return cls(
            dict(sorted(sizes.items())),
            sum((trade.pnl for trade in closed if trade.pnl is not None), Decimal(0)),
            sum((_per_contract(trade) for trade in closed), Decimal(0)),
        )

    @property
    def average_contracts(self) -> Fraction | None:
        """Contracts a trade; None without a trade."""
        trades = sum(self.trades_by_contracts.values())
        contracts = sum(size * count for size, count in self.trades_by_contracts.items())
        return Fraction(contracts, trades) if trades else None

    @property
    def gained_by_size(self) -> Decimal:
        """Dollars that sizing added to (or took from) one contract a trade."""
        return self.pnl - self.pnl_of_one_contract


@frozen
class Projection:
    """What a record leads to expect of trades of these sizes, drawn from it independently: mean ± one deviation.

    Dollars, gross. The closed form of the Monte Carlo of section 7.2: mean × Σ size and sd × √(Σ size²). Independence
    is an assumption, not a finding: trades of one day move together.

    >>> record = [Decimal(100), Decimal(-40), Decimal(100), Decimal(-40)]
    >>> projection = Projection.of(record, [1, 3])
    >>> projection.mean, round(projection.deviation, 2)
    (Fraction(120, 1), 221.36)
    """

    trades: int
    mean: Fraction
    deviation: float

    @classmethod
    def of(cls, record: Sequence[Decimal], sizes: Sequence[int]) -> Projection | None:
        """From gross P/L per contract of earlier trades; None where there are fewer than two: nothing is made up."""
        if len(record) < 2:
            return None
        results = [Fraction(result) for result in record]
        mean = sum(results, Fraction(0)) / len(results)
        variance = sum(((result - mean) ** 2 for result in results), Fraction(0)) / len(results)
        return cls(len(sizes), mean * sum(sizes), math.sqrt(variance * sum(size * size for size in sizes)))

    def surprise(self, actual: Decimal) -> float | None:
        """How many deviations the actual P/L is off; None when every outcome was the same."""
        return float(Fraction(actual) - self.mean) / self.deviation if self.deviation else None


@frozen
class Review:
    """One period. `figures` are of trades closed in it, with those opened in it and still open counted apart.

    `projection` is what the record before the period promised for the trades and sizes it had; None without a record.
    """

    period: Period
    first: dt.date
    last: dt.date
    figures: TradeFigures
    by_regime: dict[VixRegime, TradeFigures]
    by_strategy: dict[str, TradeFigures]
    sizing: SizingReview
    drawdown: Drawdown
    projection: Projection | None

    @property
    def actual(self) -> Decimal:
        """Gross dollars of every credit spread closed in the period, whatever its size: what the projection is for."""
        return self.sizing.pnl


def reviews(trades: Iterable[Trade], period: Period, record: Sequence[Decimal] = ()) -> tuple[Review, ...]:
    """A review of every period in which a trade was closed, or opened and not closed yet; oldest first.

    `record` is the gross P/L per contract of trades before the first of these, oldest first.
    """
    each_once = trades_once(trades)
    closed = sorted(((end.at, trade) for trade in each_once if (end := trade.end) is not None), key=_instant)
    still_open = [trade for trade in each_once if trade.end is None]
    spans = {period.span(new_york_date(at)) for at, _ in closed}
    spans |= {period.span(new_york_date(trade.opened)) for trade in still_open}
    known = list(record)
    reported = []
    for first, last in sorted(spans):
        ended = [trade for at, trade in closed if first <= new_york_date(at) <= last]
        waiting = [trade for trade in still_open if first <= new_york_date(trade.opened) <= last]
        reported.append(_review(period, (first, last), ended, waiting, known))
        known += [_per_contract(trade) for trade in _spreads(ended) if trade.contracts]
    return tuple(reported)


def _review(
    period: Period,
    span: tuple[dt.date, dt.date],
    closed: list[Trade],
    still_open: list[Trade],
    record: Sequence[Decimal],
) -> Review:
    trades, spreads = closed + still_open, _spreads(closed)
    regimes = [regime for regime in VixRegime if any(_regime(trade) is regime for trade in trades)]
    return Review(
        period=period,
        first=span[0],
        last=span[1],
        figures=TradeFigures.of(trades),
        by_regime={
            regime: TradeFigures.of(trade for trade in trades if _regime(trade) is regime) for regime in regimes
        },
        by_strategy=by_strategy(trades),
        sizing=SizingReview.of(spreads),
        drawdown=drawdown(_equity(closed)),
        projection=Projection.of(record, [trade.contracts for trade in spreads]),
    )


def _spreads(trades: Iterable[Trade]) -> list[Trade]:
    return [trade for trade in trades if trade.sold is not None]


def _regime(trade: Trade) -> VixRegime:
    return VixRegime.of(trade.vix or Decimal(0))


def _equity(closed: Sequence[Trade]) -> list[Decimal]:
    """The balance before the first close of the period and after each. Rule: CS-705."""
    exits = [end for trade in closed if (end := trade.end) is not None]
    if not exits:
        return []
    before = exits[0].balance - exits[0].gross + exits[0].fees
    return [before, *(ended.balance for ended in exits)]


def _per_contract(trade: Trade) -> Decimal:
    return trade.pnl / trade.contracts if trade.pnl is not None and trade.contracts else Decimal(0)


def _instant(pair: tuple[dt.datetime, Trade]) -> dt.datetime:
    return pair[0]

"""P/L by date and the ratios of daily returns, over every session of a range. Rules: ST-304..306."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import evolve, field, frozen

from gammacore.domain.study.drawdowns import drawdowns_of, longest_under_water
from gammacore.domain.study.ratios import FEWEST_SESSIONS, cagr, is_constant, kurtosis, sharpe, skewness, sortino
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.undefined import Codes, Collected, Undefined

RATIOS = ("sharpe", "sortino", "skewness", "kurtosis", "cagr", "calmar", "longest_under_water")


@frozen
class Day:
    """One day of the range: dollars booked on it, how many trades, the balance at its start.

    `part` is the daily return, None on a balance of 0 or below.
    """

    date: dt.date
    pnl: Decimal
    trades: int
    balance: Decimal

    @property
    def part(self) -> float | None:
        """What the day won of the balance it began with. Rule: ST-304."""
        return float(Fraction(self.pnl) / Fraction(self.balance)) if self.balance > 0 else None


@frozen
class DailyFigures:
    """Days of the range with their P/L, and the ratios of their returns, a year. Rules: ST-304..306.

    `days` is empty and every ratio None where dates are unknown. `longest_under_water` is in sessions.
    """

    days: tuple[Day, ...] = ()
    sharpe: float | None = None
    sortino: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    cagr: float | None = None
    calmar: float | None = None
    longest_under_water: int | None = None
    codes: Codes = field(factory=dict)

    @property
    def sessions(self) -> int:
        """D: the days the ratios are of."""
        return len(self.days)


def daily_figures(
    record: Sequence[ClosedTrade],
    results: Sequence[Decimal],
    start: Decimal,
    sessions: Sequence[dt.date] | None,
    risk_free: float,
) -> DailyFigures:
    """The days of a range: `sessions` and every other date on which a trade was booked. Rule: ST-304."""
    if sessions is None:
        code = Undefined.DATES_UNKNOWN if record else Undefined.NO_TRADES
        return DailyFigures(codes=dict.fromkeys(RATIOS, code))
    days = _days(record, results, start, sessions)
    if not record:
        return DailyFigures(days, codes=dict.fromkeys(RATIOS, Undefined.NO_TRADES))
    parts = [day.part for day in days]
    returns = [part for part in parts if part is not None]
    if len(returns) < len(parts):
        return DailyFigures(days, codes=dict.fromkeys(RATIOS, Undefined.NO_EQUITY))
    end = days[-1].balance + days[-1].pnl
    equity = [start, *(day.balance + day.pnl for day in days)]
    growth = cagr(float(start), float(end), len(days))
    deepest = drawdowns_of(equity).percent.part
    figures = DailyFigures(
        days=days,
        sharpe=sharpe(returns, risk_free),
        sortino=sortino(returns, risk_free),
        skewness=skewness(returns),
        kurtosis=kurtosis(returns),
        cagr=growth,
        calmar=None if growth is None or not deepest else growth / deepest,
        longest_under_water=longest_under_water(equity),
    )
    return _with_codes(figures, record, returns, end, deepest)


def _with_codes(
    figures: DailyFigures, record: Sequence[ClosedTrade], returns: Sequence[float], end: Decimal, deepest: float
) -> DailyFigures:
    null = Collected()
    single = Undefined.ONE_TRADE if len(record) == 1 else Undefined.ONE_DAY
    flat = single if len(returns) < 2 else Undefined.ZERO_VARIANCE
    for name in ("sharpe", "skewness", "kurtosis"):
        if getattr(figures, name) is None:
            null.null(name, flat)
    if figures.sortino is None:
        null.null(
            "sortino", Undefined.ZERO_VARIANCE if is_constant(returns) and not any(returns) else Undefined.NO_LOSSES
        )
    if figures.cagr is None:
        few = len(returns) < FEWEST_SESSIONS
        for name in ("cagr", "calmar"):
            null.null(name, Undefined.FEW_DAYS if few else Undefined.NO_EQUITY)
    elif not deepest:
        null.null("calmar", Undefined.NO_DRAWDOWN)
    return evolve(figures, codes=null.codes)


def _days(
    record: Sequence[ClosedTrade], results: Sequence[Decimal], start: Decimal, sessions: Sequence[dt.date]
) -> tuple[Day, ...]:
    booked = {**{date: [] for date in sessions}, **results_by_date(record, results)}
    days, balance = [], start
    for date in sorted(booked):
        pnl = sum(booked[date], Decimal(0))
        days.append(Day(date, pnl, len(booked[date]), balance))
        balance += pnl
    return tuple(days)


def results_by_date(record: Sequence[ClosedTrade], results: Sequence[Decimal]) -> Mapping[dt.date, list[Decimal]]:
    """The results of each date with trades, dates in order; of a record all of whose dates are known."""
    dated: dict[dt.date, list[Decimal]] = {}
    for trade, result in zip(record, results, strict=True):
        assert trade.booked_on is not None
        dated.setdefault(trade.booked_on, []).append(result)
    return {date: dated[date] for date in sorted(dated)}

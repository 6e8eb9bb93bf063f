"""Bars and daily closes before an entry, in one line; the session is that of `builders`, the one before it a Friday."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from builders import DAY, a_session, at
from gammacore.domain.market import Bar
from gammacore.domain.market_history import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, DailyHistory, MarketHistory
from gammacore.domain.sessions import new_york

DAY_BEFORE = dt.date(2026, 1, 2)


def a_bar(
    time: str, close: str, *, minutes: int = 5, open: str | None = None, high: str | None = None,  # noqa: A002
    low: str | None = None, date: dt.date = DAY,
) -> Bar:  # fmt: skip
    """The bar that starts at a New York time; flat at `close` by default."""
    first, last = Decimal(open or close), Decimal(close)
    top = max(first, last) if high is None else Decimal(high)
    bottom = min(first, last) if low is None else Decimal(low)
    return Bar(at(time, date), minutes * 60, first, top, bottom, last)


def bars_until(time: str, closes: Sequence[str | int], *, seconds: int = FIVE_MINUTES, width: str = "0") -> list[Bar]:
    """Bars in a row, the last one ending at a New York time; each `width` points wide, its close at the low."""
    end, step = at(time), dt.timedelta(seconds=seconds)
    starts = [end - step * (len(closes) - number) for number in range(len(closes))]
    levels = [Decimal(close) for close in closes]
    return [
        Bar(start, seconds, level, level + Decimal(width), level, level)
        for start, level in zip(starts, levels, strict=True)
    ]


def a_day_bar(date: dt.date, close: str | int) -> Bar:
    level = Decimal(close)
    return Bar(new_york(date, dt.time()), ONE_DAY, level, level, level, level)


def a_daily(*closes: str | int, opened: str | None = None, symbol: str = "SPY") -> DailyHistory:
    """Daily closes, oldest first, up to the session before, and today's open."""
    return DailyHistory(symbol, tuple(Decimal(close) for close in closes), None if opened is None else Decimal(opened))


def a_history(
    time: str = "10:30",
    *,
    five: Sequence[Bar] = (),
    one: Sequence[Bar] = (),
    vix: Sequence[Bar] = (),
    daily: DailyHistory | None = None,
) -> MarketHistory:
    """The past as it is known at a New York time of an ordinary Monday; what is not given is missing."""
    return MarketHistory.of(
        at(time), a_session(), a_session(date=DAY_BEFORE),
        five_minute=five, one_minute=one, vix_five_minute=vix, daily=daily,
    )  # fmt: skip


def minute_bars(time: str, closes: Sequence[str | int]) -> list[Bar]:
    return bars_until(time, closes, seconds=ONE_MINUTE)

"""Bars from time and sales and from the daily history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from attrs import frozen

from gammacore.adapters.tradier.wire import read_each
from gammacore.adapters.wire.live_market import DAY_SECONDS, in_order
from gammacore.adapters.wire.prices import is_price, shares_traded
from gammacore.domain.market import Bar
from gammacore.domain.market_history import total_volume
from gammacore.domain.sessions import NEW_YORK, new_york, new_york_date
from gammacore.errors import InvalidInput

INTERVALS = {60: "1min", 300: "5min", 900: "15min"}
"""Bars Tradier has itself, seconds; longer multiples of a minute are built of its minutes."""

_OPENING_BELL, _CLOSING_BELL = dt.time(9, 30), dt.time(16)


@frozen
class _Row:
    """One row of either: figures in points, missing where nothing was traded; dated by one of three fields."""

    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal | None = None
    timestamp: dt.datetime | None = None
    time: dt.datetime | None = None
    date: dt.date | None = None

    def bar(self, start: dt.datetime | None, seconds: int) -> Bar | None:
        """The bar of the row; None when a figure is missing, no price, or not between low and high."""
        reported = (self.open, self.high, self.low, self.close)
        if start is None or not all(is_price(figure) for figure in reported):
            return None
        try:
            prices = (figure for figure in reported if figure is not None)
            return Bar(start, seconds, *prices, volume=shares_traded(self.volume))
        except InvalidInput:
            return None


def read_intraday(answer: object, seconds: int) -> list[Bar]:
    """The bars of markets/timesales, oldest first; what is no bar (no trade, a tick) stays out.

    >>> read_intraday({"series": None}, 60)
    []
    """
    rows = read_each(_Row, answer, "series", "data")
    return in_order(row.bar(row.timestamp or row.time, seconds) for row in rows)


def read_daily(answer: object) -> list[Bar]:
    """The bars of markets/history by day, oldest first: each begins at its New York midnight.

    >>> row = {"date": "2019-01-02", "open": 154.89, "high": 158.85, "low": 154.23, "close": 157.92}
    >>> read_daily({"history": {"day": row}})[0].start.isoformat()
    '2019-01-02T05:00:00+00:00'
    """
    rows = read_each(_Row, answer, "history", "day")
    return in_order(row.bar(new_york(row.date, dt.time()), DAY_SECONDS) for row in rows if row.date is not None)


def lengthened(minutes: Iterable[Bar], seconds: int) -> list[Bar]:
    """Longer bars built of ascending one-minute bars, counted from each day's opening bell.

    A bar needs at least one minute, and lies between 9:30 and 16:00: a remainder of the session makes none.
    """

    def slot(bar: Bar) -> dt.datetime:
        opening = new_york(new_york_date(bar.start), _OPENING_BELL)
        return opening + (bar.start - opening) // dt.timedelta(seconds=seconds) * dt.timedelta(seconds=seconds)

    merged = (_merged(start, list(bars), seconds) for start, bars in groupby(minutes, slot))
    return [bar for bar in merged if within_regular_hours(bar.start, bar.end)]


def within_regular_hours(start: dt.datetime, end: dt.datetime) -> bool:
    """Whether a time lies between 9:30 and 16:00 of one New York date; of a half day too, whose rest has no bars.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> within_regular_hours(noon, noon.replace(hour=21)), within_regular_hours(noon.replace(hour=14), noon)
    (True, False)
    """
    date = new_york_date(start)
    return new_york(date, _OPENING_BELL) <= start and end <= new_york(date, _CLOSING_BELL)


def wall_clock(instant: dt.datetime) -> str:
    """An instant as timesales wants it: New York, to the minute.

    >>> wall_clock(dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC))
    '2026-03-03 09:30'
    """
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def _merged(start: dt.datetime, bars: Sequence[Bar], seconds: int) -> Bar:
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    return Bar(start, seconds, bars[0].open, high, low, bars[-1].close, volume=total_volume(bars))

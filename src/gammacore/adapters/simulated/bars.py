"""Bars cut from a second-by-second course, or one a day."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from decimal import Decimal

from gammacore.adapters.simulated.path import Cents
from gammacore.domain.market import Bar
from gammacore.domain.sessions import TradingSession, new_york

DAY_SECONDS = 86_400


def points(cents: int) -> Decimal:
    """Hundredths of a point as points.

    >>> points(600012)
    Decimal('6000.12')
    """
    return Decimal(cents).scaleb(-2)


def cut_bars(course: Cents, session: TradingSession, seconds: int) -> list[Bar]:
    """All whole bars of a session, in order; 86,400 seconds make one, of its New York date, from midnight on.

    The last one takes the closing print in. A remainder of the session shorter than a bar makes none.
    """
    if seconds == DAY_SECONDS:
        midnight = new_york(session.date, dt.time())
        return [_bar(midnight, seconds, int(course[0]), int(course.max()), int(course.min()), int(course[-1]))]
    whole = (len(course) - 1) // seconds
    seen = course[: whole * seconds].reshape(whole, seconds)
    high, low, last = seen.max(axis=1), seen.min(axis=1), seen[:, -1].copy()
    if whole and whole * seconds == len(course) - 1:
        last[-1] = course[-1]
        high[-1], low[-1] = max(high[-1], course[-1]), min(low[-1], course[-1])
    starts = (session.open + dt.timedelta(seconds=seconds * number) for number in range(whole))
    figures = zip(starts, seen[:, 0].tolist(), high.tolist(), low.tolist(), last.tolist(), strict=True)
    return [_bar(start, seconds, *prices) for start, *prices in figures]


def bars_inside(bars: list[Bar], start: dt.datetime, end: dt.datetime) -> list[Bar]:
    """Those that lie whole in [start, end], of bars in order."""
    first, last = bisect_left(bars, start, key=lambda bar: bar.start), bisect_right(bars, end, key=lambda bar: bar.end)
    return bars[first:last]


def _bar(start: dt.datetime, seconds: int, first: int, high: int, low: int, last: int) -> Bar:
    return Bar(start, seconds, points(first), points(high), points(low), points(last))

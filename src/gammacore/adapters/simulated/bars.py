"""Bars cut from a second-by-second course, or one a day."""

from __future__ import annotations

import datetime as dt
import math
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


def session_bars(
    course: Cents, session: TradingSession, seconds: int, start: dt.datetime, end: dt.datetime
) -> list[Bar]:
    """The whole bars of a session inside [start, end]; the last one of the day takes the closing print in.

    A remainder of the session shorter than a bar makes none.
    """
    first = max(math.ceil((start - session.open).total_seconds() / seconds), 0)
    last = min(math.floor((end - session.open).total_seconds() / seconds), (len(course) - 1) // seconds)
    bars = []
    for number in range(first, last):
        begin, stop = number * seconds, (number + 1) * seconds
        seen = course[begin : stop + (stop == len(course) - 1)]
        bars.append(_bar(session.open + dt.timedelta(seconds=begin), seconds, seen))
    return bars


def day_bars(course: Cents, session: TradingSession, start: dt.datetime, end: dt.datetime) -> list[Bar]:
    """The bar of a session's New York date, from midnight on, when all of that date lies inside [start, end]."""
    bar = _bar(new_york(session.date, dt.time()), DAY_SECONDS, course)
    return [bar] if start <= bar.start and bar.end <= end else []


def _bar(start: dt.datetime, seconds: int, seen: Cents) -> Bar:
    low, high = int(seen.min()), int(seen.max())
    return Bar(start, seconds, points(int(seen[0])), points(high), points(low), points(int(seen[-1])))

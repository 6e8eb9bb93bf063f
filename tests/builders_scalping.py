"""Minutes of a share with volume, and sampled quotes, in one line; the session is that of `builders`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from builders import DAY, at
from gammacore.domain.market import Bar
from gammacore.domain.scalping.smart_entry import Sample

VOLUME = 1_000
Figure = str | int


def a_minute(
    close: Figure,
    *,
    opened: Figure | None = None,
    high: Figure | None = None,
    low: Figure | None = None,
    volume: int | None = VOLUME,
    start: str = "09:30",
    seconds: int = 60,
    date: dt.date = DAY,
) -> Bar:
    """A bar; flat at its close unless told."""
    last = Decimal(close)
    first = last if opened is None else Decimal(opened)
    top = max(first, last) if high is None else Decimal(high)
    bottom = min(first, last) if low is None else Decimal(low)
    return Bar(at(start, date), seconds, first, top, bottom, last, volume=volume)


def in_a_row(bars: Sequence[Bar], first: str = "09:30", date: dt.date = DAY) -> tuple[Bar, ...]:
    """The bars one after the other, the first from a New York time on."""
    start, moved = at(first, date), []
    for bar in bars:
        moved.append(Bar(start, bar.seconds, bar.open, bar.high, bar.low, bar.close, volume=bar.volume))
        start = moved[-1].end
    return tuple(moved)


def minutes(*closes: Figure, volume: int | None = VOLUME, first: str = "09:30", date: dt.date = DAY) -> tuple[Bar, ...]:
    """Flat one-minute bars at these closes."""
    return in_a_row([a_minute(close, volume=volume) for close in closes], first, date)


def sampled(*mids: Figure, spread: Figure = "0.01", until: str = "10:00:00", every: int = 1) -> tuple[Sample, ...]:
    """Quotes sampled every so many seconds, the last one at a New York time."""
    last = at(until)
    ages = range(len(mids) - 1, -1, -1)
    seen = [last - dt.timedelta(seconds=every * age) for age in ages]
    return tuple((when, Decimal(mid), Decimal(spread)) for when, mid in zip(seen, mids, strict=True))

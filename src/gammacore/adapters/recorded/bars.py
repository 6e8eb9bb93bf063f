"""Bars of a recorded day: native ones, and longer ones built of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from gammacore.domain.market import Bar

BarSource = Callable[[str, int, dt.datetime, dt.datetime], Sequence[Bar]]
"""(symbol, seconds, start, end) -> bars, oldest first."""

HOUR_SECONDS = 3600


def no_bars(_symbol: str, _seconds: int, _start: dt.datetime, _end: dt.datetime) -> Sequence[Bar]:
    return ()


def bars_within(native: Iterable[Bar], seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
    """Bars of `seconds` with start <= bar.start and bar.end <= end, from ascending native bars.

    Native bars of that length are returned as they are; of shorter ones longer bars are built on the clock's own
    multiples, up to an hour (longer ones would begin at the wrong wall-clock time). A longer bar needs at least one
    native bar; minutes without a trade have none.
    """
    native = list(native)
    exact = [bar for bar in native if bar.seconds == seconds]
    if not exact and seconds <= HOUR_SECONDS:
        exact = _lengthened((bar for bar in native if seconds % bar.seconds == 0), seconds)
    return tuple(bar for bar in exact if start <= bar.start and bar.end <= end)


def _lengthened(native: Iterable[Bar], seconds: int) -> list[Bar]:
    def slot(bar: Bar) -> int:
        return int(bar.start.timestamp()) // seconds

    return [_merged(list(bars), number * seconds, seconds) for number, bars in groupby(native, slot)]


def _merged(bars: Sequence[Bar], start: int, seconds: int) -> Bar:
    return Bar(
        dt.datetime.fromtimestamp(start, dt.UTC), seconds, bars[0].open,
        max(bar.high for bar in bars), min(bar.low for bar in bars), bars[-1].close,
    )  # fmt: skip

"""The opening range, and what volume says of it and of the newest bars. Rules: SC-301, SC-302, SC-308..310."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.market import Bar
from gammacore.domain.market_history import opening_price
from gammacore.domain.scalping.battle_lines import Range, cover, within
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.volatility import unbroken

SIGNAL_BARS = 10
BARS_BEFORE, LEAST_BEFORE = 9, 3
SESSIONS_BEFORE = 5
TREND_BARS, TREND_FACTOR = 3, Fraction(12, 10)


@frozen
class OpeningRange:
    """Open, high and low, points, and volume, shares, of the first minutes; None is missing. Rule: SC-302."""

    open: Decimal | None
    high: Decimal
    low: Decimal
    volume: int | None

    @classmethod
    def of(cls, bars: Sequence[Bar], session: TradingSession, minutes: int) -> OpeningRange | None:
        """The range of [open, open + minutes), of the session's completed one-minute bars.

        None (`opening_range_missing`) with fewer than five in six of them. The open is that of the very first bar.
        """
        start, end = session.open, session.after_open(minutes)
        known = Range.of(bars, start, end)
        if known is None or not cover(bars, start, end):
            return None
        return cls(opening_price(bars, session), known.high, known.low, _volume(within(bars, start, end)))


def opening_volume(bars: Sequence[Bar], session: TradingSession, minutes: int) -> int | None:
    """Shares traded in the same minutes of any session; None where too few bars, or one without volume, show it."""
    start, end = session.open, session.after_open(minutes)
    return _volume(within(bars, start, end)) if cover(bars, start, end) else None


def earlier_opening_volumes(bars: Sequence[Bar], minutes: int) -> list[int]:
    """The same of each session these bars are of, oldest first; a session that does not show it is left out."""
    dates = sorted({new_york_date(bar.start) for bar in bars})
    known = (opening_volume(bars, TradingSession.of(date), minutes) for date in dates)
    return [volume for volume in known if volume is not None]


def opening_volume_ratio(today: int | None, before: Sequence[int]) -> Fraction | None:
    """Today's opening volume over the mean of the sessions before, newest last, up to 5 of them. Rule: SC-309.

    >>> opening_volume_ratio(300, [100, 200]), opening_volume_ratio(300, []), opening_volume_ratio(None, [100])
    (Fraction(2, 1), None, None)
    """
    used = before[-SESSIONS_BEFORE:]
    if today is None or not used or sum(used) == 0:
        return None
    return Fraction(today * len(used), sum(used))


def signal_bars(bars: Sequence[Bar], session: TradingSession, now: dt.datetime) -> tuple[Bar, ...]:
    """The completed bars of this session, the last 10 at most, oldest first. Rule: SC-301.

    A missing bar begins them anew: the bar before it is not the one before the next (ours).
    """
    done = [bar for bar in within(bars, session.open, session.close) if bar.end <= now]
    return unbroken(done)[-SIGNAL_BARS:]


def joined(bars: Sequence[Bar], session: TradingSession, seconds: int) -> tuple[Bar, ...]:
    """Longer bars made of shorter ones, from the session's open on; one that lacks a part is left out. Rule: SC-301."""
    if not bars or bars[0].seconds == seconds:
        return tuple(bars)
    step = dt.timedelta(seconds=seconds)
    parts: dict[dt.datetime, list[Bar]] = {}
    for bar in within(bars, session.open, session.close):
        parts.setdefault(session.open + (bar.start - session.open) // step * step, []).append(bar)
    return tuple(
        Bar(
            start, seconds, whole[0].open, max(bar.high for bar in whole), min(bar.low for bar in whole),
            whole[-1].close, volume=_volume(whole),
        )
        for start, whole in parts.items()
        if sum(bar.seconds for bar in whole) == seconds
    )  # fmt: skip


def volume_ratio(bars: Sequence[Bar]) -> Fraction | None:
    """The last bar's volume over the mean of those before it, 3 to 9 of them; None where that is missing. SC-308"""
    before = bars[-BARS_BEFORE - 1 : -1]
    total, last = _volume(before), _volume(bars[-1:])
    if len(before) < LEAST_BEFORE or not total or last is None:
        return None
    return Fraction(last * len(before), total)


def volume_rises(bars: Sequence[Bar]) -> bool | None:
    """Whether the last 3 bars traded over 1.2 times what the 3 before did; None with fewer than 6. Rule: SC-310."""
    recent, earlier = _volume(bars[-TREND_BARS:]), _volume(bars[-2 * TREND_BARS : -TREND_BARS])
    if len(bars) < 2 * TREND_BARS or recent is None or earlier is None:
        return None
    return recent > TREND_FACTOR * earlier


def _volume(bars: Sequence[Bar]) -> int | None:
    """Shares traded in all; None where one of the bars does not say."""
    known = [bar.volume for bar in bars if bar.volume is not None]
    return sum(known) if len(known) == len(bars) else None

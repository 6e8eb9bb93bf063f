"""Battle lines: the highs and lows of the session before, of the night and of the morning; and the day's bias.

From real bars only: what no bar shows is None, never guessed. Rules: SC-304..307.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import Right
from gammacore.domain.market import Bar
from gammacore.domain.market_history import ONE_DAY
from gammacore.domain.sessions import TradingSession, new_york, new_york_date
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Direction

PREMARKET_OPENS = dt.time(4)
ENOUGH = (5, 6)
"""How much of a stretch its bars must cover to speak for it: 5 of 6 parts (ours). Rule: SC-302."""
BIAS_DISTANCE = Decimal("0.10")
MOST_RANGE = Decimal("0.10")
MOST_DISTANCE = Decimal("0.20")
FIRST_CLOSE = dt.timedelta(minutes=5)


@frozen
class Range:
    """The high and the low of a stretch of time, points."""

    high: Decimal
    low: Decimal

    @classmethod
    def of(cls, bars: Iterable[Bar], start: dt.datetime, end: dt.datetime) -> Range | None:
        """Of the bars inside [start, end); None where there are none."""
        inside = within(bars, start, end)
        return cls(max(bar.high for bar in inside), min(bar.low for bar in inside)) if inside else None


def within(bars: Iterable[Bar], start: dt.datetime, end: dt.datetime) -> tuple[Bar, ...]:
    """The bars that lie in [start, end) as a whole."""
    return tuple(bar for bar in bars if start <= bar.start and bar.end <= end)


def cover(bars: Sequence[Bar], start: dt.datetime, end: dt.datetime) -> bool:
    """Whether the bars inside [start, end) are enough to speak for all of it."""
    had, all_of_it = ENOUGH
    seconds = sum(bar.seconds for bar in within(bars, start, end))
    return seconds * all_of_it >= (end - start).total_seconds() * had


@frozen
class BattleLines:
    """Previous session, night (from its close to 09:30) and premarket (04:00 to 09:30); points, None where no bar is.

    Rules: SC-304, SC-305.
    """

    previous: Range
    overnight: Range | None = None
    premarket: Range | None = None

    @classmethod
    def of(cls, bars: Sequence[Bar], before: TradingSession, session: TradingSession) -> BattleLines | None:
        """The lines of a day from bars of the session `before`, its daily bar or shorter ones, and of the hours since.

        None (`battle_lines_missing`) without the daily bar, unless the shorter ones cover five sixths of the session: a
        high of its afternoon alone would be another line (ours).
        """
        if (previous := _range_of(bars, before)) is None:
            return None
        morning = new_york(session.date, PREMARKET_OPENS)
        return cls(
            previous,
            overnight=Range.of(bars, before.close, session.open),
            premarket=Range.of(bars, morning, session.open),
        )

    def judge(self, opening_price: Decimal | None) -> Verdict:
        """Whether the lines can be true, seen from the price at 09:30; bad ones count as missing. Rule: SC-306."""
        if opening_price is None:
            return Verdict.unknown("battle_lines_missing", "no price at the open to judge them by")
        pairs = [pair for pair in (self.previous, self.overnight, self.premarket) if pair is not None]
        for pair in pairs:
            if pair.high <= pair.low:
                return Verdict.skip("battle_lines_bad", f"high {pair.high}", f"<= low {pair.low}")
            for line in (pair.high, pair.low):
                if abs(line - opening_price) > MOST_DISTANCE * opening_price:
                    return Verdict.skip("battle_lines_bad", line, f"more than 20 % from {opening_price}")
        if self.previous.high - self.previous.low > MOST_RANGE * self.previous.low:
            return Verdict.skip("battle_lines_bad", f"{self.previous.low} to {self.previous.high}", "over 10 %")
        return Verdict.ok(f"{self.previous.low} to {self.previous.high}")

    def bias(self, first_close: Decimal | None, scale: Decimal) -> Direction:
        """What the first five-minute close says of the previous session's range; NEUTRAL restricts nothing. SC-307"""
        distance = BIAS_DISTANCE * scale
        if first_close is None or self.previous.low - distance <= first_close <= self.previous.high + distance:
            return Direction.NEUTRAL
        return Direction.BULLISH if first_close > self.previous.high else Direction.BEARISH

    def invalidation(self, right: Right) -> Decimal:
        """The line that proves a trade wrong: the lowest low for a call, the highest high for a put. Rule: SC-335."""
        pairs = [pair for pair in (self.previous, self.overnight) if pair is not None]
        return min(pair.low for pair in pairs) if right is Right.CALL else max(pair.high for pair in pairs)

    def is_invalid(self, right: Right, price: Decimal) -> bool:
        """Whether the price is beyond that line; on it it is not. Rules: SC-325, SC-335."""
        line = self.invalidation(right)
        return price < line if right is Right.CALL else price > line


def _range_of(bars: Sequence[Bar], session: TradingSession) -> Range | None:
    daily = (bar for bar in bars if bar.seconds == ONE_DAY and new_york_date(bar.start) == session.date)
    if (whole := next(daily, None)) is not None:
        return Range(whole.high, whole.low)
    return Range.of(bars, session.open, session.close) if cover(bars, session.open, session.close) else None


def first_five_minute_close(bars: Iterable[Bar], session: TradingSession) -> Decimal | None:
    """The close of the first five minutes: of the bar, of one minute or of five, that ended then; None without it."""
    end = session.open + FIRST_CLOSE
    return next((bar.close for bar in bars if bar.end == end and bar.start >= session.open), None)

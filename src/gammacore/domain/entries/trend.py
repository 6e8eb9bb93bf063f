"""A market on its way somewhere is not drawn to a pin: strength of the trend, and how far it went. CS-316, CS-317.

Nor is one that ran in its last minutes, or runs against what is about to be sold. Rule: CS-333.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.indicators.adx import bars_needed, wilder_adx
from gammacore.domain.instruments import Underlying
from gammacore.domain.market_history import FIVE_MINUTES, ONE_MINUTE, MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Direction
from gammacore.errors import InvalidInput


@frozen
class TrendStrength:
    """Wilder's ADX of 5-minute bars of today and the session before is at most 25. Rules: CS-316, CS-355."""

    period: int = parameter(14, "Period of the ADX, 5-min bars; it needs twice as many.", at_least=2)
    strongest: float = parameter(25.0, "Highest ADX (inclusive).", at_least=0, at_most=100)

    def judge(self, history: MarketHistory) -> Verdict:
        adx = wilder_adx(history.five_minute, self.period)
        if adx is None:
            found, wanted = f"{len(history.five_minute)} 5-min bars", f"{bars_needed(self.period)} needed"
            return Verdict.unknown("adx_unknown", found, wanted, blocks=False)
        reading = f"ADX({self.period}) {adx:.2f}"
        if adx > self.strongest:
            return Verdict.skip("adx", reading, f"> {self.strongest:g}")
        return Verdict.ok(reading, f"<= {self.strongest:g}")


@frozen
class TrendMove:
    """Price is at most 10k points from where it was half an hour ago. Rules: CS-317, CS-356.

    The movement is taken between unrounded prices. Without 5-minute bars it is missing: single snapshots are no past.
    """

    minutes: int = parameter(30, "How long ago, minutes: a multiple of 5.", at_least=5)
    points: Decimal = parameter(Decimal(10), "Furthest move (inclusive), SPX points.", at_least=0)

    def __attrs_post_init__(self) -> None:
        if self.minutes * ONE_MINUTE % FIVE_MINUTES:
            raise InvalidInput("minutes", self.minutes, "give a multiple of 5, as the bars are 5 minutes long")

    def judge(self, price: Decimal | None, history: MarketHistory, underlying: Underlying) -> Verdict:
        if price is None:
            return Verdict.unknown("trend_move_unknown", "price not known", blocks=False)
        change = history.change_over(history.five_minute, self.minutes, price)
        if change is None:
            return Verdict.unknown("trend_move_unknown", f"no 5-min bar {self.minutes} min ago", blocks=False)
        limit = underlying.points(self.points)
        reading = f"{float(change):+.2f} points in {self.minutes} min"
        if abs(Fraction(change)) > limit:
            return Verdict.skip("trend_move", reading, f"> {float(limit):g}")
        return Verdict.ok(reading, f"<= {float(limit):g}")


SHORT_MINUTES, LONG_MINUTES = 1, 5


@frozen
class Momentum:
    """At most 10k points in 5 minutes, 5k in 1, and 4k of either against the position. Rule: CS-333.

    Against means falling under a bullish position, rising under a bearish one; a neutral one has no such side. The
    changes are taken between unrounded prices and need 1-minute bars. One change too many is a no even when the other
    is missing.
    """

    five_minutes: Decimal = parameter(Decimal(10), "Largest change in 5 minutes, SPX points.", at_least=0)
    one_minute: Decimal = parameter(Decimal(5), "Largest change in 1 minute, SPX points.", at_least=0)
    against: Decimal = parameter(Decimal(4), "Largest change against the position, SPX points.", at_least=0)

    def judge(
        self, price: Decimal | None, history: MarketHistory, direction: Direction, underlying: Underlying
    ) -> Verdict:
        if price is None:
            return Verdict.unknown("momentum_unknown", "price not known", blocks=False)
        readings, missing = [], []
        for minutes, spx_limit in ((LONG_MINUTES, self.five_minutes), (SHORT_MINUTES, self.one_minute)):
            change = history.change_over(history.one_minute, minutes, price)
            if change is None:
                missing.append(f"no 1-min bar {minutes} min ago")
                continue
            if (limit := self._exceeded(change, spx_limit, direction, underlying)) is not None:
                return Verdict.skip("momentum", _reading(change, minutes), limit)
            readings.append(_reading(change, minutes))
        if missing:
            return Verdict.unknown("momentum_unknown", ", ".join(missing), blocks=False)
        return Verdict.ok(", ".join(readings), f"<= {self._words(underlying)}")

    def _exceeded(
        self, change: Decimal, spx_limit: Decimal, direction: Direction, underlying: Underlying
    ) -> str | None:
        limit, against = underlying.points(spx_limit), underlying.points(self.against)
        if abs(Fraction(change)) > limit:
            return f"> {float(limit):g}"
        if _adverse(change, direction) > against:
            return f"> {float(against):g} against {direction}"
        return None

    def _words(self, underlying: Underlying) -> str:
        limits = (float(underlying.points(each)) for each in (self.five_minutes, self.one_minute, self.against))
        return "{:g} in 5 min, {:g} in 1 min, {:g} against".format(*limits)


def _adverse(change: Decimal, direction: Direction) -> Fraction:
    """Points the price went against the position; 0 when it went its way or the position has no side."""
    against = {Direction.BULLISH: -change, Direction.BEARISH: change}.get(direction, Decimal(0))
    return max(Fraction(against), Fraction(0))


def _reading(change: Decimal, minutes: int) -> str:
    return f"{float(change):+.2f} points in {minutes} min"

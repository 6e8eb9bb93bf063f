"""A market on its way somewhere is not drawn to a pin: strength of the trend, how far it went, and the days before.

Daily closes are those of the hedge share where its bars exist, else of the underlying (CS-358). Rules: CS-316, CS-317,
CS-319, CS-321, CS-322.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from attrs import frozen

from gammacore.domain.indicators import bars_needed, cutler_rsi, wilder_adx
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


NO_CLOSES = "no daily closes up to the session before"


@frozen
class RelativeStrength:
    """Cutler's RSI(14) of completed daily closes is in [40, 80], rounded to 1 decimal first. Rules: CS-319, CS-357."""

    period: int = parameter(14, "Daily changes averaged; one more close is needed.", at_least=2)
    weakest: Decimal = parameter(Decimal(40), "Lowest RSI (inclusive).", at_least=0, at_most=100)
    strongest: Decimal = parameter(Decimal(80), "Highest RSI (inclusive).", at_least=0, at_most=100)

    def __attrs_post_init__(self) -> None:
        if self.weakest > self.strongest:
            raise InvalidInput("weakest", self.weakest, f"give at most the highest RSI {self.strongest}")

    def judge(self, history: MarketHistory) -> Verdict:
        if history.daily is None:
            return Verdict.unknown("rsi_unknown", NO_CLOSES, blocks=False)
        exact = cutler_rsi(history.daily.closes, self.period)
        if exact is None:
            found, wanted = f"{len(history.daily.closes)} daily closes", f"{self.period + 1} needed"
            return Verdict.unknown("rsi_unknown", found, wanted, blocks=False)
        rsi = Decimal(round(exact * 10)) / 10
        reading = f"RSI({self.period}) {rsi:.1f} of {history.daily.symbol}"
        if rsi < self.weakest:
            return Verdict.skip("rsi", reading, f"< {self.weakest}")
        if rsi > self.strongest:
            return Verdict.skip("rsi", reading, f"> {self.strongest}")
        return Verdict.ok(reading, f"in [{self.weakest}, {self.strongest}]")


@frozen
class DownDays:
    """At most 5 completed daily closes in a row were lower than the one before; an equal close ends the run. CS-321."""

    most: int = parameter(5, "Consecutive lower closes at most.", at_least=0)

    def judge(self, history: MarketHistory) -> Verdict:
        """A run that reaches back to the oldest close known may be longer: unknown unless it is too long already."""
        if history.daily is None:
            return Verdict.unknown("down_days_unknown", NO_CLOSES, blocks=False)
        closes = history.daily.closes
        run = falling_run(closes)
        reading = f"{run} lower closes of {history.daily.symbol}"
        if run > self.most:
            return Verdict.skip("down_days", reading, f"> {self.most}")
        if run == len(closes) - 1:
            return Verdict.unknown("down_days_unknown", f"{reading} or more", "older closes not known", blocks=False)
        return Verdict.ok(reading, f"<= {self.most}")


def falling_run(closes: tuple[Decimal, ...]) -> int:
    """How many of the newest closes in a row were each below the one before, oldest first.

    >>> falling_run(tuple(Decimal(close) for close in (100, 101, 101, 100, 99)))
    2
    """
    run = 0
    for earlier, later in reversed(list(pairwise(closes))):
        if later >= earlier:
            break
        run += 1
    return run


@frozen
class OpeningGap:
    """Today opened at most 0.5 % from the previous close, either way. Rules: CS-322, CS-358."""

    gap: Decimal = parameter(Decimal("0.005"), "Largest gap (inclusive), part of the previous close.", at_least=0)

    def judge(self, history: MarketHistory) -> Verdict:
        if history.daily is None:
            return Verdict.unknown("gap_unknown", NO_CLOSES, blocks=False)
        opened, closed = history.daily.today_open, history.daily.previous_close
        if opened is None:
            return Verdict.unknown("gap_unknown", f"{history.daily.symbol} has no opening price", blocks=False)
        reading = f"{history.daily.symbol} opened {(opened - closed) / closed:+.2%}"
        if abs(opened - closed) > self.gap * closed:
            return Verdict.skip("gap", reading, f"> {self.gap:.2%}")
        return Verdict.ok(reading, f"<= {self.gap:.2%}")

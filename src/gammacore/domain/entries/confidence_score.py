"""Confidence from five factors instead of the distance alone: an option, off. Rule: CS-208.

The rule names the factors and their weights and leaves open what each measures; what stands here is ours. Each is a
number 0..1 that is 1 at the best the desk can meet and falls in a straight line to 0 where another rule would say no,
so only the strength of the exposure needs a figure of its own. Nothing shows that the score finds better trades.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.entries.credit import SpreadQuality, SpreadQuote
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.entries.setup import SetupRules
from gammacore.domain.entries.volatility import VixBand
from gammacore.domain.gex.pin import Polarity
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput

NONE, FULL = Fraction(0), Fraction(1)


@frozen
class Factors:
    """What favours an entry, each 0..1."""

    distance: Fraction
    gex: Fraction
    liquidity: Fraction
    time: Fraction
    regime: Fraction


@frozen
class Score:
    """The weighted factors, their sum 0..1, and the label it earns.

    >>> half = Fraction(1, 2)
    >>> print(ConfidenceScore().rate(Factors(distance=FULL, gex=half, liquidity=half, time=FULL, regime=NONE)))
    score 0.600 = distance 1.00 x 0.20 + gex 0.50 x 0.30 + liquidity 0.50 x 0.20 + time 1.00 x 0.15 + regime 0.00 x 0.15
    """

    parts: tuple[tuple[str, Fraction, Decimal], ...]
    value: Fraction
    label: Confidence

    def __str__(self) -> str:
        parts = " + ".join(f"{name} {float(factor):.2f} x {weight}" for name, factor, weight in self.parts)
        shown = math.floor(self.value * 1000) / 1000  # 0.7499 is no 0.750
        return f"score {shown:.3f} = {parts}"


@frozen
class ConfidenceScore:
    """Weights and thresholds of the score; where it is on, its label replaces that of the setup table. Rule: CS-208."""

    on: bool = parameter(False, "Rate entries by five factors instead of the distance alone (CS-208).")
    distance: Decimal = parameter(Decimal("0.20"), "Weight of the distance from the pin.", at_least=0, at_most=1)
    gex: Decimal = parameter(Decimal("0.30"), "Weight of the strength of the exposure.", at_least=0, at_most=1)
    liquidity: Decimal = parameter(Decimal("0.20"), "Weight of the tightness of the quotes.", at_least=0, at_most=1)
    time: Decimal = parameter(Decimal("0.15"), "Weight of the time left for entries.", at_least=0, at_most=1)
    regime: Decimal = parameter(Decimal("0.15"), "Weight of the calm of VIX.", at_least=0, at_most=1)
    high: Decimal = parameter(Decimal("0.75"), "From this score: HIGH.", at_least=0, at_most=1)
    medium: Decimal = parameter(Decimal("0.50"), "From this score: MEDIUM; below it LOW, never traded.",
                                at_least=0, at_most=1)  # fmt: skip
    full_gex: float = parameter(
        7.5e9, "Net positive gamma a strike, $ per 100 %, that counts in full (15e9 at a lean of 0.5: CS-110).", above=0
    )

    def __attrs_post_init__(self) -> None:
        total = self.distance + self.gex + self.liquidity + self.time + self.regime
        if total != 1:
            raise InvalidInput("regime", self.regime, f"give five weights that sum to 1, these sum to {total}")
        if self.medium > self.high:
            raise InvalidInput("medium", self.medium, f"give at most high = {self.high}")

    def rate(self, factors: Factors) -> Score:
        """The weighted sum, exact, and its label: the limits belong to the better one."""
        parts = tuple((name, getattr(factors, name), getattr(self, name)) for name in _NAMES)
        value = sum((factor * Fraction(weight) for _, factor, weight in parts), NONE)
        return Score(parts, value, self._label(value))

    def _label(self, value: Fraction) -> Confidence:
        if value >= Fraction(self.high):
            return Confidence.HIGH
        return Confidence.MEDIUM if value >= Fraction(self.medium) else Confidence.LOW

    def strength(self, polarity: Polarity) -> Fraction:
        """Net gamma a strike inside the pin's radius, in full from `full_gex`; 0 where it is negative.

        Positive gamma is what draws price to the pin; negative drives it away, however much of it there is.
        """
        net = Fraction(polarity.index) * Fraction(polarity.magnitude)
        return max(NONE, min(FULL, net / Fraction(self.full_gex)))


_NAMES = ("distance", "gex", "liquidity", "time", "regime")


def nearness(distance: Decimal, underlying: Underlying, rules: SetupRules) -> Fraction:
    """1 with the price on the pin, 0 from `far_limit` on, where nothing is sold around it. Rule: CS-202."""
    return _falling(Fraction(abs(distance)), NONE, underlying.points(rules.far_limit))


def tightness(quote: SpreadQuote, quality: SpreadQuality, underlying: Underlying) -> Fraction:
    """The part of what the market may keep that it does not keep, of the worse side; 0 where it keeps all. CS-360.

    A side whose legs are one tick wide is as tight as it can be: 1.
    """
    return min(_falling(kept, NONE, allowed) for kept, allowed in quality.kept_and_allowed(quote, underlying))


def earliness(now: dt.datetime, session: TradingSession, schedule: Schedule) -> Fraction:
    """1 up to the first minute of the entry window, 0 from the cut-off on. Rules: CS-307, CS-308."""
    first = session.after_open(schedule.window_from_minutes)
    return _falling(_seconds(now - first), NONE, _seconds(schedule.cutoff(session) - first))


def calm(vix: Decimal, band: VixBand, ceiling: Decimal) -> Fraction:
    """1 up to the VIX floor, 0 from the ceiling on. Rules: CS-311, CS-312."""
    return _falling(Fraction(vix), Fraction(band.floor), Fraction(ceiling))


def _falling(value: Fraction, full: Fraction, nothing: Fraction) -> Fraction:
    """1 up to `full`, 0 from `nothing` on, a straight line between."""
    if value <= full:
        return FULL
    return NONE if value >= nothing else (nothing - value) / (nothing - full)


def _seconds(span: dt.timedelta) -> Fraction:
    return Fraction(span // dt.timedelta(microseconds=1), 1_000_000)

"""The GEX pin: the strike of today's chain that price is drawn to, and how one-sided the field around it is.

Exposures here are net dealer gamma per strike of today's expiry in $ per 100 % move (CS-101): the thresholds of the
polarity are in that unit. Rules: CS-101..111.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike

from gammacore.domain.gex.exposure import require_spot
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import from_float
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


class PinPolarity(StrEnum):
    """positive: a strike of positive gamma, which attracts; neutral: the fallback, merely the heaviest strike near."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"


class PinFallback(StrEnum):
    """What to do when no strike of positive exposure is in reach: take the strongest of any sign, or none."""

    STRONGEST = "strongest"
    NONE = "none"


class Lean(StrEnum):
    """Which way the gamma around price leans."""

    BULL = "BULL"
    BEAR = "BEAR"
    NEUTRAL = "NEUTRAL"


class PolarityConfidence(StrEnum):
    """How much gamma says so, and how clearly."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@frozen
class PinCandidate:
    """A strike in points, its net exposure in $ per 100 % and its proximity-weighted score."""

    strike: Decimal
    exposure: float
    score: float


@frozen
class Pin:
    """Where price is drawn to, in points; None of these is ever invented.

    `competing`: two peaks of like strength either side of price pull at it, and `strike` is the midpoint (CS-108).
    `candidates` are the best three, best first.
    """

    strike: Decimal
    polarity: PinPolarity
    competing: bool
    candidates: tuple[PinCandidate, ...]


@frozen
class Polarity:
    """Gamma polarity index -1..1, magnitude ($ per 100 % and strike), and what they say. Rules: CS-109, CS-110."""

    index: float
    magnitude: float
    direction: Lean
    confidence: PolarityConfidence


@frozen
class PinRule:
    """How a pin is chosen. Distances are parts of the price, exposures $ per 100 % move."""

    distance_power: int = parameter(5, "Score = exposure / (distance ^ power + score_floor).", at_least=1, at_most=9)
    score_floor: float = parameter(1e-12, "Added to distance ^ power; below its root size matters again.", above=0)
    reported: int = parameter(3, "Candidates reported with the pin.", at_least=2)
    competing_score: float = parameter(0.5, "Two peaks compete when lower/higher score is above this.", at_least=0)
    competing_distance: Decimal = parameter(
        Decimal("0.4"), "... and nearer/farther distance to price is above this.", at_least=0
    )
    pin_fallback: PinFallback = PinFallback.STRONGEST
    fallback_points: int = parameter(50, "The fallback looks this far either side of price, SPX points.", above=0)

    def candidates(
        self, strikes: ArrayLike, net_per_100pct: ArrayLike, spot: Decimal, underlying: Underlying
    ) -> tuple[PinCandidate, ...]:
        """Strikes of positive exposure strictly inside the radius, best score first. Rules: CS-104, CS-105."""
        price = underlying.round_price(spot)
        radius = Fraction(underlying.pin_radius) * Fraction(price)
        near = _within(radius, price, strikes, net_per_100pct)
        return self._ranked([(strike, exposure) for strike, exposure in near if exposure > 0], price)

    def fallback(
        self, strikes: ArrayLike, net_per_100pct: ArrayLike, spot: Decimal, underlying: Underlying
    ) -> PinCandidate | None:
        """The strike of largest absolute exposure within 50k points of price, None when there is none. Rule: CS-106."""
        if self.pin_fallback is PinFallback.NONE:
            return None
        price = underlying.round_price(spot)
        near = _within(underlying.points(self.fallback_points), price, strikes, net_per_100pct)
        heavy = self._ranked([(strike, exposure) for strike, exposure in near if exposure != 0], price)
        return min(heavy, key=lambda one: (-abs(one.exposure), abs(one.strike - price), one.strike), default=None)

    def compete(self, candidates: Sequence[PinCandidate], price: Decimal) -> bool:
        """Whether the two best pull from either side of price with like strength; all strict. Rule: CS-107."""
        if len(candidates) < 2:
            return False
        first, second = candidates[0], candidates[1]
        left, right = sorted((first.strike, second.strike))
        if not left < price < right:
            return False
        near, far = sorted((price - left, right - price))
        return second.score > self.competing_score * first.score and near > self.competing_distance * far

    def _ranked(self, near: list[tuple[Decimal, float]], price: Decimal) -> tuple[PinCandidate, ...]:
        scored = [PinCandidate(strike, exposure, self._score(exposure, strike, price)) for strike, exposure in near]
        scored.sort(key=lambda one: (-one.score, -one.exposure, abs(one.strike - price), one.strike))
        return tuple(scored)

    def _score(self, exposure: float, strike: Decimal, price: Decimal) -> float:
        distance = float(abs(strike - price) / price)
        return exposure / (distance**self.distance_power + self.score_floor)


@frozen
class PolarityRule:
    """What the polarity index and its magnitude are held against. Rules: CS-109, CS-110."""

    lean: float = parameter(0.2, "Index beyond this is bullish, below minus this bearish.", at_least=0, below=1)
    high_lean: float = parameter(0.5, "Index beyond this may be of high confidence.", at_least=0, below=1)
    medium_magnitude: float = parameter(5e9, "Above this confidence may be medium, $ per 100 %.", at_least=0)
    high_magnitude: float = parameter(15e9, "Above this confidence may be high, $ per 100 %.", at_least=0)

    def direction(self, index: float) -> Lean:
        if index > self.lean:
            return Lean.BULL
        return Lean.BEAR if index < -self.lean else Lean.NEUTRAL

    def confidence(self, index: float, magnitude: float) -> PolarityConfidence:
        if magnitude > self.high_magnitude and abs(index) > self.high_lean:
            return PolarityConfidence.HIGH
        medium = magnitude > self.medium_magnitude and abs(index) > self.lean
        return PolarityConfidence.MEDIUM if medium else PolarityConfidence.LOW


STANDARD_PIN = PinRule()
STANDARD_POLARITY = PolarityRule()


def find_pin(
    strikes: ArrayLike,
    net_per_100pct: ArrayLike,
    spot: Decimal | int,
    underlying: Underlying,
    rule: PinRule = STANDARD_PIN,
) -> Pin | None:
    """The pin of today's chain, None (`pin_missing`) when no strike qualifies. Rules: CS-101..108.

    `strikes` points and `net_per_100pct` $ per 100 % move, (n,) each; `spot` points.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> pin = find_pin([5900, 6000], [120e9, 100e9], Decimal(5950), REGISTRY["SPX"])
    >>> pin.strike, pin.competing
    (Decimal('5950'), True)
    """
    spot = require_spot(spot)
    price = underlying.round_price(spot)
    ranked = rule.candidates(strikes, net_per_100pct, spot, underlying)
    if ranked:
        competing = rule.compete(ranked, price)
        strike = underlying.strike((ranked[0].strike + ranked[1].strike) / 2) if competing else ranked[0].strike
        return Pin(strike, PinPolarity.POSITIVE, competing, ranked[: rule.reported])
    if (heaviest := rule.fallback(strikes, net_per_100pct, spot, underlying)) is not None:
        return Pin(heaviest.strike, PinPolarity.NEUTRAL, False, (heaviest,))
    return None


def measure_polarity(
    strikes: ArrayLike,
    net_per_100pct: ArrayLike,
    spot: Decimal,
    underlying: Underlying,
    rule: PolarityRule = STANDARD_POLARITY,
) -> Polarity:
    """How one-sided the exposure is, over all strikes inside the pin radius, both signs. Rules: CS-109, CS-110.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> measure_polarity([5990, 6010], [60e9, -20e9], Decimal(6000), REGISTRY["SPX"]).index
    0.5
    """
    price = underlying.round_price(spot)
    near = _within(Fraction(underlying.pin_radius) * Fraction(price), price, strikes, net_per_100pct)
    positive = sum(exposure for _, exposure in near if exposure > 0)
    negative = -sum(exposure for _, exposure in near if exposure < 0)
    total = positive + negative
    index = (positive - negative) / total if total else 0.0
    magnitude = total / len(near) if near else 0.0
    return Polarity(index, magnitude, rule.direction(index), rule.confidence(index, magnitude))


def _within(
    distance: Fraction, price: Decimal, strikes: ArrayLike, exposures: ArrayLike
) -> list[tuple[Decimal, float]]:
    """Strikes strictly nearer to price than `distance` points, with their exposures; compared exactly at the edge."""
    levels, loads = np.asarray(strikes, dtype=np.float64), np.asarray(exposures, dtype=np.float64)
    if levels.shape != loads.shape:
        raise InvalidInput("net_per_100pct", f"{loads.size} values", f"give {levels.size}, one a strike")
    if not np.isfinite(loads).all():
        raise InvalidInput("net_per_100pct", "a value that is not finite", "leave such contracts out (CS-102)")
    away, edge = np.abs(levels - float(price)), float(distance)
    near = away <= edge + 1.0
    known = zip(map(from_float, levels[near].tolist()), loads[near].tolist(), away[near].tolist(), strict=True)
    return [
        (strike, load)
        for strike, load, apart in known
        if apart < edge - 1.0 or abs(Fraction(strike) - Fraction(price)) < distance
    ]

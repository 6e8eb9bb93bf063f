"""A signal: the parts that scored, its direction and confidence; and all that the detectors look at.

Scores are points of 0 to 10, exact. Rules: SC-010, SC-301, SC-311.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import numpy as np
from attrs import field, frozen

from gammacore.domain.gex.contracts import live_contracts, price_contracts
from gammacore.domain.gex.exposure import GammaExposure, exposure_of
from gammacore.domain.gex.flips import find_flips
from gammacore.domain.gex.units import ALL, IMPLIED_FORWARD, Rates, SettlesAt
from gammacore.domain.market import Bar, OptionChain, from_float
from gammacore.domain.scalping.battle_lines import BattleLines
from gammacore.domain.scalping.opening_range import OpeningRange, volume_ratio
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Confidence, Direction

DEALER_REACH = Decimal("0.03")
CONFIDENCES = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


class SignalName(StrEnum):
    """The detectors in the order of their table, which also breaks the last tie. Rules: SC-311, SC-322."""

    GAMMA_SQUEEZE = "GAMMA_SQUEEZE"
    OPENING_DRIVE = "OPENING_DRIVE"
    VWAP_RECLAIM = "VWAP_RECLAIM"
    LIQUIDITY_VACUUM = "LIQUIDITY_VACUUM"
    OPTIONS_PIN = "OPTIONS_PIN"
    DARK_POOL_FLOW = "DARK_POOL_FLOW"
    DEALER_GAMMA = "DEALER_GAMMA"


@frozen
class SignalTerms:
    """The most a signal scores, which is its weight; the least that trades; where HIGH and MEDIUM confidence begin.

    `high` None: never. Rule: SC-311.
    """

    weight: Decimal
    least: Decimal
    high: Decimal | None
    medium: Decimal


def _terms(weight: str, least: str, high: str | None, medium: str) -> SignalTerms:
    return SignalTerms(Decimal(weight), Decimal(least), Decimal(high) if high else None, Decimal(medium))


TERMS = {
    SignalName.GAMMA_SQUEEZE: _terms("8.5", "6.0", "6.0", "3.0"),
    SignalName.OPENING_DRIVE: _terms("7.5", "6.0", "6.0", "4.0"),
    SignalName.VWAP_RECLAIM: _terms("7.0", "5.0", "5.0", "3.0"),
    SignalName.LIQUIDITY_VACUUM: _terms("6.5", "5.0", "5.0", "3.0"),
    SignalName.OPTIONS_PIN: _terms("6.0", "4.0", "4.0", "2.0"),
    SignalName.DARK_POOL_FLOW: _terms("5.5", "4.5", None, "4.0"),
    SignalName.DEALER_GAMMA: _terms("9.0", "6.0", "7.5", "6.0"),
}


@frozen
class SignalReading:
    """What one detector says: its parts in points, the factor they are multiplied by, the direction (NEUTRAL: none).

    `missing` names the inputs without which a part scored 0, or the signal is none.

    >>> pin = SignalReading(SignalName.OPTIONS_PIN, {"call": Decimal(3), "put": Decimal(3)}, factor=Decimal("1.2"))
    >>> pin.score, pin.confidence
    (Decimal('6.0'), <Confidence.HIGH: 'HIGH'>)
    """

    name: SignalName
    parts: dict[str, Decimal] = field(factory=dict)
    direction: Direction = Direction.NEUTRAL
    missing: tuple[str, ...] = ()
    factor: Decimal = Decimal(1)

    @property
    def terms(self) -> SignalTerms:
        return TERMS[self.name]

    @property
    def score(self) -> Decimal:
        """The sum of the parts, at most the signal's weight; 0 is none."""
        return min(sum(self.parts.values(), Decimal(0)) * self.factor, self.terms.weight)

    @property
    def is_present(self) -> bool:
        return self.score > 0

    @property
    def confidence(self) -> Confidence:
        if self.terms.high is not None and self.score >= self.terms.high:
            return Confidence.HIGH
        return Confidence.MEDIUM if self.score >= self.terms.medium else Confidence.LOW

    def judge(self, least: Confidence) -> Verdict:
        """Whether it is a signal at all, scores enough, is sure enough and points somewhere. Rule: SC-311."""
        if not self.is_present:
            reason = "bars_missing" if "bars" in self.missing else "no_signal"
            return Verdict.unknown(reason, str(self)) if self.missing else Verdict.skip(reason, str(self))
        if self.score < self.terms.least:
            return Verdict.skip("score_low", str(self), f">= {self.terms.least}")
        if CONFIDENCES.index(self.confidence) < CONFIDENCES.index(least):
            return Verdict.skip("confidence_low", f"{self} {self.confidence}", f">= {least}")
        if self.direction is Direction.NEUTRAL:
            return Verdict.skip("no_direction", str(self))
        return Verdict.ok(str(self), f"{self.direction} {self.confidence}")

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {points}" for name, points in self.parts.items())
        missing = f"missing: {', '.join(self.missing)}" if self.missing else ""
        inside = "; ".join(text for text in (parts, missing) if text)
        return f"{self.name} {self.score}" + (f" ({inside})" if inside else "")


@frozen
class DealerField:
    """Dealers' gamma around the price, $ per 1 % move: `net`, `gross` (calls and puts unsigned); nearest flip, points.

    Naive sign: dealers long calls, short puts. Rules: SC-318, SC-319.
    """

    net: float
    gross: float
    flip: float | None = None

    @property
    def imbalance(self) -> float | None:
        """Net over gross, -1 to 1; None without open interest."""
        return self.net / self.gross if self.gross else None

    @classmethod
    def of(cls, exposure: GammaExposure, price: Decimal, flip: float | None = None) -> DealerField:
        """The part of an exposure within 3 % of the price, and the flip of all of it."""
        reach = DEALER_REACH * price
        near = np.array([abs(from_float(strike) - price) <= reach for strike in exposure.strikes.tolist()], dtype=bool)
        calls, puts = float(exposure.call[near].sum()), float(exposure.put[near].sum())
        return cls(calls + puts, calls + abs(puts), flip)

    @classmethod
    def measured(
        cls, expiry: OptionChain, price: Decimal, settles_at: SettlesAt, rates: Rates = IMPLIED_FORWARD
    ) -> DealerField:
        """By our own gamma, from the chain of one expiry; the flip is the re-priced chain's nearest root."""
        priced = price_contracts(live_contracts(expiry, ALL, settles_at), price, rates)
        return cls.of(exposure_of(expiry.underlying, priced), price, find_flips(priced).flip)


@frozen(eq=False)
class SignalView:
    """All that the detectors look at; None is missing. Prices in points, `scale` as in SC-012.

    `bars` are the signal bars, `chain` the contracts of the one expiry traded, `hours_left` until it settles;
    `portfolio_delta` contract-deltas of all that is held, of use to the legacy proxy of SC-320 alone.
    """

    price: Decimal
    bars: Sequence[Bar] = ()
    scale: Decimal = Decimal(1)
    lines: BattleLines | None = None
    opening: OpeningRange | None = None
    opening_volume_ratio: Fraction | None = None
    vwap: Fraction | None = None
    chain: OptionChain | None = None
    hours_left: float | None = None
    dealers: DealerField | None = None
    spread_widens: bool | None = None
    portfolio_delta: Decimal | None = None

    @property
    def change(self) -> Decimal:
        """How far the last close is from the one before, points; of two bars at least."""
        return self.bars[-1].close - self.bars[-2].close

    @property
    def volume_ratio(self) -> Fraction | None:
        return volume_ratio(self.bars)

    def dollars(self, of_spy: Decimal) -> Decimal:
        return of_spy * self.scale

    def toward_vwap(self) -> Direction:
        """The way from the price to VWAP; NEUTRAL at it, or without it."""
        return Direction.NEUTRAL if self.vwap is None else direction_of(self.vwap - Fraction(self.price))


def direction_of(change: Decimal | Fraction) -> Direction:
    """Up is bullish, down bearish, no change neither."""
    if change == 0:
        return Direction.NEUTRAL
    return Direction.BULLISH if change > 0 else Direction.BEARISH


def without_bars(name: SignalName, *missing: str) -> SignalReading:
    """None, for want of bars or what else it cannot do without. Rule: SC-301."""
    return SignalReading(name, missing=missing or ("bars",))


def strikes_near(chain: OptionChain, price: Decimal, reach: Decimal) -> list[tuple[Decimal, int]]:
    """Strikes at most `reach` points from the price, compared exactly, each with its row of the chain."""
    rows = np.flatnonzero(np.abs(chain.strike - float(price)) <= float(reach) + 1.0).tolist()
    known = [(from_float(float(chain.strike[row])), row) for row in rows]
    return [(strike, row) for strike, row in known if abs(strike - price) <= reach]

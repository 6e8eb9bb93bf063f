"""Smart entries of the share scalp: signals of minute bars, of sampled quotes or of ticks, and what they change.

Every comparison is exact; a short mirrors every signal. Rules: SC-225..234.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from attrs import frozen

from gammacore.domain.indicators import cutler_rsi
from gammacore.domain.instruments import Side
from gammacore.domain.market import Bar
from gammacore.domain.market_history import ONE_MINUTE
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.volatility import realised_vol, unbroken

Sample = tuple[dt.datetime, Decimal, Decimal]
"""An accepted share quote as it was sampled: when it was quoted, its mid and its spread, points."""

BARS_NEEDED, QUOTES_NEEDED, TICKS_NEEDED = 20, 20, 60
NARROW_SPREADS, NARROW_SPREAD = 5, Decimal("0.05")
"""Spreads in a row that must be narrow, and what is narrow, dollars of SPY. Rule: SC-228."""
TICK_AGE = dt.timedelta(seconds=2)
TARGET_SHARE, LEAST_TARGET, MOST_TARGET = Decimal("0.0013"), Decimal("0.65"), Decimal("1.50")
STOP_OF_TARGET = Decimal("1.5")


class SmartEntry(StrEnum):
    """What a smart entry reads: nothing, minute bars, a quote a cycle, or a quote a second. Rules: SC-226..228."""

    OFF = "off"
    BARS = "bars"
    QUOTES = "quotes"
    TICKS = "ticks"


@frozen
class SmartProfile:
    """What a profile asks and sets: the strength that enters, whether two signals do, seconds between two entries."""

    strength: int
    two_signals: bool
    cooldown: int


PROFILES = {
    SmartEntry.BARS: SmartProfile(3, two_signals=True, cooldown=60),
    SmartEntry.QUOTES: SmartProfile(3, two_signals=True, cooldown=60),
    SmartEntry.TICKS: SmartProfile(5, two_signals=False, cooldown=30),
}
"""Rule: SC-229."""


@frozen
class SmartView:
    """What the signals look at. `price` is the newest accepted mid, `high` and `low` are the session's since 09:30.

    `bars` are the session's completed one-minute bars and `samples` accepted quotes, oldest first; `scale` multiplies
    dollars given for SPY (SC-012). None is missing.
    """

    now: dt.datetime
    price: Decimal
    bars: Sequence[Bar] = ()
    samples: Sequence[Sample] = ()
    high: Decimal | None = None
    low: Decimal | None = None
    vwap: Fraction | None = None
    scale: Decimal = Decimal(1)


@frozen
class SmartReading:
    """The signals found, each with its strength, and the optional inputs that were missing and scored nothing."""

    found: tuple[tuple[str, int], ...]
    missing: tuple[str, ...] = ()

    @property
    def strength(self) -> int:
        return sum(strength for _, strength in self.found)

    def __str__(self) -> str:
        named = ", ".join(f"{name} {strength}" for name, strength in self.found) or "no signal"
        return f"{named} (missing: {', '.join(self.missing)})" if self.missing else named


@frozen
class SmartRules:
    """Which smart entry is on, and what it makes of size, target and stop. Rules: SC-229..232."""

    smart_entry: SmartEntry = parameter(SmartEntry.OFF, "Smart entry: off, bars, quotes or ticks.")

    @property
    def is_on(self) -> bool:
        return self.smart_entry is not SmartEntry.OFF

    def read(self, view: SmartView, side: Side = Side.BUY) -> SmartReading | Verdict:
        """The signals of the profile that is on, or the refusal that names the input without which there are none."""
        match self.smart_entry:
            case SmartEntry.OFF:
                return Verdict.ok("off")
            case SmartEntry.BARS:
                return _of_bars(view, side)
            case SmartEntry.QUOTES:
                return _of_quotes(view, side)
            case SmartEntry.TICKS:
                return _of_ticks(view, side)
            case _:
                assert_never(self.smart_entry)

    def judge(self, reading: SmartReading | Verdict) -> Verdict:
        """Whether these signals are enough to enter. Rule: SC-229."""
        if isinstance(reading, Verdict):
            return reading
        profile = PROFILES[self.smart_entry]
        is_enough = reading.strength >= profile.strength or (profile.two_signals and len(reading.found) >= 2)
        wanted = f">= {profile.strength}" + (" or two signals" if profile.two_signals else "")
        return Verdict.ok(str(reading)) if is_enough else Verdict.skip("signals_weak", str(reading), wanted)

    def cooldown(self, usual: int) -> int:
        """Seconds from the last entry order to the next, at least. Rule: SC-229."""
        return max(usual, PROFILES[self.smart_entry].cooldown) if self.is_on else usual

    def size(self, shares: int, reading: SmartReading) -> int:
        """Shares at most: 1, or 2 of bars and quotes from a strength of 5 on. Rule: SC-230."""
        if not self.is_on:
            return shares
        most = 2 if self.smart_entry is not SmartEntry.TICKS and reading.strength >= 5 else 1
        return min(shares, most)

    def target(self, entry: Decimal, scale: Decimal = Decimal(1)) -> Decimal:
        """The target, dollars a share: 0.13 % of the entry, within 0.65 to 1.50 dollars of SPY. Rule: SC-231.

        >>> SmartRules().target(Decimal(590))
        Decimal('0.7670')
        """
        return min(max(TARGET_SHARE * entry, LEAST_TARGET * scale), MOST_TARGET * scale)

    def stop(self, target: Decimal) -> Decimal:
        """The stop, dollars a share below the entry (above it for a short). Rule: SC-232."""
        return STOP_OF_TARGET * target

    def early_exit(self, view: SmartView, entry: Decimal, out: Decimal, side: Side = Side.BUY) -> str | None:
        """Why a position in profit leaves before its target; None where it stays. Rule: SC-232.

        `out` is what it would be closed at: the bid of a long one, the ask of a short one.
        """
        if (out - entry) * side.sign <= 0:
            return None
        mids = [mid for _, mid, _ in view.samples]
        match self.smart_entry:
            case SmartEntry.OFF:
                return None
            case SmartEntry.BARS:
                rsi = _rsi([bar.close for bar in view.bars], side)
                return "rsi_exit" if rsi is not None and rsi > 70 else None
            case SmartEntry.QUOTES:
                turned = len(mids) >= 2 and _change(mids[-2], mids[-1]) * side.sign < Fraction(-1, 1000)
                return "momentum_exit" if turned else None
            case SmartEntry.TICKS:
                is_fast = len(mids) >= 10 and abs(_velocity(mids)) > Fraction(6, 10_000)
                return "momentum_exit" if is_fast else None
            case _:
                assert_never(self.smart_entry)


def _of_bars(view: SmartView, side: Side) -> SmartReading | Verdict:
    """Rules: SC-225, SC-226."""
    if len(view.bars) < BARS_NEEDED:
        return Verdict.unknown("bars_missing", f"{len(view.bars)} bars", f"{BARS_NEEDED} needed")
    if (edges := _edges(view, side)) is None:
        return _without_edges()
    near, far = edges
    closes = [bar.close for bar in view.bars]
    before, rsi = _rsi(closes[:-1], side), _rsi(closes, side)
    last = view.bars[-BARS_NEEDED:]
    is_whole = len(unbroken(last)) == BARS_NEEDED
    volatility = realised_vol([bar.close for bar in last], ONE_MINUTE, BARS_NEEDED) if is_whole else None

    def found() -> Iterator[tuple[str, int]]:
        if before is not None and rsi is not None and before < 30 < rsi:
            yield "rsi_turn", 3
        if view.vwap is not None and _beyond(view.price, view.vwap, side) < Fraction(-2, 1000):
            yield "beyond_vwap", 2
        if near <= Fraction(1, 1000):
            yield "at_extreme", 2
        if volatility is not None and volatility > 0.18:
            yield "volatile", 1
        if far < Fraction(-3, 1000):
            yield "off_high", 1

    missing = {"vwap": view.vwap is None, "volatility": volatility is None}
    return SmartReading(tuple(found()), tuple(name for name, lacks in missing.items() if lacks))


def _of_quotes(view: SmartView, side: Side) -> SmartReading | Verdict:
    """Rule: SC-227."""
    if len(view.samples) < QUOTES_NEEDED:
        return _few_samples(view, QUOTES_NEEDED)
    if (edges := _edges(view, side)) is None:
        return _without_edges()
    near, far = edges
    changes = _changes([mid for _, mid, _ in view.samples[-QUOTES_NEEDED:]])
    momentum = changes[-1] * side.sign
    percent = 100 * sum((abs(change) for change in changes), Fraction(0)) / len(changes)

    def found() -> Iterator[tuple[str, int]]:
        if far <= Fraction(-3, 1000):
            yield "off_high", 3
        if momentum < Fraction(-5, 10_000) and percent > Fraction(1, 10):
            yield "falling_fast", 2
        if near <= Fraction(1, 1000):
            yield "at_extreme", 2
        if near <= Fraction(5, 1000) and momentum > 0:
            yield "turning_near_extreme", 2
        if percent > Fraction(2, 10) and momentum > 0:
            yield "turning_in_a_wild_market", 1

    return SmartReading(tuple(found()))


def _of_ticks(view: SmartView, side: Side) -> SmartReading | Verdict:
    """Rule: SC-228."""
    if len(view.samples) < TICKS_NEEDED:
        return _few_samples(view, TICKS_NEEDED)
    samples = view.samples[-TICKS_NEEDED:]
    widest, allowed = max(spread for _, _, spread in samples[-NARROW_SPREADS:]), NARROW_SPREAD * view.scale
    age = view.now - samples[-1][0]
    if widest > allowed or age > TICK_AGE:
        return Verdict.skip("spread_wide", f"{widest} {age.total_seconds():g} s old", f"<= {allowed}, 2 s")
    mids = [mid for _, mid, _ in samples]
    velocity = _velocity(mids) * side.sign
    acceleration = velocity - _velocity(mids[:-10]) * side.sign
    span = Fraction(max(mids) - min(mids)) / Fraction(view.price)
    average = sum((Fraction(mid) for mid in mids[-20:]), Fraction(0)) / 20

    def found() -> Iterator[tuple[str, int]]:
        if span >= Fraction(2, 1000):
            yield "wide_range", 3
        if velocity < Fraction(-3, 10_000) and acceleration > 0:
            yield "slowing_fall", 4
        if _variance(_changes(mids)[-30:]) > Fraction(15, 10_000) ** 2:
            yield "volatile", 2
        if _beyond(view.price, average, side) < Fraction(-1, 1000):
            yield "beyond_average", 2

    return SmartReading(tuple(found()))


def _few_samples(view: SmartView, needed: int) -> Verdict:
    return Verdict.unknown("indicator_missing", f"{len(view.samples)} samples", f"{needed} needed")


def _without_edges() -> Verdict:
    return Verdict.unknown("indicator_missing", "no session high and low")


def _edges(view: SmartView, side: Side) -> tuple[Fraction, Fraction] | None:
    """How far the price is from the extreme it is bought (shorted) at, and from the other one; parts of each.

    For a purchase the first is price / low - 1, 0 or more, and the second price / high - 1, 0 or less.
    """
    if view.high is None or view.low is None:
        return None
    near, far = (view.low, view.high) if side is Side.BUY else (view.high, view.low)
    return _beyond(view.price, Fraction(near), side), _beyond(view.price, Fraction(far), side)


def _beyond(price: Decimal, reference: Fraction, side: Side) -> Fraction:
    return (Fraction(price) / reference - 1) * side.sign


def _rsi(closes: Sequence[Decimal], side: Side) -> Fraction | None:
    rsi = cutler_rsi(closes)
    return rsi if rsi is None or side is Side.BUY else 100 - rsi


def _change(earlier: Decimal, later: Decimal) -> Fraction:
    return Fraction(later) / Fraction(earlier) - 1


def _changes(mids: Sequence[Decimal]) -> list[Fraction]:
    return [_change(earlier, later) for earlier, later in pairwise(mids)]


def _velocity(mids: Sequence[Decimal]) -> Fraction:
    """The newest mid against that of nine samples before."""
    return _change(mids[-10], mids[-1])


def _variance(changes: Sequence[Fraction]) -> Fraction:
    mean = sum(changes, Fraction(0)) / len(changes)
    return sum(((change - mean) ** 2 for change in changes), Fraction(0)) / (len(changes) - 1)

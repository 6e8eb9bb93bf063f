"""The volume-weighted average price of the session, and the share trades that bet on a return to it.

Rules: SC-221..224.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import frozen

from gammacore.domain.indicators import BAND_DEVIATIONS, bollinger_band, cutler_rsi
from gammacore.domain.instruments import Side, tick_ceiling, tick_floor
from gammacore.domain.market import Bar
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

STANDARD_BARS = 5
REPLACE_AFTER = 60
"""Seconds between two prices of a target that follows VWAP, at least. Rule: SC-224."""
REPLACE_FROM = Decimal("0.05")
"""How far it must have moved, dollars of SPY. Rule: SC-224."""


def session_vwap(bars: Sequence[Bar], least: int = STANDARD_BARS) -> Fraction | None:
    """Sum of typical price × volume over sum of volume, points; typical = (high + low + close) / 3. Rule: SC-221.

    `bars` are the session's completed one-minute bars. None (`vwap_missing`) with fewer than `least`, with a volume
    missing among them, or with none traded.
    """
    volumes = [bar.volume for bar in bars if bar.volume is not None]
    if len(bars) < least or len(volumes) < len(bars) or not (total := sum(volumes)):
        return None
    traded = ((bar.high + bar.low + bar.close) * volume for bar, volume in zip(bars, volumes, strict=True))
    return Fraction(sum(traded, Decimal(0))) / (3 * total)


class ReversionTarget(StrEnum):
    """base: the target every share trade has; vwap: it rests at the VWAP of now. Rule: SC-224."""

    BASE = "base"
    VWAP = "vwap"


@frozen
class MeanReversion:
    """Buy well below VWAP, or short well above it. Rules: SC-221..224.

    A short mirrors every rule: it opens on the bid, above VWAP, with an RSI above 100 less `reversion_rsi`, at or above
    the upper band.
    """

    use_mean_reversion: bool = parameter(False, "Enter only well away from VWAP.")
    vwap_min_bars: int = parameter(STANDARD_BARS, "One-minute bars VWAP takes at least.", at_least=1)
    vwap_deviation: Decimal = parameter(Decimal("0.005"), "How far from VWAP, part of it.", at_least=0, below=1)
    reversion_rsi: Decimal | None = parameter(
        None, "RSI(14) must be below this, as 30; none: not asked.", above=0, at_most=50
    )
    reversion_band: bool = parameter(False, "The last close must be at or beyond the Bollinger band (20, 2.0).")
    reversion_target: ReversionTarget = parameter(ReversionTarget.BASE, "Where the target rests: base or vwap.")

    def judge(self, price: Decimal, bars: Sequence[Bar], side: Side = Side.BUY) -> Verdict:
        """Whether `price` (the ask for a purchase, the bid for a short) is far enough from VWAP. Rules: SC-222, SC-223.

        `bars` are the session's completed one-minute bars.
        """
        if not self.use_mean_reversion:
            return Verdict.ok("off")
        if (vwap := session_vwap(bars, self.vwap_min_bars)) is None:
            return Verdict.unknown("vwap_missing", f"{len(bars)} bars", f"{self.vwap_min_bars} with volume needed")
        limit = vwap * (1 - side.sign * Fraction(self.vwap_deviation))
        if (Fraction(price) - limit) * side.sign > 0:
            reason, beyond = ("not_below_vwap", "<=") if side is Side.BUY else ("not_above_vwap", ">=")
            return Verdict.skip(reason, price, f"{beyond} {float(limit):.4f} needed")
        closes = [bar.close for bar in bars]
        for verdict in (self._judge_rsi(closes, side), self._judge_band(closes, side)):
            if verdict.blocks:
                return verdict
        return Verdict.ok(price, f"VWAP {float(vwap):.4f}")

    def _judge_rsi(self, closes: Sequence[Decimal], side: Side) -> Verdict:
        if self.reversion_rsi is None:
            return Verdict.ok()
        if (rsi := cutler_rsi(closes)) is None:
            return Verdict.unknown("indicator_missing", f"RSI of {len(closes)} closes")
        seen = rsi if side is Side.BUY else 100 - rsi
        reason = "rsi_high" if side is Side.BUY else "rsi_low"
        return Verdict.ok() if seen < self.reversion_rsi else Verdict.skip(reason, f"{float(rsi):.1f}")

    def _judge_band(self, closes: Sequence[Decimal], side: Side) -> Verdict:
        if not self.reversion_band:
            return Verdict.ok()
        if (band := bollinger_band(closes, -side.sign * BAND_DEVIATIONS)) is None:
            return Verdict.unknown("indicator_missing", f"Bollinger band of {len(closes)} closes")
        reason = "above_band" if side is Side.BUY else "below_band"
        beyond = (float(closes[-1]) - band) * side.sign <= 0
        return Verdict.ok() if beyond else Verdict.skip(reason, closes[-1], f"{band:.4f}")


def target_at_vwap(vwap: Fraction, entry: Decimal, tick: Decimal, side: Side = Side.BUY) -> Decimal:
    """Where the target of a position at `entry` rests: at VWAP, at least a tick better than the entry. Rule: SC-224.

    A sale rounds up to the tick, the buy that ends a short down.

    >>> target_at_vwap(Fraction("590.123"), Decimal(590), Decimal("0.01")), target_at_vwap(
    ...     Fraction(589), Decimal(590), Decimal("0.01"))
    (Decimal('590.13'), Decimal('590.01'))
    """
    steps = vwap / Fraction(tick)
    if side is Side.BUY:
        return max(math.ceil(steps) * tick, tick_ceiling(entry + tick, tick))
    return min(math.floor(steps) * tick, tick_floor(entry - tick, tick))


def is_replaced(resting: Decimal, wanted: Decimal, seconds: float, scale: Decimal) -> bool:
    """Whether a target that has rested `seconds` at `resting` is moved to `wanted`. Rule: SC-224.

    >>> is_replaced(Decimal("590.00"), Decimal("590.05"), 60, Decimal(1))
    True
    """
    return seconds >= REPLACE_AFTER and abs(wanted - resting) >= REPLACE_FROM * scale


def is_back_at_vwap(price: Decimal, vwap: Fraction, side: Side = Side.BUY) -> bool:
    """`vwap_exit`: the bid of a long position reached VWAP, or the ask of a short one. Rule: SC-224."""
    return (Fraction(price) - vwap) * side.sign >= 0

"""VWAP_RECLAIM: a price that comes back to VWAP, or has just crossed it. Rule: SC-314."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gammacore.domain.scalping.signals.signal import SignalName, SignalReading, SignalView, without_bars
from gammacore.domain.words import Direction

NEAR, RATIO = Decimal("0.20"), Fraction(3, 2)
NEAREST, FARTHEST = Fraction(2, 1000), Fraction(5, 1000)
"""Between these parts of VWAP a price is drawn back to it."""


def detect_vwap_reclaim(view: SignalView) -> SignalReading:
    """+4.0 at VWAP, +2.0 volume, +1.0 the last close nearer to it; the way it was crossed, else towards it."""
    if len(view.bars) < 2 or view.vwap is None:
        lacks = {"bars": len(view.bars) < 2, "vwap": view.vwap is None}
        return without_bars(SignalName.VWAP_RECLAIM, *(name for name, is_missing in lacks.items() if is_missing))
    before, last = (abs(Fraction(bar.close) - view.vwap) for bar in view.bars[-2:])
    parts: dict[str, Decimal] = {}
    if abs(Fraction(view.price) - view.vwap) < Fraction(view.dollars(NEAR)):
        parts["near"] = Decimal("4.0")
    if (ratio := view.volume_ratio) is not None and ratio > RATIO:
        parts["volume"] = Decimal("2.0")
    if last < before:
        parts["nearer"] = Decimal("1.0")
    missing = ("volume_ratio",) if ratio is None else ()
    return SignalReading(SignalName.VWAP_RECLAIM, parts, _way(view, view.vwap), missing)


def _way(view: SignalView, vwap: Fraction) -> Direction:
    before, price = Fraction(view.bars[-2].close), Fraction(view.price)
    if before < vwap <= price:
        return Direction.BULLISH
    if before > vwap >= price:
        return Direction.BEARISH
    return view.toward_vwap() if NEAREST < abs(price / vwap - 1) < FARTHEST else Direction.NEUTRAL

"""DARK_POOL_FLOW: bars of great volume that did not move the price, a proxy for blocks. Rule: SC-317."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gammacore.domain.scalping.opening_range import SIGNAL_BARS, volume_rises
from gammacore.domain.scalping.signals.signal import SignalName, SignalReading, SignalView, direction_of, without_bars
from gammacore.domain.words import Direction

TIMES, NARROW = 3, Decimal("0.20")


def detect_dark_pool_flow(view: SignalView) -> SignalReading:
    """+2.0 a print, +1.5 for two or more, +1.0 rising volume; the side of the newest print the price is on."""
    bars = view.bars[-SIGNAL_BARS:]
    volumes = [bar.volume for bar in bars if bar.volume is not None]
    if len(volumes) < SIGNAL_BARS:
        return without_bars(SignalName.DARK_POOL_FLOW, "bars" if len(bars) < SIGNAL_BARS else "volume")
    average = Fraction(sum(volumes[:-1]), SIGNAL_BARS - 1)
    narrow = view.dollars(NARROW)
    prints = [bar for bar, volume in zip(bars, volumes, strict=True)
              if volume > TIMES * average and bar.high - bar.low < narrow]  # fmt: skip
    parts: dict[str, Decimal] = {}
    if prints:
        parts["prints"] = Decimal("2.0") * len(prints)
    if len(prints) >= 2:
        parts["several"] = Decimal("1.5")
    if volume_rises(bars):
        parts["rising_volume"] = Decimal("1.0")
    way = direction_of(view.price - prints[-1].close) if prints else Direction.NEUTRAL
    return SignalReading(SignalName.DARK_POOL_FLOW, parts, way)

"""GAMMA_SQUEEZE: a much-held strike beside a price that moves. Rule: SC-312."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.scalping.signals.signal import (
    SignalName,
    SignalReading,
    SignalView,
    direction_of,
    strikes_near,
    without_bars,
)

NEAR, OPEN_INTEREST, MOVE, RATIO = Decimal("1.00"), 1_000, Decimal("0.20"), 2


def detect_gamma_squeeze(view: SignalView) -> SignalReading:
    """+4.0 open interest beside the price, +3.0 a move of the last bar, +1.5 volume; the way of that move."""
    if len(view.bars) < 2:
        return without_bars(SignalName.GAMMA_SQUEEZE)
    parts: dict[str, Decimal] = {}
    if view.chain is not None:
        near = view.dollars(NEAR)
        rows = [row for strike, row in strikes_near(view.chain, view.price, near) if abs(strike - view.price) < near]
        if (view.chain.open_interest[rows] > OPEN_INTEREST).any():
            parts["strike"] = Decimal("4.0")
    if abs(view.change) > view.dollars(MOVE):
        parts["move"] = Decimal("3.0")
    if (ratio := view.volume_ratio) is not None and ratio > RATIO:
        parts["volume"] = Decimal("1.5")
    lacks = {"chain": view.chain is None, "volume_ratio": ratio is None}
    missing = tuple(name for name, is_missing in lacks.items() if is_missing)
    return SignalReading(SignalName.GAMMA_SQUEEZE, parts, direction_of(view.change), missing)

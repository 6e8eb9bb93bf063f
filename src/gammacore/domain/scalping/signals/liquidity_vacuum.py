"""LIQUIDITY_VACUUM: a price that moves on little volume. Rule: SC-315."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gammacore.domain.scalping.signals.signal import SignalName, SignalReading, SignalView, direction_of, without_bars

MOVE, QUIET, GAP = Fraction(15, 10_000), Fraction(8, 10), Decimal("0.20")


def detect_liquidity_vacuum(view: SignalView) -> SignalReading:
    """+4.0 a move of over 0.15 % on little volume, +2.0 a gap between bars, +0.5 a widening spread; the way it moved.

    SPY's regular hours show no such gap between minutes: there the signal is reported and does not trade.
    """
    if len(view.bars) < 3:
        return without_bars(SignalName.LIQUIDITY_VACUUM)
    before, last = view.bars[-2:]
    ratio, parts = view.volume_ratio, dict[str, Decimal]()
    moved = abs(Fraction(last.close) / Fraction(before.close) - 1) > MOVE
    if moved and ratio is not None and ratio < QUIET:
        parts["thin_move"] = Decimal("4.0")
    if abs(last.open - before.close) > view.dollars(GAP):
        parts["gap"] = Decimal("2.0")
    if view.spread_widens:
        parts["spread"] = Decimal("0.5")
    lacks = {"volume_ratio": ratio is None, "spread": view.spread_widens is None}
    missing = tuple(name for name, is_missing in lacks.items() if is_missing)
    return SignalReading(SignalName.LIQUIDITY_VACUUM, parts, direction_of(view.change), missing)

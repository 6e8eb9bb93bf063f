"""OPENING_DRIVE: a price that left its open, beyond the lines of yesterday or of the morning. Rule: SC-313."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gammacore.domain.scalping.battle_lines import BattleLines
from gammacore.domain.scalping.signals.signal import SignalName, SignalReading, SignalView, direction_of, without_bars
from gammacore.domain.words import Direction

MOVE, RATIO = Fraction(2, 1000), 2


def detect_opening_drive(view: SignalView) -> SignalReading:
    """+3.0 a move of over 0.20 % from the open, +2.5 or +2.0 beyond a line, +2.0 volume; the way of the move."""
    if view.opening is None or view.opening.open is None:
        return without_bars(SignalName.OPENING_DRIVE, "bars", "opening_range")
    opened = view.opening.open
    move = Fraction(view.price - opened) / Fraction(opened)
    if abs(move) <= MOVE:
        return SignalReading(SignalName.OPENING_DRIVE)
    parts, way = {"move": Decimal("3.0")}, direction_of(move)
    if view.lines is not None:
        parts |= _beyond(view.lines, view.price, way)
    if view.opening_volume_ratio is not None and view.opening_volume_ratio > RATIO:
        parts["volume"] = Decimal("2.0")
    lacks = {
        "battle_lines": view.lines is None,
        "premarket": view.lines is not None and view.lines.premarket is None,
        "opening_volume_ratio": view.opening_volume_ratio is None,
    }
    missing = tuple(name for name, is_missing in lacks.items() if is_missing)
    return SignalReading(SignalName.OPENING_DRIVE, parts, way, missing)


def _beyond(lines: BattleLines, price: Decimal, way: Direction) -> dict[str, Decimal]:
    is_up, morning = way is Direction.BULLISH, lines.premarket
    if price > lines.previous.high if is_up else price < lines.previous.low:
        return {"previous_session": Decimal("2.5")}
    if morning is not None and (price > morning.high if is_up else price < morning.low):
        return {"premarket": Decimal("2.0")}
    return {}

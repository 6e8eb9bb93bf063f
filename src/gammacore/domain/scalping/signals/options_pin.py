"""OPTIONS_PIN: the price beside the strikes with the most open interest. Rule: SC-316."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from gammacore.domain.market import OptionChain
from gammacore.domain.scalping.signals.signal import (
    SignalName,
    SignalReading,
    SignalView,
    direction_of,
    strikes_near,
    without_bars,
)

REACH, NEAR, NARROW = Decimal("5.00"), Decimal("0.50"), Decimal("0.50")
RANGE_BARS = 5
LATE_HOURS, LATE = 4.0, Decimal("1.2")


def detect_options_pin(view: SignalView) -> SignalReading:
    """+3.0 the call strike near, +3.0 the put strike, +1.0 a narrow range; x1.2 with under 4 hours left; to the pin."""
    if view.chain is None:
        return without_bars(SignalName.OPTIONS_PIN, "chain")
    near = view.dollars(NEAR)
    rows = strikes_near(view.chain, view.price, view.dollars(REACH))
    heaviest = {
        right: _heaviest(
            view.chain, [(strike, row) for strike, row in rows if view.chain.is_call[row] == is_call], view
        )
        for right, is_call in (("call", True), ("put", False))
    }
    pins = {right: strike for right, strike in heaviest.items()
            if strike is not None and abs(strike - view.price) < near}  # fmt: skip
    if not pins:
        return SignalReading(SignalName.OPTIONS_PIN)
    parts = {right: Decimal("3.0") for right in pins}
    recent = view.bars[-RANGE_BARS:]
    has_range = len(recent) == RANGE_BARS
    if has_range and max(bar.high for bar in recent) - min(bar.low for bar in recent) < NARROW:
        parts["range"] = Decimal("1.0")
    pin = next(iter(pins.values()))  # the call's where it scored
    is_late = view.hours_left is not None and view.hours_left < LATE_HOURS
    lacks = {"bars": not has_range, "hours_left": view.hours_left is None}
    missing = tuple(name for name, is_missing in lacks.items() if is_missing)
    factor = LATE if is_late else Decimal(1)
    return SignalReading(SignalName.OPTIONS_PIN, parts, direction_of(pin - view.price), missing, factor)


def _heaviest(chain: OptionChain, rows: Sequence[tuple[Decimal, int]], view: SignalView) -> Decimal | None:
    """The strike of the largest open interest above 0; ties: the nearer, then the lower."""
    held = [(float(chain.open_interest[row]), strike) for strike, row in rows if chain.open_interest[row] > 0]
    ranked = sorted(held, key=lambda one: (-one[0], abs(one[1] - view.price), one[1]))
    return ranked[0][1] if ranked else None

"""Dollar constants given for SPY, in dollars of another share. Rule: SC-012."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

SPY = "SPY"
SPY_PRICE = Decimal(600)
STEP = Decimal("0.000001")


def dollar_scale(underlying: str, previous_close: Decimal | None) -> Decimal | None:
    """What a constant marked $SPY is multiplied by: 1 for SPY, else previous close / 600; None without that close.

    >>> dollar_scale("SPY", None), dollar_scale("GOOG", Decimal("750.31")), dollar_scale("GOOG", None)
    (Decimal('1'), Decimal('1.250517'), None)
    """
    if underlying == SPY:
        return Decimal(1)
    return None if previous_close is None else (previous_close / SPY_PRICE).quantize(STEP, ROUND_HALF_EVEN)

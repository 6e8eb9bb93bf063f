"""What a contract of a credit spread can lose. Rules: CS-003, CS-006."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.errors import InvalidInput


def maximum_loss(width: Decimal, credit: Decimal) -> Decimal:
    """(W - C) × 100: dollars one contract can lose; W the wider wing, C the credit, both points. Rules: CS-003, CS-006.

    >>> maximum_loss(Decimal(10), Decimal("2.50"))
    Decimal('750.00')

    Raises:
        InvalidInput: a width of nothing, or a credit outside 0 < C < W.
    """
    if not (width.is_finite() and width > 0):
        raise InvalidInput("width", width, "give the wider wing in points, above 0")
    if not (credit.is_finite() and 0 < credit < width):
        raise InvalidInput("credit", credit, f"give points above 0 and below the width {width}")
    return (width - credit) * EQUITY_OPTION_MULTIPLIER

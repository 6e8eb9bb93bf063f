"""What options pay at expiry, in Decimal, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right
from gammacore.errors import InvalidInput


def intrinsic(right: Right, strike: Decimal, price: Decimal) -> Decimal:
    """What one call or put pays per share with the underlying at `price`, points.

    >>> intrinsic(Right.PUT, Decimal(6000), Decimal("5987.35"))
    Decimal('12.65')
    """
    gap = price - strike if right is Right.CALL else strike - price
    return max(gap, Decimal(0))


def payoff(holdings: Iterable[tuple[int, OptionContract]], price: Decimal) -> Decimal:
    """What a holding is worth at expiry, points per share: contracts owned count up, contracts owed count down.

    >>> import datetime as dt
    >>> def call(strike): return OptionContract("SPX", "SPXW", dt.date(2025, 1, 10), Right.CALL, Decimal(strike))
    >>> payoff([(-1, call(6000)), (1, call(6005))], Decimal("6003.5"))
    Decimal('-3.5')
    """
    return sum((count * contract.intrinsic(price) for count, contract in holdings), Decimal(0))


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

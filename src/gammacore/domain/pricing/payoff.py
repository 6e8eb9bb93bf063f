"""What options pay at expiry, in Decimal, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.instruments import OptionContract, Right


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

"""Cutler's relative strength index: gains against losses in simple averages. Rule: CS-357."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from gammacore.errors import InvalidInput

STANDARD_PERIOD = 14


def cutler_rsi(closes: Sequence[Decimal], period: int = STANDARD_PERIOD) -> Fraction | None:
    """RSI of the last `period` changes, 0 to 100, exact; None with fewer than period + 1 closes (oldest first).

    Unlike Wilder's (TA-Lib's `RSI`) it forgets: older closes change nothing. Closes that did not move at all know no
    loss, so they read 100.

    >>> cutler_rsi([Decimal(100), Decimal(103), Decimal(102)], period=2)
    Fraction(75, 1)
    """
    if period < 1:
        raise InvalidInput("period", period, "give at least 1 change")
    if len(closes) < period + 1:
        return None
    changes = [Fraction(later) - Fraction(earlier) for earlier, later in pairwise(closes[-period - 1 :])]
    gained = sum((change for change in changes if change > 0), Fraction(0))
    lost = -sum((change for change in changes if change < 0), Fraction(0))
    if lost == 0:
        return Fraction(100)
    return 100 * gained / (gained + lost)

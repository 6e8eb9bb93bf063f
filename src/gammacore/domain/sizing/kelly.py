"""The Kelly fraction of a trade record, exactly: floors come last, never after a float."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gammacore.domain.exact_number import exact_decimal
from gammacore.errors import InvalidInput


def exact(field: str, value: Decimal | int) -> Fraction:
    """A figure as an exact fraction; refused when a float, not finite, beyond ±10¹² or finer than 10⁻³⁰.

    >>> exact("balance", Decimal("19995.50"))
    Fraction(39991, 2)
    """
    value = exact_decimal(field, value)
    if not value.is_finite() or value.adjusted() > 12 or int(value.as_tuple().exponent) < -30:
        raise InvalidInput(field, value, "give a finite figure of ordinary size")
    return Fraction(value)


def kelly_fraction(win_rate: Fraction, average_win: Fraction, average_loss: Fraction) -> Fraction:
    """The share of the balance that grows fastest: (p W - q L)/W, W and L per contract; 0 when W = 0. Rule: CS-602.

    Negative means no edge: the policies then trade their minimum, never a negative size.

    >>> round(float(kelly_fraction(Fraction(11, 45), Fraction(56), Fraction("34.62"))), 4)
    -0.2227
    >>> kelly_fraction(Fraction(0), Fraction(0), Fraction(109))
    Fraction(0, 1)
    """
    if not 0 <= win_rate <= 1:
        raise InvalidInput("win_rate", win_rate, "give a part of all trades, 0..1")
    for field, value in (("average_win", average_win), ("average_loss", average_loss)):
        if value < 0:
            raise InvalidInput(field, value, "give dollars per contract, 0 or above")
    if average_win == 0:
        return Fraction(0)
    return win_rate - (1 - win_rate) * average_loss / average_win

"""Dollars as people read them: no cents when there are none, a sign in front where the sign is the news."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

CENT = Decimal("0.01")


def dollars(amount: Decimal) -> str:
    """An amount with thousands separators; cents, half to even, only when it has any. Rule: CS-012.

    >>> dollars(Decimal("20525.00")), dollars(Decimal("20521.1")), dollars(Decimal("-114"))
    ('$20,525', '$20,521.10', '-$114')
    """
    cents = amount.quantize(CENT, ROUND_HALF_EVEN)
    digits = f"{abs(cents):,.0f}" if cents == cents.to_integral_value() else f"{abs(cents):,.2f}"
    return f"-${digits}" if cents < 0 else f"${digits}"


def signed_dollars(amount: Decimal) -> str:
    """A gain or a loss: the sign is always there, nothing gained is +$0.

    >>> signed_dollars(Decimal(525)), signed_dollars(Decimal("-34.62")), signed_dollars(Decimal(0))
    ('+$525', '-$34.62', '+$0')
    """
    text = dollars(amount)
    return text if text.startswith("-") else f"+{text}"


def exact(amount: Fraction) -> Decimal:
    """A mean of dollars as a decimal, to be rounded where it is shown."""
    return Decimal(amount.numerator) / Decimal(amount.denominator)

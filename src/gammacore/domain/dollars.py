"""Money: taken exactly as callers write it, and written as people read it.

A Decimal, or an int, is taken exactly; a float is refused, never rounded: 0.10 as a float is a little more than a
tenth, and a stop a little above its figure is another stop. Shown are no cents where there are none, and a sign in
front where the sign is the news.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from fractions import Fraction
from functools import reduce
from typing import Any

import attrs

from gammacore.errors import InvalidInput

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Rounded to the cent, half to even. Rule: CS-012.

    >>> to_cents(Decimal("2.345")), to_cents(Decimal("2.355"))
    (Decimal('2.34'), Decimal('2.36'))
    """
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def without_dust(amount: Decimal) -> Decimal:
    """An amount without what a repeating average leaves in its last places; up to 8 decimals it is as it was.

    >>> third = Decimal("4.21") / 3  # the average of three contracts
    >>> (Decimal("3.18") - third * 3) * 100, without_dust((Decimal("3.18") - third * 3) * 100)
    (Decimal('-102.9999999999999999999999999'), Decimal('-103.00000000'))
    """
    return amount if _decimals(amount) <= DUST else amount.quantize(Decimal(1).scaleb(-DUST), ROUND_HALF_EVEN)


DUST = 8
"""Decimals of a dollar beyond which nothing was ever paid."""


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def dollars(amount: Decimal) -> str:
    """An amount with thousands separators; cents, half to even, only when it has any. Rule: CS-012.

    >>> dollars(Decimal("20525.00")), dollars(Decimal("20521.1")), dollars(Decimal("-114"))
    ('$20,525', '$20,521.10', '-$114')
    """
    cents = to_cents(amount)
    digits = f"{abs(cents):,.0f}" if cents == cents.to_integral_value() else f"{abs(cents):,.2f}"
    return f"-${digits}" if cents < 0 else f"${digits}"


def signed_dollars(amount: Decimal) -> str:
    """A gain or a loss: the sign is always there, nothing gained is +$0.

    >>> signed_dollars(Decimal(525)), signed_dollars(Decimal("-34.62")), signed_dollars(Decimal(0))
    ('+$525', '-$34.62', '+$0')
    """
    text = dollars(amount)
    return text if text.startswith("-") else f"+{text}"


DECIMALS = (Decimal, Decimal | None, "Decimal", "Decimal | None")
"""How a field says that it is a price, an amount or a part: as it was written, or resolved once cattrs has read it."""


def exact_decimal(field: str, value: object) -> Decimal:
    """The figure as a Decimal.

    >>> exact_decimal("price", 6057), exact_decimal("price", Decimal("6057.25"))
    (Decimal('6057'), Decimal('6057.25'))
    >>> exact_decimal("price", 6057.25)
    Traceback (most recent call last):
    gammacore.errors.InvalidInput: price: 6057.25 is not valid; give Decimal("6057.25") or an int: a float is not exact
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):
        raise InvalidInput(field, value, f'give Decimal("{float(value)!r}") or an int: a float is not exact')
    raise InvalidInput(field, repr(value), "give a Decimal or an int")


def exact_or_none(field: str, value: object) -> Decimal | None:
    """The same of what may be unknown."""
    return None if value is None else exact_decimal(field, value)


EXACTLY = Context(prec=1_000, traps=[Inexact])
"""Sums and differences of prices without rounding, forty times as fast as fractions; an inexact one would be raised."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to its last digit, however many there are.

    >>> Fraction(exact_sum([Decimal("1e-20"), Decimal("1e20")])) - 10**20 == Fraction(1, 10**20)
    True
    """
    return reduce(EXACTLY.add, amounts, Decimal(0))


def _as_declared(value: Any, field: attrs.Attribute[Any]) -> Any:
    if value is None or isinstance(value, Decimal | Fraction) or field.type not in DECIMALS:
        return value
    return exact_decimal(field.name, value)


as_declared: Any = attrs.Converter(_as_declared, takes_field=True)
"""Converter of an attrs field: where a Decimal is declared, `exact_decimal`; None and exact fractions pass."""


def exact(amount: Fraction) -> Decimal:
    """A mean of dollars as a decimal, to be rounded where it is shown."""
    return Decimal(amount.numerator) / Decimal(amount.denominator)

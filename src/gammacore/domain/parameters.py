"""How a rule declares its figures: default, bounds and the sentence a trader reads in the sample configuration."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from gammacore.domain.dollars import as_declared
from gammacore.errors import InvalidInput

Number = int | float | Decimal | Fraction


def parameter(
    default: Any,
    doc: str,
    *,
    above: Number | None = None,
    at_least: Number | None = None,
    below: Number | None = None,
    at_most: Number | None = None,
) -> Any:
    """Declare one figure of a rule; a value outside its bounds is an `InvalidInput` that names the bound.

    Where a Decimal is declared an int is taken exactly and a float refused.

    >>> from attrs import frozen
    >>> @frozen
    ... class Grace:
    ...     seconds: int = parameter(60, "Seconds after the fill in which the regular stop sleeps.", at_least=0)
    >>> Grace(seconds=-1)
    Traceback (most recent call last):
    gammacore.errors.InvalidInput: seconds: -1 is not valid; give a number at least 0
    """
    bounds: list[tuple[Number | None, str, Callable[[Any, Any], bool]]] = [
        (above, "above", lambda value, bound: value > bound),
        (at_least, "at least", lambda value, bound: value >= bound),
        (below, "below", lambda value, bound: value < bound),
        (at_most, "at most", lambda value, bound: value <= bound),
    ]
    active = [(bound, words, holds) for bound, words, holds in bounds if bound is not None]

    def within(_instance: object, field: attrs.Attribute[Any], value: Any) -> None:
        if value is None:
            return
        if isinstance(value, float | Decimal) and not _finite(value):
            raise InvalidInput(field.name, value, "give a finite number")
        for bound, words, holds in active:
            if not holds(value, bound):
                raise InvalidInput(field.name, value, f"give a number {words} {bound}")

    return attrs.field(default=default, converter=as_declared, validator=within, metadata={"doc": doc})


def _finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else value - value == 0

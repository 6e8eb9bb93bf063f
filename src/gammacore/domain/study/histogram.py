"""How results are spread: counts over bins of one round width. Rule: ST-313."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

MOST_BINS = 40
STEPS = (1, 2, 5)


@frozen
class Histogram:
    """`edges` are dollars, one more than there are `counts`; a bin holds its lower edge and not its upper one."""

    edges: tuple[Decimal, ...] = ()
    counts: tuple[int, ...] = ()


def histogram_of(values: Sequence[Decimal], most: int = MOST_BINS) -> Histogram:
    """At most about forty bins, as wide as the smallest of 1, 2, 5, 10, 20 ... dollars that allows it.

    >>> histogram_of([Decimal(x) for x in (-30, 5, 12, 40)], most=4)
    Histogram(edges=(Decimal('-40'), Decimal('-20'), Decimal('0'), Decimal('20'), Decimal('40'), Decimal('60')),
    counts=(1, 0, 2, 0, 1))
    """
    if not values:
        return Histogram()
    low, high = min(values), max(values)
    width = _width(high - low, most)
    first, last = math.floor(low / width), math.floor(high / width)
    counts = [0] * (last - first + 1)
    for value in values:
        counts[math.floor(value / width) - first] += 1
    return Histogram(tuple(width * (first + number) for number in range(len(counts) + 1)), tuple(counts))


def _width(span: Decimal, most: int) -> Decimal:
    power = 0
    while True:
        for step in STEPS:
            width = Decimal(step * 10**power)
            if width * most >= span:
                return width
        power += 1

"""How far equity fell from its running peak: in dollars and in percent, each by itself. Rule: ST-303."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen


@frozen
class Fall:
    """One deepest fall: its depth, and the positions in the curve of its peak, its trough and the recovery.

    Position 0 is the start. `recovery` is the first point after the trough that reaches the peak again, None while it
    did not. A curve that never fell has depth 0 and no positions.
    """

    dollars: Decimal
    part: float
    peak: int | None = None
    trough: int | None = None
    recovery: int | None = None


@frozen
class Drawdowns:
    """The deepest fall in dollars and the deepest as a part of its peak; they need not be the same fall."""

    dollars: Fall
    percent: Fall


def drawdowns_of(equity: Sequence[Decimal]) -> Drawdowns:
    """The deepest falls of a curve that begins with the starting balance.

    The percentage of a peak at or below 0 does not exist and is passed over.

    >>> falls = drawdowns_of([Decimal(x) for x in (100, 80, 300, 270)])
    >>> falls.dollars.dollars, falls.percent.part
    (Decimal('30'), 0.2)
    """
    deepest, deepest_part = (Decimal(0), 0, 0), (Fraction(0), 0, 0)
    peak = 0
    for position, balance in enumerate(equity):
        if balance > equity[peak]:
            peak = position
        fall = equity[peak] - balance
        if fall > deepest[0]:
            deepest = (fall, peak, position)
        if fall > 0 and equity[peak] > 0 and (part := Fraction(fall) / Fraction(equity[peak])) > deepest_part[0]:
            deepest_part = (part, peak, position)
    return Drawdowns(_fall(equity, *deepest[1:]), _fall(equity, *deepest_part[1:]))


def _fall(equity: Sequence[Decimal], peak: int, trough: int) -> Fall:
    if peak == trough:
        return Fall(Decimal(0), 0.0)
    top = equity[peak]
    part = float(Fraction(top - equity[trough]) / Fraction(top)) if top > 0 else 0.0
    recovery = next((position for position in range(trough + 1, len(equity)) if equity[position] >= top), None)
    return Fall(top - equity[trough], part, peak, trough, recovery)


def longest_under_water(equity: Sequence[Decimal]) -> int:
    """The most points in a row that lie below an earlier one: of a curve by sessions, sessions. Rule: ST-303.

    >>> longest_under_water([Decimal(x) for x in (100, 90, 95, 100, 120, 110)])
    2
    """
    longest = run = 0
    peak = equity[0] if equity else Decimal(0)
    for balance in equity:
        peak = max(peak, balance)
        run = run + 1 if balance < peak else 0
        longest = max(longest, run)
    return longest

"""The ratio of a spread: whole spreads held, legs beyond them, and shorts that stand uncovered.

Pure functions of the quantities held by symbol and of the sides that were sold; they know no prices.
Rules: CS-412, CS-413, CS-420, R2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg
from gammacore.domain.spreads import CreditSpread, Vertical

Quantities = Mapping[str, int]
"""Signed contracts by OCC symbol; what is not named is not held."""


def open_units(held: Quantities, sides: Iterable[Vertical]) -> int:
    """Whole spreads of these sides held as they were sold, shorts short and longs long; 0 of no side."""
    counts = (count for side in sides for count in (-held.get(side.short.occ, 0), held.get(side.long.occ, 0)))
    return max(0, min(counts, default=0))


def excess(held: Quantities, sides: tuple[Vertical, ...]) -> tuple[tuple[Leg, int], ...]:
    """Legs and contracts to trade away so that only whole spreads remain, shorts first. Rule: CS-413.

    A leg closed twice (a late fill after a cancel) is held the wrong way round and is traded back like any other.
    """
    whole = open_units(held, sides)
    beyond = [
        (leg.contract, count - leg.side.sign * whole)
        for leg in CreditSpread(sides).opening_legs
        if (count := held.get(leg.contract.occ, 0)) != leg.side.sign * whole
    ]
    legs = ((Leg(contract, Side.SELL if count > 0 else Side.BUY), abs(count)) for contract, count in beyond)
    return tuple(sorted(legs, key=lambda pair: pair[0].side is Side.SELL))


def loose_legs(held: Quantities, sides: tuple[Vertical, ...]) -> tuple[tuple[Leg, int], ...]:
    """Legs and contracts that no whole side contains, shorts first: a condor that is closed side by side. CS-420"""
    legs = (pair for side in sides for pair in excess(held, (side,)))
    return tuple(sorted(legs, key=lambda pair: pair[0].side is Side.SELL))


def naked_shorts(held: Quantities, sides: Iterable[Vertical]) -> dict[str, int]:
    """Short contracts without their cover, per symbol: none may outlast a cycle without a repair. Rule: R2.

    Either leg of a side covers the other: bought, it gains what the sold one loses beyond the width.
    """
    naked = {}
    for side in sides:
        for sold, cover in ((side.short, side.long), (side.long, side.short)):
            uncovered = -held.get(sold.occ, 0) - max(0, held.get(cover.occ, 0))
            if uncovered > 0:
                naked[sold.occ] = uncovered
    return naked

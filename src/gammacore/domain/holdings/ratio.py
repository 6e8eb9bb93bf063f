"""The ratio of a spread: whole spreads held, legs beyond them, shorts that stand uncovered, and what those can cost.

Pure functions of the quantities held by symbol and of the sides that were sold; they know no market prices.
Rules: CS-363, CS-412, CS-413, CS-420, CS-574, R2.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, Side, contract_of, parse_occ
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


def worst_loss(holdings: Mapping[str, int]) -> Decimal:
    """Dollars that contracts of unknown premium can cost at settlement, by OCC symbol. Rules: CS-363, CS-574.

    An uncovered short call, which has no bound, is counted with the underlying at twice the highest strike.

    >>> print(worst_loss({"SPXW260105P06880000": -1, "SPXW260105P06870000": 1}))
    1000
    """
    series: dict[tuple[str, dt.date], list[tuple[OptionContract, int]]] = {}
    for symbol, held in holdings.items():
        contract = parse_occ(symbol)
        series.setdefault((contract.root, contract.expiry), []).append((contract, held))
    return sum((_worst_of(legs) for legs in series.values()), Decimal(0))


def _worst_of(legs: Iterable[tuple[OptionContract, int]]) -> Decimal:
    """Of one expiry: the loss bends at strikes only, so the worst price is one of them, nothing, or far above."""
    held = tuple(legs)
    strikes = [contract.strike for contract, _ in held]
    prices = (Decimal(0), *strikes, 2 * max(strikes))
    losses = (sum((-count * each.intrinsic(price) for each, count in held), Decimal(0)) for price in prices)
    return max(Decimal(0), *losses) * EQUITY_OPTION_MULTIPLIER


def uncovered_by_series(holdings: Mapping[str, int]) -> dict[tuple[str, dt.date, Right], int]:
    """Short contracts beyond the long ones, by root, expiry and right; shares cover nothing here. Rule: R2.

    >>> list(uncovered_by_series({"SPXW260105P06880000": -2, "SPXW260105P06870000": 1, "SPY": 100}).values())
    [1]
    """
    net: dict[tuple[str, dt.date, Right], int] = {}
    for symbol, quantity in holdings.items():
        if (contract := contract_of(symbol)) is not None:
            series = (contract.root, contract.expiry, contract.right)
            net[series] = net.get(series, 0) + quantity
    return {series: max(0, -quantity) for series, quantity in net.items()}

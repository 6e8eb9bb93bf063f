"""What contracts of unknown premium can cost at settlement, and which shorts stand uncovered. Rules: CS-363, CS-574."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, contract_of, parse_occ


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

"""How much of the account its holdings tie up. Rule: CS-006."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract

LONG_SHARES = Decimal("0.25")
"""Part of their value that shares owned tie up: FINRA Rule 4210(c)(1), the intraday standard."""
SHORT_SHARES = Decimal("1.30")
"""Part of their value that shares sold short tie up, proceeds included: FINRA Rule 4210(c)(3)."""


def option_requirement(holdings: Mapping[OptionContract, int]) -> Decimal:
    """Dollars the signed contracts can cost at the worst settlement price: what a broker holds back for them.

    A vertical ties up its width, a condor its wider wing (only one side can finish in the money); the credit received
    is in cash already. An uncovered put ties up its strike, an uncovered call about as much. Contracts of different
    roots or expiries do not cover each other.
    """
    series: dict[tuple[object, ...], list[tuple[OptionContract, int]]] = {}
    for contract, held in holdings.items():
        if held:
            series.setdefault((contract.root, contract.expiry), []).append((contract, held))
    return sum((_worst_cost(members) for members in series.values()), Decimal(0))


def _worst_cost(members: list[tuple[OptionContract, int]]) -> Decimal:
    strikes = [contract.strike for contract, _ in members]
    # the payoff is a line between strikes; beyond the last strike only an uncovered call still loses
    prices = [Decimal(0), *strikes, 2 * max(strikes)]
    worth = (sum((held * contract.intrinsic(price) for contract, held in members), Decimal(0)) for price in prices)
    return max(-min(worth), Decimal(0)) * EQUITY_OPTION_MULTIPLIER


def share_requirement(shares: Mapping[str, int], prices: Mapping[str, Decimal]) -> Decimal:
    """Dollars that shares tie up at their last known price; those owned, paid in full, lend what margin leaves of them.

    >>> share_requirement({"SPY": -10}, {"SPY": Decimal(600)}), share_requirement({"SPY": 10}, {"SPY": Decimal(600)})
    (Decimal('7800.00'), Decimal('-4500.00'))
    """
    return sum((share_margin(held, prices[symbol]) - max(held, 0) * prices[symbol] for symbol, held in shares.items()),
               Decimal(0))  # fmt: skip


def share_margin(held: int, price: Decimal) -> Decimal:
    """Dollars of equity that signed shares at a price tie up; those sold short with the proceeds they brought."""
    return abs(held) * price * (LONG_SHARES if held > 0 else SHORT_SHARES)

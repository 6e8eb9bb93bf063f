"""The order that ends one holding of an inventory."""

from __future__ import annotations

from attrs import evolve

from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import OptionContract, Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.strategy import Trade


def closing_trade(inventory: AnyHolding, symbol: str, purpose: Purpose, reason: str) -> Trade:
    """All that is held of a symbol, traded away at market."""
    holding = inventory.holdings[symbol]
    side = Side.SELL if holding.quantity > 0 else Side.BUY
    return Trade(
        inventory=inventory.id,
        strategy=inventory.strategy,
        underlying=inventory.underlying,
        purpose=purpose,
        legs=(Leg(_contract(inventory, symbol), side) if holding.is_option else ShareLeg(symbol, side, closes=True),),
        quantity=abs(holding.quantity),
        effect=Effect.CREDIT if side is Side.SELL else Effect.DEBIT,
        reason=reason,
    )


def _contract(inventory: AnyHolding, symbol: str) -> OptionContract:
    """The contract of a symbol. Whose root it is where only the configuration knows the underlying, the book says.

    ABCW260303C00300000 held for ABC is a contract of ABC, and a broker refuses it as one of ABCW.
    """
    return evolve(parse_occ(symbol), underlying=inventory.underlying)

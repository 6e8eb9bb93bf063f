"""The order that ends one symbol of a holding."""

from __future__ import annotations

from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.strategy import Trade


def closing_trade(holding: AnyHolding, symbol: str, purpose: Purpose, reason: str) -> Trade:
    """All that is held of a symbol, traded away at market."""
    lots = holding.lots[symbol]
    side = Side.SELL if lots.quantity > 0 else Side.BUY
    leg = Leg(holding.contract(symbol), side) if lots.is_option else ShareLeg(symbol, side, closes=True)
    return Trade(
        holding=holding.id,
        strategy=holding.owner,
        underlying=holding.underlying,
        purpose=purpose,
        legs=(leg,),
        quantity=abs(lots.quantity),
        effect=Effect.CREDIT if side is Side.SELL else Effect.DEBIT,
        reason=reason,
    )

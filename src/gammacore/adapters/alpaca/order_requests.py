"""Our ticket as Alpaca's order request.

Several legs are one `mleg` order, whose limit is positive for a debit and negative for a credit; a single option or
shares are a simple one, whose limit is the price itself. Every order is for the day and bears our id.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gammacore.domain.instruments import Side
from gammacore.domain.orders import OrderTicket
from gammacore.errors import OrderRejected

if TYPE_CHECKING:
    from alpaca.trading.requests import OrderRequest


def request_of(ticket: OrderTicket) -> OrderRequest:
    """The request that says what the ticket means.

    Raises:
        OrderRejected: Alpaca has no such order: one leg of several contracts, the same contract twice.
    """
    from alpaca.trading.enums import OrderClass, OrderSide, PositionIntent, TimeInForce
    from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, OptionLegRequest

    terms: dict[str, Any] = {
        "qty": ticket.quantity, "time_in_force": TimeInForce.DAY, "client_order_id": ticket.id,
    }  # fmt: skip
    try:
        if len(ticket.legs) > 1:
            terms["order_class"] = OrderClass.MLEG
            terms["legs"] = [
                OptionLegRequest(
                    symbol=leg.symbol,
                    ratio_qty=leg.ratio,
                    side=OrderSide(leg.side.value),
                    position_intent=PositionIntent(intent(leg.side, closes=ticket.closes)),
                )
                for leg in ticket.legs
            ]
        else:
            leg = _only_leg(ticket)
            terms["symbol"] = leg.symbol
            terms["side"] = OrderSide(leg.side.value)
            terms["position_intent"] = PositionIntent(intent(leg.side, closes=ticket.closes))
        if ticket.limit is None:
            return MarketOrderRequest(**terms)
        return LimitOrderRequest(**terms, limit_price=_limit_price(ticket, ticket.limit))
    except ValueError as refusal:
        raise OrderRejected(f"alpaca-py knows no such order: {_first_line(refusal)}") from None


def intent(side: Side, *, closes: bool) -> str:
    """Alpaca's position intent.

    >>> intent(Side.SELL, closes=False), intent(Side.BUY, closes=True)
    ('sell_to_open', 'buy_to_close')
    """
    return f"{side.value}_to_{'close' if closes else 'open'}"


def _only_leg(ticket: OrderTicket) -> Any:
    leg = ticket.legs[0]
    if leg.ratio != 1:
        raise OrderRejected(f"a single leg has the ratio 1, not {leg.ratio}; give the contracts as quantity")
    return leg


def _limit_price(ticket: OrderTicket, limit: Decimal) -> float:
    """The price as the wire wants it: signed for several legs, plain for one."""
    return float(-ticket.effect.sign * limit if len(ticket.legs) > 1 else limit)


def _first_line(refusal: ValueError) -> str:
    lines = [line.strip() for line in str(refusal).splitlines()]
    return next((line for line in lines[1:] if line), lines[0])[:200]

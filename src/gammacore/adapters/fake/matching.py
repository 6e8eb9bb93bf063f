"""At what prices an order trades against one snapshot, if it trades at all. Rules: CS-419, CS-420, CS-702.

Everything here is a function of the ticket and the snapshot: the natural price is what crossing the quotes gives,
and a limit order never gets worse than its limit.
"""

from __future__ import annotations

from decimal import Decimal

from gammacore.adapters.fake.exchange_order import Prices, net_price
from gammacore.domain.instruments import Right, Side, tick_floor
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.orders import Effect, OrderTicket
from gammacore.domain.spreads import CENT, clamp

ZERO = Decimal(0)


def natural_prices(ticket: OrderTicket, snapshot: MarketSnapshot, slippage: Decimal = ZERO) -> Prices | None:
    """What each leg trades at by crossing the quotes of one snapshot, less `slippage` points; None if a leg cannot.

    Sold at the bid, bought at the ask, so that an entry is short bid - long ask and an exit short ask - long bid; every
    vertical in the order is worth 0 to its width (CS-002). No leg is sold to a bid of 0, alone or with others (CS-420).
    """
    prices: list[Decimal] = []
    for leg in ticket.legs:
        quote = shares_quote(snapshot, leg.symbol) if isinstance(leg, ShareLeg) else snapshot.quote(leg.contract)
        if quote is None or (quote.bid == 0 and leg.side is Side.SELL):
            return None
        prices.append(max(quote.bid - slippage, ZERO) if leg.side is Side.SELL else quote.ask + slippage)
    legs = ticket.option_legs
    for sold, bought in _verticals(legs):
        prices[bought] = _clamped(legs[sold], legs[bought], prices[sold], prices[bought])
    return tuple(prices)


def shares_quote(snapshot: MarketSnapshot, symbol: str) -> Quote | None:
    """Bid and ask of the underlying's own shares: a cent wide, its price between them; None when that is not fresh.

    Recordings and simulations carry a price of the shares and no quote of them. Liquid funds trade a cent wide.
    """
    price, seen_at = snapshot.spot, snapshot.spot_at
    if price is None or seen_at is None or snapshot.underlying != symbol or not snapshot.fresh(seen_at):
        return None
    bid = tick_floor(price, CENT)
    return Quote(bid, bid + CENT, seen_at)


def _verticals(legs: tuple[Leg, ...]) -> list[tuple[int, int]]:
    """Places of the sold and the bought leg of each vertical in an order: same root, expiry, right and ratio."""
    series: dict[tuple[object, ...], list[int]] = {}
    for place, leg in enumerate(legs):
        contract = leg.contract
        series.setdefault((contract.root, contract.expiry, contract.right, leg.ratio), []).append(place)
    pairs = [places for places in series.values() if len(places) == 2]
    return [
        (first, second) if legs[first].side is Side.SELL else (second, first)
        for first, second in pairs
        if legs[first].side is not legs[second].side
    ]


def _clamped(sold: Leg, bought: Leg, sold_price: Decimal, bought_price: Decimal) -> Decimal:
    """The bought leg's price such that the vertical is worth 0 to its width; the sold leg keeps its price."""
    gap = bought.contract.strike - sold.contract.strike
    worth_more = gap if sold.contract.right is Right.CALL else -gap
    if worth_more > 0:  # the dearer leg is sold: received = sold - bought
        return sold_price - clamp(sold_price - bought_price, ZERO, worth_more)
    return sold_price + clamp(bought_price - sold_price, ZERO, -worth_more)


def accepts_price(ticket: OrderTicket, net: Decimal) -> bool:
    """Whether the order trades at a net price: a credit at its limit or more, a debit at its limit or less."""
    if ticket.limit is None:
        return True
    return net >= ticket.limit if ticket.effect is Effect.CREDIT else net <= ticket.limit


def at_limit_or_better(ticket: OrderTicket, prices: Prices) -> Prices:
    """The natural prices, or those of the limit when it is better: for fills that come whatever the market shows.

    The bought legs become cheaper first, down to 0, and the first sold leg dearer by what is left.
    """
    net = net_price(ticket, prices)
    if ticket.limit is None or accepts_price(ticket, net):
        return prices
    missing = abs(ticket.limit - net)
    mended = list(prices)
    for place, leg in enumerate(ticket.legs):
        if leg.side is Side.BUY and missing:
            saved = min(missing, mended[place] * leg.ratio)
            mended[place] -= saved / leg.ratio
            missing -= saved
    for place, leg in enumerate(ticket.legs):
        if leg.side is Side.SELL and missing:
            mended[place] += missing / leg.ratio
            missing = ZERO
    return tuple(mended)

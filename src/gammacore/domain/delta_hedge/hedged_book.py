"""One inventory as the hedging rules see it: what it holds, its delta in shares, and what already works. DH-221."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book_view import BookView
from gammacore.domain.delta_hedge.option_greeks import OptionGreeks, option_greeks
from gammacore.domain.hedging.exposure import HedgeBook, Holding
from gammacore.domain.hedging.universe import Universe
from gammacore.domain.inventory import Inventory
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order, Purpose, ShareLeg
from gammacore.domain.sessions import TradingSession

COVER = "delta_hedge_cover"
"""Reason of the first half of a hedge that crosses zero; the second half follows without a rate window."""


@frozen
class HedgedBook:
    """The options of an inventory in a `HedgeBook`, and its hedge shares: `held` by fills, `in_flight` by orders."""

    options: HedgeBook
    held: int
    in_flight: int

    @property
    def net_shares(self) -> Decimal:
        """N: Σ delta × contracts × multiplier × ratio + hedge shares, filled and in flight. Rule: DH-221."""
        return self.options.options_shares() + self.held + self.in_flight


def hedged_book(
    inventory: Inventory, book: BookView, market: MarketSnapshot, session: TradingSession, universe: Universe,
    share: str,
) -> HedgedBook:  # fmt: skip
    """An inventory at the quotes of now; an option without a usable quote has an unknown delta. Rule: DH-204."""
    orders = book.orders_of(inventory.id)
    options = HedgeBook(share, last_hedge_at=_last_hedge(orders), hedges=sum(1 for _ in _hedges(orders)))
    for symbol, contracts in inventory.quantities.items():
        if not inventory.holdings[symbol].is_option:
            continue
        listing = universe.listing(symbol)
        greeks = _greeks(symbol, market, session, universe)
        delta = None if greeks is None else greeks.delta
        options.put(Holding(listing, symbol, contracts, delta, session.date))
    held = inventory.quantities.get(share, 0)
    return HedgedBook(options, held, _in_flight(orders, share))


def _greeks(symbol: str, market: MarketSnapshot, session: TradingSession, universe: Universe) -> OptionGreeks | None:
    contract = universe.listing(symbol).contract
    if contract is None or market.spot is None or not market.fresh(market.spot_at):
        return None
    return option_greeks(contract, market.quote(contract), market.spot, (session.close - market.at).total_seconds())


def _hedges(orders: tuple[Order, ...]) -> Iterator[Order]:
    return (order for order in orders if order.ticket.purpose is Purpose.HEDGE and order.ticket.reason != COVER)


def _last_hedge(orders: tuple[Order, ...]) -> dt.datetime | None:
    """When the last hedge was sent, whatever became of it. Rule: DH-305."""
    return max((order.intended_at for order in _hedges(orders)), default=None)


def _in_flight(orders: tuple[Order, ...], share: str) -> int:
    """Signed shares that working orders may still bring. Rule: DH-240."""
    return sum(
        leg.side.sign * (order.ticket.quantity - order.execution.quantity)
        for order in orders
        if order.is_working
        for leg in order.ticket.legs
        if isinstance(leg, ShareLeg) and leg.symbol == share
    )

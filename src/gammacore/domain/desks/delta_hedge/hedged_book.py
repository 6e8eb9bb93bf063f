"""One holding as the hedging rules see it: what it holds, its delta in shares, and what already works. DH-221."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.delta_hedge.option_greeks import option_greeks
from gammacore.domain.hedging.exposure import HedgeBook, Holding, Universe, net_shares, sum_greeks
from gammacore.domain.holding_events import BookGreeks
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.sessions import TradingSession

COVER = "delta_hedge_cover"
"""Reason of the first half of a hedge that crosses zero; once it is filled the second follows without a rate window."""
NOTHING = BookGreeks(Decimal(0), Decimal(0), Decimal(0))


@frozen
class HedgedBook:
    """The options of a holding in a `HedgeBook`, and its hedge shares: `held` by fills, `in_flight` by each order.

    `owed` is the sign of the second half of a hedge that crosses zero, +1 to buy: its first half was filled and nothing
    was decided since. 0: none. `counts_hedges` is off in the profiles of comparison: N is then the options' alone.
    """

    options: HedgeBook
    greeks: BookGreeks
    held: int
    in_flight: tuple[int, ...]
    owed: int = 0
    counts_hedges: bool = True

    @property
    def net_shares(self) -> Decimal:
        """N: Σ delta × contracts × multiplier × ratio + hedge shares, filled and in flight. Rule: DH-221."""
        return net_shares(self.options.options_shares(), self.held + sum(self.in_flight), self.counts_hedges)

    def orderable(self, shares: int) -> int:
        """What of signed shares one order may trade now: brokers want what is held closed by itself, then the rest.

        0 while orders at work decide which side will be held.
        """
        sign = 1 if shares > 0 else -1
        against = sign * self.held + sum(sign * one for one in self.in_flight if sign * one < 0)
        along = sign * self.held + sum(sign * one for one in self.in_flight if sign * one > 0)
        if against >= 0:
            return shares
        return sign * min(abs(shares), -along) if along < 0 else 0


def hedged_book(
    holding: AnyHolding, book: BookView, market: MarketSnapshot, session: TradingSession, universe: Universe,
    share: str, leftovers: Set[str] = frozenset(),
) -> HedgedBook:  # fmt: skip
    """A holding at the quotes of now; an option without a usable quote has an unknown delta. Rule: DH-204.

    `leftovers` are what an earlier session left and is not gone yet: until then nothing is hedged. Rule: DH-520.
    """
    hedges = _hedges(book.orders_of(holding.id))
    options = HedgeBook(
        share,
        last_hedge_at=last_hedge_at(hedges),
        hedges=sum(order.ticket.reason != COVER for order in hedges),
        leftovers=set(leftovers),
    )
    positions = [
        _holding(symbol, contracts, market, session, universe)
        for symbol, contracts in holding.quantities.items()
        if holding.lots[symbol].is_option
    ]
    for position in positions:
        options.put(position)
    sums = sum_greeks(positions)
    greeks = BookGreeks(sums.gamma, sums.theta, sums.vega, sums.incomplete)
    held = holding.quantities.get(share, 0)
    owed = hedges[-1].ticket.legs[0].side.sign if hedges and _was_just_covered(hedges[-1], book) else 0
    return HedgedBook(options, greeks, held, _in_flight(book.orders_of(holding.id), share), owed)


def last_hedge_at(orders: tuple[Order, ...]) -> dt.datetime | None:
    """When the newest hedge among a holding's orders was sent, whatever became of it. Rule: DH-305."""
    return max((order.intended_at for order in _hedges(orders)), default=None)


def _hedges(orders: tuple[Order, ...]) -> tuple[Order, ...]:
    return tuple(order for order in orders if order.ticket.purpose is Purpose.HEDGE)


def _holding(
    symbol: str, contracts: int, market: MarketSnapshot, session: TradingSession, universe: Universe
) -> Holding:
    listing = universe.listing(symbol)
    contract, seconds = listing.contract, (session.close - market.at).total_seconds()
    if contract is None or market.spot is None or not market.fresh(market.spot_at):
        return Holding(listing, symbol, contracts, None, session.date)
    quote = market.quote(contract)
    greeks = None if quote is None else option_greeks(contract, quote, market.spot, seconds)
    if greeks is None:
        return Holding(listing, symbol, contracts, None, session.date)
    return Holding(
        listing, symbol, contracts, greeks.delta, session.date,
        gamma=greeks.gamma, theta=greeks.theta, vega=greeks.vega,
    )  # fmt: skip


def _was_just_covered(last: Order, book: BookView) -> bool:
    decided = book.hedge_decision(last.ticket.holding)
    is_covered = last.ticket.reason == COVER and last.state is OrderState.FILLED
    return is_covered and (decided is None or decided.at < last.changed_at)


def _in_flight(orders: tuple[Order, ...], share: str) -> tuple[int, ...]:
    """Signed shares that each working order may still bring. Rule: DH-240."""
    return tuple(
        leg.side.sign * (order.ticket.quantity - order.execution.quantity)
        for order in orders
        if order.is_working
        for leg in order.ticket.legs
        if isinstance(leg, ShareLeg) and leg.symbol == share
    )

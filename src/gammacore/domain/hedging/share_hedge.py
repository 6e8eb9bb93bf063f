"""One holding as every hedging desk sees it: its options' delta in shares, hedge shares held, and what already works.

Rules: DH-221, SC-438, SC-441, SC-442, SC-446, SC-447.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence, Set
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.hedging.exposure import HedgeBook, Holding, Listing, Universe, net_shares, sum_greeks
from gammacore.domain.holding_events import BookGreeks
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import OptionContract
from gammacore.domain.legs import ShareLeg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.pricing.option_model import OptionGreeks
from gammacore.domain.sessions import new_york_date

COVER = "delta_hedge_cover"
"""Reason of the first half of a hedge that crosses zero; once it is filled the second follows without a rate window."""
NOTHING = BookGreeks(Decimal(0), Decimal(0), Decimal(0))
QuotedOption = tuple[OptionContract, Quote]
GreeksByQuotes = Callable[[Sequence[QuotedOption], Decimal], Sequence[OptionGreeks | None]]
"""The desk's model: greeks of options by their quotes and the price of the underlying; None where there are none."""


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
    def hedges(self) -> int:
        """Hedge shares held and pending, signed."""
        return self.held + sum(self.in_flight)

    @property
    def net_shares(self) -> Decimal:
        """N: Σ delta × contracts × multiplier × ratio + hedge shares, filled and in flight. Rule: DH-221."""
        return net_shares(self.options.options_shares(), self.hedges, self.counts_hedges)

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
    holding: AnyHolding, book: BookView, market: MarketSnapshot, universe: Universe, share: str,
    model: GreeksByQuotes, leftovers: Set[str] = frozenset(),
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
    positions = _positions(holding, market, universe, model)
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


def _positions(holding: AnyHolding, market: MarketSnapshot, universe: Universe, model: GreeksByQuotes) -> list[Holding]:
    """The options of a holding, all priced in one go; unknown greeks are None."""
    listings = {
        symbol: universe.listing(symbol) for symbol in holding.quantities if holding.lots[symbol].is_option
    }  # fmt: skip
    quoted: dict[str, QuotedOption] = {}
    if market.spot is not None and market.fresh(market.spot_at):
        for symbol, listing in listings.items():
            if listing.contract is not None and (quote := market.quote(listing.contract)) is not None:
                quoted[symbol] = listing.contract, quote
    known = model(tuple(quoted.values()), market.spot) if quoted and market.spot is not None else ()
    greeks = dict(zip(quoted, known, strict=True))
    return [_position(listing, symbol, holding, market, greeks.get(symbol)) for symbol, listing in listings.items()]


def _position(
    listing: Listing, symbol: str, holding: AnyHolding, market: MarketSnapshot, greeks: OptionGreeks | None
) -> Holding:
    contracts, born = holding.quantities[symbol], new_york_date(market.at)
    if greeks is None:
        return Holding(listing, symbol, contracts, None, born)
    return Holding(
        listing, symbol, contracts, greeks.delta, born, gamma=greeks.gamma, theta=greeks.theta, vega=greeks.vega
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

"""Holds working orders against the snapshots a market has shown, oldest first. Rule: CS-419."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from attrs import evolve, field, frozen

from gammacore.adapters.fake.exchange_book import ExchangeBook
from gammacore.adapters.fake.exchange_order import ExchangeOrder, Prices, net_price
from gammacore.adapters.fake.fill_model import PublishedFillModel
from gammacore.adapters.fake.matching import accepts_price, at_limit_or_better, natural_prices
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import OrderState
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData


def snapshots_between(market: MarketData, after: dt.datetime, until: dt.datetime) -> Iterator[MarketSnapshot]:
    """What a recorded or simulated market showed after `after` and by `until`, oldest first.

    Raises:
        MarketDataError: it cannot be read from here on.
    """
    moment, seen = market.next_at(after), after
    while moment <= until:
        snapshot = market.snapshot(moment)
        if snapshot.at > seen:
            seen = snapshot.at
            yield snapshot
        moment = market.next_at(moment)


@frozen
class TradingFloor:
    """Matches orders; `slippage` is points a leg, against us. No liquidity is used up: orders do not see each other.

    What a market has shown is looked at once: a snapshot written into the past of a script afterwards is not seen.
    """

    market_of: Callable[[str], MarketData]
    fees: FeeSchedule
    slippage: Decimal
    fill_model: PublishedFillModel | None
    _looked_to: dict[str, dt.datetime] = field(init=False, factory=dict)
    _is_live: dict[str, bool] = field(init=False, factory=dict)

    def catch_up(self, book: ExchangeBook, now: dt.datetime) -> bool:
        """Hold every working order against what was shown up to `now`; whether anything an outsider sees changed."""
        orders = book.matchable()
        changed = False
        for underlying in dict.fromkeys(order.ticket.underlying for order in orders):
            changed |= self._catch_up_with(underlying, book, now)
        for order in book.matchable():
            if now >= order.expires_at:
                book.put(_expired(order))
                changed = True
        return changed

    def _catch_up_with(self, underlying: str, book: ExchangeBook, now: dt.datetime) -> bool:
        orders = [order for order in book.matchable() if order.ticket.underlying == underlying]
        start = min(order.matched_to for order in orders)
        start = max(start, self._looked_to.get(underlying, start))
        end = min(now, max(order.expires_at for order in orders))
        changed = False
        try:
            for snapshot in self._shown(underlying, start, end):
                self._looked_to[underlying] = snapshot.at
                changed |= self._match(book, [order.ticket.id for order in orders], snapshot)
        except MarketDataError:
            return changed  # an unreadable market fills nothing; looked at again at the next call
        self._looked_to[underlying] = end
        return changed

    def _shown(self, underlying: str, after: dt.datetime, until: dt.datetime) -> Iterator[MarketSnapshot]:
        """The snapshots of (after, until]; a live feed has only its newest."""
        market = self.market_of(underlying)
        if underlying not in self._is_live:
            self._is_live[underlying] = market.fingerprint() == ""
        return iter([market.snapshot(until)]) if self._is_live[underlying] else snapshots_between(market, after, until)

    def _match(self, book: ExchangeBook, ids: list[str], snapshot: MarketSnapshot) -> bool:
        changed = False
        for order in (book.orders[order_id] for order_id in ids):
            if not _meets(order, snapshot):
                continue
            after = self._held_against(order, snapshot)
            if after.contracts == order.contracts:
                book.put(after)
            else:
                book.trade(order, after)
            changed |= after.report != order.report
        return changed

    def _held_against(self, order: ExchangeOrder, snapshot: MarketSnapshot) -> ExchangeOrder:
        """The order after one snapshot: filled, in part, or as it was."""
        order, told = order.held_against(snapshot.at), order.behaviour
        if order.fills_regardless:
            prices = natural_prices(order.ticket, snapshot, self.slippage)
            if prices is None:
                return order
            return self._filled(order, order.unfilled, at_limit_or_better(order.ticket, prices), snapshot.at)
        if told.rejects_later and order.snapshots > told.delay:
            return order.moved(OrderState.REJECTED, snapshot.at, told.rejects_later)
        if told.never or order.snapshots <= told.delay or not any(share := _next_fill(order)):
            return order
        if self.fill_model is not None and self.fill_model.covers(order.ticket):
            return self._drawn(self.fill_model, order, share, snapshot)
        prices = natural_prices(order.ticket, snapshot, self.slippage)
        if prices is None or not accepts_price(order.ticket, net_price(order.ticket, prices)):
            return order
        if order.ticket.limit is not None and _has_rested(order):
            prices = (order.ticket.limit,)
        return self._filled(order, share, prices, snapshot.at)

    def _drawn(
        self, model: PublishedFillModel, order: ExchangeOrder, share: tuple[int, ...], snapshot: MarketSnapshot
    ) -> ExchangeOrder:
        prices = natural_prices(order.ticket, snapshot, self.slippage)
        if prices is None:
            return order
        if not model.fills(order.ticket, snapshot.vix, snapshot.at):
            return evolve(order, behaviour=evolve(order.behaviour, never=True))
        return self._filled(order, share, at_limit_or_better(order.ticket, prices), snapshot.at)

    def _filled(self, order: ExchangeOrder, share: tuple[int, ...], prices: Prices, at: dt.datetime) -> ExchangeOrder:
        costs = (self.fees.trade(leg, more) for leg, more in zip(order.ticket.legs, share, strict=True))
        return order.filled(share, prices, sum(costs, Decimal(0)), at)


def _meets(order: ExchangeOrder, snapshot: MarketSnapshot) -> bool:
    """Only a snapshot later than the order, within the hours it works, can fill it."""
    in_hours = order.opens_at <= snapshot.at < order.expires_at
    return order.is_matchable and in_hours and snapshot.at > order.matched_to


def _has_rested(order: ExchangeOrder) -> bool:
    """One leg at a limit that an earlier snapshot did not fill: who comes to it then trades at its price, no better."""
    return len(order.ticket.legs) == 1 and order.snapshots > order.behaviour.delay + 1


def _next_fill(order: ExchangeOrder) -> tuple[int, ...]:
    """Contracts of each leg that a matching snapshot fills: all that is left, or what was told."""
    told = order.behaviour
    nothing = (0,) * len(order.unfilled)
    if told.leg_contracts is not None:
        wanted = told.leg_contracts if order.parts == 0 else nothing
        return tuple(min(more, left) for more, left in zip(wanted, order.unfilled, strict=True))
    if told.parts is None:
        return order.unfilled
    if order.parts >= len(told.parts):
        return nothing
    spreads = min(told.parts[order.parts], order.ticket.quantity - order.spreads)
    return tuple(spreads * leg.ratio for leg in order.ticket.legs)


def _expired(order: ExchangeOrder) -> ExchangeOrder:
    """A day order at the close: expired, or canceled if that was asked; a late fill comes no more."""
    if order.late_fill:
        return evolve(order, late_fill=False)
    canceled = order.state is OrderState.CANCEL_REQUESTED
    return order.moved(OrderState.CANCELED if canceled else OrderState.EXPIRED, order.expires_at)

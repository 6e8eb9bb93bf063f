"""Which orders the fake exchange takes, at what prices they trade against one snapshot, and in which order.

Rules: CS-419, CS-420, CS-702, SC-017, section 7.3.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from gammacore.adapters.fake.account import ExchangeBook, option_requirement, share_margin
from gammacore.adapters.fake.order import ExchangeOrder, Prices, net_price
from gammacore.adapters.fake.published_fills import PublishedFillModel
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.dollars import CENT
from gammacore.domain.instruments import (
    EQUITY_OPTION_MULTIPLIER,
    Right,
    SettlementTime,
    Side,
    Underlying,
    settlement_time,
    tick_floor,
)
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.orders import Effect, OrderState, OrderTicket
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.spreads import clamp
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

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
    """Bid and ask of the underlying's own shares, None when they are not fresh or unusable.

    A market without a quote of its shares has a price of them: liquid funds trade a cent wide, the price between.
    """
    if snapshot.underlying != symbol or snapshot.share_defect is not None:
        return None
    if (shown := snapshot.share) is not None:
        return shown if snapshot.fresh(shown.at) else None
    price, seen_at = snapshot.spot, snapshot.spot_at
    if price is None or seen_at is None or not snapshot.fresh(seen_at):
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


def is_triggered(order: ExchangeOrder, snapshot: MarketSnapshot) -> bool:
    """Whether a stop is at market: what it buys is offered at its price or above, what it sells bid at or below it.

    One that has filled in part stays triggered. An order without a stop price always is.
    """
    if (stop := order.ticket.stop) is None or order.parts:
        return True
    (leg,) = order.ticket.option_legs
    quote = snapshot.quote(leg.contract)
    if quote is None:
        return False
    return quote.ask >= stop if leg.side is Side.BUY else quote.bid <= stop


def rests(ticket: OrderTicket, snapshot: MarketSnapshot, slippage: Decimal = ZERO) -> bool:
    """Whether the quotes shown keep an order from trading; without quotes that is not known, and is taken for no."""
    prices = natural_prices(ticket, snapshot, slippage)
    return prices is not None and not accepts_price(ticket, net_price(ticket, prices))


def at_limit_or_better(ticket: OrderTicket, prices: Prices) -> Prices:
    """The natural prices, or those of the limit when it is better: for fills that come whatever the market shows.

    The bought legs become cheaper first, down to 0, and the first sold leg dearer by what is left.
    """
    net = net_price(ticket, prices)
    if ticket.limit is None or accepts_price(ticket, net):
        return prices
    missing = abs(ticket.limit - net)
    adjusted = list(prices)
    for place, leg in enumerate(ticket.legs):
        if leg.side is Side.BUY and missing:
            saved = min(missing, adjusted[place] * leg.ratio)
            adjusted[place] -= saved / leg.ratio
            missing -= saved
    for place, leg in enumerate(ticket.legs):
        if leg.side is Side.SELL and missing:
            adjusted[place] += missing / leg.ratio
            missing = ZERO
    return tuple(adjusted)


def defect_of(ticket: OrderTicket, underlyings: Mapping[str, Underlying], today: dt.date) -> str | None:
    """Why an order makes no sense by itself: unknown or expired contracts, a leg twice, a limit between ticks."""
    if ticket.is_shares:
        off_tick = ticket.limit is not None and ticket.limit % CENT != 0
        return "price_not_on_tick" if off_tick else None
    underlying = underlyings.get(ticket.underlying)
    if underlying is None or any(leg.contract.underlying != ticket.underlying for leg in ticket.option_legs):
        return "unknown_symbol"
    if len(set(ticket.symbols)) < len(ticket.legs):
        return "duplicate_leg"
    if any(_has_stopped_trading(leg, today) for leg in ticket.option_legs):
        return "contract_expired"
    for price in (ticket.limit, ticket.stop):
        if price is not None and price % _tick(ticket, price, underlying) != 0:
            return "price_not_on_tick"
    return None


def _has_stopped_trading(leg: Leg, today: dt.date) -> bool:
    """AM contracts trade for the last time on the day before they settle (brokers.md 7)."""
    expiry = leg.contract.expiry
    return expiry <= today if settlement_time(leg.contract.root) is SettlementTime.AM else expiry < today


def _tick(ticket: OrderTicket, limit: Decimal, underlying: Underlying) -> Decimal:
    return underlying.ticks.complex_order if len(ticket.legs) > 1 else underlying.ticks.single(limit)


def closes_more_than_held(ticket: OrderTicket, book: ExchangeBook) -> bool:
    """Whether a closing order exceeds what is held and not being closed by another order already."""
    free = dict(book.held)
    for order in book.matchable():
        if order.ticket.closes:
            for leg, left in zip(order.ticket.legs, order.unfilled, strict=True):
                free[leg.symbol] = free.get(leg.symbol, 0) + leg.side.sign * left
    return any(-leg.side.sign * free.get(leg.symbol, 0) < leg.ratio * ticket.quantity for leg in ticket.legs)


def crosses_zero(ticket: OrderTicket, book: ExchangeBook) -> bool:
    """Whether an order that opens meets holdings of the other side: brokers want those closed by themselves.

    Netted, a later close of what was held would find nothing to close.
    """
    return any(leg.side.sign * book.held.get(leg.symbol, 0) < 0 for leg in ticket.legs)


def reserve_of(ticket: OrderTicket, book: ExchangeBook, net: Decimal | None) -> Decimal:
    """Buying power an opening order ties up, dollars a spread: what its fill adds to the risk, less what it brings.

    `net` is the price it is expected to trade at, points: its limit, or the natural price of a market order. A credit
    spread ties up (W - C) × 100 (CS-006), a bought option its price.
    """
    if ticket.closes:
        return Decimal(0)
    price = net or Decimal(0)
    if ticket.is_shares:
        return share_margin(1, price) if ticket.effect is Effect.DEBIT else share_margin(-1, price) - price
    held = book.options
    with_fill = dict(held)
    for leg in ticket.option_legs:
        more = leg.side.sign * leg.ratio * ticket.quantity
        with_fill[leg.contract] = with_fill.get(leg.contract, 0) + more
    added_risk = (option_requirement(with_fill) - option_requirement(held)) / ticket.quantity
    received = ticket.effect.sign * price * EQUITY_OPTION_MULTIPLIER
    return max(added_risk - received, Decimal(0))


def refusal(
    ticket: OrderTicket,
    book: ExchangeBook,
    underlyings: Mapping[str, Underlying],
    session: TradingSession | None,
    now: dt.datetime,
    price: Decimal | None,
    reserve: Decimal,
) -> str | None:
    """The reason an order is refused on arrival, None when it is taken.

    `price` is what it is expected to trade at, points; nothing is opened at an unknown price.
    """
    if session is None or now >= session.close:
        return "market_closed"
    if (defect := defect_of(ticket, underlyings, new_york_date(now))) is not None:
        return defect
    if ticket.closes:
        return "closes_more_than_held" if closes_more_than_held(ticket, book) else None
    if crosses_zero(ticket, book):
        return "crosses_zero"
    if price is None:
        return "no_quote"
    if reserve * ticket.quantity > book.option_buying_power:
        return "insufficient_buying_power"
    return None


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
        order, behaviour = order.held_against(snapshot.at), order.behaviour
        if order.fills_regardless:
            prices = natural_prices(order.ticket, snapshot, self.slippage)
            if prices is None:
                return order
            return self._filled(order, order.unfilled, at_limit_or_better(order.ticket, prices), snapshot.at)
        if behaviour.rejects_later and order.snapshots > behaviour.delay:
            return order.moved(OrderState.REJECTED, snapshot.at, behaviour.rejects_later)
        if behaviour.never or order.snapshots <= behaviour.delay or not any(share := _next_fill(order)):
            return order
        if self.fill_model is not None and self.fill_model.covers(order.ticket):
            return self._drawn(self.fill_model, order, share, snapshot)
        if not is_triggered(order, snapshot):
            return order
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
    """One leg at a limit that could not trade as it came in, or at an earlier snapshot: others come to its price.

    However far they come, it trades at its own limit, no better. Rule: SC-017.
    """
    return len(order.ticket.legs) == 1 and (order.rests or order.snapshots > order.behaviour.delay + 1)


def _next_fill(order: ExchangeOrder) -> tuple[int, ...]:
    """Contracts of each leg that a matching snapshot fills: all that is left, or what was announced."""
    behaviour = order.behaviour
    nothing = (0,) * len(order.unfilled)
    if behaviour.leg_contracts is not None:
        wanted = behaviour.leg_contracts if order.parts == 0 else nothing
        return tuple(min(more, left) for more, left in zip(wanted, order.unfilled, strict=True))
    if behaviour.parts is None:
        return order.unfilled
    if order.parts >= len(behaviour.parts):
        return nothing
    spreads = min(behaviour.parts[order.parts], order.ticket.quantity - order.spreads)
    return tuple(spreads * leg.ratio for leg in order.ticket.legs)


def _expired(order: ExchangeOrder) -> ExchangeOrder:
    """A day order at the close: expired, or canceled if that was asked; a late fill comes no more."""
    if order.late_fill:
        return evolve(order, late_fill=False)
    canceled = order.state is OrderState.CANCEL_REQUESTED
    return order.moved(OrderState.CANCELED if canceled else OrderState.EXPIRED, order.expires_at)

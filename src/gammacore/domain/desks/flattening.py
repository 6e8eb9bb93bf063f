"""Going flat: a market order for each option, then one for the hedge shares, tried again until nothing is held.

Also what no strategy that runs watches: holdings of an earlier session, shares that settlement delivered, a naked short
that a crash left. Pure. Rules: CS-413, CS-529, CS-574, DH-510, DH-511, DH-520.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Set

from attrs import evolve

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing import go_on_closing
from gammacore.domain.hedge_filter_events import IntentKind
from gammacore.domain.hedging.decision import Alarm
from gammacore.domain.holdings.holding import AnyHolding, HoldingState, Origin
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import Side, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Order, OrderState, Purpose, still_closing
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.strategy import Cancel, Close, Decision, Trade, Warn

TRY_AGAIN = dt.timedelta(seconds=60)
"""From an order for what no strategy watches that left some of it to the next (ours). Rule: DH-511."""
_PURPOSES = {
    Origin.STRANDED: (Purpose.REPAIR, "naked_short"),
    Origin.DELIVERED: (Purpose.EXIT, "delivered_shares"),
}


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


CLOSE, FLATTEN = IntentKind.EXIT.value, IntentKind.FLATTEN.value
LEFTOVER_CLOSE, LEFTOVER_FLATTEN = IntentKind.LEFTOVER_EXIT.value, IntentKind.LEFTOVER_FLATTEN.value
_GOING_FLAT = frozenset({CLOSE, FLATTEN, LEFTOVER_CLOSE, LEFTOVER_FLATTEN})


def go_flat(
    holding: AnyHolding, book: BookView, now: dt.datetime, retry: dt.timedelta, *, leftover: bool = False
) -> Iterator[Decision]:
    """Options sold short, then bought ones, then the shares; an entry, hedge or target at work is called back first.

    A symbol whose order still works is left alone; one whose exit was refused or came to nothing is tried again after
    `retry`. A call back that brings no answer for as long is repeated, and what is held besides goes. An option without
    a bid is offered for the day (CS-420). What has expired is settlement's.
    """
    orders = book.orders_of(holding.id)
    yield from (Cancel(order.id, "going flat") for order in orders if _is_called_back(order, now, retry))
    busy = {symbol for order in orders if _holds_back(order, now, retry) for symbol in order.ticket.symbols}
    held = [one for one in holding.lots.values() if one.lots and one.symbol not in busy]
    for lots in sorted(held, key=lambda one: (not one.is_option, one.is_option and one.quantity > 0)):
        if _has_expired(lots, now) or (left := abs(lots.quantity) - still_closing(orders, lots.symbol)) <= 0:
            continue
        close, flatten = (LEFTOVER_CLOSE, LEFTOVER_FLATTEN) if leftover else (CLOSE, FLATTEN)
        trade = closing_trade(holding, lots.symbol, Purpose.EXIT, close if lots.is_option else flatten)
        yield evolve(trade, quantity=left)


def tried_again_at(orders: tuple[Order, ...], retry: dt.timedelta) -> Iterator[dt.datetime]:
    """When `go_flat` would go on by itself: exits that came to nothing, call backs without an answer. Rule: DH-511."""
    for order in orders:
        is_ended_exit = order.ticket.purpose is Purpose.EXIT and not order.is_working
        if order.state is OrderState.CANCEL_REQUESTED or (is_ended_exit and order.state is not OrderState.FILLED):
            yield order.changed_at + retry


def _is_called_back(order: Order, now: dt.datetime, retry: dt.timedelta) -> bool:
    if order.ticket.purpose is Purpose.EXIT and not _is_target(order):
        return False
    if order.state is OrderState.CANCEL_REQUESTED:
        return now - order.changed_at >= retry
    return order.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


def _holds_back(order: Order, now: dt.datetime, retry: dt.timedelta) -> bool:
    """Whether the symbols of an order must wait for it."""
    is_exit = order.ticket.purpose is Purpose.EXIT
    if order.is_working:
        has_no_answer = order.state is OrderState.CANCEL_REQUESTED and now - order.changed_at >= retry
        return is_exit or not has_no_answer
    is_ended = is_exit and order.state is not OrderState.FILLED and not _is_target(order)
    return is_ended and now - order.changed_at < retry


def _is_target(order: Order) -> bool:
    """A strategy's own exit at a limit: it may rest all day, and a flatten does not wait for its price. Rule: R10."""
    ticket = order.ticket
    return ticket.purpose is Purpose.EXIT and ticket.limit is not None and ticket.reason not in _GOING_FLAT


def _has_expired(lots: Lots, now: dt.datetime) -> bool:
    return lots.is_option and parse_occ(lots.symbol).expiry < new_york_date(now)


def leftovers(book: BookView, session: TradingSession) -> tuple[AnyHolding, ...]:
    """What a strategy chose to hold before this session and still holds."""
    return tuple(
        holding
        for holding in book.live_holdings
        if holding.opened_at < session.open and not holding.is_flat
        if holding.is_chosen and holding.plan is None
    )


def close_leftovers(
    book: BookView, session: TradingSession, now: dt.datetime, retry: dt.timedelta = TRY_AGAIN,
    kept: Set[str] = frozenset(),
) -> Iterator[Decision]:  # fmt: skip
    """One alarm, then market orders while the exchange is open; no strategy hedges these holdings any more.

    `kept` are those that one does.
    """
    if not session.is_trading(now):
        return
    for holding in (one for one in leftovers(book, session) if one.id not in kept):
        steps = tuple(go_flat(holding, book, now, retry, leftover=True))
        is_reported = any(order.intended_at >= session.open for order in book.orders_of(holding.id))
        if not is_reported and any(isinstance(step, Trade) for step in steps):
            detail = f"left by an earlier session: {holding.in_words}; closed now"
            yield Warn(Alarm.LEFTOVER, detail, holding.id)
        yield from steps


def close_spreads(book: BookView, session: TradingSession, now: dt.datetime) -> Iterator[Decision]:
    """One alarm, then orders at market until nothing of it is held: no stop would end it here.

    Ours by its orders, or it would not have been adopted (CS-574). What has expired is settlement's.
    """
    if not session.is_trading(now):
        return
    for position in book.live_spreads:
        if position.spread.sides[0].short.expiry < session.date:
            continue
        if position.state is HoldingState.CLOSING:
            yield from go_on_closing(position, book, now)
        elif position.state is HoldingState.OPEN and not position.is_flat:
            held = f"a credit spread of {position.contracts} contracts that this strategy does not watch"
            yield Warn(Alarm.LEFTOVER, f"{held}: closed now", position.id)
            yield Close(position.id, LEFTOVER_CLOSE, held, urgent=True)


def close_unwanted(book: BookView, limits: RiskLimits, session: TradingSession, now: dt.datetime) -> Iterator[Trade]:
    """Market orders that end what no strategy chose to hold, while the exchange is open; one at a time for each."""
    if not session.is_trading(now):
        return
    for holding in book.live_holdings:
        if holding.is_chosen:
            continue
        if holding.origin is Origin.DELIVERED and (limits.keep_assigned_shares or holding.opened_at >= session.open):
            continue  # delivered today: the next open is tomorrow's
        if _may_order(book, holding, now):
            purpose, reason = _PURPOSES[holding.origin]
            yield from (closing_trade(holding, symbol, purpose, reason) for symbol in holding.quantities)


def _may_order(book: BookView, holding: AnyHolding, now: dt.datetime) -> bool:
    orders = book.orders_of(holding.id)
    if any(order.is_working for order in orders):
        return False
    return not orders or now - orders[-1].changed_at >= TRY_AGAIN

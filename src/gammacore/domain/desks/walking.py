"""Walking an entry's price: from the mid a tick at a time down to its limit, one order at work. Rule: CS-421.

Each step is an order called back, its end verified, and a new ticket of the next attempt. What comes next is read off
the orders in the book, so that a process killed anywhere goes on where it stopped. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.entries.credit import EntryLimit
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Underlying
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.strategy import Cancel, Reprice

WALKED = "walked: the next order asks for a tick less"
_AT_THE_BROKER = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


def walk_entries(
    book: BookView, date: dt.date, now: dt.datetime, limit: EntryLimit, life: OrderLife, underlying: Underlying
) -> Iterator[Cancel | Reprice]:
    """The next step of every entry of a New York date; none while trading is halted: what works is called back then."""
    if not limit.walk or book.halted is not None:
        return
    for plan in book.entries_on(date):
        orders = tuple(order for order in book.orders_of(plan.holding) if order.ticket.purpose is Purpose.ENTRY)
        if orders and plan.spread.underlying == underlying.symbol:
            yield from _step(plan, orders, now, limit, life, underlying)


def _step(
    plan: SpreadPlan, orders: tuple[Order, ...], now: dt.datetime, limit: EntryLimit, life: OrderLife,
    underlying: Underlying,
) -> Iterator[Cancel | Reprice]:  # fmt: skip
    """A fill ends the walk: what has filled is the position, the order it came by rests for the life of the entry."""
    last = orders[-1]
    is_over = orders[0].age_seconds(now) >= life.entry_life_seconds
    if last.state in _AT_THE_BROKER:
        if any(order.execution.any for order in orders[:-1]):
            yield Cancel(last.id, "an earlier order of this entry has filled")
        elif is_over:
            yield Cancel(last.id, f"not filled in {orders[0].age_seconds(now):.0f} s")
        elif not last.execution.any and _may_concede(plan, orders, now, limit, life, underlying):
            yield Cancel(last.id, WALKED)
    elif last.state is OrderState.CANCELED and last.called_back == WALKED and not is_over:
        lower = None if last.ticket.limit is None else limit.next(plan, last.ticket.limit, underlying)
        if lower is not None and not any(order.execution.any for order in orders):
            yield Reprice(plan, lower)


def _may_concede(
    plan: SpreadPlan, orders: tuple[Order, ...], now: dt.datetime, limit: EntryLimit, life: OrderLife,
    underlying: Underlying,
) -> bool:  # fmt: skip
    """Whether the last order has rested for its time, is above the least, and another still has time to rest."""
    last, left = orders[-1], life.entry_life_seconds - orders[0].age_seconds(now)
    if last.ticket.limit is None or last.age_seconds(now) < limit.walk_seconds or left < limit.walk_seconds:
        return False
    return limit.next(plan, last.ticket.limit, underlying) is not None

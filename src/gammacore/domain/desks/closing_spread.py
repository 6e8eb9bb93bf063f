"""The end of a spread: once its close is decided, orders until nothing of it is held, whichever desk decided it.

Pure. Rules: CS-412, CS-413, CS-416, CS-563.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.instruments import Side
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.positions import Position
from gammacore.domain.spreads import Leg
from gammacore.domain.strategy import Cancel, Close, Decision, Repair

_AT_THE_BROKER = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
_NOT_TAKEN = (OrderState.REJECTED, OrderState.NOT_SENT)


def go_on_closing(position: Position, book: BookView, now: dt.datetime) -> Iterator[Decision]:
    """What comes next for a position whose close was decided: a working order is waited for, a refused one followed."""
    busy = is_closing(position, book)
    if busy and position.naked_shorts():
        yield from stop_filling(position, book)
    elif not busy and not position.is_flat:
        yield from _next_close(position, book, now)


def is_closing(position: Position, book: BookView) -> bool:
    """Whether an order that closes all or part of it works."""
    return any(order.is_working for order in book.orders_of(position.id) if order.ticket.purpose.closes)


def _next_close(position: Position, book: BookView, now: dt.datetime) -> Iterator[Decision]:
    """The close that was decided is sent again for what is still open. Rules: CS-413, CS-416, CS-563.

    A working entry is called back first. A multi-leg close the broker would not take is done leg by leg, shorts first,
    from the next cycle on: a restart that repeats the cycle of the refusal does no more than that cycle did.
    """
    orders = book.orders_of(position.id)
    if entry_works(position, book):
        yield from call_back(orders, "closing")
    elif position.excess():
        yield from repairs(position)
    elif orders and orders[-1].state in _NOT_TAKEN and orders[-1].ticket.purpose.closes:
        if orders[-1].changed_at >= now:
            return
        for side in position.spread.sides:
            yield Repair(position.id, Leg(side.short, Side.BUY), position.open_contracts)
    else:
        yield Close(position.id, position.exit_reason, f"attempt {position.close_attempts + 1}", urgent=True)


def repairs(position: Position) -> Iterator[Repair]:
    """Loose legs, shorts first; longs only once no short is loose. Rule: CS-413."""
    legs = position.excess()
    shorts = [(leg, contracts) for leg, contracts in legs if position.holdings.get(leg.contract.occ, 0) < 0]
    for leg, contracts in shorts or legs:
        yield Repair(position.id, leg, contracts)


def entry_works(position: Position, book: BookView) -> bool:
    """Whether its entry may still fill."""
    return any(o.is_working and o.ticket.purpose is Purpose.ENTRY for o in book.orders_of(position.id))


def stop_filling(position: Position, book: BookView) -> Iterator[Decision]:
    """Legs out of ratio while the order still works: the rest is called back at once, then repaired. CS-412, CS-413."""
    for order in book.orders_of(position.id):
        if order.state in _AT_THE_BROKER and len(order.ticket.legs) > 1:
            yield Cancel(order.id, "legs out of ratio")


def call_back(orders: Iterable[Order], reason: str) -> Iterator[Cancel]:
    """Working entries the broker is known to have, each asked back once; `OrderLife` repeats it.

    An unknown one is looked up first: there may be nothing to cancel. Rules: R4, R10.
    """
    for order in orders:
        if order.ticket.purpose is Purpose.ENTRY and order.state in _AT_THE_BROKER:
            yield Cancel(order.id, reason)

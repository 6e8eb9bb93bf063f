"""The end of a spread: once its close is decided, orders until nothing of it is held, whichever desk decided it.

Pure. What the quotes make of these orders is in `unbid`. Rules: CS-412, CS-413, CS-416, CS-420, CS-563.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Order, OrderState, Purpose, still_closing
from gammacore.domain.spreads import Vertical
from gammacore.domain.strategy import Cancel, Close, Decision, Repair

_AT_THE_BROKER = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)
_NOT_TAKEN = (OrderState.REJECTED, OrderState.NOT_SENT)
UNANSWERED = dt.timedelta(seconds=30)
"""So long an exit waits for an entry that was called back, or is looked for, and of which nothing comes (ours)."""
SOLD_AGAIN = dt.timedelta(seconds=60)
"""From a refused sale of a long to the next: a long that stays risks nothing more (ours)."""


def go_on_closing(position: SoldSpread, book: BookView, now: dt.datetime) -> Iterator[Decision]:
    """What comes next for a position whose close was decided: a working order is waited for, a refused one followed.

    An order that only sells a long may rest: nothing waits for it (CS-420).
    """
    if is_buying_back(position, book):
        if position.naked_shorts():
            yield from stop_filling(position, book)
    elif not position.is_flat:
        yield from _next_close(position, book, now)


def is_buying_back(position: SoldSpread, book: BookView) -> bool:
    """Whether an order works that buys shorts of it back, alone or with their longs."""
    return any(order.is_working and order.ticket.buys_back for order in book.orders_of(position.id))


def buying_back_since(orders: Sequence[Order]) -> dt.datetime | None:
    """When the first of the newest orders in a row was meant that should have bought back and never filled. CS-563."""
    since: dt.datetime | None = None
    for order in reversed(orders):
        if not order.ticket.buys_back or order.state is OrderState.FILLED:
            break
        since = order.intended_at
    return since


def last_buy_back(side: Vertical, orders: Iterable[Order]) -> Order | None:
    """The newest order that was to buy the short of a side back."""
    of_side = [order for order in orders if order.ticket.buys_back and side.short.occ in order.ticket.symbols]
    return of_side[-1] if of_side else None


def _next_close(position: SoldSpread, book: BookView, now: dt.datetime) -> Iterator[Decision]:
    """The close that was decided is sent again for what is still open. Rules: CS-413, CS-416, CS-420, CS-563.

    A working entry is called back first. Whole sides close together, also where another side of the condor is gone. A
    multi-leg close the broker would not take is done leg by leg, shorts first, from the next cycle on: a restart that
    repeats the cycle of the refusal does no more than that cycle did.
    """
    orders = book.orders_of(position.id)
    if entry_works(position, book):
        yield from call_back(orders, "closing")
        if not all(goes_unanswered(order, now) for order in orders if order.ticket.purpose is Purpose.ENTRY):
            return
    loose = tuple(_repairs(position, position.loose_legs(), orders, now))
    yield from loose
    if any(step.leg.side is Side.BUY for step in loose):
        return
    whole: list[Vertical] = []
    for side in position.spread.sides:
        if not (contracts := position.open_in((side,))):
            continue
        last = last_buy_back(side, orders)
        if last is None or last.state not in _NOT_TAKEN:
            whole.append(side)
        elif last.changed_at < now:
            yield Repair(position.id, Leg(side.short, Side.BUY), contracts)
    if whole:
        sides = None if len(whole) == len(position.spread.sides) else tuple(whole)
        attempt = f"attempt {position.close_attempts + 1}"
        yield Close(position.id, position.exit_reason, attempt, urgent=True, sides=sides)


def repairs(position: SoldSpread, book: BookView, now: dt.datetime) -> Iterator[Repair]:
    """Legs beyond whole spreads, shorts first; longs only once no short is loose. Rule: CS-413."""
    yield from _repairs(position, position.excess(), book.orders_of(position.id), now)


def _repairs(
    position: SoldSpread, legs: Sequence[tuple[Leg, int]], orders: Sequence[Order], now: dt.datetime
) -> Iterator[Repair]:
    """These legs less what orders at work may still close of them. A refused sale is tried again after a while."""
    shorts = [(leg, contracts) for leg, contracts in legs if position.held(leg.contract.occ) < 0]
    for leg, contracts in shorts or legs:
        left = contracts - still_closing(orders, leg.symbol)
        if left > 0 and not (leg.side is Side.SELL and _was_just_refused(leg, orders, now)):
            yield Repair(position.id, leg, left)


def _was_just_refused(leg: Leg, orders: Sequence[Order], now: dt.datetime) -> bool:
    sales = [order for order in orders if not order.ticket.buys_back and leg.symbol in order.ticket.symbols]
    return bool(sales) and sales[-1].state in _NOT_TAKEN and now - sales[-1].changed_at < SOLD_AGAIN


def goes_unanswered(order: Order, now: dt.datetime) -> bool:
    """Whether it ended, or has been asked back or looked for in vain for a while: an exit waits no longer. CS-535."""
    return not order.is_working or (order.state not in _AT_THE_BROKER and now - order.changed_at >= UNANSWERED)


def entry_works(position: SoldSpread, book: BookView) -> bool:
    """Whether its entry may still fill."""
    return any(o.is_working and o.ticket.purpose is Purpose.ENTRY for o in book.orders_of(position.id))


def stop_filling(position: SoldSpread, book: BookView) -> Iterator[Decision]:
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

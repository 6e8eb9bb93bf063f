"""What a readable report of an order adds to the book: events that fold, in the order they are recorded.

Pure. That the report can be the answer to its ticket was judged before (`order_answers`). Rules: CS-003, CS-408..412,
CS-572.
"""

from __future__ import annotations

import datetime as dt

from gammacore.domain.book.book import Book
from gammacore.domain.desks.outside_trades import taken_back
from gammacore.domain.desks.shown_fills import A_DAY
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.holdings.lots import is_possible_credit, with_price
from gammacore.domain.ledger import (
    AlarmRaised,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderWasRejected,
)
from gammacore.domain.orders import Execution, Order, OrderReport, OrderState, Purpose, tells_more

LATE_FILLS = dt.timedelta(minutes=2)
"""An ended order is looked at for so long: a cancel and a fill may cross. Rule: CS-410."""
_ENDED_UNFILLED = (OrderState.CANCELED, OrderState.NOT_SENT, OrderState.REJECTED)


def unpriced(book: Book) -> list[Order]:
    """Filled entries and closes whose price the broker has yet to say. Rule: CS-411."""
    return [order for holding in book.live_holdings for order in book.orders_of(holding.id) if order.lacks_price]


def may_fill_late(book: Book, now: dt.datetime) -> list[Order]:
    """Orders that ended unfilled a moment ago: the cancel and a fill may have crossed, a refusal may not be true.

    Rules: CS-408, CS-410.
    """
    if not (today := book.orders_since(now - A_DAY)):
        return []
    recent = (order for order in today if now - order.changed_at <= LATE_FILLS)
    return [order for order in recent if order.state in _ENDED_UNFILLED and _takes_fills(book, order)]


def _takes_fills(book: Book, order: Order) -> bool:
    """What ends a spread that is booked already belongs to nothing. Rule: CS-564."""
    holding = book.holdings[order.ticket.holding]
    return holding.is_live or not is_spread(holding)


def news_of(order: Order, report: OrderReport, holding: AnyHolding, now: dt.datetime) -> list[Event]:
    """What the report says beyond what is known; empty when nothing. `holding` is the one the order is for."""
    events: list[Event] = []
    if _is_found(order, report):
        events.append(OrderAccepted(now, order.id, report.broker_id))
    if lacks_price(report, holding):
        return events
    is_completed = report.state is OrderState.FILLED and order.state is not OrderState.FILLED
    if report.execution.any and (tells_more(order.execution, report.execution) or is_completed):
        fill = _fill(order, report, holding, now)
        events += [fill, *_impossible(order, fill, holding), *_explained(order, fill, holding)]
    if OrderState.REJECTED is order.state is report.state and events:
        return [*events, OrderWasRejected(now, order.id, report.reason)]  # refused, after a part that is known only now
    if report.state is order.state or not order.state.may_become(report.state):
        return events
    if report.state is OrderState.CANCELED:
        events.append(OrderCanceled(now, order.id, _why_canceled(order, report)))
    elif report.state is OrderState.EXPIRED:
        events.append(OrderExpired(now, order.id))
    elif report.state is OrderState.REJECTED:
        events.append(OrderWasRejected(now, order.id, report.reason))
    return events


def _is_found(order: Order, report: OrderReport) -> bool:
    """Whether the broker has an order of which that was not known, or that counted as never taken. R4, CS-408."""
    if report.state is OrderState.REJECTED:
        return False
    if order.state in (OrderState.REJECTED, OrderState.NOT_SENT):
        return not report.state.is_final or tells_more(order.execution, report.execution)
    return order.state in (OrderState.INTENDED, OrderState.UNKNOWN)


def lacks_price(report: OrderReport, holding: AnyHolding) -> bool:
    """A fill without an expected price waits for its own: until then the order counts as in flight. CS-411."""
    return holding.plan is None and report.execution.any and _is_mute(report.execution)


def _is_mute(reported: Execution) -> bool:
    return not (reported.price or reported.legs)


def _is_priced(order: Order) -> bool:
    return order.execution.any and order.price_verified


def _fill(order: Order, report: OrderReport, holding: AnyHolding, now: dt.datetime) -> OrderFilled:
    """The fill as booked; without a price the expected one is booked and flagged. Rule: CS-411.

    What was reported as filled stays so when its price comes with an older state: one answer may lag behind another.
    So does a price the broker gave, when a later answer has none.
    """
    if _is_priced(order) and order.execution.quantity == report.execution.quantity and _is_mute(report.execution):
        execution, is_verified = order.execution, True
    else:
        execution, is_verified = with_price(order.ticket, report.execution, holding.plan)
    is_complete = OrderState.FILLED in (report.state, order.state)
    return OrderFilled(now, order.id, execution, is_complete, price_verified=is_verified)


def _impossible(order: Order, fill: OrderFilled, holding: AnyHolding) -> list[Event]:
    """The alarm of a credit no spread can bring: booked as reported, flagged, asked for again. CS-003, CS-411."""
    plan, price = holding.plan, fill.execution.price
    if order.ticket.purpose is not Purpose.ENTRY or plan is None or not fill.execution.quantity:
        return []
    if is_possible_credit(price, plan):
        return []
    detail = f"filled at {price}; a spread {plan.spread.width} wide brings more than 0 and less than that"
    return [AlarmRaised(fill.at, "impossible_fill", detail, order.ticket.holding)]


def _explained(order: Order, fill: OrderFilled, holding: AnyHolding) -> list[Event]:
    """What a late fill of ours explains was not traded outside: one append takes both in. Rules: CS-410, CS-572."""
    if order.is_working:  # while it worked, nothing of its symbols was taken for traded outside
        return []
    gained = order.ticket.gained(order.execution, fill.execution)
    return list(taken_back(holding, gained, order.id, fill.at))


def _why_canceled(order: Order, report: OrderReport) -> str:
    """Why we asked for it back, else what the broker gives as its reason. Rules: CS-409, CS-420."""
    ours, theirs = order.reason, report.reason
    return (ours or theirs) if order.state is OrderState.CANCEL_REQUESTED else (theirs or ours)

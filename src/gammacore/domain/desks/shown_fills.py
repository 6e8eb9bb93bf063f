"""Fills that the holdings show and no order reports: what the account holds decides, whatever the orders say.

Pure. A broker may list an order as working, with nothing filled, in a row that cannot be read, or not at all, while a
leg of it is held. What is shown is taken for a fill of ours up to what our order has left unfilled in that direction,
and never beyond: the rest is another trader's. Rules: R2, R5, CS-408, CS-410, CS-572.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from decimal import Decimal

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing import is_buying_back
from gammacore.domain.desks.outside_trades import part
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread, is_spread
from gammacore.domain.holdings.ratio import naked_shorts
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill
from gammacore.domain.orders import Execution, Order, OrderState, OrderTicket, still_closing
from gammacore.domain.strategy import Repair

NO_TIME = dt.timedelta(0)
A_DAY = dt.timedelta(days=1)
"""No order outlives the session it was meant in."""
_NEVER_TAKEN = (OrderState.REJECTED, OrderState.NOT_SENT)
"""What an answer, or its absence, made of an order; the holdings may show that it was taken after all."""


def may_still_fill(orders: Iterable[Order], symbol: str, gap: int) -> int:
    """As much of a difference as working orders may explain: their unfilled quantity in its direction, and no more.

    >>> may_still_fill([], "SPXW260105P06880000", -3)
    0
    """
    signed = [
        leg.side.sign * order.unfilled(symbol)
        for order in orders
        if order.is_working
        for leg in order.ticket.legs
        if leg.symbol == symbol
    ]
    return part(gap, sum(more for more in signed if more * gap > 0))


def unreported_fills(
    book: BookView, now: dt.datetime, after: dt.timedelta, silent: Container[str], absence: dt.timedelta = NO_TIME
) -> Iterator[tuple[Order, Execution]]:  # fmt: skip
    """Working orders of which the holdings have shown more than they report for `after`, and all that is filled then.

    Of a `silent` order (by id) all that is shown counts; of one that is reported only what leaves a short uncovered,
    for the rest its own next report is waited for. Where the short is not shown either (a list of holdings that is
    empty), nothing shown is uncovered. A resting stop is asked last, and after `absence`: its fill uncovers nothing.
    """
    seen_now = {symbol: seen.change for symbol, seen in book.differences.items()}
    beyond = {symbol: seen.change for symbol, seen in book.differences.items() if now - seen.at >= after}
    gone = {symbol for symbol in beyond if now - book.differences[symbol].at >= absence}
    for order in sorted(book.working_orders, key=lambda order: order.ticket.is_stop):
        holding = book.holding(order.ticket.holding)
        more = _shown_of(order, _left_for_a_stop(book, holding, beyond, gone) if order.ticket.is_stop else beyond)
        if not more or holding is None or not _has_price(order.ticket, holding):
            continue
        if order.id in silent or (_uncovers(holding, more) and _uncovers(holding, _shown_of(order, seen_now))):
            for symbol, change in more.items():
                beyond[symbol] -= change
            yield order, _with_more(order, more)


def _left_for_a_stop(
    book: BookView, holding: AnyHolding | None, beyond: Mapping[str, int], gone: Container[str]
) -> dict[str, int]:
    """What is shown beyond all that orders at the market may have filled: a stop that rests explains only the rest.

    It buys a short and leaves its long: where a long of the holding is not shown either, it explains nothing.
    """
    seen = {symbol: one.change for symbol, one in book.differences.items()}
    if holding is None or any(part(seen.get(symbol, 0), -held) for symbol, held in holding.options.items() if held > 0):
        return {}
    at_market = [order for order in book.working_orders if not order.ticket.is_stop]
    return {s: gap - may_still_fill(at_market, s, gap) for s, gap in beyond.items() if s in gone}


def fills_after_all(
    book: BookView, since: dt.datetime, unknown: Mapping[str, int]
) -> Iterator[tuple[Order, Execution]]:  # fmt: skip
    """Orders meant after `since` that count as refused or never sent, and what is held of them all the same.

    `unknown` are signed contracts that no book has. Rule: CS-408.
    """
    left = dict(unknown)
    for holding in book.holdings.values():
        for order in book.orders_of(holding.id):
            if order.state not in _NEVER_TAKEN or order.intended_at <= since or not _has_price(order.ticket, holding):
                continue
            more = _shown_of(order, left)
            if more and all(left[symbol] == change for symbol, change in more.items()):
                for symbol in more:
                    del left[symbol]
                yield order, _with_more(order, more)


def share_orders_unfound(book: BookView, now: dt.datetime, held: Mapping[str, int]) -> Iterator[Order]:
    """Share orders of the last day that ended unfilled, in the direction in which the account holds more; oldest first.

    The shares may be another trader's (CS-571): whether the order filled after all only its own report says.
    """
    expected = book.expected_holdings()
    for order in book.orders_since(now - A_DAY):
        leg = order.ticket.legs[0]
        has_ended = order.state in (*_NEVER_TAKEN, OrderState.CANCELED)
        gap = held.get(leg.symbol, 0) - expected.get(leg.symbol, 0)
        if has_ended and order.ticket.is_shares and gap * leg.side.sign > 0:
            yield order


def is_taken_back(book: BookView, order: Order, reported: Execution, now: dt.datetime, after: dt.timedelta) -> bool:
    """Whether what was taken for filled of an order at work is not: its report says less, and so does the account.

    Only of what was booked without the broker's own price, and only where the holdings have shown for `after` at least
    as much less as `reported`, or it was judged already and counts as missing: two answers of the broker agree, and
    one look had shown something else.
    """
    holding = book.holding(order.ticket.holding)
    if order.price_verified or not order.is_working or holding is None or not holding.is_live:
        return False
    gone = Counter({symbol: seen.change for symbol, seen in book.differences.items() if now - seen.at >= after})
    gone.update({symbol: missing.change for symbol, missing in holding.missing.items()})
    is_less = False
    for leg in order.ticket.legs:
        less = order.execution.filled_of(leg) - reported.filled_of(leg)
        back = -leg.side.sign * less
        if less < 0 or part(gone[leg.symbol], back) != back:
            return False
        is_less = is_less or less > 0
    return is_less


def _shown_of(order: Order, beyond: Mapping[str, int]) -> dict[str, int]:
    """Signed contracts by symbol of a difference that are as much as the order may have filled beyond its report."""
    most = {leg.symbol: leg.side.sign * order.unfilled(leg.symbol) for leg in order.ticket.legs}
    shown = {symbol: part(beyond.get(symbol, 0), unfilled) for symbol, unfilled in most.items()}
    return {symbol: change for symbol, change in shown.items() if change}


def _uncovers(holding: AnyHolding, more: Mapping[str, int]) -> bool:
    """Whether a spread has more shorts without their cover once this is held of it too."""
    before = dict(holding.quantities)
    after = {symbol: before.get(symbol, 0) + more.get(symbol, 0) for symbol in before.keys() | more.keys()}
    return sum(naked_shorts(after, holding.sides).values()) > sum(naked_shorts(before, holding.sides).values())


def _has_price(ticket: OrderTicket, holding: AnyHolding) -> bool:
    """Whether something can stand in for the price that nothing tells: the plan of a spread, or a limit."""
    return is_spread(holding) or ticket.limit is not None


def _with_more(order: Order, more: Mapping[str, int]) -> Execution:
    """All that is filled of an order with what the holdings show: legs at no price where none was reported (CS-411)."""
    known, ticket = order.execution, order.ticket
    filled = {leg.symbol: known.filled_of(leg) + abs(more.get(leg.symbol, 0)) for leg in ticket.legs}
    whole = min(filled[leg.symbol] // leg.ratio for leg in ticket.legs)
    price = known.price if whole == known.quantity else None
    if not known.legs and all(filled[leg.symbol] == whole * leg.ratio for leg in ticket.legs):
        return Execution(whole, price, known.fees)
    prices = {fill.symbol: fill.price for fill in known.legs}
    legs = tuple(
        LegFill(leg.symbol, leg.side, filled[leg.symbol], prices.get(leg.symbol, Decimal(0)))
        for leg in ticket.legs
        if filled[leg.symbol]
    )
    return Execution(whole, price, known.fees, legs)


def buy_back_uncovered(book: BookView, now: dt.datetime, after: dt.timedelta) -> Iterator[Repair]:
    """Purchases of shorts whose cover has not been shown for `after`; nothing while an order buys of them already.

    What several spreads hold of one contract is missing of the oldest first, as when it is taken out of the book.
    """
    if not (spreads := book.live_spreads):
        return
    missing = {symbol: seen.change for symbol, seen in book.differences.items()}
    for spread in spreads:
        if spread.naked_shorts() and _goes_unanswered(spread, book, now, after):
            yield from _buy_back(spread, spread.naked_shorts(), book)
            continue
        shown, since = dict(spread.quantities), []
        for symbol, held in spread.quantities.items():
            if change := part(missing.get(symbol, 0), -held):
                missing[symbol] -= change
                shown[symbol] += change
                since.append(book.differences[symbol].at)
        if not since or now - max(since) < after or is_buying_back(spread, book):
            continue
        for symbol, contracts in naked_shorts(shown, spread.sides).items():
            yield Repair(spread.id, Leg(spread.contract(symbol), Side.BUY), contracts, reason="cover not shown")


def _goes_unanswered(spread: SoldSpread, book: BookView, now: dt.datetime, after: dt.timedelta) -> bool:
    """Whether the order that left it so was called back that long ago and has not ended: nothing waits for it."""
    called_back = [order for order in book.orders_of(spread.id) if order.state is OrderState.CANCEL_REQUESTED]
    return any(len(order.ticket.legs) > 1 and now - order.changed_at >= after for order in called_back)


def _buy_back(spread: SoldSpread, naked: Mapping[str, int], book: BookView) -> Iterator[Repair]:
    """What no order may still buy of it: a repair is never doubled by the order's own fill. Rule: CS-413."""
    for symbol, contracts in naked.items():
        left = contracts - still_closing(book.orders_of(spread.id), symbol)
        if left > 0:
            yield Repair(spread.id, Leg(spread.contract(symbol), Side.BUY), left, reason="uncovered short")

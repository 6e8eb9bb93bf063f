"""A row of Tradier's as our report: state, running total, legs, signs. Rules: CS-407, CS-411, CS-412.

The parent of several legs always says "buy", and its average price is negative for a credit: neither is believed. The
type of the order says which way the money goes, and our price is positive in that way.
"""

from __future__ import annotations

from decimal import Decimal

from gammacore.adapters.tradier.orders import REFUSED, WORKING, OrderRow, UnreadRow
from gammacore.adapters.tradier.wire import to_whole
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import NOTHING_FILLED, Execution, OrderReport, OrderState, Purpose

_STATES = {
    **dict.fromkeys(WORKING, OrderState.ACCEPTED),
    **dict.fromkeys(REFUSED, OrderState.REJECTED),
    "partially_filled": OrderState.PARTIALLY_FILLED,
    "filled": OrderState.FILLED,
    "expired": OrderState.EXPIRED,
    "canceled": OrderState.CANCELED,
    "cancelled": OrderState.CANCELED,
}
_PREFIXES = sorted((purpose.tag_prefix for purpose in Purpose), key=len, reverse=True)
_HAS_FILLED = frozenset({OrderState.PARTIALLY_FILLED, OrderState.FILLED})
_MAY_HAVE_FILLED = _HAS_FILLED | {OrderState.CANCELED, OrderState.EXPIRED}


def client_id(row: OrderRow | UnreadRow) -> str:
    """Our id out of the tag, without the purpose before it; Tradier's own id where the order is not ours.

    >>> client_id(OrderRow("7", "open", tag="GEXEXIT-EMERGENCY-gc-1")), client_id(OrderRow("7", "open", tag="by-hand"))
    ('gc-1', '7')
    """
    tag = row.tag or ""
    return next((tag[len(prefix) :] for prefix in _PREFIXES if tag.startswith(prefix) and tag != prefix), row.id)


def is_others_in_parts(row: OrderRow) -> bool:
    """Whether it is another trader's order for a part of a share: it is none of ours and fits no book of whole units.

    >>> is_others_in_parts(OrderRow("7", "filled", exec_quantity=Decimal("0.5"), tag="by-hand"))
    True
    """
    figures = (figure for figure in (row.quantity, row.exec_quantity) if figure is not None)
    return client_id(row) == row.id and any(figure != int(figure) for figure in figures)


def state_of(row: OrderRow) -> OrderState:
    """Where the order stands. A word we do not know is a working order: it counts in every limit until it is known.

    Whatever the word, with its full quantity executed it is filled. Rule: CS-410.

    >>> state_of(OrderRow("7", "accepted_for_bidding")), state_of(OrderRow("7", "a_new_word", exec_quantity=Decimal(1)))
    (<OrderState.ACCEPTED: 'accepted'>, <OrderState.PARTIALLY_FILLED: 'partially_filled'>)
    >>> state_of(OrderRow("7", "a_new_word", quantity=Decimal(1), exec_quantity=Decimal(1)))
    <OrderState.FILLED: 'filled'>
    """
    state = _STATES.get(row.status.lower(), OrderState.ACCEPTED)
    if state is OrderState.ACCEPTED and row.exec_quantity:
        is_whole = row.quantity is not None and abs(row.exec_quantity) >= abs(row.quantity) > 0
        return OrderState.FILLED if is_whole else OrderState.PARTIALLY_FILLED
    return state


def execution_of(row: OrderRow) -> Execution:
    """Everything filled so far: spreads (contracts, shares) and their average price, positive in the order's effect.

    A price of 0 on something filled is one Tradier has not reported yet (CS-411).

    Raises:
        UnreadableAnswer: it may have filled and its row does not say how much. Never to be read as nothing.
    """
    if row.quantity is None:  # made of other orders, each with a row of its own
        return NOTHING_FILLED
    legs = _leg_fills(row)
    quantity = _filled(row, legs)
    if not quantity and not legs:
        return NOTHING_FILLED
    return Execution(quantity, _price(row) if quantity else None, legs=legs)


def report_of(row: OrderRow) -> OrderReport:
    """The row in our words.

    Raises:
        UnreadableAnswer: no time, or a fill that is not reported.
    """
    at = row.transaction_date or row.create_date
    if at is None:
        raise UnreadableAnswer(f"order {row.id} has no time")
    return OrderReport(client_id(row), row.id, state_of(row), execution_of(row), at, _reason(row))


def _reason(row: OrderRow) -> str:
    if row.reason_description:
        return row.reason_description
    return row.status if row.status.lower() not in _STATES or row.status.lower() in REFUSED else ""


def _filled(row: OrderRow, legs: tuple[LegFill, ...]) -> int:
    """Whole spreads filled. None is an answer for a part of which the legs tell more: one leg alone. Rule: CS-412."""
    state = state_of(row)
    filled = None if row.exec_quantity is None else _count(row.exec_quantity, row)
    if filled == 0 and legs and state is OrderState.PARTIALLY_FILLED:
        return 0
    if (filled is None and state in _MAY_HAVE_FILLED) or (not filled and state in _HAS_FILLED):
        raise UnreadableAnswer(f"order {row.id} is {row.status} and does not say how much of it was filled")
    return filled or 0


def _count(figure: Decimal, row: OrderRow) -> int:
    try:
        return abs(to_whole(figure))
    except ValueError:
        raise UnreadableAnswer(f"order {row.id} has {figure} filled") from None


def _price(row: OrderRow) -> Decimal | None:
    return abs(row.avg_fill_price) if row.avg_fill_price else None


_SEVERAL_LEGS = frozenset({"multileg", "combo"})
_NET_PRICES = frozenset({"credit", "debit", "even"})


def _leg_fills(row: OrderRow) -> tuple[LegFill, ...]:
    """What was filled of each leg; a single order is its own leg. None of them while one has no price yet.

    An order of several legs that comes without them tells of none: its own row is no trade in the underlying.
    """
    if not row.leg and (row.class_.lower() in _SEVERAL_LEGS or row.type.lower() in _NET_PRICES):
        return ()
    rows = row.leg or (row,)
    if (nameless := next((leg for leg in rows if leg.exec_quantity and not _symbol(leg, row)), None)) is not None:
        if client_id(row) == row.id:
            return ()  # another trader's
        raise UnreadableAnswer(f"order {row.id} has a fill of a contract that it does not name (leg {nameless.id})")
    fills = [(leg, _count(leg.exec_quantity, leg)) for leg in rows if leg.exec_quantity]
    prices = [_price(leg) for leg, _ in fills]
    if None in prices:
        return ()
    return tuple(
        LegFill(_symbol(leg, row), _side(leg), quantity, price)
        for (leg, quantity), price in zip(fills, prices, strict=True)
        if price is not None
    )


def _symbol(leg: OrderRow, order: OrderRow) -> str:
    """What a leg of an order trades; empty where that is an option and it does not say which.

    The symbol beside it is its underlying's, which is another thing.

    >>> single, shares = OrderRow("7", "filled", class_="option", symbol="SPX"), OrderRow("8", "filled", symbol="SPY")
    >>> _symbol(single, single), _symbol(shares, shares)
    ('', 'SPY')
    """
    is_option = leg.class_.lower() == "option" or order.class_.lower() == "multileg"
    return leg.option_symbol or ("" if is_option else leg.symbol)


def _side(row: OrderRow) -> Side:
    word = row.side.lower()
    for side in Side:
        if word.startswith(side.value):
            return side
    raise UnreadableAnswer(f"order {row.id} is neither bought nor sold: {row.side[:20]!r}")

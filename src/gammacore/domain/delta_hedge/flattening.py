"""Going flat: a market order for each option, then one for the hedge shares, tried again until nothing is held.

Rules: DH-510, DH-511, DH-520.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gammacore.domain.book_view import BookView
from gammacore.domain.instruments import parse_occ
from gammacore.domain.inventory import Holding, Inventory
from gammacore.domain.inventory_trades import closing_trade
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.sessions import new_york_date
from gammacore.domain.strategy import Cancel, Decision

CLOSE, FLATTEN = "market_close_exit", "daily_flatten"
LEFTOVER_CLOSE, LEFTOVER_FLATTEN = "leftover_exit", "leftover_flatten"


def go_flat(
    inventory: Inventory, book: BookView, now: dt.datetime, retry: dt.timedelta, *, leftover: bool = False
) -> Iterator[Decision]:
    """Options in the order they were born, then the shares; an entry or hedge that still works is called back first.

    A symbol whose order still works is left alone; one whose exit was refused or came to nothing is tried again after
    `retry`. Nobody bids for a worthless option: its order works until it expires. What has expired is settlement's.
    """
    orders = book.orders_of(inventory.id)
    for order in orders:
        if order.state in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED) and not order.ticket.closes:
            yield Cancel(order.id, "going flat")
    busy = {symbol for order in orders if _holds_back(order, now, retry) for symbol in order.ticket.symbols}
    held = [one for one in inventory.holdings.values() if one.lots and one.symbol not in busy]
    for holding in sorted(held, key=lambda one: not one.is_option):
        if not _has_expired(holding, now):
            close, flatten = (LEFTOVER_CLOSE, LEFTOVER_FLATTEN) if leftover else (CLOSE, FLATTEN)
            yield closing_trade(inventory, holding.symbol, Purpose.EXIT, close if holding.is_option else flatten)


def _holds_back(order: Order, now: dt.datetime, retry: dt.timedelta) -> bool:
    if order.is_working:
        return True
    is_exit = order.ticket.purpose is Purpose.EXIT
    return is_exit and order.state is not OrderState.FILLED and now - order.changed_at < retry


def _has_expired(holding: Holding, now: dt.datetime) -> bool:
    return holding.is_option and parse_occ(holding.symbol).expiry < new_york_date(now)

"""What is held and nobody chose: shares that settlement delivered, a naked short of ours without a book. Both go.

Pure. Rules: CS-413, CS-529, CS-574.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.holdings.holding import AnyHolding, Origin
from gammacore.domain.orders import Purpose
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Trade

TRY_AGAIN = dt.timedelta(seconds=60)
"""From the end of an order for unwanted holdings to the next, whatever the first one left (ours)."""

_PURPOSES = {
    Origin.STRANDED: (Purpose.REPAIR, "naked_short"),
    Origin.DELIVERED: (Purpose.EXIT, "delivered_shares"),
}


def close_unwanted(book: BookView, limits: RiskLimits, session: TradingSession, now: dt.datetime) -> Iterator[Trade]:
    """Market orders that end what nobody chose to hold, while the exchange is open; one at a time for each."""
    if not session.is_trading(now):
        return
    for inventory in book.live_holdings:
        if inventory.is_chosen:
            continue
        if inventory.origin is Origin.DELIVERED and (
            limits.keep_assigned_shares or inventory.opened_at >= session.open
        ):
            continue  # delivered today: the next open is tomorrow's
        if _may_order(book, inventory, now):
            purpose, reason = _PURPOSES[inventory.origin]
            yield from (closing_trade(inventory, symbol, purpose, reason) for symbol in inventory.quantities)


def _may_order(book: BookView, inventory: AnyHolding, now: dt.datetime) -> bool:
    orders = book.orders_of(inventory.id)
    if any(order.is_working for order in orders):
        return False
    return not orders or now - orders[-1].changed_at >= TRY_AGAIN

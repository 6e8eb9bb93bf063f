"""What a strategy of an earlier session left over: it is told, and it goes at the open, whichever strategy runs now.

Pure. Rules: DH-511, DH-520.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import go_flat
from gammacore.domain.hedging.reasons import Alarm
from gammacore.domain.inventory.inventories import DELIVERED, STRANDED
from gammacore.domain.inventory.inventory import Inventory
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Trade, Warn

TRY_AGAIN = dt.timedelta(seconds=60)
"""From a refused order for leftovers to the next, where no setting says otherwise. Rule: DH-511."""


def leftovers(book: BookView, session: TradingSession) -> tuple[Inventory, ...]:
    """What a strategy chose to hold before this session and still holds."""
    return tuple(
        inventory
        for inventory in book.live_inventories
        if inventory.opened_at < session.open and not inventory.is_flat
        if inventory.strategy not in (DELIVERED, STRANDED)
    )


def close_leftovers(
    book: BookView, session: TradingSession, now: dt.datetime, retry: dt.timedelta = TRY_AGAIN
) -> Iterator[Decision]:
    """One alarm, then market orders while the exchange is open; nobody hedges or watches these holdings any more."""
    if not session.is_trading(now):
        return
    for inventory in leftovers(book, session):
        steps = tuple(go_flat(inventory, book, now, retry, leftover=True))
        is_told = any(order.intended_at >= session.open for order in book.orders_of(inventory.id))
        if not is_told and any(isinstance(step, Trade) for step in steps):
            detail = f"left by an earlier session: {inventory.in_words}; closed now"
            yield Warn(Alarm.LEFTOVER, detail, inventory.id)
        yield from steps

"""What no strategy that runs watches: it is told, and it goes while the exchange is open. Pure. Rules: DH-511, DH-520.

An inventory of an earlier session goes at the open under every strategy. A credit spread, adopted from the broker or
left in the ledger, goes as soon as it is seen by a desk that has no stops for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing_spread import go_on_closing
from gammacore.domain.desks.flattening import LEFTOVER_CLOSE, go_flat
from gammacore.domain.hedging.decision import Alarm
from gammacore.domain.holdings.holding import AnyHolding, HoldingState
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Close, Decision, Trade, Warn

TRY_AGAIN = dt.timedelta(seconds=60)
"""From a refused order for leftovers to the next, where no setting says otherwise. Rule: DH-511."""


def leftovers(book: BookView, session: TradingSession) -> tuple[AnyHolding, ...]:
    """What a strategy chose to hold before this session and still holds."""
    return tuple(
        inventory
        for inventory in book.live_holdings
        if inventory.opened_at < session.open and not inventory.is_flat
        if inventory.is_chosen and inventory.plan is None
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


def close_spreads(book: BookView, session: TradingSession, now: dt.datetime) -> Iterator[Decision]:
    """One alarm, then orders at market until nothing of it is held: nobody marks a spread here, no stop would end it.

    Ours by its orders, or nobody would have adopted it (CS-574). What has expired is settlement's.
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

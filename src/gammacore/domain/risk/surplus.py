"""Working orders that close more than is held: what they were to close went by another way. Rules: CS-410, CS-572, R2.

None of them did when it was sent, for the guard cuts every reduction to what is left. But a fill may come after the
cancel of an earlier exit, and the user may sell by hand what a resting target waits to sell; filled as well, the order
would turn the holding round.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from gammacore.domain.book.view import BookView
from gammacore.domain.orders import Order

SURPLUS = "more than is held"
"""Why such an order is called back."""


def surplus_orders(book: BookView, now: dt.datetime, after: dt.timedelta) -> Iterator[Order]:
    """What to call back, so that the rest closes no more than each holding has: the orders sent last.

    What the broker has not shown for `after` counts as gone: an order that filled says so when it is called back, and
    while it rests it would explain what is missing for as long as it lives. An order that is being called back already
    counts as gone itself; a resting stop is sized by `protective`.
    """
    for name in dict.fromkeys(order.ticket.holding for order in book.working_orders):
        spoken_for = Counter[str]()
        for order in book.orders_of(name):
            if not _may_turn_round(order):
                continue
            closes = {leg.symbol: -leg.side.sign * order.unfilled(leg.symbol) for leg in order.ticket.legs}
            shown = {symbol: _shown(book, name, symbol, now - after) for symbol in closes}
            if all(_fits(shown[symbol], spoken_for[symbol] + change) for symbol, change in closes.items()):
                spoken_for.update(closes)
            else:
                yield order


def _may_turn_round(order: Order) -> bool:
    return order.is_working and order.ticket.closes and not order.ticket.is_stop and not order.called_back


def _shown(book: BookView, holding: str, symbol: str, since: dt.datetime) -> int:
    """Signed contracts or shares held, less what has been missing since then or longer."""
    held, seen = book.held_by(holding).get(symbol, 0), book.differences.get(symbol)
    if seen is None or seen.holding != holding or seen.at > since or seen.change * held >= 0:
        return held
    return held + seen.change if abs(seen.change) < abs(held) else 0


def _fits(held: int, closed: int) -> bool:
    """Whether so many, signed like what they close, leave nothing of the other sign."""
    return 0 <= closed <= held or held <= closed <= 0

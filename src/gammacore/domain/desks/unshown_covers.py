"""Shorts that the broker shows without their cover: bought back before anybody knows whether the cover is gone.

Pure. What the broker shows counts here, whatever the orders say; the cover is not sold until it is known, which the
guard sees to. Rules: R2, CS-413, CS-572.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.closing_spread import is_buying_back
from gammacore.domain.desks.outside_trades import part
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.ratio import naked_shorts
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import OrderState, still_closing
from gammacore.domain.strategy import Repair


def buy_back_uncovered(book: BookView, now: dt.datetime, after: dt.timedelta) -> Iterator[Repair]:
    """Purchases of shorts whose cover has not been shown for `after`; nothing while an order buys of them already.

    What several spreads hold of one contract is missing of the oldest first, as when it is taken out of the book.
    """
    missing = {symbol: seen.change for symbol, seen in book.differences.items()}
    for spread in book.live_spreads:
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

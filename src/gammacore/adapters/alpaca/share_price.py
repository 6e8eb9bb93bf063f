"""What a share trades at, by Alpaca's snapshot of it: quote, else trade; and the close of the session before."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.adapters.alpaca.bodies import Row, figure, instant, row_of
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.wire.prices import SeenPrice, seen_by
from gammacore.domain.market import Quote, share_shown
from gammacore.domain.sessions import new_york_date


@frozen
class SharePrice:
    """One look at a share; what Alpaca does not say or is unusable is None. Points.

    `quote` is bid and ask however wide they are, or why they are unusable.
    """

    mid: SeenPrice | None = None
    trade: SeenPrice | None = None
    previous_close: Decimal | None = None
    quote: Quote | str | None = None

    def newest(self, now: dt.datetime, fresh_seconds: float) -> SeenPrice | None:
        """The middle of the quote while it is fresh, else whichever of quote and trade is newer. Rule: CS-353."""
        if self.mid is not None and self.mid.age_seconds(now) <= fresh_seconds:
            return self.mid
        return max(filter(None, (self.mid, self.trade)), key=lambda seen: seen.at, default=None)


def read_share_price(
    body: object, symbol: str, now: dt.datetime, *, tolerance: dt.timedelta, widest: Decimal
) -> SharePrice:
    """The look at `symbol` in a body of snapshots. A quote wider than `widest` (part of its middle) says nothing.

    On one exchange alone (IEX) a quote may be dollars wide while the market is a cent wide.

    Raises:
        WireTrouble: the body is no object of snapshots.
    """
    snapshots = row_of(body, "the snapshots")
    if snapshots.get(symbol) is None:
        return SharePrice()
    row = row_of(snapshots[symbol], f"the snapshot of {symbol}")
    quote = read_quote(row.get("latestQuote"), now, tolerance)
    return SharePrice(
        _mid(quote, widest),
        _trade(row.get("latestTrade"), now, tolerance),
        _close_before(row, new_york_date(now)),
        quote,
    )


def read_quote(quote: object, now: dt.datetime, tolerance: dt.timedelta) -> Quote | str | None:
    """Bid and ask of a share as Alpaca writes them, polled or streamed; None where they cannot be read or dated."""
    try:
        row = row_of(quote, "the quote")
        bid, ask, at = figure(row, "bp"), figure(row, "ap"), seen_by(instant(row, "t"), now, tolerance)
    except WireTrouble:
        return None
    return None if at is None else share_shown(bid, ask, at)


def _mid(quote: Quote | str | None, widest: Decimal) -> SeenPrice | None:
    if not isinstance(quote, Quote) or 2 * quote.width > widest * (quote.bid + quote.ask):
        return None
    return SeenPrice(quote.mid, quote.at)


def _trade(trade: object, now: dt.datetime, tolerance: dt.timedelta) -> SeenPrice | None:
    try:
        row = row_of(trade, "the trade")
        price, at = figure(row, "p"), seen_by(instant(row, "t"), now, tolerance)
    except WireTrouble:
        return None
    return SeenPrice(price, at) if at is not None and price > 0 else None


def _close_before(row: Row, today: dt.date) -> Decimal | None:
    """The close of the last day before `today`: before the first trade the "daily bar" still is yesterday's."""
    for name in ("dailyBar", "prevDailyBar"):
        try:
            bar = row_of(row.get(name), name)
            close, date = figure(bar, "c"), new_york_date(instant(bar, "t"))
        except WireTrouble:
            continue
        if date < today and close > 0:
            return close
    return None

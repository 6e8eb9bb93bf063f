"""Quotes of underlyings, VIX and shares as Tradier gives them: prices in points, each with its own time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.adapters.tradier.wire import many, read
from gammacore.adapters.wire.prices import SeenPrice, is_price, seen_by
from gammacore.domain.market import Quote, share_shown

_TIMES = ("trade_date", "bid_date", "ask_date")


@frozen
class VendorQuote:
    """One row of markets/quotes; what the vendor leaves out is None. `close` exists once the session is over."""

    symbol: str
    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    close: Decimal | None = None
    prevclose: Decimal | None = None
    trade_date: dt.datetime | None = None
    bid_date: dt.datetime | None = None
    ask_date: dt.datetime | None = None

    def price(self, now: dt.datetime, fresh_seconds: float, tolerance: dt.timedelta) -> SeenPrice | None:
        """Last, else bid, else ask: the first that is fresh, else the first there is. Rule: CS-353.

        None when none is a price, or its time is unknown.
        """
        reported = ((self.last, self.trade_date), (self.bid, self.bid_date), (self.ask, self.ask_date))
        seen = [
            SeenPrice(price, at)
            for price, dated in reported
            if is_price(price) and (at := seen_by(dated, now, tolerance)) is not None
        ]
        fresh = (price for price in seen if price.age_seconds(now) <= fresh_seconds)
        return next(fresh, seen[0] if seen else None)

    def share(self, now: dt.datetime, tolerance: dt.timedelta) -> Quote | str | None:
        """Bid and ask of a share, or why they are unusable; None when neither is dated.

        As old as the newer side: what says that one side changed says that the other stands. Rule: SC-008.
        """
        dated = (seen_by(at, now, tolerance) for at in (self.bid_date, self.ask_date))
        at = max((side for side in dated if side is not None), default=None)
        return None if at is None else share_shown(self.bid, self.ask, at)


def read_quotes(answer: object) -> dict[str, VendorQuote]:
    """The quotes of an answer by symbol; symbols Tradier does not know are simply not there.

    Raises:
        UnreadableAnswer: the answer holds no quotes at all, or one that cannot be read.

    >>> read_quotes({"quotes": {"quote": {"symbol": "VIX", "last": 15, "trade_date": 0}}})["VIX"].last
    Decimal('15')
    """
    quotes = (read(VendorQuote, without_zero_times(row, _TIMES)) for row in many(answer, "quotes", "quote"))
    return {quote.symbol: quote for quote in quotes}


def without_zero_times(row: object, names: tuple[str, ...]) -> object:
    """The row without times that are 0: a quote that never was is dated to the beginning of the epoch."""
    if not isinstance(row, dict) or not any(row.get(name) in (0, "0") for name in names):
        return row
    return {name: cell for name, cell in row.items() if name not in names or cell not in (0, "0")}

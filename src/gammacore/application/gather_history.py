"""Gather what the filters may know of the past: bars of two sessions, VIX bars, daily closes. Rules: CS-355..358."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar
from gammacore.domain.market_history import (
    FIVE_MINUTES,
    ONE_DAY,
    ONE_MINUTE,
    DailyHistory,
    MarketHistory,
    converted,
    opening_price,
)
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

DAYS_BACK = dt.timedelta(days=45)
"""Calendar days that surely hold the 15 completed closes RSI needs."""

FIRST_MINUTES = 5
"""The open is looked for in the first bars of the session."""


@frozen
class GatherHistory:
    """Asks the market for bars; what it does not have stays missing, never guessed."""

    market: MarketData
    underlying: Underlying
    session: TradingSession
    previous: TradingSession | None

    def __call__(self, now: dt.datetime, price: Decimal | None) -> MarketHistory:
        """The history at `now`; an index without bars borrows its hedge share's, converted by the present ratio.

        That is `price` over the share's newest close, a minute old where it has 1-minute bars. Rule: CS-356.
        """
        begin = (self.previous or self.session).open
        five = self._bars(self.underlying.symbol, FIVE_MINUTES, begin, now)
        one = self._bars(self.underlying.symbol, ONE_MINUTE, self.session.open, now)
        share_five = () if five else self._of_share(FIVE_MINUTES, begin, now)
        share_one = () if one else self._of_share(ONE_MINUTE, self.session.open, now)
        if price is not None and (share_five or share_one):
            newest = max((*share_five[-1:], *share_one[-1:]), key=lambda bar: bar.end)
            ratio = price / newest.close
            five, one = five or converted(share_five, ratio), one or converted(share_one, ratio)
        vix = self._bars("VIX", FIVE_MINUTES, begin, now)
        return MarketHistory.of(
            now, self.session, self.previous, five_minute=five, one_minute=one, vix_five_minute=vix,
            daily=self._daily(now),
        )  # fmt: skip

    def _of_share(self, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        share = self.underlying.hedge_share
        return () if share == self.underlying.symbol else self._bars(share, seconds, start, end)

    def _daily(self, now: dt.datetime) -> DailyHistory | None:
        """Daily closes of the hedge share where its bars exist, else of the underlying. Rule: CS-358."""
        session = self.session
        for symbol in dict.fromkeys((self.underlying.hedge_share, self.underlying.symbol)):
            days = self._bars(symbol, ONE_DAY, session.open - DAYS_BACK, session.open)
            first = self._bars(symbol, ONE_MINUTE, session.open, min(now, session.after_open(FIRST_MINUTES)))
            known = DailyHistory.of(symbol, days, session, self.previous, opening_price(first, session))
            if known is not None:
                return known
        return None

    def _bars(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        if not symbol or end <= start:
            return ()
        try:
            return self.market.bars(symbol, seconds, start, end)
        except MarketDataError:
            return ()

"""Gather what the filters may know of the past: bars of two sessions, VIX bars, daily closes. Rules: CS-355..358."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar
from gammacore.domain.market_history import ONE_DAY, DailyHistory, MarketHistory, converted, opening_price
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
        """The history at `now`; an index without bars borrows its hedge share's, converted by the present ratio."""
        begin = (self.previous or self.session).open
        five = self._own_or_converted(300, begin, now, price)
        one = self._own_or_converted(60, self.session.open, now, price)
        vix = self._bars("VIX", 300, begin, now)
        return MarketHistory.of(
            now, self.session, self.previous, five_minute=five, one_minute=one, vix_five_minute=vix,
            daily=self._daily(now),
        )  # fmt: skip

    def _own_or_converted(
        self, seconds: int, start: dt.datetime, end: dt.datetime, price: Decimal | None
    ) -> Sequence[Bar]:
        own = self._bars(self.underlying.symbol, seconds, start, end)
        if own or price is None or self.underlying.hedge_share in ("", self.underlying.symbol):
            return own
        share = self._bars(self.underlying.hedge_share, seconds, start, end)
        return converted(share, price / share[-1].close) if share else ()

    def _daily(self, now: dt.datetime) -> DailyHistory | None:
        """Daily closes of the hedge share where its bars exist, else of the underlying. Rule: CS-358."""
        session = self.session
        for symbol in dict.fromkeys((self.underlying.hedge_share, self.underlying.symbol)):
            days = self._bars(symbol, ONE_DAY, session.open - DAYS_BACK, session.open)
            first = self._bars(symbol, 60, session.open, min(now, session.after_open(FIRST_MINUTES)))
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

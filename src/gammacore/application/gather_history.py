"""Gather what the filters may know of the past: bars of two sessions, VIX bars, daily closes. Rules: CS-355..358."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import define, evolve, field

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
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

DAYS_BACK = dt.timedelta(days=45)
"""Calendar days that surely hold the 15 completed closes RSI needs."""

FIRST_MINUTES = 5
"""The open is looked for in the first bars of the session."""


@define(eq=False)
class GatherHistory:
    """Asks the market for bars; what it does not have stays missing, never guessed.

    Daily closes and today's open are asked for until they are there, then once a day.
    """

    market: MarketData
    underlying: Underlying
    session: TradingSession
    previous: TradingSession | None
    _known: DailyHistory | None = field(default=None, init=False)

    def __call__(self, now: dt.datetime, price: Decimal | None) -> MarketHistory:
        """The history at `now`; an index without bars borrows its hedge share's, converted by the present ratio.

        That is `price` over the share's newest close, a minute old where it has 1-minute bars. Rule: CS-356.
        """
        begin = (self.previous or self.session).open
        five = self.bars(self.underlying.symbol, FIVE_MINUTES, begin, now)
        one = self.bars(self.underlying.symbol, ONE_MINUTE, self.session.open, now)
        share_five = () if five else self._of_share(FIVE_MINUTES, begin, now)
        share_one = () if one else self._of_share(ONE_MINUTE, self.session.open, now)
        if price is not None and (share_five or share_one):
            newest = max((*share_five[-1:], *share_one[-1:]), key=lambda bar: bar.end)
            ratio = price / newest.close
            five, one = five or converted(share_five, ratio), one or converted(share_one, ratio)
        vix = self.bars("VIX", FIVE_MINUTES, begin, now)
        return MarketHistory.of(
            now, self.session, self.previous, five_minute=five, one_minute=one, vix_five_minute=vix,
            daily=self._daily(now),
        )  # fmt: skip

    def _of_share(self, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        share = self.underlying.hedge_share
        return () if share == self.underlying.symbol else self.bars(share, seconds, start, end)

    def _daily(self, now: dt.datetime) -> DailyHistory | None:
        """Daily closes of the hedge share where its bars exist, else of the underlying. Rule: CS-358."""
        if self._known is not None:
            return self._known
        session = self.session
        preferred = self.underlying.hedge_share or self.underlying.symbol
        for symbol in dict.fromkeys((preferred, self.underlying.symbol)):
            days = self.bars(symbol, ONE_DAY, session.open - DAYS_BACK, session.open)
            first = self.bars(symbol, ONE_MINUTE, session.open, min(now, session.after_open(FIRST_MINUTES)))
            known = DailyHistory.of(symbol, days, session, self.previous, opening_price(first, session))
            if known is not None:
                self._known = known if symbol == preferred and known.today_open is not None else None
                return known
        return None

    def bars(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """Bars of a symbol; none where the market does not have them or cannot be read."""
        if not symbol or end <= start:
            return ()
        try:
            return self.market.bars(symbol, seconds, start, end)
        except MarketDataError:
            return ()


EARLIER_SESSIONS = 5
"""Sessions before whose first half hours an opening volume is compared with. Rule: SC-309."""
HALF_AN_HOUR = dt.timedelta(minutes=30)


class GatherMinutes:
    """The minutes of today, of the night, of earlier openings, and daily bars: asked for once a minute, or once a day.

    Rules: SC-009, SC-105, SC-304, SC-309.
    """

    def __init__(self, gather: GatherHistory) -> None:
        self._gather = gather
        self._minute: dt.datetime | None = None
        self._known: MarketHistory | None = None
        self._days: tuple[Bar, ...] | None = None
        self._night: tuple[Bar, ...] = ()
        self._openings: tuple[Bar, ...] = ()

    def __call__(self, now: dt.datetime) -> MarketHistory:
        """The history at `now`: every bar of it has ended."""
        minute = now.replace(second=0, microsecond=0)
        if self._known is None or self._minute != minute:
            self._minute, self._known = minute, self._asked(now)
        return evolve(self._known, at=now)

    def _asked(self, now: dt.datetime) -> MarketHistory:
        ask, session, previous = self._gather.bars, self._gather.session, self._gather.previous
        symbol = self._gather.underlying.symbol
        if self._days is None:
            self._days = tuple(
                bar for bar in ask(symbol, ONE_DAY, session.open - DAYS_BACK, session.open)
                if new_york_date(bar.start) < session.date
            )  # fmt: skip
            self._openings = tuple(self._openings_of(self._days))
            if previous is not None:
                reaches = bool(self._days) and new_york_date(self._days[-1].start) == previous.date
                since = previous.close if reaches else previous.open  # without a daily bar its minutes say high and low
                self._night = tuple(ask(symbol, ONE_MINUTE, since, session.open))
        return evolve(
            MarketHistory.of(
                now,
                session,
                previous,
                one_minute=ask(symbol, ONE_MINUTE, session.open, now),
                daily=DailyHistory.of(symbol, self._days, session, previous),
            ),
            days=self._days,
            night=self._night,
            openings=self._openings,
        )

    def _openings_of(self, days: Sequence[Bar]) -> Iterator[Bar]:
        for start, end in openings_of(days):
            yield from self._gather.bars(self._gather.underlying.symbol, ONE_MINUTE, start, end)


def openings_of(days: Sequence[Bar]) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Begin and end of the first half hours of the last few of these daily bars. Rule: SC-309."""
    for day in days[-EARLIER_SESSIONS:]:
        start = TradingSession.of(new_york_date(day.start)).open
        yield start, start + HALF_AN_HOUR

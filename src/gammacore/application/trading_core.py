"""The core of a trading day: what becomes of a quote, of a fill and of time. Every loop calls the same three.

Rules: SC-1001, SC-1002, SC-1004, SC-1008, SC-1009.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gammacore.application.looks import Looks
from gammacore.application.wind_down import WindDown
from gammacore.domain.orders import Purpose
from gammacore.domain.strategy import Decision, Open, Reprice, Trade
from gammacore.ports.broker import News
from gammacore.ports.market_data import StreamedQuote

if TYPE_CHECKING:
    from gammacore.application.trade_day import TradeDay

TOO_SLOW = dt.timedelta(seconds=0.05)
"""A decision that takes so long and comes to nothing is not repeated on every quote. Rule: SC-1010."""
_AT_ONCE = dt.datetime.min.replace(tzinfo=dt.UTC)


class DayCore:
    """Implements ports.driving.TradingCore over a day that has begun.

    Where quotes are streamed, a quote and a fill are decided on at once, by the last whole look with the newest quote
    laid over it: what costs a query (buying power, worth, the broker's clock, the pause) is that of the look. The guard
    asks again before an order. An entry that it refuses is not tried again before the next whole cycle: at the pace of
    quotes its questions would use up the broker's rate limit. So it is with a decision that fails, for three in a row
    close everything, and three quotes are no time at all; and with one that takes long and comes to nothing: the choice
    of a straddle among hundreds, whose quotes are those of the last look anyway.

    Where nothing is streamed, a fill makes the next whole cycle due now: what the market shows has to be asked for.
    """

    def __init__(self, day: TradeDay, *, by_events: bool = False) -> None:
        """`by_events`: quotes are streamed to this core, live or recorded; else the market is asked at every cycle."""
        self._day = day
        self._by_events = by_events
        self._looks = Looks(day)
        self._due = _AT_ONCE
        self._decided_on: StreamedQuote | None = None
        self._may_open = self._may_decide = True
        self._ending = WindDown(day)

    @property
    def due_at(self) -> dt.datetime:
        return self._due

    @property
    def is_over(self) -> bool:
        return self._day.is_finished() or self._day.gives_up()

    def wake(self) -> None:
        """Somebody asks for something: the next cycle is due now."""
        self._due = min(self._due, self._day.clock.now())

    def take(self, quote: StreamedQuote) -> None:
        """A quote of a recorded stream came: the feed gets it. A live stream gives it to the feed itself."""
        if (feed := self._day.feed) is not None:
            feed.feed.take(quote)

    def on_quote(self, quote: StreamedQuote) -> None:
        """Nothing is decided twice on one quote: the last whole cycle may have seen it already."""
        if self._day.clock.now() >= self._due:
            self.on_timer(self._day.clock.now())
        elif self._day.feed is not None and self._decided_on is not self._day.feed.feed.newest:
            self._decide()

    def on_fill(self, news: News) -> None:
        day = self._day
        day.desk.on_news(news)
        if not day.desk.wakes():
            return
        now = day.clock.now()
        if not self._by_events:
            self._due = now
        elif now >= self._due:
            self.on_timer(now)
        else:
            with day.timed():
                day.survival.run("orders", day.desk.advance)
            self._decide()

    def on_timer(self, now: dt.datetime) -> None:
        day = self._day
        if day.feed is not None:
            day.feed.alarm()
        if now < self._due:
            return
        self._may_open = self._may_decide = True
        self._decided_on = None if day.feed is None else day.feed.feed.newest
        day.cycle(self._looks.whole)
        self._due = day.next_look(day.clock.now())
        day.show(self._due)

    def close_entries(self) -> None:
        self._day.survival.is_ending = True

    def wind_down(self, *, flatten: bool) -> bool:
        return self._ending.step(flatten=flatten)

    def reaches_broker(self) -> bool:
        return self._ending.reaches_broker()

    def held(self) -> Mapping[str, int]:
        return self._ending.held()

    def alarm_end(self, detail: str) -> None:
        self._ending.alarm(detail)

    def _decide(self) -> None:
        day, book = self._day, self._day.ledger.book
        if not self._may_decide:
            return
        if day.feed is None or (market := day.feed.feed.laid_over(now := day.clock.now())) is None:
            return
        self._decided_on = day.feed.feed.newest
        known = len(book.orders)
        decided = day.decide_between(lambda: self._looks.quick(market), self._lets_pass)
        is_idle = not decided.steps and day.clock.now() - now > TOO_SLOW
        self._may_decide = day.survival.first_fault is None and not is_idle
        if decided.steps:
            if any(map(_opens, decided.steps)) and len(book.orders) == known:
                self._may_open = False
            self._due = min([self._due, *day.deadlines(now)])
        day.show(self._due, is_cycle=False)

    def _lets_pass(self, decision: Decision) -> bool:
        return self._may_open or not _opens(decision)


def _opens(decision: Decision) -> bool:
    match decision:
        case Open() | Reprice():
            return True
        case Trade(purpose=purpose):
            return purpose is Purpose.ENTRY
        case _:
            return False

"""Tradier's clock, and its calendar of a month."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.adapters.tradier.faults import UnreadableAnswer
from gammacore.adapters.tradier.wire import inside, many, read
from gammacore.domain.sessions import BrokerClock, TradingSession
from gammacore.errors import InvalidInput


@frozen
class Hours:
    """From and to, New York wall-clock times such as 09:30."""

    start: str
    end: str


@frozen
class CalendarDay:
    """One New York date: `status` is open or closed; `open` its regular hours."""

    date: dt.date
    status: str
    open: Hours | None = None

    def session(self) -> TradingSession | None:
        """The session of the day, None when the exchange is closed.

        Raises:
            UnreadableAnswer: open without hours, or hours that are none.
        """
        if self.status == "closed":
            return None
        if self.status != "open" or self.open is None:
            raise UnreadableAnswer(f"the calendar's {self.date} is {self.status or 'nothing'}, without hours")
        try:
            return TradingSession.of(
                self.date, dt.time.fromisoformat(self.open.start), dt.time.fromisoformat(self.open.end)
            )
        except (ValueError, InvalidInput) as wrong:
            raise UnreadableAnswer(f"the calendar's {self.date} has hours that are none: {wrong}") from None


@frozen
class _ExchangeClock:
    timestamp: dt.datetime
    state: str


def read_calendar(answer: object) -> dict[dt.date, TradingSession | None]:
    """The dates of a month with their sessions; None = closed. A date that is not there is not known.

    Raises:
        UnreadableAnswer: a day that cannot be read; never to be taken as "closed".
    """
    days = (read(CalendarDay, day) for day in many(answer, "calendar", "days", "day"))
    return {day.date: day.session() for day in days}


def read_clock(answer: object) -> BrokerClock:
    """Tradier's time, and whether the regular session is on: premarket and postmarket are not. Rule: CS-303.

    >>> read_clock({"clock": {"timestamp": 1557171657, "state": "postmarket"}}).is_open
    False
    """
    clock = read(_ExchangeClock, inside(answer, "clock"))
    return BrokerClock(clock.timestamp, is_open=clock.state == "open")

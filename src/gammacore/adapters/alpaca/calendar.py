"""Alpaca's own calendar of market days, behind the calendar port."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import define, field

from gammacore.adapters.alpaca.bodies import Row, date, rows_of, text, unreadable
from gammacore.adapters.alpaca.client import AlpacaClients
from gammacore.adapters.alpaca.questions import Patience, Questions
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData
from gammacore.ports.clock import Clock

A_WEEK = dt.timedelta(days=7)
"""A year has a session in its first and its last seven days: an answer without one shows a part of it."""


@define(eq=False)
class AlpacaCalendar:
    """Implements ports.calendar with one question a year. Half days end at 13:00, as expiring contracts do."""

    clients: AlpacaClients
    clock: Clock
    patience: Patience = Patience()
    _years: dict[int, Mapping[dt.date, TradingSession]] = field(factory=dict, init=False)

    def session(self, date: dt.date) -> TradingSession | None:
        year = self._year(date.year)
        first, last = min(year), max(year)
        begins_late, ends_early = (first - A_WEEK).year == first.year, (last + A_WEEK).year == last.year
        if (date < first and begins_late) or (date > last and ends_early):
            raise MissingData(f"Alpaca's calendar shows {date.year} only from {first} to {last}")
        return year.get(date)

    def next_session(self, date: dt.date) -> TradingSession:
        for year in (date.year, date.year + 1):
            later = [day for day in self._year(year) if day > date]
            if later:
                return self._year(year)[min(later)]
        raise MissingData(f"Alpaca's calendar shows no session after {date}")

    def _year(self, year: int) -> Mapping[dt.date, TradingSession]:
        """The sessions of a year.

        Raises:
            MissingData: nobody answered, or with no session in the whole year: it is not covered.
        """
        if year not in self._years:
            questions = Questions(self.clock, self.patience)
            sessions = questions.look(f"calendar of {year}", lambda: self._ask(year))
            if not sessions:
                raise MissingData(f"Alpaca's calendar does not cover {year}")
            self._years[year] = sessions
        return self._years[year]

    def _ask(self, year: int) -> Mapping[dt.date, TradingSession]:
        from alpaca.trading.requests import GetCalendarRequest

        asked = GetCalendarRequest(start=dt.date(year, 1, 1), end=dt.date(year, 12, 31))
        return read_calendar(self.clients.trading.get_calendar(asked))


def read_calendar(body: object) -> Mapping[dt.date, TradingSession]:
    """The sessions of an answer.

    Raises:
        WireTrouble: a day that cannot be read, or that ends before it begins.

    >>> day = {"date": "2025-12-24", "open": "09:30", "close": "13:00"}
    >>> read_calendar([day])[dt.date(2025, 12, 24)].early_close
    True
    """
    sessions = (_session(row) for row in rows_of(body, "the calendar"))
    return {session.date: session for session in sessions}


def _session(row: Row) -> TradingSession:
    try:
        return TradingSession.of(date(row, "date"), _time(row, "open"), _time(row, "close"))
    except (InvalidInput, OverflowError):
        raise unreadable("a day without hours") from None


def _time(row: Row, name: str) -> dt.time:
    try:
        at = dt.time.fromisoformat(text(row, name))
    except ValueError:
        raise unreadable(f"{name} is no time of day") from None
    if at.tzinfo is not None:
        raise unreadable(f"{name} is no time of day")
    return at

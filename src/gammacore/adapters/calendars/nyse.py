"""The New York Stock Exchange calendar: sessions, half days and holidays, from `exchange_calendars`."""

from __future__ import annotations

import datetime as dt
import warnings
from bisect import bisect_right
from functools import cache
from typing import Any

from attrs import frozen

from gammacore.domain.dated_table import Horizon
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData


@frozen
class NyseCalendar:
    """Which New York dates trade, and when the expiring contract stops: 16:00, on half days 13:00.

    Years outside [first_year, last_year] are missing, not closed: a calendar that does not know must not say "holiday".
    The library (with pandas, a good half second) is loaded at the first question. Rules: CS-007, CS-008, R7.

    >>> NyseCalendar(2025, 2025).session(dt.date(2025, 12, 24)).close.isoformat()
    '2025-12-24T18:00:00+00:00'
    >>> NyseCalendar(2025, 2025).session(dt.date(2025, 12, 25)) is None
    True
    """

    first_year: int = parameter(2006, "First year the calendar answers for.", at_least=1990)
    last_year: int = parameter(2035, "Last year the calendar answers for.", at_most=2060)

    def __attrs_post_init__(self) -> None:
        if self.last_year < self.first_year:
            raise InvalidInput("last_year", self.last_year, f"give {self.first_year} or later")

    @property
    def horizon(self) -> Horizon:
        """The years it answers for; beyond the three that NYSE publishes, holidays and half days are by its rules."""
        return Horizon(
            "sessions, holidays and half days of the exchange",
            dt.date(self.first_year, 1, 1),
            dt.date(self.last_year, 12, 31),
            "exchange_calendars, XNYS",
            before="the date is refused",
            after="the date is refused",
            fix="update gammacore: its calendar then ends later",
        )

    def session(self, date: dt.date) -> TradingSession | None:
        self._require_covered(date)
        return self._sessions.get(date)

    def next_session(self, date: dt.date) -> TradingSession:
        self._require_covered(date)
        following = bisect_right(self._dates, date)
        if following == len(self._dates):
            raise MissingData(f"the session after {date} lies beyond {self.last_year}, where the calendar ends")
        return self._sessions[self._dates[following]]

    def _require_covered(self, date: dt.date) -> None:
        if not self.first_year <= date.year <= self.last_year:
            raise MissingData(f"{date}: the calendar covers {self.first_year} to {self.last_year}; sessions, holidays "
                              "and half days outside are not known, give a date inside")  # fmt: skip

    @property
    def _dates(self) -> list[dt.date]:
        return _every_session(self.first_year, self.last_year)[0]

    @property
    def _sessions(self) -> dict[dt.date, TradingSession]:
        return _every_session(self.first_year, self.last_year)[1]


@cache
def _every_session(first_year: int, last_year: int) -> tuple[list[dt.date], dict[dt.date, TradingSession]]:
    """The dates that trade, in order, and the session of each; made once in a process, whoever asks."""
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # how it uses pandas is not our caller's to mend
        exchange = exchange_calendars.get_calendar("XNYS", start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    bells = zip(exchange.sessions, exchange.opens, exchange.closes, strict=True)
    sessions = {day.date(): TradingSession(day.date(), _utc(opening), _utc(closing)) for day, opening, closing in bells}
    return list(sessions), sessions


def _utc(bell: Any) -> dt.datetime:
    """A plain datetime of a pandas time stamp."""
    instant: dt.datetime = bell.to_pydatetime()
    return instant.astimezone(dt.UTC)

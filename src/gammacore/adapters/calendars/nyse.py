"""The New York Stock Exchange calendar: sessions, half days and holidays, from `exchange_calendars`."""

from __future__ import annotations

import datetime as dt
from functools import cache

from attrs import frozen

from gammacore.adapters.calendars.exchange_days import ExchangeDays, exchange_days
from gammacore.domain.dated_table import Horizon
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput, MissingData

ONE_DAY = dt.timedelta(days=1)


@frozen
class NyseCalendar:
    """Which New York dates trade, and when the expiring contract stops: 16:00, on half days 13:00.

    Years outside [first_year, last_year] are missing, not closed: a calendar that does not know must not say "holiday".
    What the library computed is kept on disk, so that a command need not load it. Rules: CS-007, CS-008, R7.

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
        return _session(self.first_year, self.last_year, date)

    def sessions(self, first: dt.date, last: dt.date) -> tuple[TradingSession, ...]:
        """Every session from `first` to `last`, both included; none where `first` is later.

        >>> [str(one.date) for one in NyseCalendar(2026, 2026).sessions(dt.date(2026, 7, 2), dt.date(2026, 7, 6))]
        ['2026-07-02', '2026-07-06']
        """
        dates = (first + ONE_DAY * days for days in range((last - first).days + 1))
        return tuple(session for date in dates if (session := self.session(date)) is not None)

    def next_session(self, date: dt.date) -> TradingSession:
        self._require_covered(date)
        following = date + ONE_DAY
        while following.year <= self.last_year:
            if (session := self.session(following)) is not None:
                return session
            following += ONE_DAY
        raise MissingData(f"the session after {date} lies beyond {self.last_year}, where the calendar ends")

    def _require_covered(self, date: dt.date) -> None:
        if not self.first_year <= date.year <= self.last_year:
            raise MissingData(f"{date}: the calendar covers {self.first_year} to {self.last_year}; sessions, holidays "
                              "and half days outside are not known, give a date inside")  # fmt: skip


@cache
def _days(first_year: int, last_year: int) -> ExchangeDays:
    """Read or computed once in a process, whichever part asks."""
    return exchange_days(first_year, last_year)


@cache
def _session(first_year: int, last_year: int, date: dt.date) -> TradingSession | None:
    hours = _days(first_year, last_year).hours(date)
    return None if hours is None else TradingSession.of(date, *hours)

"""A calendar of plain weekdays, with the holidays and half days it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from gammacore.domain.sessions import TradingSession

SATURDAY = 5


class FakeCalendar:
    """Monday to Friday, 9:30 to 16:00 New York; `half_days` end at 13:00, `holidays` do not trade.

    >>> calendar = FakeCalendar(half_days=[dt.date(2025, 12, 24)], holidays=[dt.date(2025, 12, 25)])
    >>> calendar.next_session(dt.date(2025, 12, 24)).date
    datetime.date(2025, 12, 26)
    """

    def __init__(self, half_days: Iterable[dt.date] = (), holidays: Iterable[dt.date] = ()) -> None:
        self._half_days = frozenset(half_days)
        self._holidays = frozenset(holidays)

    def session(self, date: dt.date) -> TradingSession | None:
        """The session of a New York date, None on weekends and holidays."""
        if date.weekday() >= SATURDAY or date in self._holidays:
            return None
        return TradingSession.of(date, close=dt.time(13 if date in self._half_days else 16))

    def next_session(self, date: dt.date) -> TradingSession:
        """The first session strictly after a date."""
        following = date + dt.timedelta(days=1)
        while (session := self.session(following)) is None:
            following += dt.timedelta(days=1)
        return session

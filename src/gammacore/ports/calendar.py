"""The trading calendar port."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from gammacore.domain.sessions import TradingSession


class Calendar(Protocol):
    """Knows which dates trade and when expiring contracts stop."""

    def session(self, date: dt.date) -> TradingSession | None:
        """The session of a New York date; None when the exchange is closed that day.

        Raises:
            MissingData: the date is outside what the calendar covers. Never to be read as "closed".
        """
        ...

    def next_session(self, date: dt.date) -> TradingSession:
        """The first session strictly after a date. Raises MissingData as above."""
        ...

"""The trading session of a date: when it opens, when the expiring contract stops, how long that is away.

The calendar itself is a port; this module only knows what a session means. Times are UTC inside and New York
only at the edges. Rules: CS-007, CS-008.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from attrs import frozen

from gammacore.errors import InvalidInput

NEW_YORK = ZoneInfo("America/New_York")
REGULAR_LENGTH = dt.timedelta(hours=6, minutes=30)


def new_york(date: dt.date, time: dt.time) -> dt.datetime:
    """The UTC instant of a New York wall-clock time.

    >>> new_york(dt.date(2026, 8, 19), dt.time(16)).isoformat()
    '2026-08-19T20:00:00+00:00'
    """
    return dt.datetime.combine(date, time, NEW_YORK).astimezone(dt.UTC)


def new_york_date(instant: dt.datetime) -> dt.date:
    """The New York date of an instant: what a trading day means here. Rule: CS-622."""
    return instant.astimezone(NEW_YORK).date()


def new_york_time(instant: dt.datetime) -> str:
    """The wall clock of the exchange, as everything that people read tells time.

    >>> new_york_time(dt.datetime(2026, 8, 19, 13, 45, tzinfo=dt.UTC))
    '09:45:00 New York'
    """
    return f"{instant.astimezone(NEW_YORK):%H:%M:%S} New York"


def require_aware(field: str, instant: dt.datetime) -> dt.datetime:
    """Refuse a datetime without an offset: no naive time enters the domain. Rule: R7."""
    if instant.tzinfo is None:
        raise InvalidInput(field, instant, "give a time with its UTC offset")
    return instant.astimezone(dt.UTC)


@frozen
class BrokerClock:
    """What the broker's own clock says: its time, and whether its market is open. Rules: CS-303, R7.

    >>> broker = BrokerClock(dt.datetime(2026, 8, 19, 14, 0, 3, tzinfo=dt.UTC), is_open=True)
    >>> broker.skew_seconds(dt.datetime(2026, 8, 19, 14, 0, tzinfo=dt.UTC))
    3.0
    """

    at: dt.datetime
    is_open: bool

    def skew_seconds(self, now: dt.datetime) -> float:
        """How far the two clocks are apart, seconds."""
        return abs((self.at - now).total_seconds())


@frozen
class TradingSession:
    """One trading day from the opening bell to the last instant an expiring contract trades.

    `close` is 16:00 New York, 13:00 on a half day; 16:15 and 13:15 belong to non-expiring index options and are
    never used. Rules: CS-007, CS-008.

    >>> day = TradingSession.of(dt.date(2025, 12, 24), close=dt.time(13))
    >>> day.early_close, day.minutes_to_close(new_york(day.date, dt.time(12, 30)))
    (True, 30.0)
    """

    date: dt.date
    open: dt.datetime
    close: dt.datetime

    def __attrs_post_init__(self) -> None:
        require_aware("open", self.open)
        require_aware("close", self.close)
        if self.close <= self.open:
            raise InvalidInput("close", self.close, f"give an instant after the open {self.open}")

    @classmethod
    def of(cls, date: dt.date, open: dt.time = dt.time(9, 30), close: dt.time = dt.time(16)) -> TradingSession:  # noqa: A002
        """A session from New York wall-clock times."""
        return cls(date, new_york(date, open), new_york(date, close))

    @property
    def early_close(self) -> bool:
        return self.close - self.open < REGULAR_LENGTH

    def after_open(self, minutes: float) -> dt.datetime:
        return self.open + dt.timedelta(minutes=minutes)

    def before_close(self, minutes: float) -> dt.datetime:
        return self.close - dt.timedelta(minutes=minutes)

    def minutes_since_open(self, now: dt.datetime) -> float:
        return (now - self.open).total_seconds() / 60

    def minutes_to_close(self, now: dt.datetime) -> float:
        return (self.close - now).total_seconds() / 60

    def hours_to_close(self, now: dt.datetime) -> float:
        return (self.close - now).total_seconds() / 3600

    def is_trading(self, now: dt.datetime) -> bool:
        """Expiring contracts trade in [open, close)."""
        return self.open <= now < self.close

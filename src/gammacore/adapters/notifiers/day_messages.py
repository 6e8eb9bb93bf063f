"""The messages a day itself has: a heartbeat now and then, and once the day in figures. CS-501, OP-406."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.ledger import DayStarted, Mode
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.notice import Notice, heartbeat
from gammacore.domain.reports.notices import day_summary

SUMMARY_AFTER_CLOSE = dt.timedelta(minutes=5)


class DayMessages:
    """Follows the book; `first_summary_of` says, once a date, that it was not summed up yet."""

    def __init__(
        self,
        heartbeat_minutes: int,
        first_summary_of: Callable[[dt.date], bool],
        newest_day: Callable[[], DayReport | None] | None,
    ) -> None:
        self._minutes = heartbeat_minutes
        self._first_summary_of = first_summary_of
        self._newest_day = newest_day
        self.day: DayStarted | None = None
        self.mode: Mode | None = None
        self._last_beat: dt.datetime | None = None
        self.balance, self.open = Decimal(0), 0

    def take_up(self, book: Book) -> None:
        """Know the day, the mode and the balance: after a restart, before the first event, and with every event."""
        self.day = book.day or self.day
        self.mode = None if book.opened is None else book.opened.mode
        held = sum(not holding.is_flat for holding in without_plan(book.live_holdings))
        self.balance, self.open = book.balance, len(book.live_spreads) + held

    def due(self, now: dt.datetime) -> Iterator[Notice]:
        """A heartbeat, and some minutes after the close the summary."""
        if self.day is None:
            return
        if self.is_in_session(now) and self._is_time_for_a_beat(now):
            self._last_beat = now
            yield heartbeat(now, self.balance, self.open)
        if now >= self.day.session_close + SUMMARY_AFTER_CLOSE:
            yield from self._summary()

    def at_the_end(self, now: dt.datetime) -> Iterator[Notice]:
        """The loop is over: the summary of a day whose session is."""
        if self.day is not None and now >= self.day.session_close:
            yield from self._summary()

    def is_in_session(self, now: dt.datetime) -> bool:
        return self.day is not None and self.day.session_open <= now <= self.day.session_close

    def _is_time_for_a_beat(self, now: dt.datetime) -> bool:
        last = self._last_beat
        return self._minutes > 0 and (last is None or now - last >= dt.timedelta(minutes=self._minutes))

    def _summary(self) -> Iterator[Notice]:
        """Once a date. Rule: CS-501."""
        day = self.day
        if day is None or self._newest_day is None:
            return
        if self._first_summary_of(day.date) and (report := self._newest_day()) is not None:
            yield day_summary(report)

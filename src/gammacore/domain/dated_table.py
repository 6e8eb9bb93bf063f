"""From which date to which a table of dates is known, who says so, what holds outside. Rules: CS-304, CS-352, CS-367.

Every table with dates in it (announcement days, events, the exchange's calendar, a broker's rules) has a `Horizon`. A
date outside it is never calm: the table's own rule decides what follows, and a person is warned ahead of its end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

from attrs import frozen

from gammacore.errors import InvalidInput

WARNED_AHEAD = dt.timedelta(days=60)
"""So long before the last date a table knows it is warned of."""
DATES_NOT_KNOWN = "dates_not_known"
"""The alarm on a day that a table does not cover, or whose end is near."""


class Coverage(StrEnum):
    """Where a date lies against what a table knows."""

    BEFORE = "before"
    KNOWN = "known"
    AFTER = "after"


@frozen
class Horizon:
    """What a table of dates knows: New York dates, both inclusive, and the source of them.

    `before` and `after` say what holds outside, `fix` what a person does about the end.

    >>> days = Horizon("FOMC days", dt.date(2025, 1, 29), dt.date(2028, 1, 26), "the Board", "entries pass",
    ...     "entries are skipped", "add them to entries.fomc.dates")
    >>> days.coverage(dt.date(2015, 12, 24)).value, days.warning(dt.date(2027, 11, 26))
    ('before', None)
    >>> days.warning(dt.date(2027, 11, 27))
    'FOMC days are known only to 2028-01-26 (the Board), 60 days from 2027-11-27; then entries are skipped'
    """

    table: str
    first: dt.date
    last: dt.date
    source: str
    before: str
    after: str
    fix: str

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidInput("last", self.last, f"give {self.first} or later")

    @classmethod
    def of_dates(
        cls, table: str, dates: Iterable[dt.date], complete_to: dt.date | None, source: str, outside: str
    ) -> Horizon:
        """What a list in the configuration knows: from its first date to `complete_to`, by default its last date.

        Raises:
            InvalidInput: `complete_to` lies before the last date, or there are no dates.
        """
        listed = sorted(dates)
        if not listed:
            raise InvalidInput("complete_to", complete_to, "give the events it is about, or none")
        if complete_to is not None and complete_to < listed[-1]:
            raise InvalidInput("complete_to", complete_to, "give the date of your last event or later, or none")
        fix = f"add the events that follow to {source}"
        return cls(table, listed[0], complete_to or listed[-1], source, outside, outside, fix)

    def coverage(self, date: dt.date) -> Coverage:
        if date < self.first:
            return Coverage.BEFORE
        return Coverage.KNOWN if date <= self.last else Coverage.AFTER

    def warning(self, date: dt.date) -> str | None:
        """What a person must know on a date: it is not covered, or the end is near; None while neither is so."""
        if date < self.first:
            return f"{self.table} are not known before {self.first} ({self.source}): on {date} {self.before}"
        if date > self.last:
            return f"{self.table} are not known after {self.last} ({self.source}): on {date} {self.after}"
        if (left := self.last - date) > WARNED_AHEAD:
            return None
        near = f"{left.days} day{'' if left.days == 1 else 's'} from {date}"
        return f"{self.table} are known only to {self.last} ({self.source}), {near}; then {self.after}"

    def __str__(self) -> str:
        return f"{self.table} {self.first} to {self.last}"

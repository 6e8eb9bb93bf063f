"""Which days of a ledger are meant: one, a range, the newest few, or all of them. Rule: OP-107."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attrs import frozen

from gammacore.domain.reports.day_report import DayReport, no_such_day
from gammacore.errors import InvalidInput


@frozen
class DayRange:
    """One New York date, or the first and the last of a range (both included), or how many of the newest.

    >>> str(DayRange(first=dt.date(2026, 3, 2), last=dt.date(2026, 3, 6)))
    '2026-03-02 to 2026-03-06'
    """

    day: dt.date | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    newest: int | None = None

    def __attrs_post_init__(self) -> None:
        ways = (self.day is not None, self.first is not None or self.last is not None, self.newest is not None)
        if sum(ways) > 1:
            raise InvalidInput("--day, --from with --to, --last", "several of them", "give one of the three")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise InvalidInput("--from", self.first, f"give a date up to --to {self.last}")
        if self.newest is not None and self.newest < 1:
            raise InvalidInput("--last", self.newest, "give 1 day or more")

    def __str__(self) -> str:
        if self.day is not None:
            return str(self.day)
        if self.newest is not None:
            return f"the newest {self.newest}"
        if self.first is None and self.last is None:
            return "every day"
        return f"{self.first or 'the first day'} to {self.last or 'the newest'}"

    @property
    def is_given(self) -> bool:
        """Whether anything was asked for; otherwise each command has a default of its own."""
        return any(one is not None for one in (self.day, self.first, self.last, self.newest))

    @property
    def is_one_day(self) -> bool:
        return self.day is not None

    def dates(self, known: Sequence[dt.date]) -> tuple[dt.date, ...]:
        """Those of the dates that are meant, in their order.

        >>> DayRange(newest=1).dates([dt.date(2026, 3, 2), dt.date(2026, 3, 3)])
        (datetime.date(2026, 3, 3),)
        """
        if self.day is not None:
            return tuple(date for date in known if date == self.day)
        first, last = self.first or dt.date.min, self.last or dt.date.max
        return tuple(date for date in known if first <= date <= last)[-(self.newest or 0) :]

    def of(self, reports: Sequence[DayReport]) -> tuple[DayReport, ...]:
        """Those of the reports, oldest first.

        Raises:
            MissingData: none of them; the days there are, are named.
        """
        dates = self.dates([report.date for report in reports])
        if not dates:
            raise no_such_day(reports, self)
        return tuple(report for report in reports if report.date in dates)


EVERY_DAY = DayRange()

"""FOMC announcement days: no premium is sold into them. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

# Federal Reserve Board, "Meeting calendars and information": the second day of each meeting.
FOMC_ANNOUNCEMENTS: tuple[dt.date, ...] = tuple(
    dt.date(year, int(day[:2]), int(day[3:]))
    for year, days in (
        (2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10"),
        (2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09"),
    )
    for day in days.split()
)


@frozen
class FomcGate:
    """No entry on an FOMC announcement day; a year without dates is unknown and passes with a warning.

    >>> FomcGate().judge(dt.date(2026, 7, 29)).reason, FomcGate().judge(dt.date(2015, 12, 24)).reason
    ('fomc_day', 'fomc_dates_missing')
    """

    on: bool = parameter(True, "Skip FOMC announcement days.")
    dates: tuple[dt.date, ...] = parameter(FOMC_ANNOUNCEMENTS, "FOMC announcement days; add the years you trade.")

    def judge(self, date: dt.date) -> Verdict:
        if not self.on:
            return Verdict.ok("off")
        if date in self.dates:
            return Verdict.skip("fomc_day", date)
        if not any(known.year == date.year for known in self.dates):
            return Verdict.unknown("fomc_dates_missing", date.year, blocks=False)
        return Verdict.ok(date)

"""FOMC announcement days: no premium is sold into them. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from functools import lru_cache
from typing import assert_never

from attrs import frozen

from gammacore.domain.dated_table import Coverage, Horizon
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

SOURCE = "Federal Reserve Board, meeting calendars; 2028-01-26 tentative, announced 2025-09-05"
FOMC_ANNOUNCEMENTS: tuple[dt.date, ...] = tuple(
    dt.date(year, int(day[:2]), int(day[3:]))
    for year, days in (
        (2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10"),
        (2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09"),
        (2027, "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08"),
        (2028, "01-26"),
    )
    for day in days.split()
)
"""The second day of each meeting."""

FIRST_YEAR, LAST_YEAR = 1994, 2100
"""The Committee announces on the day of the meeting since 1994; what is outside is a slip of the hand."""
LONGEST_PAUSE = dt.timedelta(weeks=9)
"""Meetings are at most eight weeks apart: where the next one known is further off than this, one is missing between."""


@frozen
class FomcGate:
    """No entry on an FOMC announcement day; after the last one known nothing is sold, before the first it passes.

    A day is known when the next announcement known is at most nine weeks away: dates of 2034 alone say nothing of 2030.

    >>> FomcGate().judge(dt.date(2027, 1, 27)).reason, FomcGate().judge(dt.date(2034, 1, 3)).reason
    ('fomc_day', 'fomc_day_unknown')
    >>> FomcGate().judge(dt.date(2015, 12, 24)).passed, FomcGate().judge(dt.date(2034, 1, 3)).passed
    (True, False)
    """

    on: bool = parameter(True, "Skip FOMC announcement days.")
    dates: tuple[dt.date, ...] = parameter((), "Further FOMC announcement days, beside the shipped 2025 to 2028-01-26.")

    def __attrs_post_init__(self) -> None:
        for date in self.dates:
            if not FIRST_YEAR <= date.year <= LAST_YEAR:
                raise InvalidInput("dates", date, f"give announcement days of {FIRST_YEAR} to {LAST_YEAR}")

    @property
    def known(self) -> tuple[dt.date, ...]:
        """Every announcement day known, shipped and configured, each once, in order."""
        return _in_order(tuple(self.dates))

    def horizon(self, date: dt.date) -> Horizon:
        """What is known on a date: to the last announcement before the first gap that follows it."""
        known = self.known
        following = bisect_left(known, date)
        reached, last = max(date, known[0]), known[max(following - 1, 0)]
        for announcement in known[following:]:
            if announcement - reached > LONGEST_PAUSE:
                break
            reached = last = announcement
        return Horizon(
            "FOMC announcement days",
            known[0],
            last,
            f"{SOURCE}; entries.fomc.dates" if self.dates else SOURCE,
            before="fomc_day passes without being judged",
            after="every entry is skipped (fomc_day_unknown)",
            fix="add the announcement days that follow to entries.fomc.dates",
        )

    def judge(self, date: dt.date) -> Verdict:
        if not self.on:
            return Verdict.ok("off")
        if date in self.known:
            return Verdict.skip("fomc_day", date)
        horizon = self.horizon(date)
        match horizon.coverage(date):
            case Coverage.BEFORE:
                return Verdict.unknown("fomc_day_unknown", date, f"no dates known before {horizon.first}", blocks=False)
            case Coverage.AFTER:
                return Verdict.unknown("fomc_day_unknown", date, f"no dates known after {horizon.last}")
            case Coverage.KNOWN:
                return Verdict.ok(date)
            case never:
                assert_never(never)


@lru_cache(maxsize=16)
def _in_order(added: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
    return tuple(sorted({*FOMC_ANNOUNCEMENTS, *added}))

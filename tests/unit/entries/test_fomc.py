"""No premium is sold on FOMC announcement days. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.domain.entries.fomc import FOMC_ANNOUNCEMENTS, FomcGate
from gammacore.domain.verdicts import Outcome


def test_the_dates_are_those_of_the_rule() -> None:
    """CS-352, ruling T: 2025 and 2026, eight each."""
    assert [f"{date:%m-%d}" for date in FOMC_ANNOUNCEMENTS if date.year == 2025] == [
        "01-29", "03-19", "05-07", "06-18", "07-30", "09-17", "10-29", "12-10",
    ]  # fmt: skip
    assert [f"{date:%m-%d}" for date in FOMC_ANNOUNCEMENTS if date.year == 2026] == [
        "01-28", "03-18", "04-29", "06-17", "07-29", "09-16", "10-28", "12-09",
    ]  # fmt: skip


@pytest.mark.parametrize("date", FOMC_ANNOUNCEMENTS)
def test_every_announcement_day_is_skipped_and_its_neighbours_are_not(date: dt.date) -> None:
    day = dt.timedelta(days=1)

    assert FomcGate().judge(date).reason == "fomc_day"
    assert FomcGate().judge(date - day).outcome is FomcGate().judge(date + day).outcome is Outcome.PASS


def test_a_year_without_dates_is_unknown_and_passes() -> None:
    """CS-304: missing is open, and counted in the report."""
    verdict = FomcGate().judge(dt.date(2031, 1, 29))

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "fomc_dates_missing", True)


def test_dates_of_other_years_can_be_added_and_the_gate_switched_off() -> None:
    added = FomcGate(dates=(dt.date(2031, 1, 29),))

    assert added.judge(dt.date(2031, 1, 29)).reason == "fomc_day"
    assert added.judge(dt.date(2031, 1, 30)).reason is None
    assert FomcGate(on=False).judge(FOMC_ANNOUNCEMENTS[0]).passed

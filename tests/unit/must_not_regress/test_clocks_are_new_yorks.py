"""Every hour a person reads is New York's, winter and summer; nothing in UTC goes by its name."""

from __future__ import annotations

import datetime as dt
import logging

import pytest

from builders import at
from builders_day import a_day, day_started, judged, ledger_opened
from gammacore.adapters.html_report import render_day
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.domain.book.book import Book
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.reports.figures import clock_text
from gammacore.domain.reports.notices import notices
from gammacore.domain.sessions import TradingSession
from gammacore.domain.verdicts import Verdict
from gammacore_cli.json_values import clock

SKIP = judged("10:30", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0"))
"""The entry of 10:30 New York, 15:30 UTC, was skipped."""


def test_log_lines_and_messages_tell_new_york_hours() -> None:
    """Must not regress 1 (CS-007): the old desk's Entry_Time_ET was really UTC."""
    book = Book.of([ledger_opened(), day_started()])
    lines = [line.text for line in LogNotifier(logging.getLogger("test")).lines(judged("10:30"), book)]
    (notice,) = notices(SKIP, book)

    assert [line for line in lines if line.startswith("Entry at 10:30:")] == lines
    assert notice.headline == "No entry at 10:30"


def test_the_page_tells_new_york_hours() -> None:
    """Must not regress 1 (CS-007): the put spread was filled at 10:00:30, the condor half a minute past 11:00."""
    page = render_day(day_report(a_day()))

    assert [time for time in ("10:00:30", "11:00:30", "15:00:30", "16:00:30") if time in page] == [
        "10:00:30",
        "11:00:30",
    ]


@pytest.mark.parametrize(
    ("date", "offset"), [(dt.date(2026, 1, 5), "-05:00"), (dt.date(2026, 8, 19), "-04:00")], ids=["winter", "summer"]
)
def test_the_command_line_tells_new_york_hours(date: dt.date, offset: str) -> None:
    """Must not regress 1 (CS-007): people get the wall clock, programs the offset with it."""
    assert clock_text(at("10:30", date)) == "10:30"
    assert clock(at("10:30", date)) == f"{date}T10:30:00{offset}"


def test_a_verdict_tells_new_york_hours() -> None:
    """Must not regress 1 (CS-007): the window of a skip is the window a trader reads on his wall."""
    verdict = Schedule().judge_window(TradingSession.of(dt.date(2026, 8, 19)), at("12:00", dt.date(2026, 8, 19)))

    assert str(verdict) == "skip entry_window: 12:00:00 [10:00:00, 12:00:00)"

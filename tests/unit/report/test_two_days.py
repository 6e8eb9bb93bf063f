"""What is held over night is reported on two days: the page of the second names the day of what happened before."""

from __future__ import annotations

import re

from rich.console import Console

from builders_day import day_started
from builders_hedge_day import NEXT_DAY, a_delivery, a_hedge_day_open
from gammacore.adapters.html_report import render_day
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore_cli.day_view import day_panel


def screen(report: DayReport) -> str:
    console = Console(width=100)
    with console.capture() as page:
        console.print(day_panel(report))
    return page.get()


def page(report: DayReport) -> str:
    return re.sub(r"<[^>]+>", " ", render_day(report))


def held_over_night() -> DayReport:
    """Monday's straddle and hedges are still there on Tuesday."""
    return day_report([*a_hedge_day_open(), day_started(NEXT_DAY, "SPY")])


def test_the_second_day_names_the_day_of_what_happened_on_the_first() -> None:
    report = day_report(a_delivery(sold=True))

    assert "Mon 2026-01-05 16:00  +100 SPY delivered" in screen(report)
    assert re.search(r"Mon 2026-01-05 16:00\s+\+100 SPY delivered", page(report))
    assert "Tue 2026-01-06" not in screen(report)  # today needs no name


def test_hedges_of_the_day_before_are_named_too_and_are_on_no_picture_of_today() -> None:
    report = held_over_night()

    assert re.search(r"hedges of Mon 2026-01-05 .*10:00 buy 46", screen(report), re.DOTALL)
    assert re.search(r"Every hedge Mon 2026-01-05.*10:00\s+buy 46", page(report), re.DOTALL)
    assert "before and after each" not in page(report)


def test_on_its_own_day_no_time_has_a_day() -> None:
    report = day_report(a_hedge_day_open())

    assert "Mon 2026-01-05" not in screen(report).replace("Monday 2026-01-05", "")
    assert "before and after each" in page(report)

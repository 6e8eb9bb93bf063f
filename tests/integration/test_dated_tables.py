"""What `trade`, `report` and `doctor` do where a table with dates in it ends. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.diagnose import Check
from gammacore.configuration import configure
from gammacore.domain.sessions import new_york
from gammacore.wiring.checks.doctor import diagnose

FOUR_SLOTS = 4


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


def test_nothing_is_sold_on_an_fomc_day_of_2027(gammacore: CommandLine) -> None:
    day = gammacore.document("trade", "--date", "2027-01-27")

    assert day["skipped"] == {"fomc_day": FOUR_SLOTS}
    assert day["alarms"] == []


def test_nothing_is_sold_where_the_announcement_days_are_not_known(gammacore: CommandLine) -> None:
    day = gammacore.document("trade", "--date", "2034-01-03")
    report = gammacore.document("report")

    assert day["skipped"] == {"fomc_day_unknown": FOUR_SLOTS}
    assert all("no dates known after 2028-01-26" in entry["sentence"] for entry in day["decisions"])
    assert [alarm["code"] for alarm in day["alarms"]] == ["dates_not_known"]
    assert report["warnings"] == [alarm["detail"] for alarm in day["alarms"]]
    assert "every entry is skipped" in report["warnings"][0]


@pytest.mark.parametrize(
    ("date", "words"),
    [("2015-03-03", "not known before 2025-01-29"), ("2027-12-01", "known only to 2028-01-26"), ("2026-03-03", "")],
)
def test_the_past_and_the_last_60_days_pass_with_a_warning(gammacore: CommandLine, date: str, words: str) -> None:
    day = gammacore.document("trade", "--date", date)

    assert not {"fomc_day", "fomc_day_unknown"} & day["skipped"].keys()
    assert [words in alarm["detail"] for alarm in day["alarms"]] == ([True] if words else [])


def test_the_warning_stands_in_the_report_people_read(gammacore: CommandLine) -> None:
    gammacore("trade", "--date", "2027-12-01", "--quiet")
    page = Path("day.html")
    answer = gammacore("report", "--html", str(page), "--quiet")

    assert "dates_not_known" in answer.out
    assert "known only to 2028-01-26" in page.read_text(encoding="utf-8")


def test_a_date_beyond_the_calendar_is_refused_in_one_sentence(gammacore: CommandLine) -> None:
    refused = gammacore.refusal("trade", "--date", "2036-01-02")

    assert "2036-01-02: the calendar covers 2006 to 2035" in refused.err


def calendar_check(now: dt.datetime, **given: object) -> Check:
    configuration = configure([{key.replace("__", "."): value for key, value in given.items()}])
    found = diagnose(configuration, Variables({}, "test"), clock=FakeClock(now), calendar=NyseCalendar())
    return next(check for check in found.checks if check.name == "calendar")


@pytest.mark.parametrize(
    ("day", "ok", "words"),
    [
        (dt.date(2027, 11, 26), True, "FOMC announcement days known to 2028-01-26"),
        (dt.date(2027, 11, 29), True, "warning: FOMC announcement days are known only to 2028-01-26"),
        (dt.date(2028, 1, 27), False, "FOMC announcement days are not known after 2028-01-26"),
    ],
)
def test_doctor_warns_60_days_ahead_and_fails_once_nothing_would_be_sold(day: dt.date, ok: bool, words: str) -> None:
    check = calendar_check(new_york(day, dt.time(9)))

    assert check.ok is ok
    assert words in check.detail
    assert ("warning" in check.detail, "entries.fomc.dates" in check.fix) == (day > dt.date(2027, 11, 26),) * 2


@pytest.mark.parametrize(
    ("broker", "day", "words"),
    [
        ("tradier", dt.date(2027, 8, 23), "pattern-day-trader rules of tradier are known only to 2027-10-19"),
        ("alpaca", dt.date(2028, 1, 3), "rules of alpaca are not known after 2027-12-31"),
    ],
)
def test_doctor_warns_of_the_end_of_a_brokers_rules(broker: str, day: dt.date, words: str) -> None:
    assert words in calendar_check(new_york(day, dt.time(9)), account__broker=broker).detail


def test_doctor_warns_of_the_end_of_the_calendar(gammacore: CommandLine) -> None:
    added = [dt.date(2035, 11, 7) + dt.timedelta(weeks=6), dt.date(2035, 11, 7), dt.date(2036, 1, 30)]
    check = calendar_check(new_york(dt.date(2035, 11, 5), dt.time(9)), entries__fomc__dates=added)

    assert check.ok
    assert "half days of the exchange are known only to 2035-12-31" in check.detail

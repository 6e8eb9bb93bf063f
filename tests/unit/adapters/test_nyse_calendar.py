"""The calendar table. R7, CS-007, CS-008."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput, MissingData

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def calendar() -> NyseCalendar:
    return NyseCalendar()


@pytest.mark.parametrize(
    "date",
    ["2015-12-24", "2020-11-27", "2020-12-24", "2021-11-26", "2022-11-25", "2023-07-03", "2023-11-24", "2024-07-03",
     "2024-11-29", "2024-12-24", "2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24"],
)  # fmt: skip
def test_a_half_day_closes_at_1300(calendar: NyseCalendar, date: str) -> None:
    session = calendar.session(dt.date.fromisoformat(date))

    assert session is not None
    assert session.close.astimezone(NEW_YORK).time() == dt.time(13)
    assert session.early_close


@pytest.mark.parametrize(
    "date",
    ["2020-12-25", "2021-01-01", "2021-12-24", "2022-06-20", "2022-12-26", "2023-04-07", "2024-03-29", "2024-06-19",
     "2025-01-01", "2025-01-09", "2025-01-20", "2025-07-04", "2025-11-27", "2026-04-03", "2026-06-19", "2026-07-03",
     "2026-12-25", "2028-12-25", "2030-07-04", "2026-08-15", "2026-08-16"],
)  # fmt: skip
def test_holidays_closures_and_weekends_have_no_session(calendar: NyseCalendar, date: str) -> None:
    assert calendar.session(dt.date.fromisoformat(date)) is None


@pytest.mark.parametrize(
    ("date", "opening", "close"),
    [
        ("2026-03-06", "14:30", "21:00"),  # the Friday before clocks go forward
        ("2026-03-09", "13:30", "20:00"),
        ("2026-10-30", "13:30", "20:00"),
        ("2026-11-02", "14:30", "21:00"),  # the Monday after they go back
        ("2024-02-29", "14:30", "21:00"),  # leap day
        ("2028-02-29", "14:30", "21:00"),
    ],
)
def test_utc_instants_around_clock_changes_and_leap_days(
    calendar: NyseCalendar, date: str, opening: str, close: str
) -> None:
    session = calendar.session(dt.date.fromisoformat(date))

    assert session is not None
    assert (f"{session.open:%H:%M}", f"{session.close:%H:%M}") == (opening, close)
    assert session.open.tzinfo is dt.UTC


def test_every_session_of_2020_to_2030_opens_at_0930_and_closes_at_1600_or_1300_new_york(
    calendar: NyseCalendar,
) -> None:
    date, counts = dt.date(2020, 1, 1), dict.fromkeys(range(2020, 2031), 0)
    while date.year <= 2030:
        if (session := calendar.session(date)) is not None:
            counts[date.year] += 1
            assert session.date == date
            assert session.open.astimezone(NEW_YORK).replace(tzinfo=None) == dt.datetime.combine(date, dt.time(9, 30))
            assert session.close.astimezone(NEW_YORK).time() in {dt.time(16), dt.time(13)}
            assert session.close.astimezone(NEW_YORK).date() == date
        date += DAY

    assert counts[2024] == 252
    assert counts[2025] == 250  # a day of mourning on January 9
    assert all(249 <= sessions <= 253 for sessions in counts.values())


@pytest.mark.parametrize(
    ("date", "following"),
    [
        ("2026-08-19", "2026-08-20"),
        ("2026-08-21", "2026-08-24"),
        ("2025-12-24", "2025-12-26"),
        ("2025-12-31", "2026-01-02"),
    ],
)
def test_the_next_session_skips_weekends_and_holidays(calendar: NyseCalendar, date: str, following: str) -> None:
    assert calendar.next_session(dt.date.fromisoformat(date)).date == dt.date.fromisoformat(following)


@pytest.mark.parametrize("date", [dt.date(2005, 12, 30), dt.date(2036, 1, 2), dt.date(1, 1, 1)])
def test_a_date_outside_the_calendar_is_missing_and_never_closed(calendar: NyseCalendar, date: dt.date) -> None:
    with pytest.raises(MissingData, match="the calendar covers 2006 to 2035"):
        calendar.session(date)
    with pytest.raises(MissingData):
        calendar.next_session(date)


def test_the_session_after_the_last_one_is_missing(calendar: NyseCalendar) -> None:
    with pytest.raises(MissingData, match="beyond 2035"):
        calendar.next_session(dt.date(2035, 12, 31))


def test_years_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidInput, match="last_year"):
        NyseCalendar(2026, 2025)


def test_the_library_is_asked_once_in_a_process() -> None:
    """Every wired day has a calendar of its own; thirty years of sessions take as long as a day's trading."""
    date = dt.date(2026, 8, 19)
    assert NyseCalendar(2025, 2026).session(date) is NyseCalendar(2025, 2026).session(date)

"""One reader of dates: a day is read as it is meant or not at all; one that could be two is none until settled."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.written_dates import days_of, find_days, read_day, read_instant, within_listing

DAY = dt.date(2026, 7, 20)


@pytest.mark.parametrize(
    "text",
    ["2026-07-20", "20260720", "260720", "7/20/2026", "20/7/2026", "20.07.2026", "2026/07/20", "7/20/26", "20-Jul-2026",
     "20JUL2026", "20JUL26", "20 Jul 2026", "July 20, 2026", "Jul. 20 2026", "Mon Jul 20 2026", "Monday, 20 July 2026",
     "2026-07-20T16:00:00", "2026-07-20 00:00:00-04:00", "7/20/2026 4:00 PM", "20260720 093337", " 2026-7-20 "],
)  # fmt: skip
def test_every_spelling_of_a_day_is_that_day(text: str) -> None:
    assert read_day(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2024119", "26720", "46223", "2607", "202607201", "991332", "2026-13-01", "2026-02-30", "31/31/2026",
     "Tue Jul 20 2026", "2026-W30-1", "20/07/026", "\u0662\u0660\u0662\u0666-07-20", "7-20/2026", "1" * 5000],
)  # fmt: skip
def test_text_that_is_no_date_is_read_as_no_day(text: str) -> None:
    assert days_of(text) == ()


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("03/04/2026", dt.date(2026, 4, 3), dt.date(2026, 3, 4)),
        ("3-4-26", dt.date(2026, 4, 3), dt.date(2026, 3, 4)),
        ("03.04.2026 10:00", dt.date(2026, 4, 3), dt.date(2026, 3, 4)),
    ],
)
def test_day_and_month_that_could_be_either_are_none_until_settled(
    text: str, day_first: dt.date, month_first: dt.date
) -> None:
    assert read_day(text) is None
    assert {day_first, month_first} <= set(days_of(text))
    assert read_day(text, day_first=True) == day_first
    assert read_day(text, day_first=False) == month_first


def test_settling_the_order_changes_no_day_that_is_clear() -> None:
    for order in (True, False):
        assert read_day("7/20/2026", order) == read_day("2026-07-20", order) == read_day("260720", order) == DAY


SPELLINGS = (
    "%Y-%m-%d", "%Y%m%d", "%y%m%d", "%d-%b-%Y", "%d%b%Y", "%B %d, %Y", "%a %b %d %Y", "%m/%d/%Y", "%d/%m/%Y",
    "%m/%d/%y", "%d.%m.%Y",
)  # fmt: skip


@given(st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)), st.sampled_from(SPELLINGS))
def test_a_day_in_any_spelling_is_read_back_or_left_open_never_another(day: dt.date, spelling: str) -> None:
    days = days_of(day.strftime(spelling))
    assert day in days
    assert len(days) == 1 or "/" in spelling or "." in spelling


@given(st.integers(0, 10**10))
def test_digits_alone_are_a_day_of_six_or_eight_and_nothing_else(number: int) -> None:
    day = read_day(str(number))
    assert day is None or str(number) in (f"{day:%Y%m%d}", f"{day:%y%m%d}")


@given(st.text(max_size=24))
def test_no_text_breaks_the_readers(text: str) -> None:
    for day_first in (None, True, False):
        read_day(text, day_first)
        read_instant(text, NEW_YORK, day_first)
    find_days(text)


@pytest.mark.parametrize(
    "text",
    ["2026-07-20 09:33:37 EDT", "2026-07-20 09:33:37 EST", "2026-07-20 08:33:37 CT", "2026-07-20 13:33:37 UTC",
     "7/20/2026 13:33:37Z", "2026-07-20 15:33:37 GMT+2", "Jul 20, 2026, 9:33:37 AM ET", "2026-07-20 09:33:37-0400",
     "20-Jul-2026 9:33:37 am"],
)  # fmt: skip
def test_a_time_with_a_zone_is_that_instant_wherever_the_file_is_of(text: str) -> None:
    zone = NEW_YORK if "am" in text else ZoneInfo("Asia/Tokyo")
    assert read_instant(text, zone) == dt.datetime(2026, 7, 20, 13, 33, 37, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("expiry", "listed"),
    [("2026-07-20", True), ("2026-07-19", False), ("2036-07-20", True), ("2036-07-21", False), ("2608-01-09", False)],
)
def test_an_expiry_is_of_the_quote_s_day_or_at_most_ten_years_later(expiry: str, listed: bool) -> None:
    assert within_listing(dt.date.fromisoformat(expiry), DAY) is listed

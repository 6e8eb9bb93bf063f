"""Spellings of days, instants and rights that vendors use. R7: no naive time comes out."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.adapters.recorded.text_table import read_price, read_right
from gammacore.domain.written_dates import read_clock, read_day, read_instant
from gammacore.domain.written_figures import Unread

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "text",
    ["2026-07-20", "20260720", "07/20/2026", "7/20/2026", "7/20/26", "2026/07/20", "2026-07-20 16:00:00",
     "2026-07-20T00:00:00", "20-Jul-2026", "20JUL2026", " 2026-07-20 "],
)  # fmt: skip
def test_every_spelling_of_a_day_is_that_day(text: str) -> None:
    assert read_day(text) == dt.date(2026, 7, 20)


@pytest.mark.parametrize("text", ["", "nan", "20/13/2026", "2026-02-30", "soon", "202607"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text) is None


@pytest.mark.parametrize(
    "text",
    ["2026-07-20T09:33:37", "2026-07-20 09:33:37", "2026-07-20T13:33:37Z", "2026-07-20T13:33:37+00:00",
     "2026-07-20 15:33:37+02:00", "2026-07-20T09:33:37.000", "7/20/2026 9:33:37 AM", "07/20/2026 09:33:37",
     "1784554417", "1784554417.0", "1784554417000", "1784554417000000", "1784554417000000000", "20260720093337",
     "20260720 09:33:37", "20260720T093337"],
)  # fmt: skip
def test_every_spelling_of_an_instant_is_that_instant(text: str) -> None:
    instant = read_instant(text, NEW_YORK)

    assert instant == dt.datetime(2026, 7, 20, 13, 33, 37, tzinfo=dt.UTC)
    assert instant is not None
    assert instant.tzinfo is dt.UTC


@pytest.mark.parametrize("text", ["", "2026-07-20", "20260720", "09:33", "yesterday 9:33", "2026-07-20 25:00", "12"])
def test_a_day_alone_a_time_alone_and_rubbish_are_no_instant(text: str) -> None:
    assert read_instant(text, NEW_YORK) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [("2026-03-06 10:00", 15), ("2026-03-09 10:00", 14), ("2026-10-30 10:00", 14), ("2026-11-02 10:00", 15)],
)
def test_naive_times_are_new_york_on_both_sides_of_the_clock_change(text: str, utc: int) -> None:
    instant = read_instant(text, NEW_YORK)
    assert instant is not None
    assert instant.hour == utc


@pytest.mark.parametrize(
    ("text", "clock"),
    [("09:33", dt.time(9, 33)), ("9:33:37", dt.time(9, 33, 37)), ("1:05 PM", dt.time(13, 5)), ("0933", dt.time(9, 33)),
     ("93337", dt.time(9, 33, 37)), ("34200000", dt.time(9, 30)), ("86400000", None), ("2460", None), ("2400", None),
     ("1260", None), ("120060", None), ("", None)],
)  # fmt: skip
def test_times_of_day(text: str, clock: dt.time | None) -> None:
    assert read_clock(text) == clock


@pytest.mark.parametrize(
    ("text", "is_call"),
    [("C", True), ("call", True), ("CALL", True), ("p", False), ("Put", False), ("X", None), ("", None)],
)
def test_rights(text: str, is_call: bool | None) -> None:
    assert read_right(text) is is_call


@pytest.mark.parametrize("text", ["", "nan", "inf", "-1", "0", "abc"])
def test_what_is_no_price_is_none(text: str) -> None:
    assert isinstance(read_price(text), Unread)


@given(st.text(max_size=24))
def test_no_text_whatever_breaks_a_reader(text: str) -> None:
    read_day(text), read_clock(text), read_instant(text, NEW_YORK), read_right(text), read_price(text)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_an_iso_instant_is_read_back_exactly(instant: dt.datetime) -> None:
    assert read_instant(instant.isoformat(), NEW_YORK) == instant

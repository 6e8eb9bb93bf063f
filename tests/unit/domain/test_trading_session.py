"""Sessions in New York time, UTC inside: daylight saving, half days, the last trading instant. CS-007, CS-008."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_session, at
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york, new_york_date, require_aware
from gammacore.errors import InvalidInput


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2026-03-06", "14:30", "21:00"),  # the Friday before clocks go forward
        ("2026-03-09", "13:30", "20:00"),  # the Monday after
        ("2026-10-30", "13:30", "20:00"),
        ("2026-11-02", "14:30", "21:00"),
        ("2024-02-29", "14:30", "21:00"),
    ],
)
def test_a_session_is_930_to_1600_new_york_whatever_the_clocks_do(date: str, opens: str, closes: str) -> None:
    """R7: DST days and the leap day."""
    session = a_session(date=dt.date.fromisoformat(date))

    assert (f"{session.open:%H:%M}", f"{session.close:%H:%M}") == (opens, closes)
    assert session.open.utcoffset() == dt.timedelta(0)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)), st.sampled_from(["16:00", "13:00"]))
def test_a_session_is_as_long_as_its_wall_clock_says(date: dt.date, close: str) -> None:
    """R7, 2020 to 2030: no session is an hour off."""
    session = a_session(close, date)

    assert session.minutes_to_close(session.open) == (390 if close == "16:00" else 210)
    assert session.early_close is (close == "13:00")
    assert new_york_date(session.open) == new_york_date(session.close) == date
    assert session.open.astimezone(NEW_YORK).time() == dt.time(9, 30)


def test_a_half_day_ends_at_1300_not_1315() -> None:
    """CS-008: cut-offs count back from the expiring contract's last instant."""
    session = a_session("13:00")

    assert session.before_close(5) == at("12:55")
    assert session.hours_to_close(at("12:30")) == 0.5


def test_a_full_session_is_no_early_close() -> None:
    assert not a_session().early_close


@pytest.mark.parametrize(
    ("time", "trades"),
    [("09:29:59", False), ("09:30", True), ("15:59:59", True), ("16:00", False), ("16:15", False)],
)
def test_expiring_contracts_trade_from_the_bell_until_before_the_close(time: str, trades: bool) -> None:
    assert a_session().is_trading(at(time)) is trades


def test_instants_are_counted_from_both_ends() -> None:
    session = a_session()

    assert session.after_open(30) == at("10:00")
    assert session.minutes_since_open(at("10:00")) == 30
    assert session.minutes_since_open(at("09:00")) == -30


def test_a_day_is_the_new_york_date() -> None:
    """CS-622: 01:30 UTC of the 6th is still the evening of the 5th."""
    assert new_york_date(dt.datetime(2026, 1, 6, 1, 30, tzinfo=dt.UTC)) == dt.date(2026, 1, 5)


def test_a_session_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="close"):
        TradingSession.of(dt.date(2026, 1, 5), close=dt.time(9, 30))


@pytest.mark.parametrize("field", ["open", "close"])
def test_no_naive_time_enters(field: str) -> None:
    """R7: whichever end it is."""
    date = dt.date(2026, 1, 5)
    ends = {"open": new_york(date, dt.time(9, 30)), "close": new_york(date, dt.time(16))}
    ends[field] = ends[field].replace(tzinfo=None)

    with pytest.raises(InvalidInput, match=field):
        TradingSession(date, **ends)


def test_an_aware_time_is_turned_into_utc() -> None:
    moment = dt.datetime(2026, 1, 5, 10, tzinfo=NEW_YORK)

    assert require_aware("at", moment).isoformat() == "2026-01-05T15:00:00+00:00"

"""When the desk looks for entries: slots, lateness, window, cut-off, half days. Rules: CS-305..308, CS-351."""

from __future__ import annotations

import datetime as dt

import pytest

from builders import a_session, at
from gammacore.domain.entries.schedule import EarlyClosePolicy, Schedule
from gammacore.domain.sessions import NEW_YORK, TradingSession
from gammacore.errors import InvalidInput

SCHEDULE = Schedule()
RELATIVE = Schedule(early_close=EarlyClosePolicy.RELATIVE)
HALF_DAY = a_session("13:00")


def clock(instants: tuple[dt.datetime, ...]) -> list[str]:
    return [f"{instant.astimezone(NEW_YORK):%H:%M}" for instant in instants]


@pytest.mark.parametrize("date", ["2026-01-05", "2026-03-09", "2026-07-15", "2026-11-02"])
def test_entries_are_at_four_new_york_times_summer_and_winter(date: str) -> None:
    """CS-306, ruling B."""
    assert clock(SCHEDULE.slots(a_session(date=dt.date.fromisoformat(date)))) == ["10:00", "10:30", "11:00", "11:30"]


def test_slots_come_in_order_however_they_were_written() -> None:
    assert clock(Schedule(times=(dt.time(11), dt.time(9, 36))).slots(a_session())) == ["09:36", "11:00"]


def test_a_time_written_twice_is_refused() -> None:
    """CS-306: each time once."""
    with pytest.raises(InvalidInput, match=r"times: 10:00, 11:00, 10:00 is not valid; give each time once"):
        Schedule(times=(dt.time(10), dt.time(11), dt.time(10)))


def test_a_late_open_moves_every_slot_with_it() -> None:
    """CS-007, CS-351: entry times count from the session's open."""
    session = TradingSession.of(dt.date(2026, 1, 5), open=dt.time(11), close=dt.time(16))

    assert clock(SCHEDULE.slots(session)) == ["11:30", "12:00", "12:30", "13:00"]


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0, None), (1, None), (600, None), (601, "schedule_missed"), (7200, "schedule_missed")]
)
def test_a_slot_may_be_ten_minutes_late(seconds: int, reason: str | None) -> None:
    """CS-306: at most 600 s, inclusive."""
    assert SCHEDULE.judge_slot(at("10:00"), at("10:00") + dt.timedelta(seconds=seconds)).reason == reason


@pytest.mark.parametrize(
    ("time", "reason"),
    [("09:59:59", "entry_window"), ("10:00:00", None), ("11:59:59", None), ("12:00:00", "entry_window"),
     ("15:00", "entry_window"), ("09:00", "entry_window")],
)  # fmt: skip
def test_the_window_is_half_open(time: str, reason: str | None) -> None:
    """CS-307: [open + 30 min, open + 150 min)."""
    assert SCHEDULE.judge_window(a_session(), at(time)).reason == reason


@pytest.mark.parametrize(
    ("time", "reason"), [("12:59:59", None), ("13:00:00", "entry_cutoff"), ("15:30", "entry_cutoff")]
)
def test_the_cutoff_holds_whatever_the_window(time: str, reason: str | None) -> None:
    """CS-308; must not regress 20: no tiny credits late in the day."""
    wide_open = Schedule(window_from_minutes=0, window_to_minutes=390)

    assert wide_open.judge_window(a_session(), at(time)).passed
    assert wide_open.judge_cutoff(a_session(), at(time)).reason == reason


@pytest.mark.parametrize(("time", "reason"), [("12:00:00", None), ("12:00:01", "entry_cutoff")])
def test_an_hour_must_remain_to_the_close(time: str, reason: str | None) -> None:
    """CS-308: >= 60 min, inclusive; on a half day that is what binds."""
    assert RELATIVE.judge_cutoff(HALF_DAY, at(time)).reason == reason


def test_a_half_day_is_skipped_unless_it_is_asked_for() -> None:
    """CS-305."""
    assert SCHEDULE.judge_early_close(HALF_DAY).reason == "early_close"
    assert RELATIVE.judge_early_close(HALF_DAY).passed
    assert SCHEDULE.judge_early_close(a_session()).passed


def test_on_a_half_day_entries_keep_their_distance_from_the_open() -> None:
    """CS-351: half days open as always, so the times are the same; only the end is nearer."""
    assert RELATIVE.slots(HALF_DAY) == SCHEDULE.slots(a_session())
    assert all(RELATIVE.judge_cutoff(HALF_DAY, slot).passed for slot in RELATIVE.slots(HALF_DAY))


def test_a_verdict_names_the_time_and_the_window() -> None:
    assert str(SCHEDULE.judge_window(a_session(), at("12:00"))) == (
        "skip entry_window: 12:00:00 [10:00:00, 12:00:00)"
    )  # fmt: skip

"""When a supervisor does what. Rules: OP-204, OP-205."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.domain.service.day_plan import DayPlan, Duty, ServiceTimes
from gammacore.domain.sessions import TradingSession

WEDNESDAY = TradingSession.of(dt.date(2026, 11, 25))


def utc(hour: int, minute: int, date: dt.date = WEDNESDAY.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(hour, minute), dt.UTC)


def test_a_whole_day() -> None:
    """Check 7 of the operator's desk."""
    plan = DayPlan(WEDNESDAY.date, WEDNESDAY)

    assert plan.at(Duty.START) == utc(14, 20)
    assert plan.at(Duty.CLOSE) == utc(21, 0)
    assert plan.at(Duty.DAY_END) == utc(21, 45)
    assert (plan.at(Duty.WAKE), plan.at(Duty.CHECK)) == (utc(13, 0), utc(13, 30))
    assert plan.at(Duty.PING) is None


def test_a_day_without_a_session_is_one_ping() -> None:
    plan = DayPlan(dt.date(2026, 11, 26), None)
    assert [step.duty for step in plan.steps()] == [Duty.PING]


def test_summer_time_moves_the_plan_in_utc() -> None:
    july = TradingSession.of(dt.date(2026, 7, 20))
    assert DayPlan(july.date, july).at(Duty.START) == utc(13, 20, july.date)


@pytest.mark.parametrize(
    ("now", "duty"), [((12, 0), Duty.WAKE), ((13, 0), Duty.CHECK), ((14, 19), Duty.START), ((15, 0), Duty.CLOSE)]
)
def test_the_next_step_is_the_first_after_now(now: tuple[int, int], duty: Duty) -> None:
    step = DayPlan(WEDNESDAY.date, WEDNESDAY).next_step(utc(*now))
    assert step is not None
    assert step.duty is duty


def test_nothing_follows_the_end_of_the_day() -> None:
    assert DayPlan(WEDNESDAY.date, WEDNESDAY).next_step(utc(21, 45)) is None


def test_the_minutes_are_settings() -> None:
    plan = DayPlan(WEDNESDAY.date, WEDNESDAY, ServiceTimes(start=1))
    assert plan.at(Duty.START) == utc(14, 29)

"""What a supervisor makes of each exit code of its loop. Rules: OP-201, OP-207."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.domain.service.endings import Level, Then, after_ending

NOW = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("code", "then", "pause", "level"),
    [
        (0, Then.DAY_END, 0, Level.NOTICE),
        (1, Then.START_AGAIN, 10, Level.WARNING),
        (2, Then.WAIT_FOR_SETTINGS, 0, Level.CRITICAL),
        (3, Then.DAY_END, 0, Level.WARNING),
        (130, Then.START_AGAIN, 60, Level.WARNING),
        (137, Then.START_AGAIN, 10, Level.WARNING),
        (-9, Then.START_AGAIN, 10, Level.WARNING),
        (-11, Then.START_AGAIN, 10, Level.WARNING),
    ],
)
def test_each_exit_code(code: int, then: Then, pause: int, level: Level) -> None:
    ending = after_ending(code, NOW)
    assert (ending.then, ending.pause, ending.level) == (then, pause, level)


def test_a_killed_loop_that_holds_something_is_critical() -> None:
    assert after_ending(-9, NOW, holds=True).level is Level.CRITICAL


def test_the_third_fault_in_ten_minutes_is_critical_and_one_further_back_is_not_counted() -> None:
    ago = [NOW - dt.timedelta(minutes=minutes) for minutes in (10, 5)]
    assert after_ending(1, NOW, ago).level is Level.CRITICAL
    assert after_ending(1, NOW, [ago[0] - dt.timedelta(seconds=1), ago[1]]).level is Level.WARNING


def test_an_end_that_was_asked_for_is_the_end() -> None:
    assert after_ending(130, NOW, was_asked=True).then is Then.END
    assert after_ending(-15, NOW, was_asked=True).then is Then.END

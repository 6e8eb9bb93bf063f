"""The wall clock: aware, never back, and a wait that a signal can end. R7."""

from __future__ import annotations

import datetime as dt

import pytest
from freezegun import freeze_time

from gammacore.adapters.system_clock import SystemClock
from gammacore.errors import InvalidInput

NOON = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)


def test_now_is_aware_and_utc() -> None:
    with freeze_time(NOON):
        now = SystemClock().now()

    assert now == NOON
    assert now.utcoffset() == dt.timedelta(0)


def test_now_stands_still_when_the_wall_clock_is_set_back() -> None:
    with freeze_time(NOON) as wall:
        clock = SystemClock()
        clock.now()
        wall.move_to(NOON - dt.timedelta(hours=1))
        assert clock.now() == NOON
        wall.move_to(NOON + dt.timedelta(seconds=1))
        assert clock.now() == NOON + dt.timedelta(seconds=1)


def test_waiting_sleeps_in_slices_and_returns_at_the_instant_or_later() -> None:
    with freeze_time(NOON) as wall:
        slices: list[float] = []

        def sleep(seconds: float) -> None:
            slices.append(seconds)
            wall.tick(seconds)

        clock = SystemClock(slice_seconds=0.5, sleep=sleep)
        clock.wait_until(NOON + dt.timedelta(seconds=1.2))

        assert clock.now() >= NOON + dt.timedelta(seconds=1.2)
    assert slices == pytest.approx([0.5, 0.5, 0.2])


def test_an_instant_that_is_past_is_not_waited_for() -> None:
    with freeze_time(NOON):
        clock = SystemClock(sleep=lambda seconds: pytest.fail(f"slept {seconds} s"))
        clock.wait_until(NOON)
        clock.wait_until(NOON - dt.timedelta(seconds=1))


def test_a_suspended_machine_is_noticed_within_a_slice() -> None:
    with freeze_time(NOON) as wall:
        naps: list[float] = []

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            wall.tick(3600)

        SystemClock(sleep=sleep).wait_until(NOON + dt.timedelta(minutes=30))

    assert len(naps) == 1


def test_a_signal_that_raises_ends_the_wait() -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with freeze_time(NOON), pytest.raises(KeyboardInterrupt):
        SystemClock(sleep=interrupted).wait_until(NOON + dt.timedelta(hours=1))


def test_a_time_without_offset_is_not_waited_for() -> None:
    with pytest.raises(InvalidInput):
        SystemClock().wait_until(NOON.replace(tzinfo=None))

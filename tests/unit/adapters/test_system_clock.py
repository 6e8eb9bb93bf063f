"""The time of a machine: aware, never back, paced by the monotonic clock, and a wait that a signal can end. R7."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import define, field
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from gammacore.adapters.system_clock import SystemClock, steady_seconds
from gammacore.errors import InvalidInput
from gammacore.ports.clock import ClockJump, DoubtfulClock

NOON = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


@define
class Machine:
    """A machine whose two clocks are set by a test: the wall clock, and the seconds that went by."""

    wall: FrozenDateTimeFactory
    steady: float = 1000.0
    slices: list[float] = field(factory=list)
    clock: SystemClock = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.clock = SystemClock(sleep=self.sleep, steady=lambda: self.steady)
        self.clock.now()

    def passes(self, seconds: float) -> None:
        """Time goes by on both clocks."""
        self.steady += seconds
        self.wall.tick(seconds)

    def sleep(self, seconds: float) -> None:
        self.slices.append(seconds)
        self.passes(seconds)

    def set_by(self, seconds: float) -> None:
        """Only the wall clock is set."""
        self.wall.tick(dt.timedelta(seconds=seconds))


@pytest.fixture
def machine() -> Iterator[Machine]:
    with a_machine() as made:
        yield made


@contextmanager
def a_machine() -> Iterator[Machine]:
    with freeze_time(NOON) as wall:
        assert isinstance(wall, FrozenDateTimeFactory)
        yield Machine(wall)


def test_now_is_aware_and_utc(machine: Machine) -> None:
    assert machine.clock.now() == NOON
    assert machine.clock.now().utcoffset() == dt.timedelta(0)


def test_it_is_a_clock_that_says_when_it_doubts(machine: Machine) -> None:
    assert isinstance(machine.clock, DoubtfulClock)
    assert machine.clock.doubt() is None


def test_the_monotonic_clock_of_this_system_goes_on() -> None:
    assert steady_seconds() <= steady_seconds()


@pytest.mark.parametrize("seconds", [3600.0, 5.0, -5.0, -3600.0, 86400.0])
def test_a_wall_clock_that_is_set_changes_nothing_and_is_doubted(machine: Machine, seconds: float) -> None:
    """Ahead for four seconds, a loop of before stood still until the hour was over."""
    machine.passes(10)
    machine.set_by(seconds)

    assert machine.clock.now() == after(10)
    assert machine.clock.doubt() == ClockJump(after(10), after(10 + seconds))
    machine.passes(4)
    assert machine.clock.now() == after(14)
    machine.set_by(-seconds)
    machine.passes(1)
    assert machine.clock.now() == after(15)
    assert machine.clock.doubt() == ClockJump(after(10), after(10 + seconds))


@pytest.mark.parametrize("seconds", [1.9, -1.9])
def test_a_wall_clock_that_is_slewed_is_followed(machine: Machine, seconds: float) -> None:
    for _ in range(20):
        machine.passes(60)
        machine.set_by(seconds / 20)
        machine.clock.now()

    assert machine.clock.doubt() is None
    assert machine.clock.now() == after(20 * 60) + dt.timedelta(seconds=seconds)


def test_now_stands_still_while_a_slewed_wall_clock_is_a_little_behind(machine: Machine) -> None:
    machine.set_by(-1)

    assert machine.clock.now() == NOON
    machine.passes(1.5)
    assert machine.clock.now() == after(0.5)


def test_given_the_steady_time_it_goes_on_and_counts_the_wall_clock_from_there(machine: Machine) -> None:
    machine.set_by(3600)
    machine.clock.now()

    assert machine.clock.settle(after(0.4)) == NOON
    machine.passes(60)
    assert (machine.clock.now(), machine.clock.doubt()) == (after(60), None)
    machine.set_by(-3600)  # set right again: another jump, and the same answer
    assert machine.clock.doubt() == ClockJump(after(60), after(60))
    assert machine.clock.settle(after(60)) == after(60)
    machine.passes(60)
    assert (machine.clock.now(), machine.clock.doubt()) == (after(120), None)


def test_given_the_wall_clocks_time_it_takes_that_over(machine: Machine) -> None:
    """A virtual machine was suspended: its monotonic clock knows nothing of it."""
    machine.set_by(7200)
    machine.clock.now()

    assert machine.clock.settle(after(7199)) == after(7200)
    machine.passes(5)
    assert (machine.clock.now(), machine.clock.doubt()) == (after(7205), None)


def test_given_that_it_is_ahead_it_stays_there_for_it_never_goes_back(machine: Machine) -> None:
    machine.set_by(-3600)
    machine.clock.now()

    assert machine.clock.settle(NOON - HOUR) == NOON
    machine.passes(5)
    assert (machine.clock.now(), machine.clock.doubt()) == (after(5), None)


def test_waiting_sleeps_in_slices_and_returns_at_the_instant_or_later(machine: Machine) -> None:
    machine.clock.wait_until(after(1.2))

    assert machine.clock.now() >= after(1.2)
    assert machine.slices == pytest.approx([0.5, 0.5, 0.2])


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_jump_while_it_waits_makes_the_wait_neither_longer_nor_shorter(machine: Machine, seconds: float) -> None:
    def sleep(slept: float) -> None:
        machine.sleep(slept)
        if len(machine.slices) == 2:
            machine.set_by(seconds)

    machine.clock.sleep = sleep
    machine.clock.wait_until(after(3))

    assert machine.slices == pytest.approx([0.5] * 6)


def test_an_instant_that_is_past_is_not_waited_for(machine: Machine) -> None:
    machine.clock.wait_until(NOON)
    machine.clock.wait_until(NOON - dt.timedelta(seconds=1))
    assert machine.slices == []


def test_a_suspended_machine_is_noticed_within_a_slice(machine: Machine) -> None:
    """Both clocks count the sleep."""

    def sleep(slept: float) -> None:
        machine.sleep(3600)

    machine.clock.sleep = sleep
    machine.clock.wait_until(after(1800))

    assert machine.slices == [3600]
    assert machine.clock.doubt() is None


def test_a_signal_that_raises_ends_the_wait() -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with freeze_time(NOON), pytest.raises(KeyboardInterrupt):
        SystemClock(sleep=interrupted).wait_until(NOON + HOUR)


def test_a_time_without_offset_is_not_waited_for() -> None:
    with pytest.raises(InvalidInput):
        SystemClock().wait_until(NOON.replace(tzinfo=None))

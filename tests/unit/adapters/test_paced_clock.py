"""Simulated time at a pace: what a wait takes, what ends it early, and what nobody notices. Rule: OP-601."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from attrs import define, field

from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.paced_clock import CATCHES_UP_SECONDS, SLICE_SECONDS, Pace, PacedClock
from gammacore.errors import ConfigurationError

OPEN = dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC)


@define
class Machine:
    """Real time as a test sets it: only sleeping and `work` let it go by."""

    seconds: float = 1000.0
    slept: list[float] = field(factory=list)
    while_asleep: Callable[[], None] = lambda: None

    def steady(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        self.while_asleep()

    def work(self, seconds: float) -> None:
        self.seconds += seconds


def at(seconds: float) -> dt.datetime:
    return OPEN + dt.timedelta(seconds=seconds)


def paced(
    machine: Machine, speed: float, *, begin: dt.datetime | None = None, woken: Callable[[], bool] = lambda: False
) -> PacedClock:
    return PacedClock(FakeClock(OPEN), Pace(speed, begin, machine.steady, machine.sleep), woken)


def test_a_minute_at_sixty_is_a_second_in_slices() -> None:
    clock = paced(machine := Machine(), 60)

    clock.wait_until(at(60))

    assert clock.now() == at(60)
    assert sum(machine.slept) == pytest.approx(1.0)
    assert max(machine.slept) <= SLICE_SECONDS


def test_it_stands_still_while_a_cycle_works_and_then_catches_up() -> None:
    clock = paced(machine := Machine(), 60)
    clock.wait_until(at(60))
    machine.work(0.4)
    assert clock.now() == at(60)

    clock.wait_until(at(120))

    assert machine.seconds == pytest.approx(1002.0)


def test_a_loop_that_was_stopped_does_not_race_through_its_day() -> None:
    clock = paced(machine := Machine(), 60)
    clock.wait_until(at(60))
    machine.work(CATCHES_UP_SECONDS + 600)
    machine.slept.clear()

    clock.wait_until(at(120))

    assert sum(machine.slept) == pytest.approx(1.0)


def test_somebody_who_asks_ends_the_wait_at_the_time_reached() -> None:
    machine = Machine()
    clock = paced(machine, 60, woken=lambda: machine.seconds >= 1000.6)

    clock.wait_until(at(300))

    assert clock.now() == at(45), "three slices of 0.25 s at 60 seconds a second"
    clock.wait_until(at(300))
    assert at(45) < clock.now() < at(300), "whoever keeps asking does not stop time"


def test_until_its_beginning_it_jumps() -> None:
    clock = paced(machine := Machine(), 1, begin=at(3000))

    clock.wait_until(at(2999))
    assert (clock.now(), machine.slept) == (at(2999), [])
    clock.wait_until(at(3002))

    assert clock.now() == at(3002)
    assert sum(machine.slept) == pytest.approx(2.0)


def test_what_is_past_is_not_waited_for() -> None:
    clock = paced(machine := Machine(), 1)

    clock.wait_until(at(-5))

    assert (clock.now(), machine.slept) == (OPEN, [])


@pytest.mark.parametrize("speed", [0, -1, float("nan"), 2e6])
def test_no_other_pace(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="is no pace"):
        Pace(speed)

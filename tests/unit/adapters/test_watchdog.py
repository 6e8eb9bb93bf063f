"""A cycle that hangs is reported by another thread; the timer is the test's own. Rules: R7, CS-626."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable

import pytest
from attrs import define, field

from builders import at
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.watchdog import CycleWatchdog, Timer, daemon_timer


@define
class Armed:
    """A timer that fires when the test says so."""

    seconds: float
    call: Callable[[], None]
    started: bool = False
    canceled: bool = False

    def start(self) -> None:
        self.started = True

    def cancel(self) -> None:
        self.canceled = True


@define
class Yard:
    """A watchdog of 60 s, its timers, and what it reported."""

    now: float = 0.0
    timers: list[Armed] = field(factory=list)
    heard: list[tuple[str, dt.datetime]] = field(factory=list)
    dog: CycleWatchdog = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.dog = CycleWatchdog(
            60, lambda detail, at: self.heard.append((detail, at)), new_timer=self._timer, steady=lambda: self.now
        )

    def _timer(self, seconds: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Armed(seconds, call))
        return self.timers[-1]


def test_a_cycle_in_time_is_measured_and_its_timer_canceled() -> None:
    yard = Yard()
    yard.dog.begin(at("10:00"))
    yard.now = 2.5

    assert yard.dog.end() == 2.5
    assert [(timer.seconds, timer.started, timer.canceled) for timer in yard.timers] == [(60, True, True)]
    assert yard.heard == []


def test_a_cycle_that_hangs_is_reported_at_once_and_then_ever_more_seldom() -> None:
    yard = Yard()
    yard.dog.begin(at("10:00"))
    for timer in range(3):
        yard.timers[timer].call()

    assert [timer.seconds for timer in yard.timers] == [60, 60, 120, 240]
    assert [moment for _, moment in yard.heard] == [at("10:01"), at("10:02"), at("10:04")]
    assert yard.heard[0][0] == "cycle_slow: a cycle has lasted 60 s and is not over; no exit is decided meanwhile"
    yard.now = 300
    assert yard.dog.end() == 300
    assert yard.timers[-1].canceled


def test_cycles_that_are_all_slow_are_reported_every_five_minutes() -> None:
    yard = Yard()
    for cycle in range(6):
        yard.now = cycle * 70.0
        yard.dog.begin(at("10:00"))
        yard.timers[-1].call()
        yard.dog.end()

    assert len(yard.heard) == 2


@pytest.mark.parametrize("next_begins", [False, True])
def test_a_timer_that_fires_as_its_cycle_ends_reports_nothing(next_begins: bool) -> None:
    yard = Yard()
    yard.dog.begin(at("10:00"))
    yard.dog.end()
    if next_begins:
        yard.dog.begin(at("10:01"))

    yard.timers[0].call()

    assert yard.heard == []


def test_the_real_timer_is_a_daemon_that_ends_with_its_cancel() -> None:
    threads = threading.active_count()
    dog = CycleWatchdog(3600, lambda *_: pytest.fail("nothing hangs"))
    for _ in range(5):
        dog.begin(at("10:00"))
        dog.end()
    timer = daemon_timer(3600, lambda: None)
    assert isinstance(timer, threading.Timer)
    assert timer.daemon

    for thread in threading.enumerate():
        if thread.name == "cycle watchdog":
            thread.join(5)
    assert threading.active_count() == threads


def test_a_real_timer_reaches_the_log_while_the_loop_hangs(caplog: pytest.LogCaptureFixture) -> None:
    """The loop's own thread waits here, as in a request without an end."""
    barked = threading.Event()

    class Watcher:
        def stalled(self, detail: str, at: dt.datetime) -> None:
            barked.set()

    several = CompositeNotifier(logging.getLogger("test"), (), (Watcher(),))  # type: ignore[arg-type]  # only this is called
    dog = CycleWatchdog(0.01, several.stalled)
    dog.begin(at("10:00"))
    assert barked.wait(10)
    dog.end()

    assert any(line.startswith("alarm cycle_slow: a cycle has lasted") for line in caplog.messages)

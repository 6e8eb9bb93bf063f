"""A watchdog in the loop's own process: while a cycle hangs, another thread alerts. Rules: R7, CS-626."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Protocol

from gammacore.adapters.system_clock import steady_seconds

Stalled = Callable[[str, dt.datetime], None]


class Timer(Protocol):
    """Calls once after a while, unless it is canceled before."""

    def start(self) -> None: ...

    def cancel(self) -> None: ...


def daemon_timer(seconds: float, call: Callable[[], None]) -> Timer:
    """A timer on a thread that never keeps the process alive; it ends with the call or the cancel."""
    timer = threading.Timer(seconds, call)
    timer.name, timer.daemon = "cycle watchdog", True
    return timer


class CycleWatchdog:
    """Implements `gammacore.ports.people.CycleTimer`.

    Its thread touches nothing of the loop: it calls `stalled`, which only writes a log line and puts a message into a
    queue, with an instant that was computed beforehand. Alerted after `seconds`, then after twice, four times as long;
    where every cycle is as slow, of the first of them, and again every `again_seconds`.
    """

    def __init__(
        self,
        seconds: float,
        stalled: Stalled,
        *,
        new_timer: Callable[[float, Callable[[], None]], Timer] = daemon_timer,
        steady: Callable[[], float] = steady_seconds,
        again_seconds: float = 300.0,
    ) -> None:
        self._seconds = seconds
        self._stalled = stalled
        self._new_timer = new_timer
        self._steady = steady
        self._lock = threading.Lock()
        self._cycle = 0
        self._timer: Timer | None = None
        self._began = 0.0
        self._again = again_seconds
        self._barked: float | None = None

    def begin(self, at: dt.datetime) -> None:
        """A cycle begins. See `CycleTimer.begin`."""
        with self._lock:
            self._cycle += 1
            self._began = self._steady()
            self._arm(self._cycle, at, self._seconds, self._seconds)

    def end(self) -> float:
        """It is over. See `CycleTimer.end`."""
        with self._lock:
            self._cycle += 1
            timer, self._timer = self._timer, None
            seconds = self._steady() - self._began
        if timer is not None:
            timer.cancel()
        return seconds

    def _arm(self, cycle: int, began: dt.datetime, after: float, elapsed: float) -> None:
        """Bark after so many more seconds, when the cycle has lasted `elapsed`."""
        self._timer = self._new_timer(after, lambda: self._bark(cycle, began, elapsed))
        self._timer.start()

    def _bark(self, cycle: int, began: dt.datetime, elapsed: float) -> None:
        with self._lock:
            if cycle != self._cycle:
                return  # it ended in this very moment
            self._arm(cycle, began, elapsed, 2 * elapsed)
            now, before = self._steady(), self._barked
            if elapsed == self._seconds and before is not None and now - before < self._again:
                return
            self._barked = now
        self._stalled(
            f"cycle_slow: a cycle has lasted {elapsed:.0f} s and is not over; no exit is decided meanwhile",
            began + dt.timedelta(seconds=elapsed),
        )

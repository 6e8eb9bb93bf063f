"""The time of this machine, paced by its monotonic clock."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from attrs import define, field

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import require_aware
from gammacore.ports.clock import ClockJump


def steady_seconds() -> float:
    """Seconds that went by, sleep of the machine included where the system counts it; never set, never back.

    Linux counts sleep in its boot-time clock only, macOS in CLOCK_MONOTONIC; Python's own monotonic clock in neither.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@define
class SystemClock:
    """UTC now, and waiting in slices. Implements `gammacore.ports.clock.DoubtfulClock`.

    The monotonic clock paces: the wall clock is believed as long as it goes with it, so it may be slewed, but not set.
    One that is suddenly elsewhere (a bad time server, a person, a machine that was resumed) changes nothing: time goes
    on by the monotonic clock, and `doubt` says so until `settle` decides which of the two is right. Rule: R7.
    """

    slice_seconds: float = parameter(0.5, "Longest single sleep while waiting, seconds.", above=0, at_most=5)
    sleep: Callable[[float], None] = time.sleep
    steady: Callable[[], float] = steady_seconds
    jump_seconds: float = parameter(2.0, "A wall clock this far from the monotonic one was set, seconds.", above=0)
    _latest: dt.datetime = field(init=False, factory=lambda: dt.datetime.min.replace(tzinfo=dt.UTC))
    _anchor: tuple[dt.datetime, float] | None = field(init=False, default=None)
    """An instant that was right, and the monotonic clock then."""
    _wrong_by: dt.timedelta = field(init=False, default=dt.timedelta(0))
    """How far the wall clock is known to be ahead."""
    _doubt: ClockJump | None = field(init=False, default=None)

    def now(self) -> dt.datetime:
        wall, counted = dt.datetime.now(dt.UTC) - self._wrong_by, self.steady()
        since, at = self._anchor or (wall, counted)
        progressed = since + dt.timedelta(seconds=counted - at)
        if abs((wall - progressed).total_seconds()) <= self.jump_seconds:
            progressed, self._anchor = wall, (wall, counted)
        elif self._doubt is None:
            self._doubt = ClockJump(progressed, wall + self._wrong_by)
        self._latest = max(self._latest, progressed)
        return self._latest

    def wait_until(self, instant: dt.datetime) -> None:
        instant = require_aware("instant", instant)
        while (left := (instant - self.now()).total_seconds()) > 0:
            self.sleep(min(left, self.slice_seconds))

    def doubt(self) -> ClockJump | None:
        """The jump of the wall clock that is not settled yet. See `DoubtfulClock.doubt`."""
        self.now()
        return self._doubt

    def settle(self, reference: dt.datetime) -> dt.datetime:
        """Know the time from elsewhere. See `DoubtfulClock.settle`."""
        now, wall = self.now(), dt.datetime.now(dt.UTC)
        nearer_to_the_wall = abs(reference - wall) < abs(reference - now)
        true = max(now, wall if nearer_to_the_wall else now)  # never back
        apart = wall - true
        self._wrong_by = dt.timedelta(0) if abs(apart.total_seconds()) <= self.jump_seconds else apart
        self._anchor, self._doubt = (true, self.steady()), None
        return self.now()

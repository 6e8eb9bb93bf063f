"""Simulated time that goes by at a pace a person can follow, so that gestures can be practised. Rule: OP-601."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from attrs import field, frozen

from gammacore.adapters.system_clock import steady_seconds
from gammacore.domain.sessions import require_aware
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Clock

SLICE_SECONDS = 0.25
"""The longest single sleep: so long a request may wait before it is seen."""
CATCHES_UP_SECONDS = 2.0
"""A loop behind by more than this goes on from where it is: one that was stopped does not race through its day."""


def _is_a_speed(_instance: object, _field: object, speed: float) -> None:
    if not 0 < speed <= 1_000_000:
        raise ConfigurationError(f"pace: {speed:g} is no pace; give real, or market seconds a second, like 60")


@frozen
class Pace:
    """Market seconds a second; until `begin` at full speed. `steady` and `sleep` stand in for time.

    >>> Pace(60).speed
    60
    """

    speed: float = field(validator=_is_a_speed)
    begin: dt.datetime | None = None
    steady: Callable[[], float] = field(default=steady_seconds, repr=False, eq=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, eq=False)


class PacedClock:
    """A simulated clock whose waiting takes real time; between two waits it stands still.

    Left alone it says exactly what the clock it paces would say. Where `woken` says that somebody asks for something, a
    wait ends early, at the whole second of the market's time that was reached.
    """

    def __init__(self, clock: Clock, pace: Pace, woken: Callable[[], bool] = lambda: False) -> None:
        self._clock = clock
        self._pace = pace
        self._woken = woken
        self._anchor: tuple[float, dt.datetime] | None = None
        """A steady second, and the market's time that belongs to it."""

    def now(self) -> dt.datetime:
        return self._clock.now()

    def wait_until(self, instant: dt.datetime) -> None:
        """Let time go by until `instant`, or until somebody asks for something."""
        begin = self._pace.begin
        if begin is not None and self.now() < begin:
            self._clock.wait_until(min(require_aware("instant", instant), begin))
        if instant <= (now := self.now()):
            return
        since, at = self._anchored(now)
        due = since + (instant - at).total_seconds() / self._pace.speed
        while (left := due - self._pace.steady()) > 0:
            self._pace.sleep(min(left, SLICE_SECONDS))
            if (seconds := self._pace.steady()) < due and self._woken():
                reached = at + dt.timedelta(seconds=(seconds - since) * self._pace.speed)
                self._clock.wait_until(min(reached.replace(microsecond=0), instant))
                return
        self._clock.wait_until(instant)

    def _anchored(self, now: dt.datetime) -> tuple[float, dt.datetime]:
        seconds = self._pace.steady()
        if self._anchor is not None:
            since, at = self._anchor
            behind = seconds - since - (now - at).total_seconds() / self._pace.speed
            if 0 <= behind <= CATCHES_UP_SECONDS:
                return self._anchor
        self._anchor = seconds, now
        return self._anchor

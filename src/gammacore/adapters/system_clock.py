"""The wall clock of this machine."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from attrs import define, field

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import require_aware


@define
class SystemClock:
    """UTC now, and waiting in slices.

    Sleeping counts on the monotonic clock; the wall clock is read again after every slice, so a signal handler that
    raises ends the wait at once and a machine that was suspended or corrected notices within a slice. When the wall
    clock is set back, `now` stands still until it has caught up. Rule: R7.
    """

    slice_seconds: float = parameter(0.5, "Longest single sleep while waiting, seconds.", above=0, at_most=5)
    sleep: Callable[[float], None] = time.sleep
    _latest: dt.datetime = field(init=False, factory=lambda: dt.datetime.min.replace(tzinfo=dt.UTC))

    def now(self) -> dt.datetime:
        self._latest = max(self._latest, dt.datetime.now(dt.UTC))
        return self._latest

    def wait_until(self, instant: dt.datetime) -> None:
        instant = require_aware("instant", instant)
        while (left := (instant - self.now()).total_seconds()) > 0:
            self.sleep(min(left, self.slice_seconds))

"""Keep the page of a home served beside the loop; what becomes of it fails no day. Rules: OP-203, OP-501."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import define

from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import FIRST_PAUSE, LONGEST_PAUSE, Level
from gammacore.ports.clock import Clock
from gammacore.ports.service import Child, ChildSignal, Operator

ENDING_SECONDS = 5.0
"""So long the page may take to end (ours): it holds nothing."""
LASTS = dt.timedelta(minutes=10)
"""A page that was served so long has not failed to start (ours)."""


@define(eq=False)
class KeepPage:
    """Started with the service and again whenever it ends, after 10, 20 … 300 s; one warning for a row of failures."""

    clock: Clock
    start: Callable[[], Child]
    operator: Operator
    child: Child | None = None
    _begun: dt.datetime | None = None
    _failures: int = 0
    _again_at: dt.datetime | None = None

    def step(self) -> None:
        now = self.clock.now()
        if self.child is not None:
            if (code := self.child.poll()) is None:
                return
            self.child = None
            self._failed(now, f"the page ended with exit code {code}")
        elif self._again_at is None or now >= self._again_at:
            try:
                self.child, self._begun = self.start(), now
            except OSError as fault:
                self._failed(now, f"the page was not started ({fault.strerror or type(fault).__name__})")

    def end(self) -> None:
        """End it, by SIGKILL where it does not by itself."""
        if self.child is None:
            return
        self.child.send(ChildSignal.END)
        until = self.clock.now() + dt.timedelta(seconds=ENDING_SECONDS)
        while self.child.poll() is None and self.clock.now() < until:
            self.clock.wait_until(min(until, self.clock.now() + dt.timedelta(seconds=0.25)))
        if self.child.poll() is None:
            self.child.send(ChildSignal.KILL)
        self.child = None

    def _failed(self, now: dt.datetime, text: str) -> None:
        if self._begun is not None and now - self._begun >= LASTS:
            self._failures = 0
        pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        self._failures += 1
        self._again_at = now + dt.timedelta(seconds=pause)
        if self._failures == 1:
            self.operator.report(ServiceAlert("page_ended", Level.WARNING, f"{text}; it is started again", now))

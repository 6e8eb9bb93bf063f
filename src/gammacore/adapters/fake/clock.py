"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

import datetime as dt

from gammacore.domain.sessions import require_aware
from gammacore.errors import InvalidInput


class FakeClock:
    """The time of tests, replays and simulations: waiting jumps, and it never goes back. Rule: R7.

    >>> clock = FakeClock(dt.datetime(2026, 8, 19, 14, tzinfo=dt.UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2026-08-19T14:01:30+00:00'
    """

    def __init__(self, start: dt.datetime) -> None:
        self._now = require_aware("start", start)

    def now(self) -> dt.datetime:
        return self._now

    def wait_until(self, instant: dt.datetime) -> None:
        """Jump to `instant`; one that is past leaves the time as it is."""
        self._now = max(self._now, require_aware("instant", instant))

    def advance(self, seconds: float) -> None:
        """Let `seconds` go by."""
        self.set(self._now + dt.timedelta(seconds=seconds))

    def set(self, instant: dt.datetime) -> None:
        """Make it `instant`.

        Raises:
            InvalidInput: a naive time, or one before now.
        """
        if require_aware("instant", instant) < self._now:
            raise InvalidInput("instant", instant, f"give a time not before {self._now}: this clock never goes back")
        self._now = instant.astimezone(dt.UTC)

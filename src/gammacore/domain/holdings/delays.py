"""How often in a row an exit was put off, so that no noise and no advice can do it for ever."""

from __future__ import annotations

import datetime as dt

from attrs import frozen


@frozen
class Delays:
    """Cycles in a row in which an exit was put off: how many, since when, and when last. Rules: CS-541, CS-544.

    A cycle is told by its time: one that is repeated after a restart counts once.

    >>> ten = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)
    >>> Delays().another(ten).another(ten).count
    1
    """

    count: int = 0
    since: dt.datetime | None = None
    last: dt.datetime | None = None

    def another(self, now: dt.datetime) -> Delays:
        """One more cycle put off."""
        if self.last is not None and now <= self.last:
            return self
        return Delays(self.count + 1, self.since or now, now)

    def may_go_on(self, now: dt.datetime, cycles: int, seconds: int | None = None) -> bool:
        """Whether this cycle may be put off too: fewer than `cycles` before it, less than `seconds` since the first."""
        if self.last is not None and now <= self.last:
            return True  # this very cycle was put off already
        in_time = seconds is None or self.since is None or now - self.since < dt.timedelta(seconds=seconds)
        return self.count < cycles and in_time


NO_DELAYS = Delays()

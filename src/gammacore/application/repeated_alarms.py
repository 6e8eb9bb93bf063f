"""Alarms of what goes on: raised once, and again only after a while. Rules: CS-410, CS-563."""

from __future__ import annotations

import datetime as dt

from gammacore.domain.ledger import AlarmRaised
from gammacore.ports.clock import Clock

ALARM_AGAIN = dt.timedelta(minutes=5)
"""What is tried again every cycle is reported this often. Rule: CS-563."""


class RepeatedAlarms:
    """Remembers, for this process, what was reported when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._raised: dict[tuple[str, str, str], dt.datetime] = {}

    def __call__(
        self, code: str, detail: str, holding: str, *, about: str = "", again: dt.timedelta | None = ALARM_AGAIN
    ) -> tuple[AlarmRaised, ...]:
        """The alarm to record; none where the same was raised about the same a moment ago, or ever without `again`."""
        now, key = self._clock.now(), (code, holding, about)
        raised = self._raised.get(key)
        if raised is not None and (again is None or now - raised < again):
            return ()
        self._raised[key] = now
        return (AlarmRaised(now, code, detail, holding),)

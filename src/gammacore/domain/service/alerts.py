"""What a supervisor reports: a stable code, how loudly, and a sentence. Rules: OP-204, OP-206..208, section 4."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.service.endings import Level


@frozen
class ServiceAlert:
    """One thing an operator is told by the service, whichever channel it goes through.

    >>> str(ServiceAlert("loop_stalled", Level.CRITICAL, "no cycle for 61 s", dt.datetime(2026, 3, 3, tzinfo=dt.UTC)))
    'loop_stalled: no cycle for 61 s'
    """

    code: str
    level: Level
    text: str
    at: dt.datetime

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"

"""Fridays off, for those who want them off. Rule: CS-320."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

FRIDAY = 4


@frozen
class FridayOff:
    """When on, nothing is sold live on a Friday; paper, replay and simulation trade it. Rule: CS-320.

    >>> FridayOff(on=True).judge(dt.date(2026, 1, 9), live=True).reason
    'friday'
    """

    on: bool = parameter(False, "Skip Fridays in live trading.")

    def judge(self, date: dt.date, *, live: bool) -> Verdict:
        """`date` is the session's New York date."""
        if not self.on:
            return Verdict.ok("off")
        if not live:
            return Verdict.ok("live only")
        return Verdict.skip("friday", date) if date.weekday() == FRIDAY else Verdict.ok(f"{date:%A}")

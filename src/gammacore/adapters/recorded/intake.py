"""What became of the rows of a source: used, left out, and why."""

from __future__ import annotations

from attrs import define, field

SETTLES_A_DAY = "say market.day_first = true for day/month, false for month/day"
"""The fix for dates like 03/04/2026."""


@define
class Intake:
    """Rows counted by what became of them. `first_line` is where a reason was met first, for the person who mends it.

    Reasons that start with "unreadable_", "unusable_", "ambiguous_", "expiry_", "short_" or "long_" are defects of the
    source; "other_date", "other_underlying", "adjusted", "filtered" and "exact_duplicate" are rows that were
    understood. Of rows that contradict each other ("conflicting_") the reader of the table decides which holds, if any.
    `without_exposure` counts snapshots with too few readable rows to measure an exposure of.

    >>> intake = Intake(rows=3, used=2)
    >>> intake.count("unusable_strike", line=4)
    >>> str(intake)
    '2 of 3 rows used; 1 unusable_strike (first in line 4)'
    """

    rows: int = 0
    used: int = 0
    reasons: dict[str, int] = field(factory=dict)
    first_line: dict[str, int] = field(factory=dict)
    without_exposure: int = 0

    def count(self, reason: str, line: int = 0, times: int = 1) -> None:
        if times:
            self.reasons[reason] = self.reasons.get(reason, 0) + times
        if line:
            self.first_line.setdefault(reason, line)

    def __getitem__(self, reason: str) -> int:
        return self.reasons.get(reason, 0)

    def __str__(self) -> str:
        parts = [f"{self.used} of {self.rows} rows used", *(self._phrase(reason) for reason in self.reasons)]
        if self.without_exposure:
            parts.append(f"{self.without_exposure} snapshots without exposure: more than one row in twenty unreadable")
        return "; ".join(parts)

    def _phrase(self, reason: str) -> str:
        words = [f"first in line {self.first_line[reason]}"] if reason in self.first_line else []
        words += [SETTLES_A_DAY] if reason.startswith("ambiguous_") else []
        where = f" ({'; '.join(words)})" if words else ""
        return f"{self.reasons[reason]} {reason}{where}"

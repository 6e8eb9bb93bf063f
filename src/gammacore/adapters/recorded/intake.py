"""What became of the rows of a source: used, left out, and why."""

from __future__ import annotations

from attrs import define, field


@define
class Intake:
    """Rows counted by what became of them. `first_line` is where a reason was met first, for the person who mends it.

    Reasons that start with "unreadable_", "unusable_" or "short_" are defects of the source; "other_date",
    "other_underlying", "adjusted", "filtered", "exact_duplicate" and "conflicting_duplicate" are rows that were
    understood.

    >>> intake = Intake(rows=3, used=2)
    >>> intake.count("unusable_strike", line=4)
    >>> str(intake)
    '2 of 3 rows used; 1 unusable_strike (first in line 4)'
    """

    rows: int = 0
    used: int = 0
    reasons: dict[str, int] = field(factory=dict)
    first_line: dict[str, int] = field(factory=dict)

    def count(self, reason: str, line: int = 0, times: int = 1) -> None:
        if times:
            self.reasons[reason] = self.reasons.get(reason, 0) + times
        if line:
            self.first_line.setdefault(reason, line)

    def __getitem__(self, reason: str) -> int:
        return self.reasons.get(reason, 0)

    def __str__(self) -> str:
        return "; ".join([f"{self.used} of {self.rows} rows used", *(self._phrase(reason) for reason in self.reasons)])

    def _phrase(self, reason: str) -> str:
        where = f" (first in line {self.first_line[reason]})" if reason in self.first_line else ""
        return f"{self.reasons[reason]} {reason}{where}"

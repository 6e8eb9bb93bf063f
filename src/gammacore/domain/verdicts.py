"""What one rule says of one thing: pass, skip, unknown or not judged, with the value, the limit and the reason."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen


class Outcome(StrEnum):
    """The four verdicts of a filter. Rule: CS-366."""

    PASS = "pass"
    SKIP = "skip"
    UNKNOWN = "unknown"
    NOT_JUDGED = "not_judged"


@frozen
class Verdict:
    """One answer. `reason` is a code, None when the thing passed; `value` and `limit` are what a person compares.

    An unknown that does not forbid (`blocks` False) lets the trade pass and is counted in the report; one that does is
    a "no" like any other. Rules: CS-300, CS-366.

    >>> print(Verdict.skip("vix_ceiling", value="21.3", limit=">= 20"))
    skip vix_ceiling: 21.3 >= 20
    """

    outcome: Outcome
    reason: str | None = None
    value: str = ""
    limit: str = ""
    blocks: bool = False

    @classmethod
    def ok(cls, value: object = "", limit: object = "") -> Verdict:
        return cls(Outcome.PASS, None, _text(value), _text(limit))

    @classmethod
    def skip(cls, reason: str, value: object = "", limit: object = "") -> Verdict:
        return cls(Outcome.SKIP, reason, _text(value), _text(limit), blocks=True)

    @classmethod
    def unknown(cls, reason: str, value: object = "", limit: object = "", *, blocks: bool = True) -> Verdict:
        return cls(Outcome.UNKNOWN, reason, _text(value), _text(limit), blocks)

    @classmethod
    def not_judged(cls) -> Verdict:
        return cls(Outcome.NOT_JUDGED)

    @property
    def passed(self) -> bool:
        return not self.blocks and self.outcome is not Outcome.NOT_JUDGED

    def __str__(self) -> str:
        comparison = " ".join(part for part in (self.value, self.limit) if part)
        head = f"{self.outcome} {self.reason}" if self.reason else str(self.outcome)
        return f"{head}: {comparison}" if comparison else head


@frozen
class FilterVerdict:
    """The verdict of one filter of the table, by its rule id and name. Rule: CS-366."""

    rule: str
    name: str
    verdict: Verdict


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral_value() else f"{value:f}"
    return str(value)

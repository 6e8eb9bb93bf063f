"""Check that nothing a day decides depends on what comes later: run it on altered copies. Rules: ST-601, ST-602."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from attrs import field, frozen

from gammacore.domain.study.documents import canonical
from gammacore.domain.study.look_ahead import (
    Alteration,
    Change,
    LookAheadDifference,
    MarketInput,
    Recorded,
    first_difference,
)
from gammacore.frames import Columns, Framed, rows_as_columns

RunDay = Callable[[Alteration | None], Sequence[Recorded]]
"""Trades one day, on the market as it is or altered, at least up to the altered instant: its events, in order."""


@frozen
class DayChecked:
    """One day: at how many instants it was altered, how often it was run for that, and what differed."""

    date: dt.date
    instants: int
    runs: int
    differences: tuple[LookAheadDifference, ...] = ()


def check_day(date: dt.date, run: RunDay, drawn: Iterable[dt.datetime], *, most: int = 3) -> DayChecked:
    """Alter what lies after each instant of an event and after each drawn one, in three ways. Rules: ST-601, ST-602.

    A day with `most` differences is not looked at further: they have one cause.
    """
    before = run(None)
    instants = sorted({event.at for event in before} | set(drawn))
    differences: list[LookAheadDifference] = []
    runs = 1
    for place, t in enumerate(instants):
        for change in Change:
            runs += 1
            found = first_difference(before, run(Alteration(t, change)), t)
            if found is None:
                continue
            alone = []
            for one in MarketInput:
                runs += 1
                if first_difference(before, run(Alteration(t, change, frozenset({one}))), t) is not None:
                    alone.append(one)
            differences.append(_difference(date, t, change, found, tuple(alone)))
            break  # one way of altering is enough of this instant
        if len(differences) >= most:
            return DayChecked(date, place + 1, runs, tuple(differences))
    return DayChecked(date, len(instants), runs, tuple(differences))


def _difference(
    date: dt.date,
    t: dt.datetime,
    change: Change,
    found: tuple[Recorded | None, Recorded | None],
    alone: tuple[MarketInput, ...],
) -> LookAheadDifference:
    was, altered = found
    at = min(event.at for event in found if event is not None)
    return LookAheadDifference(
        date, t, change, at, "" if was is None else was.record, "" if altered is None else altered.record, alone
    )  # fmt: skip


@frozen(eq=False)
class LookAheadCheck(Framed):
    """What the check of a range found; `failed` are days that could not be traded at all, with the error. ST-602."""

    days: tuple[DayChecked, ...]
    missing: tuple[dt.date, ...] = ()
    failed: dict[dt.date, str] = field(factory=dict)

    @property
    def checked(self) -> int:
        """Altered runs that were compared."""
        return sum(day.runs - 1 for day in self.days)

    @property
    def differences(self) -> tuple[LookAheadDifference, ...]:
        return tuple(one for day in self.days for one in day.differences)

    def document(self) -> dict[str, object]:
        """The document of `gammacore lookahead --json`. Rule: ST-801."""
        warnings: list[dict[str, object]] = []
        if self.differences:
            text = f"{len(self.differences)} differences: figures of these settings know the future"
            warnings.append({"code": "look_ahead", "text": text, "numbers": {"differences": len(self.differences)}})
        if self.missing:
            named = ", ".join(map(str, self.missing[:5]))
            text = f"{len(self.missing)} sessions have no data: {named}"
            warnings.append({"code": "missing_days", "text": text, "numbers": {"days": len(self.missing)}})
        return {
            "kind": "lookahead",
            "warnings": warnings,
            "checked": self.checked,
            "differences": [
                {
                    "date": one.date.isoformat(),
                    "t": one.t.isoformat(),
                    "change": one.change.value,
                    "inputs": [each.value for each in one.inputs],
                    "at": one.at.isoformat(),
                    "as_it_was": one.as_it_was,
                    "as_altered": one.as_altered,
                }
                for one in self.differences
            ],
            "days": [{"date": one.date.isoformat(), "instants": one.instants, "runs": one.runs} for one in self.days],
            "missing_days": [date.isoformat() for date in self.missing],
            "failed": {str(date): error for date, error in self.failed.items()},
        }

    def to_json(self) -> str:
        """The document as canonical JSON. Rule: ST-802."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """The differences, a row each.

        date, t (UTC), change, inputs (those read too early), at (UTC) and text of the first event that differs, as it
        was and as altered.
        """
        return rows_as_columns(
            {
                "date": one.date,
                "t": one.t,
                "change": one.change.value,
                "inputs": " ".join(one.inputs),
                "at": one.at,
                "as_it_was": one.as_it_was,
                "as_altered": one.as_altered,
            }
            for one in self.differences
        )

    def __repr__(self) -> str:
        found = "; ".join(
            f"{one.date} up to {one.t:%H:%M:%S} UTC by {', '.join(one.inputs) or 'several inputs together'}"
            for one in self.differences
        )
        return f"<LookAheadCheck of {len(self.days)} days, {self.checked} altered runs: {found or 'no difference'}>"

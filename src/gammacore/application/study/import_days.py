"""Import days into the store: those that changed, in processes, so that it can end at any instant and go on.

Rules: ST-108, ST-109.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from enum import StrEnum
from typing import Any, Protocol

from attrs import evolve, field, frozen

from gammacore.domain.study.documents import canonical
from gammacore.domain.study.integrity import DayFlag, DayIntegrity
from gammacore.frames import Columns, Framed, rows_as_columns
from gammacore.ports.day_store import DayStore
from gammacore.ports.executor import Executor, WorkerDied

MOST_TRIES = 3
"""A batch whose worker died is asked again, twice at most. Rule: ST-210."""


class Action(StrEnum):
    """What became of a day. With a check nothing is written: a day is as stored, differs, or is not stored."""

    WRITTEN = "written"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    EMPTY = "empty"
    FAILED = "failed"
    CHECKED = "checked"
    DIFFERS = "differs"
    NOT_STORED = "not_stored"

    @property
    def is_fault(self) -> bool:
        """Whether the command ends with 1."""
        return self in (Action.FAILED, Action.DIFFERS, Action.NOT_STORED)


@frozen
class Input:
    """A file a day is read from: its name below the source, its size and its hash."""

    name: str
    size: int
    hash: str


@frozen
class PlannedDay:
    """A day the source holds, what it is read from, and `state`: the same while nothing that is read has changed."""

    symbol: str
    date: dt.date
    inputs: tuple[Input, ...]
    state: str


NO_REPORT: dict[str, Any] = {
    "rows": None, "used": None, "reasons": {}, "instants": None, "contracts": None, "step_seconds": None, "holes": None,
    "largest_gap_seconds": None, "head_seconds": None, "tail_seconds": None, "flags": [],
}  # fmt: skip


@frozen
class ImportedDay:
    """A day and what became of it. `report` None where it could not be read; `error` says why."""

    symbol: str
    date: dt.date
    action: Action
    hash: str = ""
    bytes: int = 0
    report: DayIntegrity | None = None
    error: str = ""

    def document(self) -> dict[str, Any]:
        """Keys of ST-801, with the underlying of the day, and why where it has no data."""
        report = NO_REPORT if self.report is None else self.report.document()
        why = {"error": self.error} if self.error else {}
        head = {"underlying": self.symbol, "date": str(self.date), "action": self.action.value}
        return {**head, **report, "hash": self.hash or None, **why}


@frozen(repr=False)
class ImportReport(Framed):
    """What became of every day, in order of symbol and date, and the sessions in their range without data."""

    days: tuple[ImportedDay, ...]
    missing: tuple[dt.date, ...]

    @property
    def bytes(self) -> int:
        return sum(day.bytes for day in self.days)

    @property
    def has_fault(self) -> bool:
        return any(day.action.is_fault for day in self.days)

    def document(self) -> dict[str, Any]:
        """As `gammacore import --json` has it, without the store; keys of ST-801."""
        return {
            "days": [day.document() for day in self.days],
            "missing_days": list(map(str, self.missing)),
            "bytes": self.bytes,
        }

    def to_json(self) -> str:
        """The document as canonical JSON. Rule: ST-802."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """A row a day; reasons and flags as columns of their own."""
        rows = []
        for day in self.days:
            told = day.document()
            reasons, flags = told.pop("reasons"), told.pop("flags")
            raised = {flag.value: flag.value in flags for flag in DayFlag}
            rows.append(
                {**told, "date": day.date, **{f"rows_{name}": count for name, count in reasons.items()}, **raised}
            )
        return rows_as_columns(rows)

    def __str__(self) -> str:
        actions = Counter(day.action.value for day in self.days)
        flags = Counter(flag.value for day in self.days if day.report for flag in day.report.flags)
        parts = [f"{len(self.days)} days: " + ", ".join(f"{count} {action}" for action, count in actions.items())]
        if flags:
            parts.append("flags: " + ", ".join(f"{count} {flag}" for flag, count in flags.items()))
        if self.missing:
            parts.append(f"{len(self.missing)} sessions without data")
        return "; ".join(parts)

    def __repr__(self) -> str:
        return f"<{self}>"


class ImportTask(Protocol):
    """How a batch of days is put to a worker. The worker writes each day; who asked notes it in the index."""

    @property
    def task(self) -> str: ...

    def ask(self, days: Sequence[PlannedDay]) -> str: ...

    def answers(self, answer: str) -> Sequence[ImportedDay]: ...


OnDay = Callable[[ImportedDay], None]


@frozen
class ImportDays:
    """Have the days that changed read and stored; note each in the index as soon as it stands on the disk.

    `seen` is what was seen in the source's files by their names, so that they are not looked through again.
    """

    store: DayStore
    executor: Executor
    task: ImportTask
    sessions: Callable[[dt.date, dt.date], Sequence[dt.date]]
    seen: Mapping[str, Any] = field(factory=dict)
    tell: OnDay = field(default=lambda _day: None)

    def __call__(self, batches: Sequence[Sequence[PlannedDay]], *, check: bool = False) -> ImportReport:
        """Import the batches, or with `check` read them again and compare with what is stored."""
        index: dict[str, Any] = copy.deepcopy(dict(self.store.index()))
        index["files"] = {**index["files"], **self.seen}
        done: list[ImportedDay] = []
        wanted: list[list[PlannedDay]] = []
        for batch in batches:
            changed = [day for day in batch if check or not self._stands(index, day)]
            done += [self._left_alone(index, day) for day in batch if day not in changed]
            if changed:
                wanted.append(changed)
        for batch, answers in self._answers(wanted):
            planned = {(day.symbol, day.date): day for day in batch}
            for answer in answers:
                noted = (
                    self._compared(index, answer)
                    if check
                    else _noted(index, planned[answer.symbol, answer.date], answer)
                )
                done.append(noted)
                self.tell(noted)
            if not check:
                self.store.note(index)
        if not wanted and not check and batches:
            self.store.note(index)
        done.sort(key=lambda day: (day.symbol, day.date))
        return ImportReport(tuple(done), self._missing(done))

    def _stands(self, index: dict[str, Any], day: PlannedDay) -> bool:
        told = index["days"].get(day.symbol, {}).get(str(day.date))
        return told is not None and told["state"] == day.state and self.store.has(day.symbol, day.date, told["hash"])

    @staticmethod
    def _left_alone(index: dict[str, Any], day: PlannedDay) -> ImportedDay:
        told = index["days"][day.symbol][str(day.date)]
        report = DayIntegrity.from_json(told["report"])
        return ImportedDay(day.symbol, day.date, Action.UNCHANGED, told["hash"], told["bytes"], report)

    def _answers(
        self, batches: Sequence[Sequence[PlannedDay]]
    ) -> Iterator[tuple[Sequence[PlannedDay], Sequence[ImportedDay]]]:
        """The answers as they come; a batch whose worker died is asked again."""
        asked: dict[Future[str], tuple[Sequence[PlannedDay], int]] = {
            self.executor.submit(self.task.task, self.task.ask(batch)): (batch, 1) for batch in batches
        }
        while asked:
            ended, _ = wait(asked, return_when=FIRST_COMPLETED)
            for future in ended:
                batch, tries = asked.pop(future)
                try:
                    yield batch, self.task.answers(future.result())
                except WorkerDied as death:
                    if tries == MOST_TRIES:
                        yield (
                            batch,
                            [ImportedDay(day.symbol, day.date, Action.FAILED, error=str(death)) for day in batch],
                        )
                    else:
                        asked[self.executor.submit(self.task.task, self.task.ask(batch))] = (batch, tries + 1)

    def _compared(self, index: dict[str, Any], answer: ImportedDay) -> ImportedDay:
        """The answer of a check: whether what was read again is what is stored."""
        if answer.action is not Action.WRITTEN:
            return answer
        told = index["days"].get(answer.symbol, {}).get(str(answer.date))
        if told is None:
            return evolve(answer, action=Action.NOT_STORED, error="it is not in the store; import it")
        if told["hash"] != answer.hash:
            return evolve(answer, action=Action.DIFFERS, error="what was read again differs from what is stored")
        if not self.store.has(answer.symbol, answer.date, answer.hash):
            return evolve(answer, action=Action.DIFFERS, error="its file is not what was written; import again")
        return evolve(answer, action=Action.CHECKED)

    def _missing(self, days: Sequence[ImportedDay]) -> tuple[dt.date, ...]:
        """Sessions between the first and the last day of an underlying on which it has no data."""
        missing: set[dt.date] = set()
        for symbol in {day.symbol for day in days}:
            there = {day.date for day in days if day.symbol == symbol and day.action is not Action.EMPTY}
            if there:
                missing.update(date for date in self.sessions(min(there), max(there)) if date not in there)
        return tuple(sorted(missing))


def _noted(index: dict[str, Any], planned: PlannedDay, answer: ImportedDay) -> ImportedDay:
    """The answer with what it means for the store, which the index now tells."""
    days = index["days"].setdefault(answer.symbol, {})
    before = days.get(str(answer.date))
    if answer.action is not Action.WRITTEN or answer.report is None:
        return answer
    days[str(answer.date)] = {
        "hash": answer.hash,
        "bytes": answer.bytes,
        "state": planned.state,
        "inputs": [[each.name, each.size, each.hash] for each in planned.inputs],
        "report": answer.report.document(),
    }
    if before is None:
        return answer
    return evolve(answer, action=Action.UNCHANGED if before["hash"] == answer.hash else Action.REPLACED)

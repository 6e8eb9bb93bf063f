"""Run many configurations over the same days, believe none of them yet. Rules: ST-501..512.

A cell is one day under one configuration (in mode carry all days under one). Cells that the folder knows are not run
again; what the columns computed is checked against the loop before anything is said of it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from attrs import field, fields, frozen

from gammacore.application.study.run_tasks import Task, TasksDone, run_tasks
from gammacore.domain.study.documents import canonical
from gammacore.domain.study.grid import Grid, kept_of, rungs
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.sweep_outcome import Objective, SweepOutcome, SweepResult, SweepRow, result_of
from gammacore.errors import GammacoreError
from gammacore.frames import Columns, Framed
from gammacore.ports.clock import Clock
from gammacore.ports.executor import Executor

BATCH = 10
"""Days of one task. Rule: ST-504."""
CHECKED_SHARE, CHECKED_AT_LEAST = 0.02, 20
"""Cells of the columns that the loop trades again (ours). Rule: ST-512."""


class Path(StrEnum):
    """How a cell is computed: `auto` takes the columns wherever they can be taken."""

    AUTO = "auto"
    LOOP = "loop"
    COLUMNS = "columns"


class PathsDiffer(GammacoreError):
    """The columns and the loop traded the same day under the same settings differently: neither can be believed."""


@frozen(order=True)
class Cell:
    """One day under one configuration of the grid."""

    configuration: int
    date: dt.date


@frozen
class CellDone:
    """What came back of a cell: its trades and how they were computed, or why there are none."""

    cell: Cell
    trades: tuple[ClosedTrade, ...] = ()
    path: str = ""
    error: str = ""


class SweepTrading(Protocol):
    """How cells are traded: their keys, what a worker is asked, what its answer means."""

    @property
    def task(self) -> str: ...
    def key(self, cell: Cell) -> str | None:
        """Code, acting settings, data and carry-in of a cell; None where the day has no data."""
        ...

    def row(self, cell: Cell, trades: tuple[ClosedTrade, ...]) -> SweepRow: ...
    def ask(self, path: Path, days: Sequence[dt.date], configurations: Sequence[int]) -> str: ...
    def answers(self, days: Sequence[dt.date], configurations: Sequence[int], answer: str) -> Sequence[CellDone]: ...


class ResultLog(Protocol):
    """Where rows are kept. `append` is durable, and refuses a known key with another result (`not_deterministic`)."""

    @property
    def rows(self) -> Mapping[str, SweepRow]: ...
    def append(self, rows: Iterable[SweepRow]) -> None: ...


@frozen(eq=False)
class SweepPlan:
    """What is tried over which days. `columns` are taken or, with `why_loop`, not.

    `day_order` and `check_order` are permutations drawn outside: of the days, for halving, and of so many cells.
    """

    grid: Grid
    chosen: tuple[int, ...]
    days: tuple[dt.date, ...]
    objective: Objective
    capital: Decimal
    path: Path
    why_loop: str
    check_order: Callable[[int], Sequence[int]]
    halving: int | None = None
    day_order: tuple[dt.date, ...] = ()
    carries: bool = False

    @property
    def takes_columns(self) -> bool:
        return self.path is not Path.LOOP and not self.why_loop


@frozen(eq=False)
class _Block:
    """Cells of one task: days × configurations, by the loop or on columns."""

    path: Path
    days: tuple[dt.date, ...]
    configurations: tuple[int, ...]
    is_check: bool = False


@frozen(eq=False)
class Sweep:
    """One sweep. `failed` are cells that could not be traded, `paths` counts cells by how they were computed."""

    trading: SweepTrading
    executor: Executor
    clock: Clock
    log: ResultLog
    plan: SweepPlan
    on_progress: Callable[[TasksDone], None] = lambda _: None
    failed: dict[Cell, str] = field(factory=dict, init=False)
    paths: Counter[str] = field(factory=Counter, init=False)
    by_loop: set[Cell] = field(factory=set, init=False)
    checked: list[Cell] = field(factory=list, init=False)

    def __call__(self) -> tuple[SweepResult, ...]:
        """Trade every cell that is not known, and give the results that may be compared: with halving the last rung's.

        Raises:
            PathsDiffer: the columns are wrong; StorageError: not deterministic, or the folder cannot be written.
        """
        plan = self.plan
        if plan.halving is None:
            return self._compared(plan.chosen, plan.days)
        left, compared = plan.chosen, tuple[SweepResult, ...]()
        for rung in rungs(len(plan.days), len(plan.chosen), plan.halving):
            compared = self._compared(left, tuple(sorted(plan.day_order[: rung.days])))
            left = kept_of({one.index: one.objective for one in compared}, rung.keeps)
        return compared

    def _compared(self, configurations: Sequence[int], days: tuple[dt.date, ...]) -> tuple[SweepResult, ...]:
        """The results of these configurations over these days; a configuration with a failed day has none."""
        cells = [cell for number in configurations for cell in self._cells(number, days)]
        self._run([*self._blocks(cells)])
        if self.plan.takes_columns:
            self._check(cells)
        capital = self.plan.capital
        results = []
        for number in configurations:
            own = self._cells(number, days)
            rows = [self.log.rows[key] for cell in own if (key := self.trading.key(cell)) in self.log.rows and key]
            if len(rows) == len(own):
                settings = self.plan.grid.settings(number)
                results.append(result_of(number, settings, rows, days, capital, self.plan.objective))
        return tuple(results)

    def _cells(self, number: int, days: Sequence[dt.date]) -> tuple[Cell, ...]:
        dates = days[:1] if self.plan.carries else days
        return tuple(Cell(number, date) for date in dates)

    # -- what is run ---------------------------------------------------------------------------------------------------

    def _blocks(self, cells: Iterable[Cell]) -> Iterable[_Block]:
        """Unknown cells as tasks: on columns a few days of all configurations, by the loop some days of one."""
        unknown, keys = list[Cell](), set[str]()
        for cell in cells:
            key = self.trading.key(cell)
            if key is not None and key not in self.log.rows and key not in keys:
                keys.add(key)
                unknown.append(cell)
        if not self.plan.takes_columns:
            yield from self._loop_blocks(unknown)
            return
        of_day: dict[dt.date, tuple[int, ...]] = {}
        for cell in unknown:
            of_day[cell.date] = (*of_day.get(cell.date, ()), cell.configuration)
        size = max(1, min(BATCH, len(of_day) // (2 * self.executor.workers)))
        alike: dict[tuple[int, ...], list[dt.date]] = {}
        for date in sorted(of_day):
            alike.setdefault(of_day[date], []).append(date)
        for numbers, dates in alike.items():
            for start in range(0, len(dates), size):
                yield _Block(Path.COLUMNS, tuple(dates[start : start + size]), numbers)

    def _loop_blocks(self, cells: Iterable[Cell], *, is_check: bool = False) -> Iterable[_Block]:
        of_number: dict[int, list[dt.date]] = {}
        for cell in cells:
            of_number.setdefault(cell.configuration, []).append(cell.date)
        for number, dates in of_number.items():
            for start in range(0, len(dates), BATCH):
                yield _Block(Path.LOOP, tuple(sorted(dates)[start : start + BATCH]), (number,), is_check)

    def _run(self, blocks: Sequence[_Block]) -> None:
        tasks = [
            Task(self.trading.task, self.trading.ask(block.path, block.days, block.configurations), block)
            for block in blocks
        ]
        run_tasks(self.executor, tasks, self.clock, self._take, self._died, self.on_progress)

    def _take(self, block: _Block, answer: str) -> None:
        done = self.trading.answers(block.days, block.configurations, answer)
        if block.is_check:
            for one in sorted(done, key=lambda one: (one.cell.date, one.cell.configuration)):
                self._compare(one)
            return
        rows = []
        for one in done:
            if one.error:
                self.failed[one.cell] = one.error
                continue
            self.paths[one.path] += 1
            if one.path != Path.COLUMNS:
                self.by_loop.add(one.cell)
            rows.append(self.trading.row(one.cell, one.trades))
        self.log.append(rows)

    def _died(self, block: _Block, why: str) -> None:
        for number in block.configurations:
            for cell in self._cells(number, block.days):
                self.failed[cell] = why

    # -- what is checked -----------------------------------------------------------------------------------------------

    def _check(self, cells: Sequence[Cell]) -> None:
        """Trade a part of what the columns gave by the loop: a difference ends the sweep. Rule: ST-512."""
        known = [cell for cell in cells if self.trading.key(cell) in self.log.rows]
        wanted = max(CHECKED_AT_LEAST, math.ceil(CHECKED_SHARE * len(known)))
        open_ = [cell for cell in known if cell not in self.by_loop and cell not in self.checked]
        chosen = [open_[place] for place in self.plan.check_order(len(open_))[:wanted]]
        self._run([*self._loop_blocks(sorted(chosen), is_check=True)])

    def _compare(self, one: CellDone) -> None:
        if one.error:
            self.failed[one.cell] = one.error
            return
        key = self.trading.key(one.cell)
        assert key is not None
        difference = first_difference(self.log.rows[key].trades, one.trades)
        if difference:
            settings = self.plan.grid.settings(one.cell.configuration)
            words = ", ".join(f"{name} {value}" for name, value in settings.items())
            raise PathsDiffer(f"{one.cell.date} with {words}: columns and loop differ, {difference}; report this "
                              "fault, and sweep with --path loop in a new folder")  # fmt: skip
        self.checked.append(one.cell)


@frozen(eq=False, repr=False)
class SweepFindings(SweepOutcome, Framed):
    """A finished sweep, with what a notebook wants of it. Its repr shows the warnings and the verdict. Rule: ST-802."""

    def to_json(self) -> str:
        """The document of result.json, canonical. Rule: ST-213."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """Every result by column: swept keys, then figures."""
        return self.table()


def first_difference(columns: Sequence[ClosedTrade], loop: Sequence[ClosedTrade]) -> str:
    """The first trade that two paths closed differently, in words; "" where all are equal, field by field."""
    for one, other in zip(columns, loop, strict=False):
        for each in fields(ClosedTrade):
            ours, theirs = getattr(one, each.name), getattr(other, each.name)
            if ours != theirs:
                return f"trade {other.id}: {each.name} {ours} by the columns, {theirs} by the loop"
    if len(columns) != len(loop):
        more = max(columns, loop, key=len)[min(len(columns), len(loop))]
        return f"{len(columns)} trades by the columns, {len(loop)} by the loop, {more.id} on one side alone"
    return ""

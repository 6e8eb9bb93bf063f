"""Trade many days: in batches, on one worker or many, with the same answer. Rules: ST-203..211.

The days stand by themselves (mode days) or each takes over what the one before it leaves (mode carry). Carry on many
workers goes in passes: days are traded from what is expected to be carried in, and stand once the true carry-in gives
every judgement of theirs the same answer.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Generic, Protocol, TypeVar

from attrs import define, evolve, frozen

from gammacore.domain.ledger import Event
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.ports.executor import Executor, WorkerDied

BATCH = 10
"""Consecutive days of one task. Rule: ST-207."""
DEATHS = 3
"""Workers that may die of one batch before its days are failed: it runs again twice. Rule: ST-210."""
WIDE_PASSES = 3
"""Passes over everything not yet proven; later ones take as many batches as there are workers, so that days whose
carry-in keeps changing are not traded again and again (ours)."""
LOOKED_EVERY = 1.0
"""Seconds after which progress is shown though no batch ended."""


@frozen(eq=False)
class DayDone:
    """One day from a worker: what its run keeps, its events, the seconds it took.

    `taken` is what it could read of its carry-in, ("", "") where that is not known.
    """

    result: DayResult
    events: tuple[Event, ...] = ()
    seconds: float = 0.0
    taken: tuple[str, str] = ("", "")


class Hashed(Protocol):
    """What is carried from day to day."""

    @property
    def hash(self) -> str: ...


Carry = TypeVar("Carry", bound=Hashed)


class Trading(Protocol[Carry]):
    """How the days of a run are traded: what a worker is asked, and what its answers mean."""

    @property
    def task(self) -> str: ...
    @property
    def carries(self) -> bool: ...
    def ask(self, dates: Sequence[dt.date], carry: Carry) -> str: ...
    def answers(self, answer: str) -> Sequence[DayDone]: ...
    def after(self, carry: Carry, day: DayDone) -> Carry: ...
    def expected(self, dates: Sequence[dt.date], carry: Carry) -> Carry:
        """What the days after the first are expected to take over while none was traded."""
        ...

    def proved(self, day: DayDone, carry: Carry) -> DayDone | None:
        """The day as it would be with this carry-in, where every judgement it made stays the same; else None."""
        ...


@frozen
class Progress:
    """How far a run is: the finished days of all, and the seconds that the newest took, oldest first."""

    finished: Sequence[DayResult]
    days: int
    workers: int
    seconds: tuple[float, ...] = ()

    @property
    def done(self) -> int:
        return len(self.finished)

    @property
    def seconds_left(self) -> float | None:
        """Median of the last 20 days times the days left, by the workers; None before the first day. Rule: ST-210."""
        newest = sorted(self.seconds[-20:])
        if not newest:
            return None
        middle = len(newest) // 2
        median = newest[middle] if len(newest) % 2 else (newest[middle - 1] + newest[middle]) / 2
        return median * (self.days - self.done) / self.workers


@frozen
class Passes:
    """How the days came to be proven: goes over the days, and days traded more than once."""

    passes: int = 0
    reruns: int = 0


@define
class _Batch(Generic[Carry]):
    indices: list[int]
    carry: Carry
    deaths: int = 0


class Backtest(Generic[Carry]):
    """A run over dates in order. Every finished day is handed to `keep` in that order, once.

    `stops_on_error`: the first failed day ends the run. An interrupt goes through; days in hand are dropped then.
    """

    def __init__(
        self, trading: Trading[Carry], executor: Executor, keep: Callable[[DayDone], DayDone], *,
        on_progress: Callable[[Progress], None] = lambda _: None, stops_on_error: bool = False, batch: int = BATCH,
    ) -> None:  # fmt: skip
        self._trading = trading
        self._executor = executor
        self._keep = keep
        self._on_progress = on_progress
        self._stops_on_error = stops_on_error
        self._batch = batch
        self._dates: Sequence[dt.date] = ()
        self._done: list[DayResult] = []
        self._newest: dict[int, DayDone] = {}
        self._seconds: list[float] = []
        self.passes = Passes()
        self.stopped = False

    def __call__(self, dates: Sequence[dt.date], finished: Sequence[DayResult], carry: Carry) -> tuple[DayResult, ...]:
        """Trade the dates that are not finished; `finished` are the first of them, and `carry` comes after those."""
        self._dates, self._done, self._carry = dates, [*finished], carry
        self._show()
        while len(self._done) < len(dates) and not self.stopped:
            self._go_over(self._planned())
        return tuple(self._done)

    def _planned(self) -> deque[_Batch[Carry]]:
        """The batches of the next pass."""
        self.passes = evolve(self.passes, passes=self.passes.passes + 1)
        first, workers = len(self._done), self._executor.workers
        if not self._trading.carries:
            return deque(_Batch(days, self._carry) for days in self._batches(range(first, len(self._dates))))
        if workers == 1:
            days = range(first, min(first + self._batch, len(self._dates)))
            return deque([_Batch([*days], self._carry)])
        batches = deque(self._to_run_again(first))
        if self.passes.passes <= WIDE_PASSES:
            return batches
        return deque(list(batches)[:workers])

    def _to_run_again(self, first: int) -> Iterator[_Batch[Carry]]:
        """Days that were not traded yet, or whose judgements the carry-in now expected answers otherwise."""
        expected, batch = self._carry, _Batch[Carry]([], self._carry)
        opened = self._trading.expected(self._dates[first:], self._carry)
        for index in range(first, len(self._dates)):
            newest = self._newest.get(index)
            stands = None if newest is None else self._proved(newest, expected)
            if stands is None:
                if batch.indices and (batch.indices[-1] != index - 1 or len(batch.indices) == self._batch):
                    yield batch
                    batch = _Batch([], expected)
                if not batch.indices:
                    batch.carry = expected
                batch.indices.append(index)
            newest = stands or newest
            expected = opened if newest is None else self._trading.after(expected, newest)
        if batch.indices:
            yield batch

    def _batches(self, indices: range) -> Iterator[list[int]]:
        for start in range(0, len(indices), self._batch):
            yield [*indices[start : start + self._batch]]

    def _go_over(self, waiting: deque[_Batch[Carry]]) -> None:
        running: dict[Future[str], _Batch[Carry]] = {}
        while (waiting or running) and not self.stopped:
            while waiting and len(running) < self._executor.workers:
                batch = waiting.popleft()
                dates = [self._dates[index] for index in batch.indices]
                running[self._executor.submit(self._trading.task, self._trading.ask(dates, batch.carry))] = batch
            ended, _ = wait(running, LOOKED_EVERY, FIRST_COMPLETED)
            for future in ended:
                self._take(future, running.pop(future), waiting)
            self._accept()
            self._show()

    def _take(self, future: Future[str], batch: _Batch[Carry], waiting: deque[_Batch[Carry]]) -> None:
        try:
            days = self._trading.answers(future.result())
        except WorkerDied as death:
            batch.deaths += 1
            if batch.deaths < DEATHS:
                waiting.appendleft(batch)
                return
            error = f"{death}, {DEATHS} times with these days"
            days = [DayDone(DayResult(self._dates[index], DayStatus.FAILED, error)) for index in batch.indices]
        for index, day in zip(batch.indices, days, strict=True):
            self._seconds.append(day.seconds)
            if index in self._newest:
                self.passes = evolve(self.passes, reruns=self.passes.reruns + 1)
            self._newest[index] = day

    def _accept(self) -> None:
        """Hand on, in order, the days that stand."""
        while (newest := self._newest.get(len(self._done))) is not None and not self.stopped:
            day = self._proved(newest, self._carry)
            if day is None:
                return
            del self._newest[len(self._done)]
            self._carry = self._trading.after(self._carry, day)
            self._done.append(self._keep(day).result)
            self.stopped = self._stops_on_error and day.result.status is DayStatus.FAILED

    def _proved(self, day: DayDone, carry: Carry) -> DayDone | None:
        """What a worker died of stands whatever is carried in."""
        if not self._trading.carries or day.result.carry_in in ("", carry.hash):
            return day
        return self._trading.proved(day, carry)

    def _show(self) -> None:
        self._on_progress(Progress(self._done, len(self._dates), self._executor.workers, tuple(self._seconds[-20:])))

"""Run tasks on an executor until each is answered or given up; a dead worker's task runs elsewhere. ST-508, ST-510."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Generic, TypeVar

from attrs import define, frozen

from gammacore.application.study.backtest import DEATHS, LOOKED_EVERY
from gammacore.ports.clock import Clock
from gammacore.ports.executor import Executor, WorkerDied

About = TypeVar("About", bound=Hashable)


@define(eq=False)
class Task(Generic[About]):
    """A function's name and JSON; `about` says to the caller what it is of."""

    name: str
    given: str
    about: About
    deaths: int = 0
    begun: float = 0.0


@frozen
class TasksDone:
    """How far the tasks are; `seconds_left` by the median of the last 20, None before the first."""

    done: int
    tasks: int
    workers: int
    seconds_left: float | None


def run_tasks(
    executor: Executor,
    tasks: Sequence[Task[About]],
    clock: Clock,
    on_answer: Callable[[About, str], None],
    on_death: Callable[[About, str], None],
    on_progress: Callable[[TasksDone], None] = lambda _: None,
) -> None:
    """Every answer is handed to `on_answer` as it comes; a task that three workers died of goes to `on_death`.

    What a task raises, and an interrupt, go through: tasks that have not begun are the caller's to cancel.
    """
    waiting, running, took = deque(tasks), dict[Future[str], Task[About]](), list[float]()
    done = 0
    while waiting or running:
        while waiting and len(running) < 2 * executor.workers:
            task = waiting.popleft()
            task.begun = clock.now().timestamp()
            running[executor.submit(task.name, task.given)] = task
        ended, _ = wait(running, LOOKED_EVERY, FIRST_COMPLETED)
        for future in ended:
            task = running.pop(future)
            try:
                answer = future.result()
            except WorkerDied as death:
                task.deaths += 1
                if task.deaths < DEATHS and not death.is_final:
                    waiting.appendleft(task)
                    continue
                on_death(task.about, f"{death}, {DEATHS} times with this task")
            else:
                on_answer(task.about, answer)
            done += 1
            took.append(clock.now().timestamp() - task.begun)
        on_progress(TasksDone(done, len(tasks), executor.workers, _left(took, len(tasks) - done, executor.workers)))


def _left(took: list[float], tasks: int, workers: int) -> float | None:
    """Each task waits behind another one of its worker: two at a time are handed out."""
    newest = sorted(took[-20:])
    return newest[len(newest) // 2] / 2 * tasks / workers if newest else None

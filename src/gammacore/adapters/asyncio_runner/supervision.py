"""Tasks that are watched: one that ends with an exception ends the run, with its cause; a stream is connected again.

Rules: SC-1006, SC-1007.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential, wait_random

from gammacore.errors import fault_in_words

LONGEST_PAUSE = 30.0
_PAUSES = wait_exponential(multiplier=1, max=LONGEST_PAUSE) + wait_random(0, 0.5)
"""1, 2, 4 ... 30 seconds before a stream is connected again, and up to half a second more. Rule: SC-1007."""


@frozen(eq=False)
class Supervised:
    """A task by its name. `delivered` counts what a stream has brought: after something came the pauses begin anew.

    `note` is called with why a stream is connected again, and after how many seconds. A task that `ends_the_run`
    is over when the day is; a stream may end by itself, for a recorded one does; any other that ends is a fault.
    """

    name: str
    run: Callable[[], Awaitable[None]]
    restarts: bool = False
    ends_the_run: bool = False
    delivered: Callable[[], int] = lambda: 0
    note: Callable[[str], None] = lambda _why: None


@frozen
class Fault:
    """Which task ended a run, and why."""

    task: str
    cause: str

    def __str__(self) -> str:
        return f'the task "{self.task}" ended: {self.cause}'


def started(supervised: Supervised) -> asyncio.Task[None]:
    """The task, begun."""
    return asyncio.create_task(_run(supervised), name=supervised.name)


async def first_end(tasks: dict[asyncio.Task[None], Supervised], stop: asyncio.Event) -> Fault | None:
    """Wait until the run must end: by `stop`, by the end of the day (None), or by a task that failed or was killed."""
    stopped = asyncio.create_task(stop.wait(), name="stop")
    running = set(tasks)
    try:
        while True:
            done, _ = await asyncio.wait({*running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            ended: Sequence[asyncio.Task[None]] = [task for task in tasks if task in done]
            for task in ended:
                if (fault := _fault(task, tasks[task])) is not None:
                    return fault
                if tasks[task].ends_the_run:
                    return None
            if stopped in done:
                return None
            running -= done
    finally:
        stopped.cancel()


def _fault(task: asyncio.Task[None], supervised: Supervised) -> Fault | None:
    if task.cancelled():
        return Fault(supervised.name, "it was killed")
    if (fault := task.exception()) is not None:
        return Fault(supervised.name, fault_in_words(fault))
    if not supervised.ends_the_run and not supervised.restarts:
        return Fault(supervised.name, "it stopped by itself")
    return None


async def _run(supervised: Supervised) -> None:
    if not supervised.restarts:
        await supervised.run()
        return

    def noted(state: RetryCallState) -> None:
        fault = None if state.outcome is None else state.outcome.exception()
        pause = 0.0 if state.next_action is None else state.next_action.sleep
        why = "ended" if fault is None else fault_in_words(fault)
        supervised.note(f"{supervised.name}: {why}; again in {pause:.1f} s")

    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(Exception), wait=_PAUSES, before_sleep=noted, sleep=asyncio.sleep
    ):
        with attempt:
            before = supervised.delivered()
            try:
                await supervised.run()
            finally:
                if supervised.delivered() > before:
                    attempt.retry_state.attempt_number = 1

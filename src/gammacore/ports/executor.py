"""Where work of a study runs: in this process, in others, on other machines. Shaped like `concurrent.futures.Executor`.

Rules: ST-207, ST-505, ST-506.
"""

from __future__ import annotations

import importlib
from concurrent.futures import Future
from typing import Protocol

from gammacore.errors import GammacoreError, InvalidInput

HOME = "gammacore."


class WorkerDied(GammacoreError):
    """The process that had a task is gone before it answered: killed, out of memory.

    The task may be asked again, unless `is_final`: the engine has asked it of others already, and all of them died.
    """

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final


class Executor(Protocol):
    """Runs tasks, several at a time. A task is a function's name and JSON, never a closure, so that any process of the
    same code can run it.
    """

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""
        ...

    def submit(self, task: str, given: str) -> Future[str]:
        """Have `perform(task, given)` run somewhere; the future has its answer, or raises.

        `WorkerDied` where the process died with the task in hand; it is replaced, other tasks go on. What the function
        raises comes out of the future. Nothing may be inferred from the order in which futures end.
        """
        ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers go. With `cancel_futures` what has not begun never will, and with `wait` False besides what
        runs is dropped at once.
        """
        ...


def perform(task: str, given: str) -> str:
    """Run a task by its name, `module:function`; what every worker does. The function takes JSON and returns JSON.

    Raises:
        InvalidInput: the name is no function of gammacore.

    >>> perform("gammacore.ports.executor:echo", '{"day": 1}')
    '{"day": 1}'
    """
    module, _, name = task.partition(":")
    if not (module.startswith(HOME) and name.isidentifier()):
        raise InvalidInput("task", task, "give a function of gammacore, like gammacore.wiring.study.days:study_batch")
    answer: str = getattr(importlib.import_module(module), name)(given)
    return answer


def echo(given: str) -> str:
    """The task that gives back what it was given: whether a worker answers."""
    return given

"""Small runs for tests of the study: tasks in this process, folders compared file by file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Configuration, configure
from gammacore.ports.executor import WorkerDied, perform

BUNDLE = ("result.json", "trades.csv", "days.csv", "decisions.ndjson", "days.ndjson", "report.html")
FIRST = dt.date(2026, 1, 5)


class InThisProcess:
    """An executor that runs each task where it is submitted; `dies` says of which submission the worker dies."""

    def __init__(self, workers: int = 1, dies: Callable[[int], bool] = lambda _: False) -> None:
        self._workers = workers
        self._dies = dies
        self.submitted: list[str] = []

    @property
    def workers(self) -> int:
        return self._workers

    def submit(self, task: str, given: str) -> Future[str]:
        self.submitted.append(given)
        future: Future[str] = Future()
        if self._dies(len(self.submitted)):
            future.set_exception(WorkerDied("the worker process died"))
            return future
        try:
            future.set_result(perform(task, given))
        except Exception as fault:
            future.set_exception(fault)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to let go of."""


def simulated(**more: Any) -> Configuration:
    """Settings of simulated SPX days that trade something."""
    return configure([{"market.seed": 57, **more}])


def sessions(count: int, first: dt.date = FIRST) -> list[dt.date]:
    """So many sessions from a date on."""
    calendar, dates = NyseCalendar(), list[dt.date]()
    while len(dates) < count:
        dates += [first] if calendar.session(first) is not None else []
        first += dt.timedelta(days=1)
    return dates


def bundle_of(run: Path) -> dict[str, bytes]:
    """The files of a bundle that are the same for any number of workers, and however often it was left."""
    return {name: (run / name).read_bytes() for name in BUNDLE}

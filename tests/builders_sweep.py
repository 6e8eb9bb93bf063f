"""Sweeps for tests: a small grid over simulated days, and a Dask cluster of real processes on loopback."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

import gammacore
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.study.sweep import Path as SweepPath
from gammacore.configuration import Configuration, configure
from gammacore.domain.study.grid import Axis, parse_axis
from gammacore.domain.study.sweep_outcome import SweepOutcome
from gammacore.ports.executor import perform
from gammacore.wiring.study.backtests import BacktestOptions, RunMode
from gammacore.wiring.study.sweeps import SweepTerms, run_sweep

MARCH = dt.date(2026, 3, 2)


def seeded(**settings: object) -> Configuration:
    return configure([{"market.seed": 57, **settings}])


def last_of(days: int) -> dt.date:
    """The last of so many sessions from the 2nd of March 2026 on."""
    dates = (MARCH + dt.timedelta(days=day) for day in range(2 * days + 7))
    return [date for date in dates if NyseCalendar().session(date) is not None][days - 1]


def swept(
    folder: Path, axes: str | Axis = "stops.stop=0.05,0.10,0.30", days: int = 2, engine: str = "local:1",
    path: SweepPath = SweepPath.AUTO, **more: object,
) -> SweepOutcome:  # fmt: skip
    """A sweep into a folder; `more` are terms, or `on_progress`, `executor` and `configuration`."""
    calls = {name: more.pop(name) for name in ("on_progress", "executor") if name in more}
    base = more.pop("configuration", None) or seeded()
    axis = parse_axis(axes) if isinstance(axes, str) else axes
    options = BacktestOptions(MARCH, last_of(days), mode=more.pop("mode", RunMode.DAYS))  # type: ignore[arg-type]
    terms = SweepTerms(options, folder, engine=engine, path=path, **{"min_trades": 1, **more})  # type: ignore[arg-type]
    return run_sweep(base, [axis], terms, **calls)  # type: ignore[arg-type]


@define
class LoopbackCluster:
    """A scheduler and workers as processes of this machine, each known by its number."""

    folder: Path
    scheduler: subprocess.Popen[str]
    address: str
    workers: list[subprocess.Popen[str]] = field(factory=list)

    @property
    def engine(self) -> str:
        return f"dask://{self.address}"

    def add_worker(self, package: Path | None = None) -> subprocess.Popen[str]:
        """One more worker; with `package` it imports gammacore from there."""
        environment = dict(os.environ) if package is None else {**os.environ, "PYTHONPATH": str(package)}
        arguments = ["-m", "distributed.cli.dask_worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny",
                     "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self.folder)]  # fmt: skip
        worker, _ = _begun(arguments, "Registered to:", environment)
        self.workers.append(worker)
        return worker


@contextmanager
def loopback_cluster(folder: Path, workers: int = 2) -> Iterator[LoopbackCluster]:
    """A cluster while a test runs."""
    arguments = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2"}
    scheduler, line = _begun(arguments, "Scheduler at:", environment)
    cluster = LoopbackCluster(folder, scheduler, line.rpartition("tcp://")[2].strip())
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _begun(arguments: list[str], sign: str, environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """A process of the cluster and the line of its log that holds `sign`; the rest of the log is read away."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
    )
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if sign in line:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, line
    raise AssertionError("".join(told))


def other_code(folder: Path) -> Path:
    """A copy of gammacore that differs by one comment."""
    there = folder / "other"
    shutil.copytree(Path(gammacore.__file__).parent, there / "gammacore", ignore=shutil.ignore_patterns("__pycache__"))
    with (there / "gammacore" / "errors.py").open("a") as file:
        file.write("# another commit\n")
    return there


class InlineExecutor:
    """Runs each task at once, in this process. Implements `Executor`."""

    workers = 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def submit(self, task: str, given: str) -> Future[str]:
        self.asked.append(given)
        done: Future[str] = Future()
        try:
            done.set_result(perform(task, given))
        except Exception as fault:
            done.set_exception(fault)
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to let go."""

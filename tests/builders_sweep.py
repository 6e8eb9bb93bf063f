"""Sweeps for tests: a small grid over simulated days, and a Dask cluster of real processes on loopback."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

import gammacore
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.study.sweep import Path as SweepPath
from gammacore.configuration import Configuration, configure
from gammacore.domain.study.grid import Axis, parse_axis
from gammacore.domain.study.sweep_outcome import SweepOutcome
from gammacore.wiring.backtests import BacktestOptions, RunMode
from gammacore.wiring.sweeps import SweepTerms, sweep

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
    return sweep(base, [axis], terms, **calls)  # type: ignore[arg-type]


@define
class LoopbackCluster:
    """A scheduler and workers as processes of this machine, each known by its number."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    address: str
    workers: list[subprocess.Popen[bytes]] = field(factory=list)

    @property
    def engine(self) -> str:
        return f"dask://{self.address}"

    def add_worker(self, package: Path | None = None) -> subprocess.Popen[bytes]:
        """One more worker; with `package` it imports gammacore from there."""
        environment = dict(os.environ) if package is None else {**os.environ, "PYTHONPATH": str(package)}
        arguments = ["-m", "distributed.cli.dask_worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny",
                     "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self.folder)]  # fmt: skip
        worker = _begun(arguments, self.folder / f"worker-{len(self.workers)}.log", environment)
        self.workers.append(worker)
        return worker


@contextmanager
def loopback_cluster(folder: Path, workers: int = 2) -> Iterator[LoopbackCluster]:
    """A cluster while a test runs."""
    log = folder / "scheduler.log"
    arguments = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = _begun(arguments, log, {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2"})
    cluster = LoopbackCluster(folder, scheduler, _address_in(log, scheduler))
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()


def _begun(arguments: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, *arguments], stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=log.parent
        )  # fmt: skip


def _address_in(log: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """The address the scheduler took, as its log says; it writes that once it listens."""
    while scheduler.poll() is None:
        for line in log.read_text().splitlines():
            if "Scheduler at:" in line:
                return line.rpartition("tcp://")[2].strip()
        os.sched_yield()
    raise AssertionError(log.read_text())


def other_code(folder: Path) -> Path:
    """A copy of gammacore that differs by one comment."""
    there = folder / "other"
    shutil.copytree(Path(gammacore.__file__).parent, there / "gammacore", ignore=shutil.ignore_patterns("__pycache__"))
    with (there / "gammacore" / "errors.py").open("a") as file:
        file.write("# another commit\n")
    return there

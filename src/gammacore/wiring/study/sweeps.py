"""A sweep, wired: settings, a grid and a range of days in; the best, and what it is worth, out. Rules: ST-501..525."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

from attrs import field, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.dask_cluster import DaskCluster, TlsFiles, refuse_unsafe
from gammacore.adapters.local_processes import LocalProcesses
from gammacore.adapters.sweep_results import SweepResults, locked
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.study.run_tasks import TasksDone
from gammacore.application.study.sweep import Path, Sweep, SweepFindings, SweepPlan
from gammacore.configuration import Configuration, configure
from gammacore.configuration.sources import Sourced
from gammacore.domain.study.grid import Axis, Grid, axes_of_table
from gammacore.domain.study.sweep_outcome import FEWEST_TRADES, Objective
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.ports.executor import Executor
from gammacore.wiring.markets import naming_underlying
from gammacore.wiring.strategies import guards_of, naming_its_underlying, open_strategy
from gammacore.wiring.study.backtests import (
    BacktestOptions,
    Missing,
    RunMode,
    days_of,
    history_of,
    read_from,
    sized_for,
)
from gammacore.wiring.study.columns import why_not_on_columns
from gammacore.wiring.study.days import CarryIn
from gammacore.wiring.study.sweep_grid import GridTrading, Trial, data_hashes, files_of
from gammacore.wiring.study.sweep_keys import refuse_unread
from gammacore.wiring.study.sweep_tasks import acting_hash
from gammacore.wiring.study.sweep_verdicts import outcome_of, permutation

log = logging.getLogger("gammacore")

WALK = (60, 20)
"""Sessions of a training window and of the window after it (ours). Rule: ST-523."""
SHARED, SHIP = "shared", "ship"


@frozen
class SweepTerms:
    """How a sweep is run. `options` are those of a backtest: range, mode, sizes. `walk_forward` has two windows.

    `engine` is local, local:N, dask://HOST:PORT or dask+tls://HOST:PORT; `data` says whether its workers see the files
    of the market or are sent them.
    """

    options: BacktestOptions
    folder: FilePath
    random: int | None = None
    halving: int | None = None
    objective: Objective = Objective.SHARPE
    min_trades: int = FEWEST_TRADES
    engine: str = "local"
    path: Path = Path.AUTO
    data: str = SHARED
    walk_forward: tuple[int, int] = WALK
    anchored: bool = False
    tls: TlsFiles = field(factory=TlsFiles)


def run_sweep(
    configuration: Configuration,
    axes: Sequence[Axis],
    terms: SweepTerms,
    *,
    executor: Executor | None = None,
    on_progress: Callable[[TasksDone], None] = lambda _: None,
) -> SweepFindings:
    """Try every setting of a grid over a range of days, and judge the best by what a search finds in noise.

    Everything is checked before the first day is traded. What is known in the folder is not run again, so that a sweep
    that was interrupted goes on by the same call. `executor` stands in for the engine of the terms.

    Raises:
        ConfigurationError: a key, a value, a range or an engine that cannot be.
        PathsDiffer, NotDeterministic: the results cannot be believed.
    """
    grid = grid_of(axes)
    configuration = sized_for(naming_underlying(naming_its_underlying(configuration)), terms.options)
    trial = _prepared(configuration, grid, terms)
    with locked(terms.folder), _opened(executor, terms) as engine:
        results = SweepResults(terms.folder)
        clock = SystemClock()
        files = files_of(configuration) if terms.data == SHIP else {}
        hashes, missing, flagged = data_hashes(engine, clock, trial, files)
        if missing and terms.options.missing is Missing.FAIL:
            raise MissingData(f"{min(missing)}: {missing[min(missing)]}; leave --missing fail out to skip such days")
        missing.update({**flagged, **dict.fromkeys(trial.missing, "no data of this session")})
        days = tuple(date for date in trial.days if date not in missing)
        if not days:
            first, last = terms.options.first, terms.options.last
            raise MissingData(f"{first} to {last}: no session is left to trade; {missing[min(missing)]}")
        plan = _plan(trial, grid, terms, days)
        trading = GridTrading(trial, grid, hashes, days, files, carries=plan.carries)
        run = Sweep(trading, engine, clock, results, plan, on_progress)
        compared = run()
        results.sort()
        return outcome_of(
            run, plan, terms.walk_forward, compared, missing, results.configurations_tried, configuration,
            anchored=terms.anchored, min_trades=terms.min_trades,
        )  # fmt: skip


def sweep(
    first: dt.date | str,
    last: dt.date | str,
    grid: Mapping[str, object],
    *,
    settings: Configuration | Mapping[str, object] | None = None,
    out: FilePath | str | None = None,
    mode: RunMode | str = RunMode.DAYS,
    objective: Objective | str = Objective.SHARPE,
    engine: str = "local",
    path: Path | str = Path.AUTO,
    min_trades: int = FEWEST_TRADES,
    random: int | None = None,
    halving: int | None = None,
    walk_forward: tuple[int, int] = WALK,
    executor: Executor | None = None,
    **options: Any,
) -> SweepFindings:
    """Try every setting of a grid over a range of days: the best, and what the best of such a search is worth.

    `grid` has a list of values, or a range like "0.05..0.30:0.05", for each dotted key; `settings` are dotted keys or a
    whole configuration, `options` those of `BacktestOptions` (contracts, warm_up, whole_days_only, ...). Results are
    kept in `out`, by default a folder of the home named after the days, and what it knows is not run again. Processes
    are spawned: in a script, call it below `if __name__ == "__main__":`.

    Raises:
        ConfigurationError: a key, a value, a range or an engine that cannot be; nothing was traded.
    """
    chosen = settings if isinstance(settings, Configuration) else configure([settings or {}])
    begins, ends = (one if isinstance(one, dt.date) else dt.date.fromisoformat(one) for one in (first, last))
    terms = SweepTerms(
        options=BacktestOptions(begins, ends, mode=RunMode(mode), **options),
        folder=default_folder(chosen.settings.storage.home, begins, ends) if out is None else FilePath(out),
        random=random,
        halving=halving,
        objective=Objective(objective),
        min_trades=min_trades,
        engine=engine,
        path=Path(path),
        walk_forward=walk_forward,
    )
    return run_sweep(chosen, axes_of(grid), terms, executor=executor)


def default_folder(home: FilePath, first: dt.date, last: dt.date) -> FilePath:
    """Where sweeps over these days keep their results: all of them together, so that every try counts. ST-521."""
    return home / "studies" / f"sweep-{first:%Y%m%d}-{last:%Y%m%d}"


def axes_of(grid: Mapping[str, object]) -> tuple[Axis, ...]:
    """The axes of a table of keys.

    Raises:
        ConfigurationError: a range or a value that cannot be.
    """
    try:
        return axes_of_table(grid)
    except InvalidInput as wrong:
        raise ConfigurationError(str(wrong)) from wrong


def grid_of(axes: Sequence[Axis]) -> Grid:
    """The grid; what cannot be one is a matter of the command, not of data.

    Raises:
        ConfigurationError: no key, a key twice, or more than 100,000 configurations.
    """
    try:
        return Grid(tuple(axes))
    except InvalidInput as wrong:
        raise ConfigurationError(str(wrong)) from wrong


# -- before the first day ----------------------------------------------------------------------------------------------


def _prepared(configuration: Configuration, grid: Grid, terms: SweepTerms) -> Trial:
    """Raises ConfigurationError for whatever could only fail after hours."""
    refuse_engine(terms)
    refuse_unread(configuration, grid.keys)
    _why_loop(configuration, grid, terms)
    calendar = NyseCalendar()
    days = days_of(configuration.settings, terms.options, calendar)
    _refuse_values(configuration, grid)
    drawn = None if terms.random is None else permutation(len(grid))
    chosen = grid.chosen(drawn, terms.random)
    configurations = {number: _with(configuration, grid.settings(number)) for number in chosen}
    acting = {number: acting_hash(one) for number, one in configurations.items()}
    begins = history_of(terms.options, days.sessions[0])
    start = CarryIn(guards=guards_of(open_strategy(configuration.settings))).after(begins, None)
    return Trial(
        configuration, chosen, configurations, acting, days.dates, days.missing, start,
        read_from(terms.options, calendar), terms.options.whole_days_only,
    )  # fmt: skip


def _with(configuration: Configuration, settings: Mapping[str, str]) -> Configuration:
    swept = {key: Sourced(value, "option --set") for key, value in settings.items()}
    return configure([configuration.given, swept], configuration.live)


def _refuse_values(configuration: Configuration, grid: Grid) -> None:
    """Every value by itself: one that cannot be is named before any combination of it."""
    for axis in grid.axes:
        for value in axis.values:
            _with(configuration, {axis.key: value})


def _why_loop(configuration: Configuration, grid: Grid, terms: SweepTerms) -> str:
    """Why the columns cannot be taken, in words; "" where they can.

    Raises:
        ConfigurationError: they were asked for, or halving over days that hang together.
    """
    carries = terms.options.mode is RunMode.CARRY
    if carries and terms.halving is not None:
        raise ConfigurationError("--halving: compares parts of the days, which carry has not; give --mode days")
    why = "mode carry, in which sizes follow the balance" if carries else ""
    why = why or why_not_on_columns(configuration.settings, grid.keys)
    if terms.path is Path.COLUMNS and why:
        raise ConfigurationError(f"--path columns: {why}; leave --path out, then the loop trades it")
    return why


def _plan(trial: Trial, grid: Grid, terms: SweepTerms, days: tuple[dt.date, ...]) -> SweepPlan:
    return SweepPlan(
        grid=grid,
        chosen=trial.chosen,
        days=days,
        objective=terms.objective,
        capital=trial.base.settings.sizing.starting_capital,
        path=terms.path,
        why_loop=_why_loop(trial.base, grid, terms),
        check_order=lambda size: [int(place) for place in permutation(size)],
        halving=terms.halving,
        day_order=tuple(days[place] for place in permutation(len(days))),
        carries=terms.options.mode is RunMode.CARRY,
    )


# -- the engine --------------------------------------------------------------------------------------------------------


def refuse_engine(terms: SweepTerms) -> None:
    """Refuse an engine that cannot be, before anything is opened."""
    kind, _, rest = terms.engine.partition(":")
    if kind == "local" and (not rest or (rest.isdecimal() and int(rest) > 0)):
        return
    if kind.startswith("dask"):
        refuse_unsafe(terms.engine, terms.tls)
        return
    raise ConfigurationError(f"--engine {terms.engine}: write local, local:N, dask://HOST:PORT or dask+tls://HOST:PORT")


@contextmanager
def _opened(executor: Executor | None, terms: SweepTerms) -> Iterator[Executor]:
    """The engine while it is needed; what has not begun is canceled where the sweep ends early."""
    if executor is not None:
        yield executor
        return
    kind, _, rest = terms.engine.partition(":")
    engine: Executor
    engine = LocalProcesses(int(rest) if rest else None) if kind == "local" else DaskCluster(terms.engine, terms.tls)
    try:
        yield engine
    except BaseException:
        engine.shutdown(wait=False, cancel_futures=True)
        raise
    engine.shutdown()

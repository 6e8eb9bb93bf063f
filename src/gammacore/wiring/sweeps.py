"""A sweep, wired: settings, a grid and a range of days in; the best, and what it is worth, out. Rules: ST-501..525."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.dask_cluster import DaskCluster, TlsFiles, refuse_unsafe
from gammacore.adapters.local_processes import LocalProcesses
from gammacore.adapters.sweep_results import SweepResults, locked, trades_of_json
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.study.run_tasks import Task, TasksDone, run_tasks
from gammacore.application.study.sweep import BATCH, Cell, CellDone, Path, Sweep, SweepPlan
from gammacore.configuration import Configuration, configure
from gammacore.configuration.sources import Sourced
from gammacore.domain.dollars import CENT
from gammacore.domain.study.bootstrap import Draws
from gammacore.domain.study.grid import Axis, Grid
from gammacore.domain.study.overfitting import starts_needed
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.statistics import RESAMPLES, SEED, SessionsOfRecord, StatisticsRules, study_statistics
from gammacore.domain.study.sweep_outcome import (
    FEWEST_TRADES,
    Objective,
    SweepOutcome,
    SweepResult,
    SweepRow,
    judge_sweep,
)
from gammacore.domain.study.warnings import RunFacts, Simulated, StudyWarning
from gammacore.errors import ConfigurationError
from gammacore.ports.executor import Executor
from gammacore.wiring.code_fingerprint import code_fingerprint
from gammacore.wiring.columns import why_not_on_columns
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.strategies import naming_its_underlying
from gammacore.wiring.studies import ALONE
from gammacore.wiring.sweep_keys import refuse_unread
from gammacore.wiring.sweep_tasks import HASH_DAYS, TRADE, acting_hash, layer_json, row_key

log = logging.getLogger("gammacore")

WALK = (60, 20)
"""Sessions of a training window and of the window after it (ours). Rule: ST-523."""
CHECK_RESAMPLES = 2_000
"""Of the reality check (ours). Rule: ST-522."""
SHARED, SHIP = "shared", "ship"
FILES_OF_THE_MARKET = ("market.vix_file", "market.closes_file", "market.price_file", "market.oi_file")


@frozen
class SweepTerms:
    """How a sweep is run. `engine` is local, local:N, dask://HOST:PORT or dask+tls://HOST:PORT."""

    start: dt.date
    end: dt.date
    folder: FilePath
    mode: str = "days"
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


def sweep(
    configuration: Configuration,
    axes: Sequence[Axis],
    terms: SweepTerms,
    *,
    executor: Executor | None = None,
    on_progress: Callable[[TasksDone], None] = lambda _: None,
) -> SweepOutcome:
    """Try every setting of a grid over a range of days, and judge the best by what a search finds in noise.

    Everything is checked before the first day is traded. What is known in the folder is not run again, so that a sweep
    that was interrupted goes on by the same call. `executor` stands in for the engine of the terms.

    Raises:
        ConfigurationError: a key, a value, a range or an engine that cannot be.
        PathsDiffer, NotDeterministic: the results cannot be believed.
    """
    grid = Grid(tuple(axes))
    trial = _prepared(configuration, grid, terms)
    with locked(terms.folder), _opened(executor, terms) as engine:
        results = SweepResults(terms.folder)
        clock = SystemClock()
        files = _files(configuration) if terms.data == SHIP else {}
        hashes, missing = _hashes(engine, clock, trial, files)
        days = tuple(date for date in trial.days if date not in missing)
        if not days:
            raise ConfigurationError(
                f"{terms.start} to {terms.end}: no session has data; {next(iter(missing.values()))}"
            )
        plan = _plan(trial, grid, terms, days)
        trading = GridTrading(trial, grid, hashes, days, files, carries=plan.carries)
        run = Sweep(trading, engine, clock, results, plan, on_progress)
        compared = run()
        results.sort()
        return _outcome(run, plan, grid, terms, compared, missing, results.configurations_tried, trial)


# -- before the first day ----------------------------------------------------------------------------------------------


@frozen(eq=False)
class _Trial:
    """Everything checked: the configurations by their number in the grid, their acting hashes, the days."""

    base: Configuration
    chosen: tuple[int, ...]
    configurations: Mapping[int, Configuration]
    acting: Mapping[int, str]
    days: tuple[dt.date, ...]

    def market_layer(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What of the swept settings the market is opened with."""
        return {key: value for key, value in settings.items() if key.startswith("market.")}


def _prepared(configuration: Configuration, grid: Grid, terms: SweepTerms) -> _Trial:
    """Raises ConfigurationError for whatever could only fail after hours."""
    days = sessions_of(terms.start, terms.end)
    refuse_engine(terms)
    named = naming_its_underlying(configuration)
    refuse_unread(named, grid.keys)
    if MarketSource.parse(named.settings.market.source).is_live:
        raise ConfigurationError(f"--market {named.settings.market.source}: a sweep needs days that are over; "
                                 "give simulated, csv:, lean: or recording:")  # fmt: skip
    _refuse_values(configuration, grid)
    drawn = None if terms.random is None else _permutation(len(grid))
    chosen = grid.chosen(drawn, terms.random)
    configurations = {number: _with(configuration, grid.settings(number)) for number in chosen}
    acting = {number: acting_hash(one) for number, one in configurations.items()}
    return _Trial(configuration, chosen, configurations, acting, days)


def _with(configuration: Configuration, settings: Mapping[str, str]) -> Configuration:
    swept = {key: Sourced(value, "option --set") for key, value in settings.items()}
    return configure([configuration.given, swept], configuration.live)


def _refuse_values(configuration: Configuration, grid: Grid) -> None:
    """Every value by itself: one that cannot be is named before any combination of it."""
    for axis in grid.axes:
        for value in axis.values:
            _with(configuration, {axis.key: value})


def sessions_of(start: dt.date, end: dt.date) -> tuple[dt.date, ...]:
    """The sessions of a range, both ends included.

    Raises:
        ConfigurationError: an empty range, or one without a session.
    """
    if start > end:
        raise ConfigurationError(f"--from {start}: is after --to {end}; give the earlier date first")
    calendar, dates = NyseCalendar(), (start + dt.timedelta(days=day) for day in range((end - start).days + 1))
    if not (found := tuple(date for date in dates if calendar.session(date) is not None)):
        raise ConfigurationError(f"--from {start} --to {end}: the exchange is closed on every day; give a wider range")
    return found


def _permutation(size: int) -> NDArray[np.int64]:
    """Drawn anew from the seed for each use. Rule: ST-004."""
    return np.random.Generator(np.random.PCG64(SEED)).permutation(size)


def _plan(trial: _Trial, grid: Grid, terms: SweepTerms, days: tuple[dt.date, ...]) -> SweepPlan:
    carries = terms.mode == "carry"
    if carries and terms.halving is not None:
        raise ConfigurationError("--halving: compares parts of the days, which carry has not; give --mode days")
    why = "mode carry, in which sizes follow the balance" if carries else ""
    why = why or why_not_on_columns(trial.base.settings, grid.keys)
    if terms.path is Path.COLUMNS and why:
        raise ConfigurationError(f"--path columns: {why}; leave --path out, then the loop trades it")
    order = tuple(days[place] for place in _permutation(len(days)))
    return SweepPlan(
        grid, trial.chosen, days, terms.objective, trial.base.settings.sizing.starting_capital, terms.path, why,
        lambda size: [int(place) for place in _permutation(size)], terms.halving, order, carries,
    )  # fmt: skip


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


def _files(configuration: Configuration) -> dict[str, str]:
    """The files of the market by their whole path, for workers that do not see them. Rule: ST-506."""
    source = MarketSource.parse(configuration.settings.market.source)
    places = [] if source.path is None else [source.path]
    places += [FilePath(configuration.given[key].value) for key in FILES_OF_THE_MARKET if key in configuration.given]
    found: dict[str, str] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                found[str(path.resolve())] = base64.b64encode(path.read_bytes()).decode()
    return found


Hashes = Mapping[tuple[dt.date, str], str]
"""The data hash of a day under the market settings of a configuration (as JSON)."""


def _hashes(
    engine: Executor, clock: SystemClock, trial: _Trial, files: Mapping[str, str]
) -> tuple[Hashes, dict[dt.date, str]]:
    """What data each day has, asked of the workers, who will read it; and the days without any."""
    markets = {_market_key(trial, number): trial.market_layer(_swept(trial, number)) for number in trial.chosen}
    found: dict[tuple[dt.date, str], str] = {}
    missing: dict[dt.date, str] = {}

    def take(batch: tuple[dt.date, ...], answer: str) -> None:
        told = json.loads(answer)
        for date, hashes in zip(batch, told["hashes"], strict=True):
            if any(one is None for one in hashes):
                missing[date] = told["problems"][date.isoformat()]
                continue
            found.update({(date, key): one for key, one in zip(markets, hashes, strict=True)})

    def died(batch: tuple[dt.date, ...], why: str) -> None:
        missing.update(dict.fromkeys(batch, why))

    tasks = []
    for begin in range(0, len(trial.days), BATCH):
        batch = trial.days[begin : begin + BATCH]
        asked = {"days": [date.isoformat() for date in batch], "markets": list(markets.values())}
        tasks.append(Task(HASH_DAYS, _ask(trial.base, asked, files), batch))
    run_tasks(engine, tasks, clock, take, died)
    return found, missing


def _swept(trial: _Trial, number: int) -> dict[str, str]:
    given = trial.configurations[number].given
    return {key: str(one.value) for key, one in given.items() if one.source == "option --set"}


def _market_key(trial: _Trial, number: int) -> str:
    return json.dumps(trial.market_layer(_swept(trial, number)), sort_keys=True)


def _ask(base: Configuration, asked: Mapping[str, Any], files: Mapping[str, str]) -> str:
    shared = {"code": code_fingerprint().as_json(), "settings": layer_json(base.given), "files": dict(files)}
    return json.dumps({**shared, **asked}, sort_keys=True)


@frozen(eq=False)
class GridTrading:
    """How the cells of a grid are traded by workers. Implements `SweepTrading`."""

    trial: _Trial
    grid: Grid
    hashes: Hashes
    days: tuple[dt.date, ...]
    files: Mapping[str, str]
    carries: bool = False
    task: str = field(default=TRADE, init=False)
    _markets: dict[int, str] = field(factory=dict, init=False, repr=False)

    def _hash(self, number: int, date: dt.date) -> str | None:
        if number not in self._markets:
            self._markets[number] = _market_key(self.trial, number)
        return self.hashes.get((date, self._markets[number]))

    def key(self, cell: Cell) -> str | None:
        days = self.days if self.carries else (cell.date,)
        hashes = [self._hash(cell.configuration, date) for date in days]
        if any(one is None for one in hashes):
            return None
        return row_key(self.trial.acting[cell.configuration], "\n".join(map(str, hashes)), ALONE.hash)

    def row(self, cell: Cell, trades: tuple[ClosedTrade, ...]) -> SweepRow:
        key = self.key(cell)
        assert key is not None
        return SweepRow(
            key, cell.date, self.trial.acting[cell.configuration], self.grid.settings(cell.configuration), trades
        )  # fmt: skip

    def ask(self, path: Path, days: Sequence[dt.date], configurations: Sequence[int]) -> str:
        every = self.days if self.carries else tuple(days)
        asked = {
            "days": [date.isoformat() for date in every],
            "hashes": [[self._hash(number, date) for number in configurations] for date in every],
            "configurations": [self.grid.settings(number) for number in configurations],
            "path": "carry" if self.carries else path.value,
        }
        return _ask(self.trial.base, asked, self.files)

    def answers(self, days: Sequence[dt.date], configurations: Sequence[int], answer: str) -> Sequence[CellDone]:
        told = json.loads(answer)
        done = [
            CellDone(
                Cell(configurations[row["configuration"]], dt.date.fromisoformat(row["day"])),
                trades_of_json(row["trades"]), row["path"],
            )
            for row in told["rows"]
        ]  # fmt: skip
        failed = [
            CellDone(Cell(configurations[one["configuration"]], dt.date.fromisoformat(one["day"])), error=one["error"])
            for one in told["failed"]
        ]
        return (*done, *failed)


# -- after the last day ------------------------------------------------------------------------------------------------


def block_starts(sessions: int) -> NDArray[np.int64]:
    """The draws of the reality check: a row of block starts for each resample. Rules: ST-004, ST-522."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    return np.array([generator.integers(0, sessions, starts_needed(sessions)) for _ in range(CHECK_RESAMPLES)])


def _outcome(
    run: Sweep, plan: SweepPlan, grid: Grid, terms: SweepTerms, compared: tuple[SweepResult, ...],
    missing: Mapping[dt.date, str], tried: int, trial: _Trial,
) -> SweepOutcome:  # fmt: skip
    best, guards, verdict = judge_sweep(
        grid, plan.objective, plan.days, compared, tried, block_starts, terms.walk_forward, anchored=terms.anchored,
        min_trades=terms.min_trades,
    )  # fmt: skip
    failed = {_cell_words(grid, cell): error for cell, error in sorted(run.failed.items())}
    simulated = trial.base.settings.market.source == "simulated"
    facts = RunFacts(
        missing_days=sorted(missing),
        failed_days={cell.date: error for cell, error in sorted(run.failed.items())},
        simulated=Simulated() if simulated else None,
    )
    notes = [f"every day went through the loop: {plan.why_loop}"] if plan.why_loop and plan.path is Path.AUTO else []
    by_loop = sum(count for path, count in run.paths.items() if path.startswith("loop: "))
    if plan.takes_columns and by_loop:
        notes.append(f"{by_loop} days under a setting went through the loop, because the columns do not know them")
    return SweepOutcome(
        grid=grid,
        objective=plan.objective,
        sessions=plan.days,
        results=compared,
        tried=tried,
        best=best,
        guards=guards,
        verdict=verdict,
        checked_against_loop=len(run.checked),
        paths=_counted(run.paths),
        notes=tuple(notes),
        failed=failed,
        missing=missing,
        warnings=_warnings(best, plan, facts),
        assumptions=_assumptions(trial.base, terms),
    )


def _counted(paths: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for path, count in paths.items():
        kind = path.partition(":")[0]
        found[kind] = found.get(kind, 0) + count
    return found


def _cell_words(grid: Grid, cell: Cell) -> str:
    words = ", ".join(f"{key} {value}" for key, value in grid.settings(cell.configuration).items())
    return f"{cell.date} with {words}"


def _warnings(best: SweepResult | None, plan: SweepPlan, facts: RunFacts) -> tuple[StudyWarning, ...]:
    """What the figures of the best cannot carry, by the rules of every record."""
    trades = () if best is None else best.trades
    dates = len({trade.booked_on for trade in trades})
    generator = np.random.Generator(np.random.PCG64(SEED))
    draws: Draws = (generator.integers(0, dates, size=(1, dates)) for _ in range(RESAMPLES if dates > 1 else 0))
    rules = StatisticsRules(plan.capital)
    return study_statistics(trades, rules, SessionsOfRecord(plan.days), draws, facts).warnings


def _assumptions(base: Configuration, terms: SweepTerms) -> tuple[str, ...]:
    broker = base.settings.broker
    fees = f"{broker.fees.option_contract.quantize(CENT)} dollars a contract and leg"
    days = (
        "each day starts alone with the same balance: sums are days, added up, and no equity anybody had"
        if terms.mode == "days"
        else "one account through all days"
    )
    return (
        "Fills: never on the snapshot that decided, at the natural price of the next one (CS-419).",
        f"Fees: {fees}; slippage {broker.slippage} points a leg.",
        f"Days: {days}.",
        "Choice: the best of a search is better than it will be; read the guards before the figures.",
        "Walk-forward: each window chooses by its net P/L.",
    )


def with_fixed_size(configuration: Configuration, contracts: int) -> Configuration:
    """The same configuration with as many contracts for every trade, whatever the balance. Rule: ST-204.

    Raises:
        ConfigurationError: a number that no rule of sizing gives.
    """
    if contracts != 1:
        raise ConfigurationError(
            f"--contracts {contracts}: a sweep trades 1 contract; figures a contract do not change"
        )
    return configure([configuration.given, {"sizing.sizing": False}], configuration.live)

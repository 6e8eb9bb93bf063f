"""A backtest from its options to its bundle: days of the calendar, workers, the run's folder. ST-201..213."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.local_processes import LocalProcesses
from gammacore.adapters.recorded.source_files import source_files
from gammacore.adapters.study_files import read_pl_history
from gammacore.application.study.backtest import Backtest, Passes, Progress
from gammacore.configuration import Configuration, Settings, Sourced, configure
from gammacore.configuration.layers import shown
from gammacore.configuration.settings import flatten
from gammacore.domain.ledger import Event, HistoryImported
from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.errors import ConfigurationError, MissingData
from gammacore.wiring.markets import MarketSource, naming_underlying, recorded_dates
from gammacore.wiring.strategies import guards_of, naming_its_underlying, open_strategy
from gammacore.wiring.study.code_fingerprint import code_fingerprint
from gammacore.wiring.study.days import CarryIn
from gammacore.wiring.study.runs import KeptRun, RunTerms, file_hashes
from gammacore.wiring.study.tasks import DayTask

WARM_UP = 20
"""Sessions before the first that may be read (ours). From so many on nothing is cut: rules look back 45 days."""
ONE_DAY = dt.timedelta(days=1)
ONE_SECOND = dt.timedelta(seconds=1)


class RunMode(StrEnum):
    """Whether a day takes over what the one before it leaves. Rules: ST-203, ST-204."""

    CARRY = "carry"
    DAYS = "days"


class Missing(StrEnum):
    """What is done about a session without data. Rule: ST-201."""

    SKIP = "skip"
    FAIL = "fail"


@frozen
class BacktestOptions:
    """What is traded and how. `contracts` and `by_rules` size in mode days: so many a trade, or by `sizing.*`.

    `balance` is the starting capital in dollars, `history` a table of trades made before; `warm_up` sessions before
    `first` may be read and are never traded. `whole_days_only` leaves days out whose data has a flag.
    """

    first: dt.date
    last: dt.date
    mode: RunMode = RunMode.CARRY
    contracts: int | None = None
    by_rules: bool = False
    balance: Decimal | None = None
    history: Path | None = None
    workers: int | None = None
    warm_up: int = WARM_UP
    missing: Missing = Missing.SKIP
    whole_days_only: bool = False
    keeps_ledgers: bool = False
    stops_on_error: bool = False

    def __attrs_post_init__(self) -> None:
        if self.first > self.last:
            raise ConfigurationError(f"--from {self.first} is after --to {self.last}; give the earlier date as --from")
        if self.contracts is not None and self.contracts < 1:
            raise ConfigurationError(f"--contracts {self.contracts}: is not valid; give 1 or more")
        if self.warm_up < 0:
            raise ConfigurationError(f"--warm-up {self.warm_up}: is not valid; give sessions, 0 or more")
        if self.contracts is not None and (self.by_rules or self.mode is RunMode.CARRY):
            other = "--sizing rules" if self.by_rules else "--mode carry"
            raise ConfigurationError(f"--contracts fixes the size and {other} lets the rules choose it; leave one out")


@frozen
class Calendared:
    """The sessions of a run: those with data, in order, and those without."""

    sessions: tuple[TradingSession, ...]
    missing: tuple[dt.date, ...] = ()

    @property
    def requested(self) -> tuple[dt.date, ...]:
        return tuple(sorted((*self.missing, *self.dates)))

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(session.date for session in self.sessions)


@frozen(eq=False)
class BacktestRun:
    """What a run came to. `passes` say how many workers' guesses were needed; `stopped` that a failed day ended it."""

    options: BacktestOptions
    configuration: Configuration
    path: Path
    days: Calendared
    results: tuple[DayResult, ...]
    settings: dict[str, Any]
    passes: Passes = field(factory=Passes)
    workers: int = 1
    stopped: bool = False

    @property
    def failed(self) -> dict[dt.date, str]:
        return {day.date: day.error for day in self.results if day.status is DayStatus.FAILED}

    @property
    def data_hash(self) -> str:
        """SHA-256 over the data of every day, in order."""
        hashes = [[day.date.isoformat(), day.data_hash] for day in self.results]
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def run_backtest(
    configuration: Configuration,
    options: BacktestOptions,
    path: Path,
    *,
    resumes: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> BacktestRun:
    """Trade the days of a range into a run's folder, or go on where it was left.

    An interrupt drops the days in hand and goes through; what is finished stands.

    Raises:
        ConfigurationError: options or settings that cannot be, or a run that was begun otherwise.
        MissingData: no session, no data, or data missing where `missing` is to fail.
        StorageError: the folder cannot be written; what is finished stands.
    """
    configuration = sized_for(naming_underlying(naming_its_underlying(configuration)), options)
    calendar = NyseCalendar()
    days = days_of(configuration.settings, options, calendar)
    begins = history_of(options, days.sessions[0])
    start = CarryIn(guards=guards_of(open_strategy(configuration.settings))).after(begins, None)
    settings = acting_settings(configuration, options, start)
    terms = RunTerms(settings, file_hashes(input_files(configuration.settings)), code_fingerprint().as_json())
    carries = options.mode is RunMode.CARRY
    kept = KeptRun(
        path, terms, configuration.settings, start, begins,
        carries=carries, keeps_ledgers=options.keeps_ledgers, resumes=resumes,
    )  # fmt: skip
    with closing(kept):
        executor = LocalProcesses(options.workers)
        trading = DayTask(
            configuration, carries=carries, keeps_events=carries or options.keeps_ledgers,
            whole_days_only=options.whole_days_only, start=start, read_from=read_from(options, calendar),
        )  # fmt: skip
        backtest = Backtest(
            trading, executor, kept.keep, on_progress=on_progress, stops_on_error=options.stops_on_error
        )  # fmt: skip
        try:
            results = backtest(days.dates, kept.finished, kept.carry)
            executor.shutdown()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
        kept.finish(results)
        return BacktestRun(
            options, configuration, path, days, results, settings,
            backtest.passes, executor.workers, backtest.stopped,
        )  # fmt: skip


def sized_for(configuration: Configuration, options: BacktestOptions) -> Configuration:
    """The configuration with the size and the balance of the options. Rule: ST-204."""
    found: dict[str, Sourced] = {}
    if options.mode is RunMode.DAYS and not options.by_rules:
        found["sizing.sizing"] = Sourced(False, "--mode days")
        found["sizing.contracts"] = Sourced(options.contracts or 1, "--contracts")
    if options.balance is not None:
        found["sizing.starting_capital"] = Sourced(options.balance, "--balance")
    return configure([configuration.given, found], configuration.live) if found else configuration


def days_of(settings: Settings, options: BacktestOptions, calendar: NyseCalendar) -> Calendared:
    """The sessions of the range, split by whether there is data of them. Half days are sessions. Rule: ST-201.

    Raises:
        ConfigurationError: the range has no session.
        MissingData: none of its sessions has data, or one has none and that is to fail.
    """
    sessions = calendar.sessions(options.first, options.last)
    if not sessions:
        raise ConfigurationError(
            f"--from {options.first} --to {options.last}: the exchange has no session then; give a range with one"
        )
    source = MarketSource.parse(settings.market.source)
    if source.is_live:
        raise ConfigurationError(f"--market {source.kind}: is live and has no past; name recorded days")
    if source.path is None:
        return Calendared(sessions)
    there = {*recorded_dates(settings, source)}
    missing = tuple(session.date for session in sessions if session.date not in there)
    if len(missing) == len(sessions):
        held = f"it holds {min(there)} to {max(there)}" if there else "it holds no day that can be read"
        raise MissingData(f"{source.path}: has no data of {options.first} to {options.last}; {held}")
    if missing and options.missing is Missing.FAIL:
        listed = ", ".join(map(str, missing))
        raise MissingData(f"{source.path}: has no data of {listed}; leave --missing fail out to skip them")
    return Calendared(tuple(session for session in sessions if session.date in there), missing)


def read_from(options: BacktestOptions, calendar: NyseCalendar) -> dt.date | None:
    """The first date that may be read; None where the past is not cut. Rule: ST-202."""
    if options.warm_up >= WARM_UP:
        return None
    first, left = options.first, options.warm_up
    while left:
        first -= ONE_DAY
        left -= calendar.session(first) is not None
    return first


def history_of(options: BacktestOptions, first: TradingSession) -> tuple[Event, ...]:
    """The record of trades made before, as a ledger begins with it; nothing without `--history`."""
    if options.history is None:
        return ()
    results = tuple(read_pl_history(options.history))
    return (HistoryImported(first.open - ONE_SECOND, results, len(results), options.history.name),)


def acting_settings(configuration: Configuration, options: BacktestOptions, start: CarryIn) -> dict[str, Any]:
    """Every setting and option that the figures depend on; no path, host or number of workers. Rule: ST-213."""
    rules: dict[str, Any] = json.loads(configuration.fingerprint())
    market = {
        key: shown(key, value)
        for key, value in flatten(configuration.settings)
        if key.startswith("market.") and key not in ("market.source", "market.date") and not isinstance(value, Path)
    }
    asked = {
        "from": options.first.isoformat(),
        "to": options.last.isoformat(),
        "mode": options.mode.value,
        "missing": options.missing.value,
        "require_whole": options.whole_days_only,
        "warm_up": options.warm_up,
        "on_error": "stop" if options.stops_on_error else "go on",
        "history": start.hash if options.history is not None else None,
    }
    source = MarketSource.parse(configuration.settings.market.source).kind
    return {**rules, **market, "market.source": source, **{f"backtest.{key}": value for key, value in asked.items()}}


def input_files(settings: Settings) -> Sequence[Path]:
    """Every file a run reads its market from."""
    market = settings.market
    found = [
        MarketSource.parse(market.source).path, market.vix_file, market.price_file, market.closes_file, market.oi_file,
    ]  # fmt: skip
    return tuple(dict.fromkeys(file for path in found if path is not None for file in source_files(path)))

"""Import days of a recorded source into a store: wired, and the task of a worker. Rules: ST-108, ST-109, ST-802."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.local_processes import LocalProcesses, default_workers
from gammacore.adapters.npz_store.store import NpzStore, packed_hash
from gammacore.adapters.recorded.csv_table import day_rows, market_of, read_rows
from gammacore.adapters.recorded.day_rows import DayRows
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.quality import integrity, row_counts
from gammacore.adapters.recorded.recording_reader import read_recording, read_recording_header
from gammacore.adapters.recorded.stored import day_of
from gammacore.application.study.import_days import Action, ImportDays, ImportedDay, ImportReport, OnDay, PlannedDay
from gammacore.configuration import Configuration, Settings, configure
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.integrity import DayIntegrity, Known, day_integrity
from gammacore.errors import ConfigurationError, GammacoreError
from gammacore.ports.executor import Executor, perform
from gammacore.wiring.markets import MarketSource, previous_session
from gammacore.wiring.study.import_plans import ImportAsked, Plan, plan_import, underlying_of
from gammacore.wiring.study.recorded_sources import RECORDED, lean_folder, replay_settings

TASK = "gammacore.wiring.study.imports:import_batch"


def import_days(
    source: str | Path,
    store: Path,
    *,
    configuration: Configuration | None = None,
    scope: Scope | str = TODAY,
    workers: int | None = None,
    check: bool = False,
    tell: OnDay = lambda _day: None,
) -> ImportReport:
    """Import the days of a source into a store; only those that changed are read.

    `source` is `csv:`, `lean:` or `recording:` with a file, folder or pattern, or a path whose kind is seen by itself.
    With `check` nothing is written: everything is read again and compared with what is stored.

    Raises:
        ConfigurationError: no such kind of source, or its tables do not say of which underlying they are.
        MissingData: the source holds no day.
        InvalidInput: a file cannot be read, or the store is of another version.
        WriteConflict: another import writes this store.
    """
    configuration = configuration or configure()
    scope = Scope.parse(scope) if isinstance(scope, str) else scope
    asked = ImportAsked(configuration, source_named(str(source)), scope)
    kept = NpzStore(Path(store))
    calendar = NyseCalendar()
    with kept.held():
        plan = plan_import(asked, kept.index())
        days = sum(map(len, plan.batches))
        executor = _executor(min(default_workers() if workers is None else workers, days))
        try:
            importing = ImportDays(
                kept, executor, _Task(asked, plan, kept.folder, check), _dates(calendar), plan.seen, tell
            )  # fmt: skip
            return importing(plan.batches, check=check)
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def source_named(text: str) -> MarketSource:
    """A source by `kind:path`, or by a path alone: a folder of LEAN's or a recording is seen to be one.

    >>> source_named("csv:days").kind, source_named("somewhere/day.csv").kind
    ('csv', 'csv')
    """
    kind, colon, _ = text.partition(":")
    if colon and kind in (*RECORDED, "simulated"):
        return MarketSource.parse(text)
    path = Path(text)
    if any((path / each / "usa").is_dir() for each in ("option", "indexoption")):
        return MarketSource("lean", path)
    return MarketSource("recording" if _is_recording(path) else "csv", path)


def _is_recording(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        read_recording_header(path)
    except GammacoreError:
        return False
    return True


def _dates(calendar: NyseCalendar) -> Callable[[dt.date, dt.date], Sequence[dt.date]]:
    return lambda first, last: [session.date for session in calendar.sessions(first, last)]


class _Here:
    """Runs tasks in this process, one after another: what one worker does without a second process."""

    workers = 1

    def submit(self, task: str, given: str) -> Future[str]:
        future: Future[str] = Future()
        try:
            future.set_result(perform(task, given))
        except GammacoreError as refusal:
            future.set_exception(refusal)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing runs."""


def _executor(workers: int) -> Executor:
    if workers < 1:
        raise ConfigurationError(f"workers: {workers} is not valid; give 1 process or more")
    return _Here() if workers == 1 else LocalProcesses(workers)


@frozen
class _Task:
    """A batch as JSON to a worker, and back."""

    asked: ImportAsked
    plan: Plan
    store: Path
    check: bool
    task: str = TASK

    def ask(self, days: Sequence[PlannedDay]) -> str:
        """The days with their files and the settings they are read by."""
        given = self.asked.configuration.given
        keys = [key for key in given if key.startswith(("market.", "underlyings.")) and key != "market.source"]
        return json.dumps(
            {
                "settings": {key: given[key].value for key in keys},
                "kind": self.asked.source.kind,
                "path": str(self.asked.path),
                "scope": str(self.asked.scope),
                "store": str(self.store),
                "check": self.check,
                "days": [
                    [day.symbol, str(day.date), [str(file) for file in self.plan.files[day.symbol, day.date]]]
                    for day in days
                ],
            },
            default=str,
        )

    def answers(self, answer: str) -> Sequence[ImportedDay]:
        """What became of the days of a batch."""
        return [
            ImportedDay(
                each["symbol"],
                dt.date.fromisoformat(each["date"]),
                Action(each["action"]),
                each["hash"],
                each["bytes"],
                None if each["report"] is None else DayIntegrity.from_json(each["report"]),
                each["error"],
            )
            for each in json.loads(answer)
        ]


def import_batch(given: str) -> str:
    """Read the days of one set of files and write each into the store: the task of a worker."""
    asked = json.loads(given)
    batch = _Batch(
        configure([asked["settings"]]).settings, asked["kind"], Path(asked["path"]), Scope.parse(asked["scope"]),
        NpzStore(Path(asked["store"])), asked["check"], NyseCalendar(),
    )  # fmt: skip
    days = [(symbol, dt.date.fromisoformat(date), list(map(Path, files))) for symbol, date, files in asked["days"]]
    return json.dumps(
        [
            {
                "symbol": day.symbol, "date": str(day.date), "action": day.action, "hash": day.hash, "bytes": day.bytes,
                "report": None if day.report is None else day.report.document(), "error": day.error,
            }
            for day in batch.imported(days)
        ]
    )  # fmt: skip


@frozen
class _Batch:
    settings: Settings
    kind: str
    path: Path
    scope: Scope
    store: NpzStore
    check: bool
    calendar: NyseCalendar

    def imported(self, days: Sequence[tuple[str, dt.date, list[Path]]]) -> list[ImportedDay]:
        done: list[ImportedDay] = []
        sessions: dict[tuple[str, dt.date], TradingSession] = {}
        for symbol, date, _ in days:
            try:
                session = self.calendar.session(date)
            except GammacoreError as refusal:
                done.append(ImportedDay(symbol, date, Action.FAILED, error=str(refusal)))
                continue
            if session is None:
                done.append(ImportedDay(symbol, date, Action.EMPTY, error="the exchange was closed"))
            else:
                sessions[symbol, date] = session
        rows = self._rows(days[0][2], sessions) if self.kind == "csv" and sessions else {}
        for symbol, date, files in days:
            if (session := sessions.get((symbol, date))) is None:
                continue
            if isinstance(read := rows.get((symbol, date)), GammacoreError):
                done.append(ImportedDay(symbol, date, Action.FAILED, error=str(read)))
            elif read is not None and not len(read.chains):
                report = day_integrity(session, (), row_counts(read.intake), Known(False, False, False, False))
                done.append(ImportedDay(symbol, date, Action.EMPTY, report=report, error=read.why_empty()))
            else:
                done.append(self._kept(symbol, session, files, read))
        return done

    def _rows(
        self, files: Sequence[Path], sessions: Mapping[tuple[str, dt.date], TradingSession]
    ) -> dict[tuple[str, dt.date], DayRows | GammacoreError]:
        """The rows of every day of the batch, each file read once; a file that cannot be read fails them all."""
        market, replay = self.settings.market, replay_settings(self.settings)
        try:
            rows = {}
            for key, session in sessions.items():
                previous = previous_session(self.calendar, session.date)
                rows[key] = day_rows(underlying_of(self.settings, key[0]), session, previous, replay, self.scope)
            read_rows(files, rows, columns=market.columns or market.preset or None, settings=replay)
        except GammacoreError as refusal:
            return dict.fromkeys(sessions, refusal)
        return dict(rows)

    def _kept(self, symbol: str, session: TradingSession, files: Sequence[Path], rows: DayRows | None) -> ImportedDay:
        underlying, date = underlying_of(self.settings, symbol), session.date
        previous = previous_session(self.calendar, date)
        try:
            market = self._market(symbol, session, previous, files, rows)
            report = integrity(market)
            day = day_of(market, previous, filter(None, dict.fromkeys((symbol, underlying.hedge_share, "VIX"))))
            digest, size = packed_hash(day) if self.check else self.store.write(day)
        except GammacoreError as refusal:
            return ImportedDay(symbol, date, Action.FAILED, error=str(refusal))
        return ImportedDay(symbol, date, Action.WRITTEN, digest, size, report)

    def _market(
        self,
        symbol: str,
        session: TradingSession,
        previous: TradingSession | None,
        files: Sequence[Path],
        rows: DayRows | None,
    ) -> RecordedMarket:
        underlying, replay = underlying_of(self.settings, symbol), replay_settings(self.settings)
        if rows is not None:
            return market_of(rows, session, previous, replay, "", f"csv:{self.path.name}")
        if self.kind == "lean":
            return read_lean_market(
                lean_folder(self.path).path, underlying, session, expiries=self.scope, settings=replay,
                previous=previous, count_others=True,
            )  # fmt: skip
        return read_recording(files[0], settings=replay, option_root=underlying.option_root)

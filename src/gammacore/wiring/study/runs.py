"""A run on disk: its folder, its ledger or ledgers, and how it is taken up again. Rules: ST-207, ST-209, ST-213."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from gammacore.adapters.fake.account import BookFile, account_of_json
from gammacore.adapters.study_files.run_folder import LEDGER, LEDGERS, RunFolder
from gammacore.application.study.backtest import DayDone
from gammacore.configuration import Settings
from gammacore.domain.ledger import Event
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.errors import ConfigurationError, StorageError
from gammacore.ports.storage import Storage
from gammacore.wiring.ledgers.storage import make_folder, open_storage
from gammacore.wiring.study.days import CarryIn
from gammacore.wiring.venues import exchange_book_beside

COMPARED = ("settings", "data", "code")
"""What a run was begun with and must be resumed with, each a table. Rule: ST-209."""


@frozen
class RunTerms:
    """What a run is of: acting settings and options, the files it reads with their hashes, and the code."""

    settings: Mapping[str, Any]
    data: Mapping[str, str]
    code: Mapping[str, str]

    def refuse_others(self, begun_with: Mapping[str, Any], folder: Path) -> None:
        """Refuse to go on with a run that was begun otherwise.

        Raises:
            ConfigurationError: names every key that differs.
        """
        differs = []
        for name in COMPARED:
            before, now = begun_with.get(name, {}), getattr(self, name)
            for key in sorted({*before, *now}):
                if before.get(key) != now.get(key):
                    differs.append(f"{key} {_short(before.get(key))} then, {_short(now.get(key))} now")
        if differs:
            raise ConfigurationError(
                f"{folder}: was begun otherwise: {'; '.join(differs)}; give what it was begun with, or begin a new run"
            )


def _short(value: object) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}..."


class KeptRun:
    """The folder of a run and, in mode carry, its ledger: every finished day goes to both, once, in order.

    The ledger has a day before days.ndjson does: killed between the two, the day is traded again and found there.

    Raises:
        ConfigurationError: there is nothing to resume, something is there already, or it was begun otherwise.
        WriteConflict: another run writes to the folder.
        StorageError: it cannot be read or written, or its ledger is not of this run.
    """

    def __init__(
        self, path: Path, terms: RunTerms, settings: Settings, start: CarryIn, begins: Sequence[Event] = (), *,
        carries: bool, keeps_ledgers: bool, resumes: bool,
    ) -> None:  # fmt: skip
        self.path = path
        self._settings = settings
        self._begins = begins
        self._keeps_ledgers = keeps_ledgers
        if resumes and not (path / "run.json").exists():
            raise ConfigurationError(f"{path}: holds no run to resume; leave --resume out to begin one")
        make_folder(path)
        self.folder = RunFolder(path)
        self._storage: Storage | None = None
        try:
            begun_with = self.folder.terms()
            if begun_with is not None and not resumes:
                raise ConfigurationError(f"{path}: holds a run already; go on with --resume, or give another --out")
            if begun_with is not None:
                terms.refuse_others(begun_with, path)
            else:
                self.folder.note({name: getattr(terms, name) for name in COMPARED})
            self.carry = start
            self._ahead: list[Event] = []
            if carries:
                self._storage = open_storage(settings, path / LEDGER)
                self.carry = self._taken_up(self._storage, start)
        except BaseException:
            self.close()
            raise

    @property
    def finished(self) -> Sequence[DayResult]:
        """The days that were finished before."""
        return self.folder.finished

    def keep(self, day: DayDone) -> DayDone:
        """Have a finished day on the disk before this returns."""
        if self._storage is not None:
            self._append(self._storage, day.events)
            day = evolve(day, result=evolve(day.result, ledger_events=self._storage.version))
        elif self._keeps_ledgers and day.result.status is DayStatus.TRADED:
            self._write_ledger(day.result.date, day.events)
        self.folder.add(day.result)
        return day

    def finish(self, days: Iterable[DayResult]) -> None:
        """Leave the exchange's book beside the run's ledger, so that a later day can be traded on it."""
        accounts = [day.account for day in days if day.account is not None]
        if self._storage is not None and accounts:
            BookFile(exchange_book_beside(self.path / LEDGER)).write(account_of_json(accounts[-1]))

    def close(self) -> None:
        """Let another process take the run up."""
        if self._storage is not None:
            self._storage.close()
        self.folder.close()

    def _taken_up(self, storage: Storage, start: CarryIn) -> CarryIn:
        """What the first unfinished day takes over. What the ledger has beyond it is of a day without its line."""
        events = [*storage.events()]
        begun = start.book.version
        if not events:
            if self.finished:
                raise StorageError(
                    f"{self.path / LEDGER}: is empty, and {self.path} has finished days; begin a new run"
                )
            storage.append(self._begins, 0)
            return start
        known = self.finished[-1].ledger_events if self.finished else begun
        self._ahead = events[known:]
        accounts = [day.account for day in self.finished if day.account is not None]
        carried = start
        if accounts:
            carried = start.after(events[begun:known], account_of_json(accounts[-1]))
        hashes = [day.carry_out for day in self.finished if day.carry_out]
        if hashes and hashes[-1] != carried.hash:
            raise StorageError(f"{self.path / LEDGER}: is not the ledger of {self.path}'s days; begin a new run")
        return carried

    def _append(self, storage: Storage, events: tuple[Event, ...]) -> None:
        ahead, self._ahead = self._ahead, []
        if ahead:
            if ahead != [*events]:
                raise StorageError(f"{self.path / LEDGER}: its last day came out otherwise now; begin a new run")
            return
        if events:
            storage.append(events, storage.version)

    def _write_ledger(self, date: dt.date, events: tuple[Event, ...]) -> None:
        make_folder(self.path / LEDGERS)
        storage = open_storage(self._settings, self.path / LEDGERS / f"{date}.sqlite")
        try:
            if not storage.version:
                storage.append(events, 0)
        finally:
            storage.close()


def file_hashes(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file, folders with all that is in them, by name."""
    hashes: dict[str, str] = {}
    for path in paths:
        for file in sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]:
            digest = hashlib.sha256()
            with file.open("rb") as content:
                while block := content.read(1 << 20):
                    digest.update(block)
            hashes[str(file.relative_to(path.parent))] = digest.hexdigest()
    return hashes

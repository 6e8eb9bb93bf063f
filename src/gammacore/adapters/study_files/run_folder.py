"""The folder of a run: its lock, its days as they finish, what it was begun with. Rules: ST-209, ST-213, ST-803."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from os import fsync
from pathlib import Path
from typing import Any, BinaryIO

from gammacore.adapters.study_files.day_lines import day_line, whole_lines
from gammacore.adapters.whole_file import write_whole
from gammacore.domain.study.days import DayResult
from gammacore.errors import StorageError, WriteConflict

DAYS = "days.ndjson"
RUN = "run.json"
LEDGER = "ledger.sqlite"
LEDGERS = "ledgers"
PRIVATE = 0o600


class RunFolder:
    """One run's folder, held by one process at a time; `finished` are the days it has.

    A line that a kill or a full disk cut short is dropped: its day is traded again.

    Raises:
        WriteConflict: another process runs in this folder.
        StorageError: it cannot be made, read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = self._locked()
        try:
            self.finished, length = whole_lines(path / DAYS)
            self._lines = self._opened(length)
        except BaseException:
            os.close(self._lock)
            raise

    def add(self, day: DayResult) -> None:
        """Write one finished day and have it on the disk before this returns.

        Raises:
            StorageError: the disk is full or gone; what was there before stays whole.
        """
        line = f"{day_line(day)}\n".encode()
        before = self._lines.tell()
        try:
            self._lines.write(line)
            self._lines.flush()
            fsync(self._lines.fileno())
        except OSError as refusal:
            os.truncate(self.path / DAYS, before)
            raise self._failed(DAYS, refusal) from refusal

    def terms(self) -> Mapping[str, Any] | None:
        """What the run was begun with; None in a new folder."""
        file = self.path / RUN
        if not file.exists():
            return None
        try:
            terms: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as defect:
            raise StorageError(f"{file}: cannot be read ({defect}); begin a new run") from defect
        return terms

    def note(self, terms: Mapping[str, Any]) -> None:
        """Write run.json, all or nothing."""
        self.write(RUN, json.dumps(terms, indent=2, sort_keys=True, default=str) + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the bundle, all or nothing."""
        write_whole(self.path / name, text)

    def close(self) -> None:
        """Let another process run here."""
        self._lines.close()
        os.close(self._lock)

    def _locked(self) -> int:
        """The lock dies with its holder, SIGKILL included; its file stays."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError as refusal:
            raise self._failed("", refusal) from refusal
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise WriteConflict(
                f"{self.path}: another run writes to this folder; wait for it, or give another --out"
            ) from None
        return descriptor

    def _opened(self, length: int) -> BinaryIO:
        file = self.path / DAYS
        try:
            lines = file.open("r+b" if file.exists() else "x+b")
            lines.truncate(length)
            lines.seek(length)
        except OSError as refusal:
            raise self._failed(DAYS, refusal) from refusal
        return lines

    def _failed(self, name: str, refusal: OSError) -> StorageError:
        return StorageError(f"{self.path / name}: cannot be written ({refusal.strerror or refusal}); "
                            "make room, then go on with --resume")  # fmt: skip

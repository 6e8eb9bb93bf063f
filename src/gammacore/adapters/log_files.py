"""A log kept in a file: lines of JSON or of text, a new file each New York day or beyond a size, old ones zipped.

The process only puts a record into a bounded queue; a thread writes. What does not fit, or finds no disk, costs lines,
which are counted and said once, and never a cycle. Rules: OP-002, OP-302, OP-303.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from logging.handlers import QueueListener
from pathlib import Path
from typing import Any

from gammacore.adapters.notifiers.settings import LogSettings
from gammacore.domain.sessions import NEW_YORK, new_york_date
from gammacore.errors import StorageError

LONGEST_LINE = 8_000
"""Bytes of a line at most. Rule: OP-302."""
WAITING = 10_000
"""Records that may wait for the disk."""


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how loud, whose, what event, in which words. Rule: OP-302.

    `whose` says mode, account and strategy; `redact` hides secrets. A line that would be too long keeps the head of its
    message.
    """

    def __init__(self, redact: Callable[[str], str], whose: Mapping[str, str]) -> None:
        super().__init__()
        self._redact = redact
        self._whose = whose
        self._version = version("gammacore")

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        market_now: dt.datetime | None = getattr(record, "market_now", None)
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "market_at": None if market_now is None else market_now.astimezone(NEW_YORK).isoformat(),
            "level": record.levelname.lower(),
            "mode": self._whose.get("mode") or None,
            "account": self._whose.get("account") or None,
            "strategy": self._whose.get("strategy") or None,
            "event": getattr(record, "event", None) or record.name,
            "message": message,
            "ledger_version": getattr(record, "ledger_version", None),
            "pid": record.process,
            "version": self._version,
        }
        if figures := getattr(record, "figures", None):
            line["figures"] = figures
        return self._whole(line)

    def _whole(self, line: dict[str, Any]) -> str:
        text = self._redact(json.dumps(line, default=str))
        if len(text) < LONGEST_LINE:
            return text
        line.pop("figures", None)
        message = str(line["message"])
        while len(text) >= LONGEST_LINE:  # an escaped character takes up to six
            message = message[: len(message) * (LONGEST_LINE - 400) // (2 * len(text))]
            text = self._redact(json.dumps({**line, "message": message + " …"}, default=str))
        return text


class RotatedFile(logging.StreamHandler[Any]):
    """Appends to a file, 0600, that is changed at New York's midnight and beyond a size; old ones are zipped.

    Raises:
        StorageError: the file cannot be opened.
    """

    def __init__(self, path: Path, settings: LogSettings | None = None, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self.settings = settings or LogSettings()
        self.lost = 0
        self._said = False
        self._now = now
        super().__init__(self._open())
        self._date = self._today()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a disk that refuses costs the line."""
        try:
            self._change_if_due()
            self.stream.write(self.format(record) + "\n")
            self.stream.flush()
        except (OSError, ValueError) as refusal:
            self.lost += 1
            if not self._said and logging.lastResort is not None:
                self._said = True
                logging.lastResort.handle(_note(f"{self.path}: lines of the log are lost ({refusal})"))

    def close(self) -> None:
        """Let go of the file."""
        self.stream.close()
        super().close()

    def _open(self) -> Any:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as refusal:
            raise StorageError(f"{self.path}: cannot be written ({refusal.strerror or refusal})") from refusal
        return os.fdopen(number, "a", encoding="utf-8")

    def _today(self) -> dt.date:
        return new_york_date(dt.datetime.fromtimestamp(self._now(), dt.UTC))

    def _change_if_due(self) -> None:
        if not self.settings.rotate:
            self._reopen_if_moved()
            return
        today = self._today()
        size = self.stream.tell()
        if size and (today != self._date or size >= self.settings.max_bytes):
            self._change()
        self._date = today

    def _reopen_if_moved(self) -> None:
        try:
            same = os.path.samestat(os.stat(self.path), os.fstat(self.stream.fileno()))
        except FileNotFoundError:
            same = False
        if not same:
            self._begin_another()

    def _begin_another(self) -> None:
        old = self.setStream(self._open())
        if old is not None:
            old.close()

    def _change(self) -> None:
        number = 1
        while (old := self.path.with_name(f"{self.path.name}.{self._date}.{number}.gz")).exists():
            number += 1
        draft = old.with_suffix(".draft")
        with self.path.open("rb") as whole, gzip.open(draft, "wb") as zipped:
            shutil.copyfileobj(whole, zipped)
        os.chmod(draft, 0o600)
        os.replace(draft, old)
        self.path.unlink()
        self._begin_another()
        self._forget()

    def _forget(self) -> None:
        """Files of days that are too old."""
        for old in self.path.parent.glob(f"{self.path.name}.*.gz"):
            day = old.name.removeprefix(f"{self.path.name}.").split(".")[0]
            try:
                is_old = (self._today() - dt.date.fromisoformat(day)).days > self.settings.keep_days
            except ValueError:
                continue
            if is_old:
                old.unlink(missing_ok=True)


def _note(text: str) -> logging.LogRecord:
    return logging.LogRecord("gammacore", logging.WARNING, __file__, 0, text, None, None)


class BoundedQueue(logging.Handler):
    """Puts records before a thread that hands them to `target`; a full queue drops and counts. Rule: OP-002.

    `market_now` is the traded day's time when a record was made, None before it begins.
    """

    def __init__(
        self, target: RotatedFile, market_now: Callable[[], dt.datetime | None] = lambda: None, waiting: int = WAITING
    ) -> None:
        super().__init__(target.level)
        self.target = target
        self._market_now = market_now
        self.dropped = 0
        self._queue: queue.Queue[logging.LogRecord] = queue.Queue(waiting)
        self._listener = QueueListener(self._queue, target, respect_handler_level=True)
        self._listener.start()
        self._lock_closed = threading.Lock()
        self._closed_once = False

    def emit(self, record: logging.LogRecord) -> None:
        """Stamp the record with the market's time, and leave it; never waits."""
        record.market_now = self._market_now()
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, then let go of the file."""
        with self._lock_closed:
            if self._closed_once:
                return
            self._closed_once = True
        self._listener.stop()
        if self.dropped:
            self.target.emit(_note(f"{self.dropped} lines of the log were dropped: the disk was too slow"))
        self.target.close()
        super().close()

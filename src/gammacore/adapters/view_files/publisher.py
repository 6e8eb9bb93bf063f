"""Publishes a day beside its ledger: `now.json`, replaced whole, and `DATE.ndjson`, a line a minute and at each fill.

In real time from a thread with one slot: the newest picture wins, and a disk that is full or slow costs pictures, never
a cycle. A study at full speed draws in its own thread, or its lines would be lost. Rules: OP-002, OP-502.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gammacore.adapters.view_files.encoding import Document, Whose, line_document, now_document
from gammacore.adapters.view_files.settings import NOW_FILE
from gammacore.adapters.whole_file import whole, write_whole
from gammacore.errors import StorageError
from gammacore.ports.people import Picture

log = logging.getLogger("gammacore")
LARGEST = 64 * 1024
CLOSING_SECONDS = 2.0
"""How long the end of a run waits for the last picture (ours)."""


class ViewFiles:
    """Implements ports.people.ViewBoard over a folder; `every` seconds of real time lie between two pictures."""

    def __init__(
        self, folder: Path, whose: Whose, *, every: float = 1.0, own_thread: bool = True,
        write: Callable[[Path, str], None] | None = None,
    ) -> None:  # fmt: skip
        """`write` stands in for the disk in tests."""
        self._folder = folder
        self._whose = whose
        self._every = every
        self._write = write or _write
        self._asked = -every
        self._written = -every
        self.lost = 0
        """Pictures that were not published; a newer one that took the place is not one of them."""
        self._is_failing = False
        self._last: Picture | None = None
        self._slot: Callable[[], Picture] | None = None
        self._ready = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        if own_thread:
            self._thread = threading.Thread(target=self._publish_all, name="gammacore view", daemon=True)
            self._thread.start()

    def wants(self, now: dt.datetime, *, filled: bool) -> bool:
        return filled or time.monotonic() - self._asked >= self._every

    def put(self, draw: Callable[[], Picture]) -> None:
        self._asked = time.monotonic()
        if self._thread is None:
            self._publish(draw)
            return
        with self._ready:
            self._slot = draw
            self._ready.notify()

    def dropped(self, fault: Exception) -> None:
        self.lost += 1
        if not self._is_failing:
            self._is_failing = True
            log.warning("the view in %s is not published (%s: %s); trading goes on", self._folder,
                        type(fault).__name__, fault)  # fmt: skip

    def close(self) -> None:
        with self._ready:
            self._closing = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
            if self._thread.is_alive():
                return
        if self._last is not None:
            with suppress(Exception):
                self._put_now(self._last)
            if self._last.view.at >= self._last.view.session_close:
                pack(self._folder)

    def _publish_all(self) -> None:
        while True:
            with self._ready:
                while self._slot is None and not self._closing:
                    self._ready.wait()
                draw, self._slot = self._slot, None
            if draw is None:
                return
            self._publish(draw)

    def _publish(self, draw: Callable[[], Picture]) -> None:
        try:
            self._last = picture = draw()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if picture.is_line:
                self._append(picture)
            if time.monotonic() - self._written >= self._every or self._thread is not None:
                self._put_now(picture)
        except Exception as fault:
            self.dropped(fault)
        else:
            self._is_failing = False

    def _put_now(self, picture: Picture) -> None:
        document = now_document(picture, self._whose, dt.datetime.now(dt.UTC), self.lost)
        self._write(self._folder / NOW_FILE, bounded(document))
        self._written = time.monotonic()

    def _append(self, picture: Picture) -> None:
        append_line(self._folder / f"{picture.view.date}.ndjson", line_document(picture))


def append_line(path: Path, document: Document) -> None:
    """One more line of a day's course, in one write."""
    line = json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def bounded(document: Document) -> str:
    """The document as text of at most 64 kB: strikes far from the price go first, then the exposure as a whole."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    exposure = document.get("exposure")
    while len(text.encode()) > LARGEST and exposure is not None:
        rows = exposure["by_strike"]
        exposure["by_strike"] = rows[len(rows) // 4 : len(rows) - len(rows) // 4] if len(rows) > 8 else []
        if not exposure["by_strike"]:
            document["exposure"] = exposure = None
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return text


def pack(folder: Path) -> None:
    """Compress the course of days that are over; what cannot be packed stays as it is."""
    for path in folder.glob("*.ndjson"):
        with suppress(OSError, StorageError):
            packed = path.with_suffix(".ndjson.gz")
            before = gzip.decompress(packed.read_bytes()) if packed.exists() else b""
            with whole(packed, 0o600) as draft:
                draft.write_bytes(gzip.compress(before + path.read_bytes(), mtime=0))
            path.unlink()


def _write(path: Path, text: str) -> None:
    write_whole(path, text, 0o600)

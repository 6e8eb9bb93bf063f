"""What a ledger's own medium does not take, kept on another one: a file in the temporary folder, or in memory's.

A loop writes there while its disk is full or read-only; the next writer of the ledger takes it up first. Rule: R1.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.adapters.codec.records import NewerRecord, UnreadableRecord, decode, encode
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError


def folders() -> tuple[Path, ...]:
    """Where it may stand: the temporary folder, else memory's, which outlives the process and not the machine."""
    return tuple(dict.fromkeys((Path(tempfile.gettempdir()), Path("/dev/shm"))))


def places_for(ledger: Path, where: Iterable[Path] | None = None) -> tuple[Path, ...]:
    """The files that may hold what a ledger did not take, by the ledger's own path and user."""
    digest = hashlib.sha256(str(ledger.resolve()).encode()).hexdigest()[:16]
    return tuple(folder / f"gammacore-{os.getuid()}-{digest}.ndjson" for folder in where or folders())


@frozen
class Kept:
    """What a second journal has: `events` that follow event number `after`, whose checksum was `checksum`."""

    path: Path
    after: int
    checksum: str
    events: tuple[Event, ...]


class FileJournal:
    """Implements `gammacore.ports.storage.SecondJournal`: one line an event, on the disk when `keep` returns.

    `checksum` is that of the ledger's last event: what is kept is taken up behind that event and no other.
    """

    def __init__(self, places: Sequence[Path], checksum: Callable[[], str]) -> None:
        self._places = tuple(places)
        self._checksum = checksum
        self._path: Path | None = None
        self._after = -1
        self._count = 0
        self._end = 0

    def keep(self, events: Sequence[Event], after: int) -> str:
        """Add what it does not have yet. See `SecondJournal.keep`."""
        if after != self._after or len(events) < self._count:
            self._path, self._after, self._count, self._end = None, after, 0, 0
        candidates = self._places if self._path is None else (self._path,)
        refusals: list[str] = []
        for path in candidates:
            try:
                self._write(path, events, after)
            except OSError as refusal:
                refusals.append(f"{path}: {refusal.strerror}")
                if self._path is None:
                    with suppress(OSError):
                        path.unlink(missing_ok=True)
            else:
                self._path, self._count = path, len(events)
                return str(path)
        raise StorageError("; ".join(refusals))

    def _write(self, path: Path, events: Sequence[Event], after: int) -> None:
        is_new = self._path is None
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if is_new else 0)
        lines = [json.dumps({"after": after, "checksum": self._checksum()})] if is_new else []
        lines += [encode(event) for event in events[self._count :]]
        text = "".join(f"{line}\n" for line in lines).encode()
        file = os.open(path, flags, 0o600)
        try:
            if os.fstat(file).st_uid != os.getuid():
                raise PermissionError(0, "is another user's")
            os.ftruncate(file, self._end)  # what a refusal left of a line
            os.lseek(file, self._end, os.SEEK_SET)
            left = memoryview(text)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        finally:
            os.close(file)
        self._end += len(text)

    def drop(self) -> None:
        """Remove the file. See `SecondJournal.drop`."""
        drop(self._places)
        self._path, self._after, self._count, self._end = None, -1, 0, 0


def drop(places: Iterable[Path]) -> None:
    """Remove what was taken up.

    Raises:
        StorageError: a file cannot be removed.
    """
    for path in places:
        try:
            path.unlink(missing_ok=True)
        except OSError as refusal:
            raise StorageError(f"{path}: {refusal.strerror}; remove it by hand") from refusal


def kept(places: Iterable[Path]) -> Kept | None:
    """What a process that could not write its ledger left behind; None where there is nothing of this user's.

    Of a line that is cut, and what follows it, nothing is taken.
    """
    for path in places:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        with os.fdopen(file, "rb") as readable:
            if os.fstat(readable.fileno()).st_uid != os.getuid():
                continue
            lines = readable.read().decode("utf-8", "replace").split("\n")[:-1]
        if (found := _read(path, lines)) is not None:
            return found
    return None


def _read(path: Path, lines: Sequence[str]) -> Kept | None:
    try:
        head = json.loads(lines[0])
        after, checksum = int(head["after"]), str(head["checksum"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    events: list[Event] = []
    with suppress(UnreadableRecord, NewerRecord):
        for line in lines[1:]:
            events.append(decode(line))
    return Kept(path, after, checksum, tuple(events))

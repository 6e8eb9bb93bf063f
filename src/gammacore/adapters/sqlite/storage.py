"""The ledger's storage on SQLite: write-ahead log, one writer, every append on the disk when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from gammacore.adapters.codec.records import NewerRecord, UnreadableRecord, decode, encode, link
from gammacore.adapters.sqlite.high_water import ENDING, HighWater, HighWaterFile, check_not_gone, read_high_water
from gammacore.adapters.sqlite.layout import (
    EMPTY,
    INSERT_EVENT,
    LEDGER,
    as_storage_errors,
    beside,
    check_place,
    connect,
    corrupt,
    create,
    ledger_place,
)
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.adapters.sqlite.log import check_log, check_log_beside_a_writer
from gammacore.adapters.sqlite.reading import Head, Row, look, read_head, verify, walk
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError, WriteConflict

Answer = TypeVar("Answer")

GROUP_SIZE = 100
"""Events a grouped ledger gathers before it writes them."""

READ_AHEAD = 1000
"""Events read in one go; between two goes a writer may tidy up its log."""


def first_events(path: Path | str, count: int) -> list[Event]:
    """The first events of a ledger, read beside its writer without a lock: what says whose ledger it is.

    The rest of it is not looked at, so that a damaged ledger is still recognised.

    Raises:
        StorageError, CorruptLedger: not even these can be read.
    """
    ledger = ledger_place(path)
    check_place(ledger)
    rows = look(ledger, lambda connection: list(islice(walk(connection, ledger, until=count), count)))
    return [_decoded(row, ledger) for row in rows]


class SqliteStorage:
    """The events of one account and mode in one SQLite file. Implements `gammacore.ports.storage.Storage`.

    Opening checks every byte that matters and refuses a damaged ledger; a path where nothing stands becomes a new one.
    With `grouped` appends are gathered and reach the disk in groups of 100 and at `close`: a crash may lose the last
    group, which replays can afford. With `read_only` no lock is taken and no file is made or changed.

    Rules: R1, R6, R12, CS-565, CS-609.

    Raises:
        WriteConflict: another process is writing to it.
        CorruptLedger: what is read is not what was written; the message has the repair command.
        StorageError: it cannot be opened; the message names the path and the remedy.
    """

    def __init__(self, path: Path | str, *, grouped: bool = False, read_only: bool = False) -> None:
        self.path = ledger_place(path)
        self._grouped = grouped
        self._gathered: list[Row] = []
        self._lock: WriterLock | None = None
        self._connection: sqlite3.Connection | None = None
        self._high_water: HighWaterFile | None = None
        self._inode = 0
        self._closed = False
        if read_only:
            check_place(self.path)
            check_not_gone(self.path)
            if not self.path.exists():
                raise StorageError(f"there is no ledger at {self.path}; give the path of one")
            with as_storage_errors(self.path):
                check_log_beside_a_writer(self.path)
                noted = read_high_water(self.path)
            self._head = self._written = look(self.path, lambda connection: self._verify(connection, noted))
            return
        self._lock = WriterLock.take(self.path)
        try:
            self._head = self._written = self._open_to_write()
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> int:
        """The number of the last event; 0 when empty. A reader sees what the writer has written meanwhile."""
        if self._lock is None and not self._closed:
            return self._ask(lambda connection: read_head(connection, self.path)).version
        return self._head.version

    @property
    def checksum(self) -> str:
        """That of the last event, which every one before it went into."""
        return self._head.checksum

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        """Write all events or none after `expected_version`; return the new version. See `Storage.append`."""
        if self._closed or self._lock is None:
            raise StorageError(
                f"{self.path} is {'closed' if self._closed else 'open for reading'}; nothing was written"
            )
        if expected_version != self._head.version:
            raise WriteConflict(
                f"{self.path}: {expected_version} events were expected and {self._head.version} are there; "
                "nothing was written"
            )
        rows = self._chained(events)
        if not rows:
            return self._head.version
        if not self._grouped:
            self._write(rows)
        elif len(self._gathered) + len(rows) < GROUP_SIZE:
            self._gathered += rows
        else:
            self._write([*self._gathered, *rows])
            self._gathered = []
        self._head = Head(rows[-1].seq, rows[-1].checksum)
        return self._head.version

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events with number > `after` that are there now, oldest first. See `Storage.events`."""
        self._flush()
        until = self.version
        return self._decoded(max(after, 0), until)

    def close(self) -> None:
        """Write what is gathered and let go of the writer's lock. Safe to call twice."""
        if self._closed:
            return
        try:
            self._flush()
        finally:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._high_water is not None:
                self._high_water.close(self._written)
                self._high_water = None
            if self._lock is not None:
                self._lock.release()

    def _open_to_write(self) -> Head:
        with as_storage_errors(self.path):
            check_place(self.path)
            check_not_gone(self.path)
            if not self.path.exists():
                beside(self.path, ENDING).unlink(missing_ok=True)  # of a ledger that was closed and moved away
                create(self.path, LEDGER, "WAL", EMPTY)
            check_log(self.path)
            noted = read_high_water(self.path)
            # before SQLite may write: a damaged file stays as it is
            head = look(self.path, lambda connection: self._verify(connection, noted))
            self._connection = connect(self.path, "mode=rw")
            self._inode = self.path.stat().st_ino
            if self._connection.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
                raise StorageError(f"{self.path}: no write-ahead log is possible there; put it on a local disk")
            self._connection.execute(f"PRAGMA synchronous={'NORMAL' if self._grouped else 'FULL'}")
            self._connection.execute("PRAGMA fullfsync=ON")  # on macOS a plain fsync does not reach the disk
            self._high_water = HighWaterFile(self.path, head)
        return head

    def _verify(self, connection: sqlite3.Connection, noted: HighWater | None) -> Head:
        head = verify(connection, self.path)
        if noted is not None:
            noted.check(connection, self.path, head)
        return head

    def _chained(self, events: Sequence[Event]) -> list[Row]:
        rows = []
        version, checksum = self._head
        for event in events:
            payload = encode(event)
            version, checksum = version + 1, link(checksum, payload)
            rows.append(Row(version, checksum, payload))
        return rows

    def _flush(self) -> None:
        if self._gathered:
            self._write(self._gathered)
            self._gathered = []

    def _write(self, rows: Sequence[Row]) -> None:
        last = Head(rows[-1].seq, rows[-1].checksum)
        with as_storage_errors(self.path):
            connection = self._writing()
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._move_head(connection, last)
                connection.executemany(INSERT_EVENT, rows)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        self._written = last
        if self._high_water is not None:
            self._high_water.reach(last)

    def _writing(self) -> sqlite3.Connection:
        """The connection to write through, while its file is still the one at our path."""
        if self._connection is None:
            raise StorageError(f"{self.path} is closed; nothing was written")
        if not self.path.exists() or self.path.stat().st_ino != self._inode:
            raise StorageError(f"{self.path} was removed or replaced while it was open; nothing was written")
        return self._connection

    def _move_head(self, connection: sqlite3.Connection, last: Head) -> None:
        """Claim the next numbers: only who knows the last event may write after it."""
        claim = connection.execute(
            "UPDATE head SET version = ?, checksum = ? WHERE version = ? AND checksum = ?",
            (last.version, last.checksum, self._written.version, self._written.checksum),
        )
        if claim.rowcount != 1:
            raise WriteConflict(f"{self.path}: another process wrote to it without the lock; nothing was written")

    def _decoded(self, after: int, until: int) -> Iterator[Event]:
        while after < until:
            batch = self._batch(after, min(until, after + READ_AHEAD))
            for row in batch:
                yield _decoded(row, self.path)
            after = batch[-1].seq

    def _batch(self, after: int, until: int) -> list[Row]:
        rows = self._ask(lambda connection: list(walk(connection, self.path, after, until)))
        if len(rows) != until - after:
            raise corrupt(self.path, f"event {after + len(rows) + 1} is missing")
        return rows

    def _ask(self, query: Callable[[sqlite3.Connection], Answer]) -> Answer:
        if self._closed:
            raise StorageError(f"{self.path} is closed; open it again to read")
        if self._connection is None:
            return look(self.path, query)
        with as_storage_errors(self.path):
            return query(self._connection)


def _decoded(row: Row, ledger: Path) -> Event:
    try:
        return decode(row.payload)
    except UnreadableRecord as fault:
        raise corrupt(ledger, f"event {row.seq}: {fault.problem}") from fault
    except NewerRecord as fault:
        raise StorageError(f"{ledger}, event {row.seq}: {fault}") from fault

"""The files of a ledger, what is in them, and what is wrong with one: which file, and the fix.

::

    day.ledger            the events (SQLite, WAL)
    day.ledger-wal, -shm  SQLite's own, while a writer is at work or after it died
    day.ledger.lock       held by the writer, by the operating system
    day.ledger.reached    how far it has come; kept by the writer
    day.ledger.inbox      requests of other processes
    day.ledger.repaired   a repair that was interrupted; `repair` finishes it
    day.ledger.damaged-1  what a repair replaced

`head` records how far the chain of checksums goes, so that a removed last event is noticed too.
"""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS
from gammacore.errors import CorruptLedger, StorageError, WriteConflict


@frozen
class Schema:
    """What one kind of file of ours holds: its mark, its version and the statements that make it."""

    application_id: int
    version: int
    statements: tuple[str, ...]


LEDGER = Schema(
    application_id=int.from_bytes(b"gcLg", "big"),
    version=1,
    statements=(
        "CREATE TABLE events (\n"
        "  seq INTEGER PRIMARY KEY,\n"
        "  checksum TEXT NOT NULL,\n"
        "  payload TEXT NOT NULL,\n"
        "  type TEXT GENERATED ALWAYS AS (json_extract(payload, '$.type')) VIRTUAL,\n"
        "  at TEXT GENERATED ALWAYS AS (json_extract(payload, '$.body.at')) VIRTUAL\n"
        ")",
        "CREATE TABLE head (version INTEGER NOT NULL, checksum TEXT NOT NULL)",
        "CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events\n"
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events\n"
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
)
"""Type and instant are read out of the payload, for people with a SQL shell: they cannot disagree with it."""

PAGE_BYTES = 4096
PRIVATE = 0o600
"""Ledgers, inboxes and locks are read and written by their owner alone. Rule: OP-001."""

Insert = tuple[str, tuple[object, ...]]
"""One SQL statement and its values."""

INSERT_EVENT = "INSERT INTO events (seq, checksum, payload) VALUES (?, ?, ?)"
INSERT_HEAD = "INSERT INTO head (version, checksum) VALUES (?, ?)"
EMPTY: tuple[Insert, ...] = ((INSERT_HEAD, (0, GENESIS)),)
"""What a new ledger holds: no event, and a head that says so."""


def beside(ledger: Path, ending: str) -> Path:
    """The file next to a ledger that has its name and this ending."""
    return ledger.with_name(ledger.name + ending)


def repair_command(ledger: Path) -> str:
    return f"gammacore ledger repair --ledger {shlex.quote(str(ledger))}"


def corrupt(ledger: Path, problem: str) -> CorruptLedger:
    return CorruptLedger(f"{ledger}: {problem}", repair_command(ledger))


def ledger_place(path: Path | str) -> Path:
    """The real path of a ledger, old or new.

    Raises:
        StorageError: a folder stands there, or its folder does not exist.
    """
    ledger = Path(path).resolve()
    if ledger.is_dir():
        raise StorageError(f"{ledger} is a folder; give the path of a ledger file in it")
    if not ledger.parent.is_dir():
        raise StorageError(f"the folder {ledger.parent} does not exist; make it, or give another path")
    return ledger


def check_place(ledger: Path) -> None:
    """Refuse what would pass for a new ledger and is an old one that came to grief. Rule: CS-609.

    Raises:
        CorruptLedger: a repair was interrupted, the file is empty, or only its write-ahead log is left.
    """
    if beside(ledger, ".repaired").exists():
        raise corrupt(ledger, "its repair was interrupted")
    if not ledger.exists() and beside(ledger, "-wal").exists():
        raise corrupt(ledger, "the ledger is gone, only its write-ahead log is left")
    if ledger.exists() and ledger.stat().st_size == 0:
        raise corrupt(ledger, "the file is empty, which no ledger ever is")


def connect(file: Path, options: str) -> sqlite3.Connection:
    """A connection without hidden transactions; it may move from one thread to another, but never serve two at once."""
    uri = f"file:{quote(str(file))}?{options}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def create(file: Path, schema: Schema, journal: str, rows: Iterable[Insert] = ()) -> None:
    """Make a file of ours, whole or not at all: a crash leaves no empty file behind. An existing file is left alone."""
    draft = beside(file, f".new-{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        build(draft, schema, journal, rows)
        try:
            os.link(draft, file)
        except FileExistsError:
            return
        sync_folder(file.parent)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            beside(draft, ending).unlink(missing_ok=True)


def build(file: Path, schema: Schema, journal: str, rows: Iterable[Insert] = ()) -> None:
    """Write a database of this schema at a path no other process uses, and push it to the disk."""
    make_private(file)  # SQLite gives its -wal and -shm the mode of the database
    connection = connect(file, "mode=rw")
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("BEGIN")
        for statement in schema.statements:
            connection.execute(statement)
        for statement, values in rows:
            connection.execute(statement, values)
        connection.execute(f"PRAGMA application_id={schema.application_id}")
        connection.execute(f"PRAGMA user_version={schema.version}")
        connection.execute("COMMIT")
    finally:
        connection.close()
    sync_file(file)


def make_private(file: Path) -> None:
    """Make an empty file that only its owner may read; one that is there is left as it is. Rule: OP-001."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE))


def sync_file(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


sync_folder = sync_file
"""A folder is pushed to the disk like a file: its entries are what it holds."""


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH})
_REFUSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_TAKEN = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def storage_fault(fault: sqlite3.Error | OSError, file: Path) -> StorageError:
    """The error of our tree for what SQLite or the system said about a file."""
    if isinstance(fault, OSError):
        reason = fault.strerror or str(fault)
        if fault.errno in _NO_ROOM:
            return StorageError(f"{file}: {reason}; free some space and try again")
        return StorageError(f"{file}: {reason}; make its folder exist and be writable, or give another path")
    code = getattr(fault, "sqlite_errorcode", None)
    if code is None or code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in _DAMAGE:
        return corrupt(file, str(fault))
    if code & 0xFF == sqlite3.SQLITE_FULL:
        return StorageError(f"{file}: the disk is full, nothing was written; free some space and try again")
    if code & 0xFF in _REFUSED:
        return StorageError(f"{file}: {fault}; make the file and its folder readable and writable")
    if code & 0xFF in _TAKEN:
        return WriteConflict(f"{file}: another process is writing to it; stop that one first")
    return StorageError(f"{file}: {fault}; see whether the disk is healthy and has space")


@contextmanager
def as_storage_errors(file: Path) -> Iterator[None]:
    """Raise what goes wrong inside as an error of our tree that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        raise storage_fault(fault, file) from fault

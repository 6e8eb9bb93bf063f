"""Looking at a ledger without a lock and without a trace: readers never create or change a file.

What a reader may do depends on what the writer left: a write-ahead log with its index is read in place, a log without
an index (a copied ledger) through a private copy, and a ledger without a log as the plain file it is.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS, link
from gammacore.adapters.sqlite.layout import LEDGER, beside, connect, corrupt, storage_fault
from gammacore.errors import CorruptLedger, StorageError

Answer = TypeVar("Answer")
ATTEMPTS = 20
PAUSE_SECONDS = 0.01


class Row(NamedTuple):
    """One stored event: its number, its link in the chain and its record."""

    seq: int
    checksum: str
    payload: str


class Head(NamedTuple):
    """How far a ledger goes: the number of its last event and that event's checksum."""

    version: int
    checksum: str


def look(ledger: Path, query: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """What a query says of a ledger as it stands.

    A writer that comes or goes in the middle is no damage: then we look again.

    Raises:
        CorruptLedger: what is read is not what was written.
        StorageError: it cannot be read, or would not keep still.
    """
    for _ in range(ATTEMPTS):
        before = _appearance(ledger)
        fault: Exception | None = None
        try:
            with _in_place(ledger) as connection:
                connection.execute("BEGIN")  # all of a query sees one instant, whatever is appended meanwhile
                answer = query(connection)
        except CorruptLedger as damage:
            fault = damage
        except (sqlite3.Error, OSError) as complaint:
            fault = storage_fault(complaint, ledger)
        if _appearance(ledger) == before or (fault is None and before.has_log):
            if fault is not None:
                raise fault
            return answer
        time.sleep(PAUSE_SECONDS)
    raise StorageError(f"{ledger}: it keeps changing while it is read; stop the writer and try again")


@frozen
class _Appearance:
    """What differs once a ledger was touched."""

    has_log: bool
    has_index: bool
    size: int
    changed_ns: int


def _appearance(ledger: Path) -> _Appearance:
    try:
        status = ledger.stat()
    except OSError as fault:
        raise storage_fault(fault, ledger) from fault
    has_log, has_index = beside(ledger, "-wal").exists(), beside(ledger, "-shm").exists()
    return _Appearance(has_log, has_index, status.st_size, status.st_mtime_ns)


@contextmanager
def _in_place(ledger: Path) -> Iterator[sqlite3.Connection]:
    log, index = beside(ledger, "-wal"), beside(ledger, "-shm")
    if log.exists() and index.exists():
        with closing(connect(ledger, "mode=ro&readonly_shm=1")) as connection:
            yield connection
    elif log.exists():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, ledger.name)
            shutil.copyfile(ledger, copy)
            shutil.copyfile(log, beside(copy, "-wal"))
            with closing(connect(copy, "mode=rw")) as connection:
                yield connection
    else:
        with closing(connect(ledger, "mode=ro&immutable=1")) as connection:
            yield connection


def verify(connection: sqlite3.Connection, ledger: Path) -> Head:
    """Check mark, version, schema, pages and the whole chain of checksums; say how far it goes. Rule: R6.

    Raises:
        CorruptLedger: any of them is not what was written.
        StorageError: a newer gammacore made it.
    """
    check_schema(connection, ledger)
    (pages,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if pages != "ok":
        raise corrupt(ledger, f"damaged pages: {pages}")
    head = read_head(connection, ledger)
    last = Head(0, GENESIS)
    for row in walk(connection, ledger):
        last = Head(row.seq, row.checksum)
    if last != head:
        raise corrupt(ledger, f"it ends with event {last.version} and should end with event {head.version}")
    return head


def check_schema(connection: sqlite3.Connection, ledger: Path) -> None:
    """Refuse a file of another program, of a newer gammacore, or with a schema that is not ours."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if mark != LEDGER.application_id:
        raise corrupt(ledger, f"it is a database, but not a ledger (application id {mark})")
    if version > LEDGER.version:
        raise StorageError(f"{ledger}: a newer gammacore wrote it (schema {version}); update this one")
    statements = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master")}
    if version != LEDGER.version or statements != set(LEDGER.statements):
        raise corrupt(ledger, "its tables are not those of a ledger")


def read_head(connection: sqlite3.Connection, ledger: Path) -> Head:
    rows = connection.execute("SELECT version, checksum FROM head").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int):
        raise corrupt(ledger, "it does not say how far it goes")
    return Head(*rows[0])


def walk(connection: sqlite3.Connection, ledger: Path, after: int = 0, until: int | None = None) -> Iterator[Row]:
    """The rows with after < number <= until, oldest first, each held against the chain before it is handed out."""
    previous = GENESIS if after == 0 else _checksum_of(connection, ledger, after)
    rows = connection.execute(
        "SELECT seq, checksum, payload FROM events WHERE seq > ? AND (? IS NULL OR seq <= ?) ORDER BY seq",
        (after, until, until),
    )
    for expected, (seq, checksum, payload) in enumerate(rows, after + 1):
        if seq != expected:
            raise corrupt(ledger, f"event {expected} is missing")
        if not isinstance(payload, str) or link(previous, payload) != checksum:
            raise corrupt(ledger, f"event {seq} is not what was written")
        yield Row(seq, checksum, payload)
        previous = checksum


def _checksum_of(connection: sqlite3.Connection, ledger: Path, seq: int) -> str:
    row = connection.execute("SELECT checksum FROM events WHERE seq = ?", (seq,)).fetchone()
    if row is None or not isinstance(row[0], str):
        raise corrupt(ledger, f"event {seq} is missing")
    return row[0]

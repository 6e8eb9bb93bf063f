"""A whole copy of a ledger, made beside its writer and proven before it has a name. Rules: OP-701, OP-703.

A plain copy of a file and its write-ahead log is torn while a writer is at work. SQLite writes the copy itself, from
one instant, through a connection that can only read; then the chain of checksums is held against it.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from gammacore.adapters.codec.records import GENESIS, encode, link
from gammacore.adapters.sqlite.high_water import check_not_gone, read_high_water
from gammacore.adapters.sqlite.layout import (
    EMPTY,
    INSERT_EVENT,
    INSERT_HEAD,
    LEDGER,
    as_storage_errors,
    beside,
    check_place,
    connect,
    create,
    ledger_place,
    make_private,
    storage_fault,
    sync_file,
    sync_folder,
)
from gammacore.adapters.sqlite.log import check_log_beside_a_writer
from gammacore.adapters.sqlite.reading import Head, look, verify
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError

MANIFEST = ".manifest.json"
"""Beside a backup: what it holds, and the sha256 of each of its files."""
OF_THE_WRITER = ("-wal", "-shm", ".lock", ".reached", ".halt")
"""What stands beside a ledger and is no part of it: SQLite's own, the lock, the note of how far it came, a switch."""
BUSY_SECONDS = 5.0


def copy_whole(path: Path | str, target: Path) -> Head:
    """Write a ledger as it stands now to `target`, which must not exist; say how far it goes.

    The copy has every event up to one instant, no log, and a chain that was read from its first event to its last.

    Raises:
        CorruptLedger: the ledger is damaged; it is repaired first.
        StorageError: it cannot be read, or the disk does not take the copy: nothing stands at `target`.
    """
    ledger = ledger_place(path)
    check_place(ledger)
    check_not_gone(ledger)
    if not ledger.exists():
        raise StorageError(f"there is no ledger at {ledger}; give the path of one")

    def into(connection: sqlite3.Connection) -> Head:
        connection.execute("COMMIT")  # of `look`, which asks nothing of this instant: a copy begins its own
        target.unlink(missing_ok=True)
        make_private(target)
        try:
            connection.execute("VACUUM INTO ?", (str(target),))
            return look(target, lambda copy: verify(copy, target))
        except (sqlite3.Error, OSError) as fault:
            raise _blamed(fault, target, ledger) from fault

    try:
        check_log_beside_a_writer(ledger)
        noted = read_high_water(ledger)
        head = look(ledger, into)
        if noted is not None:
            with closing(connect(target, "mode=ro&immutable=1")) as connection:
                noted.check(connection, ledger, head)
        with as_storage_errors(target):
            sync_file(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return head


def _blamed(fault: sqlite3.Error | OSError, target: Path, ledger: Path) -> StorageError:
    """Who is at fault: a copy that cannot be written is no damage of the ledger it was made from."""
    code = getattr(fault, "sqlite_errorcode", 0) or 0
    damaged = code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return storage_fault(fault, ledger if damaged else target)


def refuse_a_backup(ledger: Path) -> None:
    """A backup is read where it lies and never written: it would not be what its manifest says, nor halted.

    Raises:
        StorageError: this is one.
    """
    if beside(ledger, MANIFEST).exists():
        raise StorageError(
            f"{ledger} is a backup and is not written; make a ledger of it: "
            f"gammacore ledger restore {shlex.quote(str(ledger))} --to PATH"
        )


def write_whole_ledger(events: Iterable[Event], target: Path) -> Head:
    """Make a new ledger of events at once, whole or not at all; say how far it goes.

    Raises:
        StorageError: the disk does not take it.
    """
    rows, last = [], Head(0, GENESIS)
    for event in events:
        payload = encode(event)
        last = Head(last.version + 1, link(last.checksum, payload))
        rows.append((INSERT_EVENT, (last.version, last.checksum, payload)))
    with as_storage_errors(target):
        create(target, LEDGER, "DELETE", ((INSERT_HEAD, last), *rows) if rows else EMPTY)
    return last


def copy_inbox(ledger: Path, target: Path) -> bool:
    """Copy the requests that wait beside a ledger, if there are any; whether there are."""
    inbox = beside(ledger.resolve(), ".inbox")
    if not inbox.exists():
        return False
    with as_storage_errors(inbox), closing(connect(inbox, "mode=ro")) as connection:
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        make_private(target)
        connection.execute("VACUUM INTO ?", (str(target),))
        sync_file(target)
    return True


def put_in_place(draft: Path, final: Path) -> None:
    """Give a finished file its name, which must be free: whatever dies before this leaves none.

    Raises:
        FileExistsError: something stands there.
    """
    with as_storage_errors(final.parent):
        sync_file(draft)
    try:
        os.link(draft, final)
    except FileExistsError:
        raise
    except OSError as fault:
        raise storage_fault(fault, final) from fault
    with suppress(OSError):
        draft.unlink()
    sync_folder(final.parent)

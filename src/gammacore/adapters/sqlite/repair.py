"""Repair a damaged ledger by hand: keep what is sound, put the rest aside, say what is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS, UnreadableRecord, decode
from gammacore.adapters.sqlite.high_water import (
    ENDING,
    HighWater,
    HighWaterFile,
    check_not_gone,
    lost_at_work,
    read_high_water,
)
from gammacore.adapters.sqlite.layout import (
    EMPTY,
    INSERT_EVENT,
    INSERT_HEAD,
    LEDGER,
    PAGE_BYTES,
    as_storage_errors,
    beside,
    build,
    check_place,
    connect,
    corrupt,
    create,
    ledger_place,
    make_private,
    sync_file,
    sync_folder,
)
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.adapters.sqlite.log import check_log
from gammacore.adapters.sqlite.reading import Head, Row, look, read_head, verify, walk
from gammacore.domain.book.check import LedgerCheck
from gammacore.errors import CorruptLedger, DoesNotFold, StorageError


@frozen
class RepairReport:
    """What a repair did. `lost` is None where it cannot be known how many events are gone.

    `problem` is what was wrong; empty, with `damaged` None, when the ledger was sound and left alone.
    """

    kept: int
    lost: int | None
    damaged: Path | None
    problem: str


def repair(path: Path | str) -> RepairReport:
    """Put a ledger of all events before the first damage in the place of a damaged one. Rule: R6.

    The damaged file stays beside it as `<name>.damaged-<n>`. Whenever the power fails, the path holds the damaged
    ledger or the repaired one, or is refused until `repair` is called again; never an empty one.

    Raises:
        WriteConflict: another process is writing to it.
        StorageError: there is no ledger, a newer gammacore wrote it, or not one event can be read: nothing is changed.
    """
    ledger = ledger_place(path)
    lock = WriterLock.take(ledger)
    try:
        with as_storage_errors(ledger):
            return _repair(ledger)
    finally:
        lock.release()


def _repair(ledger: Path) -> RepairReport:
    if beside(ledger, ".repaired").exists():
        _put_in_place(ledger)
        return RepairReport(
            look(ledger, lambda c: verify(c, ledger)).version, None, _damaged(ledger), "it was half done"
        )
    if not ledger.exists() and not beside(ledger, "-wal").exists():
        if (noted := lost_at_work(ledger)) is not None:
            raise StorageError(
                f"{ledger} is gone, {noted} events with it. Put a backup in its place, or move "
                f"{beside(ledger, ENDING)} away to begin anew"
            )
        raise StorageError(f"there is no ledger at {ledger}; give the path of one")
    damage = _damage(ledger)
    problem = damage or _shortfall(ledger)
    if problem is None:
        return RepairReport(look(ledger, lambda c: verify(c, ledger)).version, 0, None, "")
    with tempfile.TemporaryDirectory() as folder:
        rows, lost = _salvage(ledger, Path(folder))
    if not rows and damage is not None:
        raise StorageError(
            f"{problem}; not one event can be read. Put a backup in its place, or move the file away to begin anew"
        )
    damaged = _put_aside(ledger)
    last = Head(rows[-1].seq, rows[-1].checksum) if rows else Head(0, GENESIS)
    head = (INSERT_HEAD, last)
    events = ((INSERT_EVENT, row) for row in rows)
    create(beside(ledger, ".repaired"), LEDGER, "WAL", (head, *events))
    _put_in_place(ledger)
    HighWaterFile(ledger, last).close(last)
    return RepairReport(len(rows), lost, damaged, problem)


def _damage(ledger: Path) -> str | None:
    """What is wrong with a ledger's own files, down to the last record; None when nothing is."""
    try:
        check_place(ledger)
        check_not_gone(ledger)
        check_log(ledger)
        look(ledger, lambda connection: _read_all(connection, ledger))
    except CorruptLedger as damage:
        return damage.problem
    return None


def _shortfall(ledger: Path) -> str | None:
    """What a sound ledger lacks of what was written to it; None when nothing."""
    try:
        if (noted := read_high_water(ledger)) is not None:
            look(ledger, lambda connection: noted.check(connection, ledger, read_head(connection, ledger)))
    except CorruptLedger as damage:
        return damage.problem
    return None


def _read_all(connection: sqlite3.Connection, ledger: Path) -> None:
    verify(connection, ledger)
    check = LedgerCheck()
    for row in walk(connection, ledger):
        _check_record(row, ledger, check)


def _check_record(row: Row, ledger: Path, check: LedgerCheck) -> None:
    """Refuse what is no event of ours, or cannot follow those before it: no later start could fold it."""
    try:
        check.take(decode(row.payload))
    except UnreadableRecord as fault:
        raise corrupt(ledger, f"event {row.seq}: {fault.problem}") from fault
    except DoesNotFold as refusal:
        raise corrupt(ledger, str(refusal)) from refusal


def _salvage(ledger: Path, folder: Path) -> tuple[Sequence[Row], int | None]:
    """The sound events from the first on, and how many came after them if that can be known."""
    copy = folder / "copy"
    _copy_if_there(ledger, copy)
    _copy_if_there(beside(ledger, "-wal"), beside(copy, "-wal"))
    _renew_first_page(copy, folder / "new")
    rows: list[Row] = []
    head: Head | None = None
    with closing(connect(copy, "mode=rw")) as connection:
        # Otherwise SQLite would not read a single row of a file that is shorter than it should be.
        connection.execute("PRAGMA writable_schema=ON")
        check = LedgerCheck()
        with suppress(CorruptLedger, sqlite3.Error):
            for row in walk(connection, ledger):
                _check_record(row, ledger, check)
                rows.append(row)
        with suppress(CorruptLedger, sqlite3.Error):
            head = read_head(connection, ledger)
    return rows, _lost(ledger, head, rows)


def _renew_first_page(copy: Path, new: Path) -> None:
    """Give a copy the first page of a new ledger: it holds the schema only, and is the same in all of them."""
    build(new, LEDGER, "WAL", EMPTY)
    pages = copy.stat().st_size // PAGE_BYTES if copy.exists() else 0
    if pages == 0:
        return
    first = bytearray(new.read_bytes()[:PAGE_BYTES])
    first[28:32] = pages.to_bytes(4, "big")
    with copy.open("r+b") as file:
        file.write(first)


def _lost(ledger: Path, head: Head | None, rows: Sequence[Row]) -> int | None:
    noted: HighWater | None = None
    with suppress(CorruptLedger):
        noted = read_high_water(ledger)
    if noted is not None and noted.head.version > len(rows):
        return max(noted.head.version, 0 if head is None else head.version) - len(rows)
    try:
        check_log(ledger)
    except CorruptLedger:
        return None
    if head is None or head.version < len(rows):
        return None
    return 0 if rows and head.checksum == rows[-1].checksum else head.version - len(rows)


def _put_aside(ledger: Path) -> Path:
    """Copy the damaged files, so that the path is never without one."""
    aside = next(name for n in count(1) if not (name := beside(ledger, f".damaged-{n}")).exists())
    for ending in ("-wal", ENDING):
        _copy_if_there(beside(ledger, ending), beside(aside, ending))
    _copy_if_there(ledger, aside)
    sync_folder(ledger.parent)
    return aside


def _damaged(ledger: Path) -> Path | None:
    """The file that the latest repair put aside."""
    names = (beside(ledger, f".damaged-{n}") for n in count(1))
    latest = None
    for name in names:
        if not name.exists():
            return latest
        latest = name
    return latest


def _put_in_place(ledger: Path) -> None:
    # SQLite would apply an old log to the new ledger: it goes first, with the note of how far the old one went. Until
    # the last line, `check_place` refuses.
    for ending in ("-wal", "-shm", ENDING):
        beside(ledger, ending).unlink(missing_ok=True)
    sync_folder(ledger.parent)
    os.replace(beside(ledger, ".repaired"), ledger)
    sync_folder(ledger.parent)


def _copy_if_there(source: Path, target: Path) -> None:
    if source.exists():
        make_private(target)
        shutil.copyfile(source, target)
        sync_file(target)

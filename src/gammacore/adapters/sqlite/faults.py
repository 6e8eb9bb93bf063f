"""SQLite's and the system's complaints in our words: which file, what is wrong, how to mend it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gammacore.adapters.sqlite.layout import corrupt
from gammacore.errors import StorageError, WriteConflict

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
def in_our_words(file: Path) -> Iterator[None]:
    """Raise what goes wrong inside as an error of our tree that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        raise storage_fault(fault, file) from fault

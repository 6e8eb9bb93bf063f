"""The right to write: one process at a time, by a lock of the operating system that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from gammacore.adapters.sqlite.layout import PRIVATE, as_storage_errors, beside
from gammacore.errors import StorageError, WriteConflict

ATTEMPTS = 5
PAUSE_SECONDS = 0.01
"""`writer_of` shares the lock for the moment of its question; a writer that starts just then asks again."""


class WriterLock:
    """Held from `take` to `release` or to the death of the process, SIGKILL included. Rule: R12.

    The lock is on `<ledger>.lock`, which stays: removing it would let two writers lock two different files. It holds
    the process id of the writer, for the message only.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, ledger: Path) -> WriterLock:
        """Become the writer of a ledger.

        Raises:
            WriteConflict: another process is; the message names the process if it is known.
            StorageError: it cannot be locked there.
        """
        file = beside(ledger, ".lock")
        with as_storage_errors(file):
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            _lock(descriptor)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise WriteConflict(f"{ledger}: {holder} is writing to it; stop that one first") from None
        except OSError as refusal:
            os.close(descriptor)
            raise StorageError(
                f"{ledger}: its folder knows no locks ({refusal.strerror}), as network folders may not; "
                "put the ledger on a local disk"
            ) from refusal
        _sign(descriptor, f"{os.getpid()}\n")
        return cls(descriptor)

    def release(self) -> None:
        """Let another process write. Safe to call twice."""
        if self._descriptor is None:
            return
        _sign(self._descriptor, "")
        os.close(self._descriptor)
        self._descriptor = None


def writer_of(ledger: Path) -> str | None:
    """The process that writes a ledger, as "process 4711"; None when no process does. Nothing is made or changed.

    Rule: OP-102.

    Raises:
        StorageError: whether one does cannot be seen, which is never taken for "none".
    """
    file = beside(ledger.resolve(), ".lock")
    with as_storage_errors(file):
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(descriptor)
        finally:
            os.close(descriptor)
    return None


def _lock(descriptor: int) -> None:
    """Take the lock for ourselves alone. Raises BlockingIOError when another process keeps it."""
    for _ in range(ATTEMPTS - 1):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE_SECONDS)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(descriptor: int, text: str) -> None:
    # A full disk must not keep a writer from its ledger: the name in the lock is a courtesy.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> str:
    pid = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    return f"process {pid}" if pid.isdecimal() else "another process"

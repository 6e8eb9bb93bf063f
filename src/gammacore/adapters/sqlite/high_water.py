"""How far a ledger has come, noted beside it, so that a ledger whose end is missing is detected. Rule: R6.

SQLite takes a write-ahead log that is gone for one that was never written: it opens the file as of the last checkpoint,
without a word. The same holds for a log that was emptied, or put back from an older copy, and for an older copy of the
ledger itself. So the number and checksum of the last event are noted in `<ledger>.reached` after every append, before
the append returns.

* Killed at any point, the note is never ahead of what was committed. It may be behind by the one append that had not
  returned, which was promised to no caller.
* It is not pushed to the disk: that would double the cost of an append. After a power cut it may be older than the
  ledger, which is no fault; a ledger is refused only when it ends before its note, or holds another event there. (The
  last groups of a grouped ledger may themselves be lost in a power cut; that is refused too, and repaired.)
* A ledger without a note (an older one, a copy, a backup put somewhere else) is taken as it is.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.adapters.sqlite.layout import PRIVATE, beside, corrupt
from gammacore.adapters.sqlite.reading import Head
from gammacore.errors import CorruptLedger

ENDING = ".reached"
READS = 20
_OPEN, _CLOSED = "open", "done"
_RECORD = re.compile(rf"(?P<version>\d{{20}}) (?P<checksum>[0-9a-f]{{64}}) (?P<state>{_OPEN}|{_CLOSED})\n", re.ASCII)
"""All of one length, so that a new note covers the old one in one write."""


@frozen
class HighWater:
    """The last event that was written to a ledger; `is_open` while a writer is at work, or after it died."""

    head: Head
    is_open: bool

    def check(self, connection: sqlite3.Connection, ledger: Path, head: Head) -> None:
        """Hold a ledger that goes as far as `head` against its note.

        Raises:
            CorruptLedger: events that were written are not there, or others are in their place.
        """
        version, checksum = self.head
        if head.version < version:
            raise corrupt(ledger, missing(head.version, version))
        there = head.checksum
        if version not in (0, head.version):
            (there,) = connection.execute("SELECT checksum FROM events WHERE seq = ?", (version,)).fetchone()
        if version and there != checksum:
            raise corrupt(ledger, f"its event {version} is not the one that was written here: it is another ledger")


def missing(kept: int, written: int) -> str:
    """What is wrong with a ledger that ends before its last event."""
    lost = f"event {written} is" if written == kept + 1 else f"events {kept + 1} to {written} are"
    return f"{lost} missing: its write-ahead log was removed, or an older copy is in its place"


def read_high_water(ledger: Path) -> HighWater | None:
    """The note beside a ledger; None where there is none.

    To be read before the ledger is: a writer at work only moves ahead of it.

    Raises:
        CorruptLedger: it is there and cannot be read.
    """
    file = beside(ledger, ENDING)
    try:
        before, record = None, file.read_bytes()
        for _ in range(READS):
            if record == before:  # what a writer changes under our eyes is not half of one and half of the other
                break
            before, record = record, file.read_bytes()
    except FileNotFoundError:
        return None
    if not record:
        return None
    match = _RECORD.fullmatch(record.decode(errors="replace"))
    if match is None:
        raise corrupt(ledger, f"{file.name} beside it, which says how far it goes, cannot be read")
    return HighWater(Head(int(match["version"]), match["checksum"]), match["state"] == _OPEN)


def check_not_gone(ledger: Path) -> None:
    """Refuse to begin anew where a ledger was lost in the middle of its work. Rule: CS-609.

    One that was closed in good order was moved away by its user.

    Raises:
        CorruptLedger: the file is gone, and nothing says that its writer was done with it.
    """
    if not ledger.exists() and (noted := lost_at_work(ledger)) is not None:
        raise corrupt(ledger, f"the ledger is gone; event {noted} was the last that was written to it")


def lost_at_work(ledger: Path) -> int | None:
    """The last event of a ledger whose writer never closed it; None where it was closed, or nothing was written."""
    with suppress(CorruptLedger):
        noted = read_high_water(ledger)
        return noted.head.version or None if noted is not None and noted.is_open else None
    return None


class HighWaterFile:
    """The note as its ledger's writer keeps it, from the opening to the close."""

    def __init__(self, ledger: Path, head: Head) -> None:
        self._descriptor = os.open(beside(ledger, ENDING), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        self.reach(head)

    def reach(self, head: Head) -> None:
        """Note the last event, which is on the disk already."""
        self._write(head, _OPEN)

    def close(self, head: Head) -> None:
        """Note that the ledger, which ends here, was closed in good order."""
        self._write(head, _CLOSED)
        os.close(self._descriptor)

    def _write(self, head: Head, state: str) -> None:
        record = f"{head.version:020d} {head.checksum} {state}\n".encode()
        with suppress(OSError):  # an older note refuses nothing; the events themselves are safe
            os.pwrite(self._descriptor, record, 0)

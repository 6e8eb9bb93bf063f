"""What a dead writer left in SQLite's write-ahead log, read without SQLite.

SQLite takes the first frame that is not sound for the end of the log and drops all that follows without a word. After a
torn last write that is right; a flipped byte in the middle would silently take back appends we had promised. The format
is that of https://www.sqlite.org/walformat.html: a header of 32 bytes, then frames of 24 bytes and a page.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.adapters.sqlite.layout import beside, corrupt
from gammacore.errors import CorruptLedger

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
LOOKS = 5
PAUSE_SECONDS = 0.02
_WORD_ORDER = {0x377F0682: "<", 0x377F0683: ">"}


def check_log_beside_a_writer(ledger: Path) -> None:
    """As `check_log`, where a writer may be at work: what is read while it is written is no damage, what stays is."""
    for _ in range(LOOKS - 1):
        with suppress(CorruptLedger):
            check_log(ledger)
            return
        time.sleep(PAUSE_SECONDS)
    check_log(ledger)


def check_log(ledger: Path) -> None:
    """Refuse a log in which sound commits lie behind damage. Only without a living writer. Rule: R6.

    The very last commit may be damaged: it may have been torn while it was written, before it was reported as done.

    Raises:
        CorruptLedger: at least one append that had been promised cannot be read.
    """
    file = beside(ledger, "-wal")
    try:
        log = file.read_bytes()
    except FileNotFoundError:
        return
    if len(log) <= HEADER_BYTES:
        return
    magic, _, page_bytes, _, salt_1, salt_2, *sums = struct.unpack(">8I", log[:HEADER_BYTES])
    order = _WORD_ORDER.get(magic, ">")
    if _checksum(order, log[: HEADER_BYTES - 8], (0, 0)) != tuple(sums):
        raise corrupt(ledger, "the header of its write-ahead log is damaged")
    frames = list(_frames(log, page_bytes))
    sound = _sound(frames, order, (salt_1, salt_2), (sums[0], sums[1]))
    commits = [frame for frame in frames[sound:] if frame.salts == (salt_1, salt_2) and frame.is_commit]
    if len(commits) > 1:
        raise corrupt(ledger, "its write-ahead log is damaged before its end")


@frozen
class _Frame:
    """One page as it was written; `salts` tell a frame of this log from one that an older log left behind."""

    is_commit: bool
    salts: tuple[int, int]
    sums: tuple[int, int]
    checked: bytes


def _frames(log: bytes, page_bytes: int) -> Iterator[_Frame]:
    size = FRAME_HEADER_BYTES + page_bytes
    for start in range(HEADER_BYTES, len(log) - size + 1, size):
        head, page = log[start : start + FRAME_HEADER_BYTES], log[start + FRAME_HEADER_BYTES : start + size]
        _, pages_after_commit, salt_1, salt_2, sum_1, sum_2 = struct.unpack(">6I", head)
        yield _Frame(pages_after_commit > 0, (salt_1, salt_2), (sum_1, sum_2), head[:8] + page)


def _sound(frames: list[_Frame], order: str, salts: tuple[int, int], sums: tuple[int, int]) -> int:
    """How many frames from the start SQLite would read: each checksum runs on from the one before."""
    for number, frame in enumerate(frames):
        if frame.salts != salts:
            return number
        sums = _checksum(order, frame.checked, sums)
        if sums != frame.sums:
            return number
    return len(frames)


def _checksum(order: str, content: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for low, high in struct.iter_unpack(f"{order}2I", content):
        first = (first + low + second) & 0xFFFFFFFF
        second = (second + high + first) & 0xFFFFFFFF
    return first, second

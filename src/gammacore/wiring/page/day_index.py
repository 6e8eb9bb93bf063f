"""The lines of a ledger's days, kept beside it so that a year is not folded for a list of days. Rule: OP-514.

`LEDGER.view/days.json` is written by the page, for a ledger of many days that no loop writes, and holds as long as the
ledger's head and its files are what they were. It is no truth: deleting it costs a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gammacore.adapters.sqlite.reading import look, read_head
from gammacore.adapters.whole_file import write_whole
from gammacore.configuration import Settings
from gammacore.errors import GammacoreError
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path
from gammacore.wiring.page.view_places import view_of

INDEX_FILE = "days.json"
FORMAT = 1
FEWEST_DAYS = 20
"""A ledger of fewer days is read faster than its index is worth (ours)."""
SETTLED_NANOSECONDS = 2_000_000_000
Line = Mapping[str, Any]
Mark = tuple[tuple[int, int], ...]


def file_mark(settings: Settings, place: LedgerPlace) -> Mark | None:
    """Differs when the ledger does: time and size of its files. None where that cannot be said (Firestore)."""
    path = local_path(settings, place)
    if path != place:
        return None
    marks = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            stat = file.stat()
        except OSError:
            marks.append((0, 0))
        else:
            marks.append((stat.st_mtime_ns, stat.st_size))
    return tuple(marks)


def is_settled(mark: Mark | None, now: int) -> bool:
    """Whether the files have been still for so long that a mark tells all: a clock's tick may hide a second write.

    >>> is_settled(((1_000_000_000, 4096), (0, 0)), 9_000_000_000), is_settled(None, 0)
    (True, False)
    """
    return mark is not None and now - max(at for at, _ in mark) > SETTLED_NANOSECONDS


def indexed_days(settings: Settings, place: LedgerPlace) -> list[Line] | None:
    """The lines that were kept, where they are still those of the ledger."""
    with suppress(OSError, ValueError, KeyError, TypeError, GammacoreError):
        kept = json.loads((view_of(settings, place) / INDEX_FILE).read_bytes())
        if kept["format"] == FORMAT and (head := _head(settings, place)) is not None and kept["head"] == head:
            return [dict(line) for line in kept["days"]]
    return None


def keep_days(settings: Settings, place: LedgerPlace, lines: Sequence[Line]) -> None:
    """Keep the lines of a ledger that is not written now; a folder that cannot be written costs the index only."""
    if len(lines) < FEWEST_DAYS:
        return
    with suppress(OSError, GammacoreError):
        if (head := _head(settings, place)) is None:
            return
        folder = view_of(settings, place)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, "head": head, "days": lines}, separators=(",", ":"), allow_nan=False)
        write_whole(folder / INDEX_FILE, text, 0o600)


def _head(settings: Settings, place: LedgerPlace) -> dict[str, object] | None:
    """The ledger's head and the mark of its files, as JSON has them; the chain itself is not checked anew."""
    mark = file_mark(settings, place)
    if mark is None or not isinstance(place, Path):
        return None
    head = look(place, lambda connection: read_head(connection, place))
    return {"version": head.version, "checksum": head.checksum, "files": [list(one) for one in mark]}

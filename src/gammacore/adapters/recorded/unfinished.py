"""What a recording that was cut short still holds, line by line, so that it can be gone on with."""

from __future__ import annotations

import fcntl
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gammacore.adapters.recorded.unreadable import UnreadableFile
from gammacore.errors import WriteConflict


def lines_left(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line of a packed file, up to where it was cut or damaged, but for its `end`; none without a file."""
    try:
        with gzip.open(path) as content:
            for text in content:
                line = json.loads(text) if text.endswith(b"\n") else None
                if not isinstance(line, dict):
                    return
                if "end" not in line:
                    yield line
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error, ValueError):
        return


def refuse_another(path: Path, found: dict[str, Any], ours: dict[str, Any], *, any_lineage: bool) -> None:
    """Refuse to touch what was recorded of something else: nothing else may hold it.

    Raises:
        InvalidInput: it is of another market, day or underlying; it is named.
    """
    apart = {"lineage"} if any_lineage else set()
    if any(found.get(name) != value for name, value in ours.items() if name not in apart):
        told = f"an unfinished recording of {found.get('underlying')} on {found.get('date')} ({found.get('label')})"
        raise UnreadableFile(str(path), told, "move it away, or record to another file")


def hold(file: BinaryIO, path: Path) -> None:
    """Be the only one who writes this file, until it is closed or the process ends.

    Raises:
        WriteConflict: somebody else is.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WriteConflict(f"{path}: another process records to it; name another file") from None

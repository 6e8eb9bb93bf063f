"""A file written all or nothing: the old one stays until the new one is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gammacore.errors import StorageError


@contextmanager
def whole(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """An empty file beside `path` to write into, renamed to it at the end; `mode` less the umask is its own.

    Where the writing fails the draft is removed and `path` is what it was.

    Raises:
        StorageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode))
        yield draft
        os.replace(draft, path)
    except OSError as refusal:
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text as it is, whole or not at all; a new file has `mode` less the umask.

    Raises:
        StorageError: the file cannot be written.
    """
    with whole(path, mode) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.write(text)

"""A text written all or nothing: the old file stays until the new one is whole."""

from __future__ import annotations

import os
from pathlib import Path

from gammacore.errors import StorageError


def write_whole(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a text as it is under a temporary name beside `path`, and rename it; a new file has `mode` less the umask.

    Raises:
        StorageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8", newline=""
        ) as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as refusal:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal

"""A text written all or nothing: the old file stays until the new one is whole."""

from __future__ import annotations

import os
from pathlib import Path

from gammacore.errors import StorageError


def write_whole(path: Path, text: str) -> None:
    """Write a text as it is under a temporary name beside `path`, and rename it.

    Raises:
        StorageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    except OSError as refusal:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal

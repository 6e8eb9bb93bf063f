"""The files a source names: one file, every file of a folder, or those of a pattern. Rule: ST-101."""

from __future__ import annotations

import os
from glob import glob, has_magic
from pathlib import Path

from gammacore.errors import MissingData


def source_files(path: Path) -> tuple[Path, ...]:
    """The files a path means, in order of their names; hidden ones are left out.

    A file that is there is itself, even where its name looks like a pattern. The order is that of the names, not of
    the disk: of rows that contradict each other the last in this order holds, on every machine.

    Raises:
        MissingData: no file; the folder or pattern is named.
    """
    if path.is_dir():
        found = _visible(path)
    elif has_magic(str(path)) and not path.exists():
        there = [Path(name) for name in glob(str(path), recursive=True)]
        found = [file for each in there for file in (_visible(each) if each.is_dir() else [each])]
    else:
        return (path,)
    if not found:
        raise MissingData(f"{path}: no file matches; give a file, a folder or a pattern in quotes")
    return tuple(sorted(dict.fromkeys(found), key=lambda file: (file.name, str(file))))


def files_state(path: Path) -> tuple[tuple[Path, int, int], ...]:
    """The files a path means with their size and time of change: what was read of them holds while this is the same."""
    return tuple((file, state.st_size, state.st_mtime_ns) for file in source_files(path) if (state := _stat(file)))


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None  # reading it says why


def base_folder(path: Path) -> Path:
    """The folder the names of a source's files are told from: names are the same on every machine."""
    if path.is_dir():
        return path
    fixed = path
    while has_magic(str(fixed)):
        fixed = fixed.parent
    return fixed if fixed.is_dir() else fixed.parent


def _visible(folder: Path) -> list[Path]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]

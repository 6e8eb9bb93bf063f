"""Reads what a loop published beside its ledger. What is missing or torn is None or left out, no error. OP-502."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gammacore.adapters.view_files.settings import NOW_FILE

LARGEST_DAY = 64 * 1024 * 1024


def view_folder(ledger: Path) -> Path:
    """Where the view of a ledger is, by the path beside which its other files lie.

    >>> view_folder(Path("home/paper/paper.sqlite")).name
    'paper.sqlite.view'
    """
    return ledger.with_name(f"{ledger.name}.view")


def read_now(folder: Path) -> dict[str, Any] | None:
    """The newest picture; None without one that can be read."""
    try:
        document = json.loads((folder / NOW_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and "at" in document else None


def read_day(folder: Path, date: dt.date) -> list[dict[str, Any]]:
    """The course of a day, oldest first; lines that are torn are left out."""
    return [*_lines(folder / f"{date}.ndjson.gz"), *_lines(folder / f"{date}.ndjson")]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, ValueError):
        return
    for line in text[:LARGEST_DAY].splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and "at" in document:
            yield document

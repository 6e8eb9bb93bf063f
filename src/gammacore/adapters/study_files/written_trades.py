"""trades.csv: one row a closed trade, every figure exact, a figure that is not known an empty cell. Rule: ST-214."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from gammacore.adapters.study_files.tables import FLAG_MARK
from gammacore.domain.study.record import COLUMNS, ClosedTrade, trade_row
from gammacore.errors import StorageError


def write_trades(path: Path, trades: Iterable[ClosedTrade]) -> None:
    """Write trades.csv, all or nothing: an old file stays until the new one is whole.

    Raises:
        StorageError: the file cannot be written.
    """
    write_whole(path, trades_text(trades))


def trades_text(trades: Iterable[ClosedTrade]) -> str:
    """The header and one row a trade; `read_record` reads equal trades back."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([_cell(value) for value in trade_row(trade).values()] for trade in trades)
    return lines.getvalue()


def write_whole(path: Path, text: str) -> None:
    """Write a text under a temporary name and rename it.

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


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case dt.datetime():
            return value.isoformat()
        case list():
            return FLAG_MARK.join(value)
        case _:
            return str(value)

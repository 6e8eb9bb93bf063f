"""The P/L per contract of past trades from a CSV: any table that has the column, or our own journal."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from attrs import frozen

from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput, MissingData

PER_CONTRACT = "pl_per_contract"
JOURNAL_PL = "P/L_$"
JOURNAL_SIZE = "Position_Size"
JOURNAL_EXIT = "Exit_Time"

JOURNAL_COLUMNS = (
    "Timestamp_ET", "Trade_ID", "Account_ID", "Strategy", "Strikes", "Entry_Credit", "Confidence", "TP%", "Exit_Time",
    "Exit_Value", "P/L_$", "P/L_%", "Exit_Reason", "Duration_Min",
)  # fmt: skip


def _without(*absent: str) -> tuple[str, ...]:
    return tuple(column for column in JOURNAL_COLUMNS if column not in absent)


JOURNAL_LAYOUTS = (
    (*JOURNAL_COLUMNS, JOURNAL_SIZE),
    JOURNAL_COLUMNS,
    _without("Account_ID"),
    _without("Account_ID", "Confidence", "TP%"),
)
"""The journal export, which more columns may follow, and three older ones, where every position is one contract.

Section 6, Journal CSV.
"""

LARGEST_PL = Decimal(10_000_000)
"""Dollars per contract beyond which a figure is a damaged file, not a trade."""


@frozen
class _Row:
    """One row with where it stands, so that a complaint can say where."""

    path: Path
    line: int
    cells: dict[str, str]

    def number(self, column: str) -> Decimal:
        text = self.cells.get(column, "").strip()
        value = read_figure(text)
        if not isinstance(value, Decimal):
            raise self.wrong(column, text or "an empty cell", "give a finite dollar amount")
        if value.copy_abs() > LARGEST_PL or int(value.as_tuple().exponent) < -30:
            raise self.wrong(column, text, "give a finite dollar amount")
        return value

    def wrong(self, column: str, value: str, fix: str) -> InvalidInput:
        return InvalidInput(f"{self.path}, line {self.line}, column {column}", value, fix)


def read_pl_history(path: Path) -> list[Decimal]:
    """Gross P/L per contract, dollars, in file order: exact decimals of the text. Rules: CS-603, section 6.

    A table needs the column `pl_per_contract` (others are ignored). In a journal export P/L is of the whole position
    and is divided by Position_Size; trades still open are left out.

    Raises:
        MissingData: there is no such file, or it is empty.
        InvalidInput: no known layout, or a cell that is no number; file, line and column are named.
    """
    if path.is_dir():
        raise InvalidInput(str(path), "a directory", "give a CSV file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            return list(_history(path, table))
    except FileNotFoundError:
        raise MissingData(f"{path}: no such file; give a CSV with the column {PER_CONTRACT}") from None
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal
    except UnicodeDecodeError as wrong:
        raise InvalidInput(str(path), "no UTF-8 text", "give a CSV file") from wrong


def _history(path: Path, table: TextIO) -> Iterator[Decimal]:
    lines = csv.reader(table, strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if not header:
            raise MissingData(f"{path}: the file is empty; give a CSV with the column {PER_CONTRACT}")
        per_contract = _reader_for(path, header)
        for cells in lines:
            if not cells:
                continue
            row = _Row(path, lines.line_num, dict(zip(header, cells, strict=False)))
            if len(cells) != len(header):
                raise row.wrong(header[-1], f"a row of {len(cells)} cells", f"give {len(header)}, as in the header")
            if (profit := per_contract(row)) is not None:
                yield profit
    except csv.Error as wrong:
        raise InvalidInput(f"{path}, line {lines.line_num}", str(wrong), "give a CSV file") from wrong


def _reader_for(path: Path, header: list[str]) -> Callable[[_Row], Decimal | None]:
    if header.count(PER_CONTRACT) == 1:
        return lambda row: row.number(PER_CONTRACT)
    if tuple(header) in JOURNAL_LAYOUTS or tuple(header[: len(JOURNAL_LAYOUTS[0])]) == JOURNAL_LAYOUTS[0]:
        return _journal_profit
    found = ", ".join(header)[:200]
    raise InvalidInput(
        f"{path}, line 1",
        f"header {found}",
        f"give one column {PER_CONTRACT}, or a journal export ({', '.join(JOURNAL_LAYOUTS[0])})",
    )


def _journal_profit(row: _Row) -> Decimal | None:
    if not row.cells[JOURNAL_EXIT].strip() and not row.cells[JOURNAL_PL].strip():
        return None  # still open: neither a win nor a loss
    size = row.number(JOURNAL_SIZE) if JOURNAL_SIZE in row.cells else Decimal(1)
    if size < 1 or size != size.to_integral_value():
        raise row.wrong(JOURNAL_SIZE, str(size), "give whole contracts, 1 or more")
    return row.number(JOURNAL_PL) / size

"""A first look through tables of chains: which days and underlyings they hold. Rule: ST-101."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.columns import ColumnMap, column_index
from gammacore.adapters.recorded.presets import is_known, layout, unknown_header
from gammacore.adapters.recorded.row_clock import RowClock, contract_in_name, symbol_of
from gammacore.adapters.recorded.source_files import source_files
from gammacore.adapters.recorded.text_table import TableOpener, open_table
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, is_adjusted, underlying_of_adjusted
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.errors import InvalidInput

UNSAID = ""
"""In place of an underlying's symbol, where a table does not say."""

NAMING = ("underlying", "root", "occ_symbol")
"""The roles of a column whose cells tell the underlying, the plainest first."""


@frozen
class TableSurvey:
    """What tables hold: (underlying, New York date) of their rows; `UNSAID` where no column says of what they are."""

    days: frozenset[tuple[str, dt.date]]

    @property
    def dates(self) -> tuple[dt.date, ...]:
        return tuple(sorted({date for _, date in self.days}))

    @property
    def underlyings(self) -> tuple[str, ...]:
        return tuple(sorted({symbol for symbol, _ in self.days if symbol != UNSAID}))

    def dates_of(self, symbol: str) -> frozenset[dt.date]:
        """The dates that may hold rows of an underlying."""
        return frozenset(date for of, date in self.days if of in (symbol, UNSAID))


def survey_csv(
    path: Path,
    columns: ColumnMap | str | None = None,
    *,
    day_first: bool | None = None,
    opener: TableOpener = open_table,
) -> TableSurvey:
    """Look through a table, a folder or a pattern of them without reading quotes: for choosing a day.

    Raises:
        MissingData: no file.
        InvalidInput: not a table, or a column that is missing.
    """
    files = chain_tables(source_files(path), columns, opener)
    surveys = [survey_file(file, columns, day_first=day_first, opener=opener) for file in files]
    return TableSurvey(frozenset(day for survey in surveys for day in survey.days))


def chain_tables(files: Sequence[Path], columns: ColumnMap | str | None, opener: TableOpener) -> list[Path]:
    """Of several files those that are chains: in a folder other tables may lie beside them. One file is always meant.

    Raises:
        InvalidInput: none of them is, or one is a known vendor's but for a column.
    """
    if len(files) == 1 or isinstance(columns, ColumnMap):
        return list(files)
    found: list[Path] = []
    refused: tuple[tuple[str, ...], str] | None = None
    for file in files:
        with opener(file) as table:
            if columns is not None or is_known(table.header):
                found.append(file)
            else:
                refused = refused or (table.header, str(file))
    if not found and refused is not None:
        raise unknown_header(*refused)
    return found


def survey_file(
    path: Path, columns: ColumnMap | str | None, *, day_first: bool | None = None, opener: TableOpener = open_table
) -> TableSurvey:
    """The survey of one table, made once a process while the file stays as it is."""
    state = path.stat() if path.exists() else None
    signature = None if state is None else (state.st_size, state.st_mtime_ns)
    return _surveyed(path, signature, _Hashed(columns), day_first, opener)


@frozen(eq=False)
class _Hashed:
    """A map with its filters is not hashable; its words are."""

    columns: ColumnMap | str | None

    def _words(self) -> str:
        return self.columns.content if isinstance(self.columns, ColumnMap) else repr(self.columns)

    def __hash__(self) -> int:
        return hash(self._words())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self._words() == other._words()


@lru_cache(maxsize=4096)
def _surveyed(
    path: Path, _signature: tuple[int, int] | None, asked: _Hashed, day_first: bool | None, opener: TableOpener
) -> TableSurvey:
    with opener(path) as table:
        columns = layout(asked.columns, table.header, str(path))
        clock = RowClock(columns, table.header, day_first)
        role = next((role for role in NAMING if getattr(columns, role) is not None), None)
        named = None if role is None else column_index(table.header, getattr(columns, role))
        in_name = contract_in_name(path) if columns.contract_in_name else None
        unsaid = UNSAID if in_name is None else _underlying_of(in_name[3])
        known: dict[str, str] = {}
        days: set[tuple[str, dt.date]] = set()
        for _, cells in table:
            if len(cells) < len(table.header) or (date := clock.read(cells)[1]) is None:
                continue
            text = "" if named is None else cells[named]
            if text not in known:
                known[text] = unsaid if role is None else underlying_named(role, text)
            days.add((known[text], date))
    return TableSurvey(frozenset(days))


def underlying_named(role: str, text: str) -> str:
    """The underlying that a cell names; `UNSAID` for one that cannot be read."""
    if role == "underlying":
        return symbol_of(text)
    if role == "root":
        return _underlying_of(symbol_of(text))
    try:
        return _underlying_of(read_option_symbol(text).root)
    except InvalidInput:
        return UNSAID


def _underlying_of(root: str) -> str:
    return underlying_of_adjusted(root) if is_adjusted(root) else UNDERLYING_OF_ROOT.get(root, root)

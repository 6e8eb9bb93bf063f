"""Tables for pandas and polars, whichever is installed: columns of values in, a frame out, and back. Rule: OP-803.

Neither is a dependency of gammacore: what is installed is used, pandas first.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib
import importlib.util
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.lazy_names import finder

BACKENDS = ("pandas", "polars")
Column = Sequence[Any] | NDArray[Any]
Columns = Mapping[str, Column]
_adapter = finder("gammacore.frames", {"write_whole": "adapters.whole_file", "whole": "adapters.whole_file"})


class Columned(Protocol):
    """Whose `columns` are of equal length, by name."""

    def columns(self) -> Columns: ...


class Framed:
    """What is `Columned` as a frame of pandas or polars, as a CSV or a Parquet file."""

    __slots__ = ()

    def to_frame(self: Columned, backend: str | None = None, *, exact: bool = False) -> Any:
        """`columns` as a frame of pandas or polars, the one installed, pandas first; with `exact` money as Decimal.

        Raises:
            ConfigurationError: neither is installed.
        """
        return to_frame(self.columns(), backend, exact=exact)

    def to_csv(self: Columned, path: str | Path) -> None:
        """`columns` as a CSV file: times in UTC, money with every digit, blank what is missing; needs no library.

        Raises:
            StorageError: it cannot be written.
        """
        _adapter("write_whole")(Path(path), csv_text(self.columns()))

    def to_parquet(self: Columned, path: str | Path, *, exact: bool = False) -> None:
        """`columns` as a Parquet file.

        Raises:
            ConfigurationError: neither polars is installed nor pandas with pyarrow.
            StorageError: it cannot be written.
        """
        write_parquet(Path(path), self.columns(), exact=exact)


@frozen(eq=False, repr=False)
class Table(Framed):
    """Columns with a name, where there is no value of their own to ask for them."""

    name: str
    by_name: Columns

    def __repr__(self) -> str:
        rows = max((len(column) for column in self.by_name.values()), default=0)
        return f"<Table {self.name} {rows} rows of {', '.join(self.by_name)}>"

    def columns(self) -> Columns:
        return self.by_name


def to_frame(columns: Columns, backend: str | None = None, *, exact: bool = False) -> Any:
    """A pandas or polars frame of columns of equal length; `backend` None takes the one installed, pandas first.

    Times become UTC, dates stay dates, Decimals float64 (with `exact` they stay Decimal); None and NaN are missing.

    Raises:
        InvalidInput: no such backend.
        ConfigurationError: it, or either of them, is not installed; the install line is given.
    """
    name = _installed(backend)
    library = importlib.import_module(name)
    values = {key: _plain(column, exact=exact) for key, column in columns.items()}
    if name == "polars":
        return library.DataFrame({key: library.Series(key, column, strict=False) for key, column in values.items()})
    return library.DataFrame({key: _pandas(library, column) for key, column in values.items()})


def from_frame(frame: Any) -> dict[str, list[Any]]:
    """The columns of a pandas or polars frame as lists; what is missing (NaN, NaT, NA, null) is None.

    Raises:
        InvalidInput: something else than a frame.
    """
    if not (hasattr(frame, "columns") and hasattr(frame, "__getitem__")):
        raise InvalidInput("frame", type(frame).__name__, "give a pandas or polars DataFrame")
    names = list(frame.columns)
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise InvalidInput("frame", f"a column named {wrong[0]!r}", "give every column a name")
    if len(set(names)) < len(names):
        raise InvalidInput("frame", "two columns of one name", "give every column a name of its own")
    return {name: [plain_or_none(value) for value in frame[name].to_list()] for name in names}


def csv_text(columns: Columns) -> str:
    """A header and a line a row: times in ISO 8601, UTC; figures with every digit; blank what is missing.

    >>> csv_text({"at": [dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC), None], "net": [Decimal("-1.50"), 2.5]})
    'at,net\\n2026-03-03T15:00:00+00:00,-1.50\\n,2.5\\n'
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(columns)
    values = ([*map(_written, _plain(column, exact=True))] for column in columns.values())
    writer.writerows(zip(*values, strict=True))
    return lines.getvalue()


def _written(value: Any) -> str:
    plain = plain_or_none(value)
    if plain is None:
        return ""
    return plain.isoformat() if isinstance(plain, dt.date) else str(plain)


def write_parquet(path: Path, columns: Columns, *, exact: bool = False) -> None:
    """A Parquet file by polars, else by pandas with pyarrow: whole or not at all.

    Raises:
        ConfigurationError: neither is installed; the install line is given.
        StorageError: it cannot be written.
    """
    by_polars = importlib.util.find_spec("polars") is not None
    if not by_polars and any(importlib.util.find_spec(one) is None for one in ("pandas", "pyarrow")):
        raise ConfigurationError("a Parquet file needs polars, or pandas with pyarrow: python -m pip install polars")
    with _adapter("whole")(path) as draft:
        if by_polars:
            to_frame(columns, "polars", exact=exact).write_parquet(draft)
        else:
            to_frame(columns, "pandas", exact=exact).to_parquet(draft, index=False)


def _installed(backend: str | None) -> str:
    if backend is not None and backend not in BACKENDS:
        raise InvalidInput("backend", backend, f"give {' or '.join(BACKENDS)}")
    for name in BACKENDS if backend is None else (backend,):
        if importlib.util.find_spec(name) is not None:
            return name
    wanted = backend or "pandas"
    raise ConfigurationError(f"a frame needs {backend or ' or '.join(BACKENDS)}: python -m pip install {wanted}")


def _plain(column: Column, *, exact: bool) -> Column:
    """The column as one kind of value: numbers as float64 unless exact, times in UTC."""
    if isinstance(column, np.ndarray):
        return column.astype("datetime64[D]").tolist() if column.dtype.kind == "M" else column
    known = [value for value in column if value is not None]
    if known and all(isinstance(value, dt.datetime) for value in known):
        return [None if value is None else value.astimezone(dt.UTC) for value in column]
    if not exact and any(isinstance(value, Decimal) for value in known):
        return np.array([np.nan if value is None else float(value) for value in column])
    return column


def _pandas(library: Any, column: Column) -> Any:
    if isinstance(column, np.ndarray):
        return column
    known = [value for value in column if value is not None]
    if known and isinstance(known[0], dt.datetime):
        return library.to_datetime(list(column), utc=True)
    if known and isinstance(known[0], float):
        return np.array([np.nan if value is None else value for value in column])
    return list(column)


def plain_or_none(value: Any) -> Any:
    """The value, None where it is missing: NaN, NaT and NA differ from themselves, or cannot say."""
    try:
        return None if value is None or value != value else value  # noqa: PLR0124
    except TypeError:
        return None


def rows_as_columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns: every key any row has, in order of appearance; a row without it has None.

    >>> rows_as_columns([{"a": 1}, {"a": 2, "b": 3}])
    {'a': [1, 2], 'b': [None, 3]}
    """
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    return {name: [row.get(name) for row in listed] for name in names}

"""Tables for pandas and polars, whichever is installed: columns of values in, a frame out, and back. Rule: OP-803.

Neither is a dependency of gammacore: what is installed is used, pandas first.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gammacore.errors import ConfigurationError, InvalidInput

BACKENDS = ("pandas", "polars")
Column = Sequence[Any] | NDArray[Any]
Columns = Mapping[str, Column]


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
    return {name: [_or_none(value) for value in frame[name].to_list()] for name in names}


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


def _or_none(value: Any) -> Any:
    """NaN, NaT and NA differ from themselves, or cannot say."""
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

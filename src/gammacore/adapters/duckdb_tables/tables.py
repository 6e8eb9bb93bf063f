"""Parquet by DuckDB, in and out: cell by cell what our own reader gives of the same table. Rules: ST-101, ST-107."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gammacore.adapters.whole_file import whole
from gammacore.errors import InvalidInput, MissingData, missing_extra

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE = 20_000


def connected() -> duckdb.DuckDBPyConnection:
    """A database in memory, on one thread, so that rows keep their order and processes do not crowd each other.

    Raises:
        ConfigurationError: DuckDB is not installed; the line that installs it is told.
    """
    try:
        import duckdb
    except ImportError:
        raise missing_extra("study", "DuckDB, which reads and writes Parquet,") from None
    return duckdb.connect(config={"threads": 1, "preserve_insertion_order": True, "autoload_known_extensions": False})


def parquet_rows(path: Path) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """The columns of a Parquet file and its rows as text, as a CSV of the same table has them; blank where null.

    Instants are written without a zone where the file has none, and with +00:00 where it says UTC.

    Raises:
        InvalidInput: not a Parquet file, or a damaged one.
    """
    return _rows(connected(), path, "read_parquet(?)", [str(path)])


def _rows(
    connection: duckdb.DuckDBPyConnection, path: Path, source: str, parameters: Sequence[str]
) -> tuple[tuple[str, ...], Iterator[list[str]]]:  # fmt: skip
    import duckdb

    if not path.is_file():
        raise MissingData(f"{path}: no such file")
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}", parameters).fetchall()
        names = [str(row[0]) for row in described]
        cells = ", ".join(f"coalesce({_as_text(name, str(kind))}, '')" for name, kind, *_ in described)
        answer = connection.execute(f"SELECT {cells} FROM {source}", parameters)
    except duckdb.Error as damage:
        first = str(damage).splitlines()[0]
        raise InvalidInput(str(path), f"a table DuckDB cannot read ({first})", "give a whole file") from damage
    return tuple(names), _fetched(answer)


def _as_text(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"strftime(make_timestamp(epoch_us({quoted})), '%Y-%m-%d %H:%M:%S.%f+00:00')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({quoted}::TIMESTAMP, '%Y-%m-%d %H:%M:%S.%f')"
    if kind in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isnan({quoted}) THEN '' ELSE {quoted}::VARCHAR END"
    return f"{quoted}::VARCHAR"


def _fetched(answer: Any) -> Iterator[list[str]]:
    while rows := answer.fetchmany(ROWS_AT_ONCE):
        yield from map(list, rows)


def write_parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of equal length as a Parquet file, whole or not at all.

    Raises:
        ConfigurationError: DuckDB is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "trades.parquet"
    ...     write_parquet(file, {"id": ["1", "2"], "pnl": [10.5, None]})
    ...     header, rows = parquet_rows(file)
    ...     header, list(rows)
    (('id', 'pnl'), [['1', '10.5'], ['2', '']])
    """
    connection = connected()
    names = list(columns)
    kinds = [_kind(columns[name]) for name in names]
    quoted = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    connection.execute(f"CREATE TABLE written ({quoted})")
    rows = list(zip(*(columns[name] for name in names), strict=True))
    if rows:
        connection.executemany(f"INSERT INTO written VALUES ({', '.join('?' * len(names))})", rows)
    with whole(path) as draft:
        target = str(draft).replace("'", "''")
        connection.execute(f"COPY written TO '{target}' (FORMAT PARQUET)")


def _kind(values: Sequence[Any]) -> str:
    """The type of a column: that of its values, text where they are mixed or none is given."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT"
    return "DOUBLE" if kinds and kinds <= {int, float} else "VARCHAR"

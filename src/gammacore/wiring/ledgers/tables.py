"""How tables are opened: text by ourselves, Parquet by DuckDB where the extra `study` is installed. Rule: ST-101."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gammacore.adapters.recorded.text_table import PARQUET_MAGIC, TextTable, open_table, reading


@contextmanager
def open_any_table(path: Path) -> Iterator[TextTable]:
    """Open a table, whatever it is written as.

    Raises:
        ConfigurationError: it is Parquet, and the extra that reads it is not installed.
        MissingData: no file, not readable, or empty.
        InvalidInput: no table.
    """
    with reading(path), path.open("rb") as raw:
        is_parquet = raw.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if not is_parquet:
        with open_table(path) as table:
            yield table
        return
    from gammacore.adapters.duckdb_tables.tables import parquet_rows

    header, rows = parquet_rows(path)
    yield TextTable(path, header, enumerate(rows, start=2))

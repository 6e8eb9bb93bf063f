"""Parquet by DuckDB: cell by cell what our own reader gives; without the extra one sentence. ST-101, ST-107."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import duckdb
import pytest

from builders_vendors import THETA_V3, WINTER, line_of, market, ny, quotes, table
from gammacore.adapters.duckdb_tables.tables import parquet_rows, write_parquet
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.quality import integrity
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.recorded.text_table import open_table
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.wiring.ledgers.tables import open_any_table


def rows() -> list[str]:
    return [
        line_of(THETA_V3, {
            "symbol": "SPXW", "expiration": WINTER, "strike": strike, "right": right, "bid": bid, "ask": ask,
            "timestamp": f"{WINTER}T10:0{minute}:00.250",
        })
        for minute in (0, 1)
        for strike, right, bid, ask in (
            ("6000.000", "CALL", "1.1", "1.25"), ("6002.500", "PUT", "0.05", "0.1"), ("6010.000", "CALL", "", "0.05"),
        )
    ]  # fmt: skip


def as_parquet(source: Path, target: Path, typed: bool) -> Path:
    """The table as another program writes it: all text, or with the types its values have."""
    kinds = "" if typed else ", all_varchar=true"
    duckdb.connect().execute(f"COPY (SELECT * FROM read_csv('{source}'{kinds})) TO '{target}' (FORMAT PARQUET)")
    return target


def test_cells_are_those_of_our_own_reader(tmp_path: Path) -> None:
    path = table(tmp_path / "day.csv", THETA_V3, rows())
    parquet = as_parquet(path, tmp_path / "day.parquet", typed=False)

    with open_table(path) as ours, open_any_table(parquet) as theirs:
        assert theirs.header == ours.header
        assert list(theirs) == list(ours)


@pytest.mark.parametrize("typed", [True, False])
def test_a_parquet_day_is_the_csv_day(tmp_path: Path, typed: bool) -> None:
    path = table(tmp_path / "day.csv", THETA_V3, rows())
    parquet = as_parquet(path, tmp_path / "day.parquet", typed)
    plain = market(path, WINTER)
    packed = read_csv_market(
        parquet, REGISTRY["SPX"], TradingSession.of(WINTER), settings=ReplaySettings(tables=open_any_table)
    )  # fmt: skip

    assert packed.times == plain.times == (ny(WINTER, "10:00:00.250"), ny(WINTER, "10:01:00.250"))
    assert [quotes(packed, at) for at in plain.times] == [quotes(plain, at) for at in plain.times]
    assert integrity(packed).counts.used == integrity(plain).counts.used == 4


def test_instants_with_a_zone_keep_it(tmp_path: Path) -> None:
    target = tmp_path / "t.parquet"
    duckdb.connect().execute(
        "COPY (SELECT make_timestamptz(1772809200250000) AS a, TIMESTAMP '2026-03-06 10:00:00' AS b, "
        "DATE '2026-03-06' AS c, 1.5::DECIMAL(9,3) AS d, 'nan'::DOUBLE AS e, NULL::INTEGER AS f, 0.1::DOUBLE AS g) "
        f"TO '{target}' (FORMAT PARQUET)"
    )
    header, found = parquet_rows(target)

    assert header == ("a", "b", "c", "d", "e", "f", "g")
    assert list(found) == [
        ["2026-03-06 15:00:00.250000+00:00", "2026-03-06 10:00:00.000000", "2026-03-06", "1.500", "", "", "0.1"]
    ]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "t.parquet"
    damaged.write_bytes(b"PAR1 and nothing else")

    with pytest.raises(InvalidInput, match=r"t\.parquet: a table DuckDB cannot read"), open_any_table(damaged):
        pass


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_parquet(table(tmp_path / "day.csv", THETA_V3, rows()), tmp_path / "day.parquet", typed=False)
    real = builtins.__import__

    def missing(name: str, *given: Any, **named: Any) -> Any:
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match=r"not installed.*\[study\]"), open_any_table(path):
        pass


def test_columns_written_are_read_back(tmp_path: Path) -> None:
    written: dict[str, list[Any]] = {
        "id": ["a", "b"],
        "contracts": [1, 2],
        "pnl": [10.25, None],
        "settled": [True, False],
    }
    write_parquet(tmp_path / "trades.parquet", written)

    answer = duckdb.connect().execute(f"SELECT * FROM read_parquet('{tmp_path / 'trades.parquet'}')")

    assert answer.fetchall() == [("a", 1, 10.25, True), ("b", 2, None, False)]
    assert [path.name for path in tmp_path.iterdir()] == ["trades.parquet"]

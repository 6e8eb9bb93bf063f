"""Frames of pandas and polars: times in UTC, dates, money as float64 or exact, missing as missing. Rule: OP-803."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gammacore import frames
from gammacore.adapters.whole_file import whole
from gammacore.domain.sessions import new_york
from gammacore.errors import ConfigurationError, InvalidInput, StorageError

TEN = new_york(dt.date(2026, 3, 3), dt.time(10))
COLUMNS: dict[str, Any] = {
    "at": [TEN, None],
    "expiry": [dt.date(2026, 3, 3), dt.date(2026, 3, 4)],
    "net": [Decimal("-105.40"), None],
    "strike": np.array([6000.0, np.nan]),
    "why": ["stop_loss", None],
    "contracts": [1, 3],
}


@pytest.mark.parametrize("backend", frames.BACKENDS)
def test_a_frame_read_back_is_the_columns(backend: str) -> None:
    read = frames.from_frame(frames.to_frame(COLUMNS, backend))

    assert read["at"] == [TEN, None]
    assert read["at"][0].utcoffset() == dt.timedelta(0)
    assert read["expiry"] == COLUMNS["expiry"]
    assert read["net"] == [-105.40, None]
    assert read["strike"] == [6000.0, None]
    assert (read["why"], read["contracts"]) == (["stop_loss", None], [1, 3])


@pytest.mark.parametrize("backend", frames.BACKENDS)
def test_money_is_float64_unless_it_is_asked_for_exactly(backend: str) -> None:
    assert "float64" in str(frames.to_frame(COLUMNS, backend)["net"].dtype).lower()
    assert frames.from_frame(frames.to_frame(COLUMNS, backend, exact=True))["net"] == [Decimal("-105.40"), None]


def test_pandas_is_taken_first() -> None:
    assert type(frames.to_frame({"a": [1]})).__module__.startswith("pandas")


def test_without_either_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ConfigurationError, match="needs pandas or polars: python -m pip install pandas"):
        frames.to_frame({"a": [1]})


@pytest.mark.parametrize("wrong", [[1, 2], "a table", None])
def test_what_is_no_frame_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="give a pandas or polars DataFrame"):
        frames.from_frame(wrong)


def test_another_backend_is_refused() -> None:
    with pytest.raises(InvalidInput, match="give pandas or polars"):
        frames.to_frame({"a": [1]}, "arrow")


class Priced(frames.Framed):
    def columns(self) -> frames.Columns:
        return COLUMNS


CSV = """at,expiry,net,strike,why,contracts
2026-03-03T15:00:00+00:00,2026-03-03,-105.40,6000.0,stop_loss,1
,2026-03-04,,,,3
"""


def test_a_csv_file_has_every_digit_and_blanks_for_what_is_missing(tmp_path: Path) -> None:
    Priced().to_csv(tmp_path / "trades.csv")

    assert (tmp_path / "trades.csv").read_text("utf-8") == CSV


@pytest.mark.parametrize("library", frames.BACKENDS)
def test_a_csv_file_needs_no_library(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)

    Priced().to_csv(str(tmp_path / "trades.csv"))

    assert (tmp_path / "trades.csv").read_text("utf-8") == CSV


@pytest.mark.parametrize("exact", [False, True])
def test_a_parquet_file_read_back_is_the_columns(exact: bool, tmp_path: Path) -> None:
    Priced().to_parquet(tmp_path / "trades.parquet", exact=exact)

    read = frames.from_frame(importlib.import_module("polars").read_parquet(tmp_path / "trades.parquet"))
    assert read["net"] == ([Decimal("-105.40"), None] if exact else [-105.40, None])
    assert (read["at"], read["expiry"]) == ([TEN, None], COLUMNS["expiry"])


def test_a_parquet_file_without_a_library_is_refused_with_the_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ConfigurationError, match="needs polars, or pandas with pyarrow"):
        Priced().to_parquet(tmp_path / "trades.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no"):
        Priced().to_csv(tmp_path / "no" / "trades.csv")
    with pytest.raises(StorageError, match=r"no/trades\.parquet: cannot be written"):
        Priced().to_parquet(tmp_path / "no" / "trades.parquet")


def test_a_file_that_fails_half_way_leaves_the_one_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "trades.parquet"
    path.write_text("as it was")

    def half_way() -> None:
        with whole(path) as draft:
            draft.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_way()
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("trades.parquet", "as it was")]

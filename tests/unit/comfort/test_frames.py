"""Frames of pandas and polars: times in UTC, dates, money as float64 or exact, missing as missing. Rule: OP-803."""

from __future__ import annotations

import datetime as dt
import importlib.util
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from gammacore import frames
from gammacore.domain.sessions import new_york
from gammacore.errors import ConfigurationError, InvalidInput

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

"""The file that keeps the exchange's days: as good as the library, or not believed. CS-007, R7."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from gammacore.adapters.calendars import exchange_days as kept
from gammacore.adapters.calendars.exchange_days import (
    BELLS,
    ExchangeDays,
    computed_days,
    exchange_days,
    is_plausible,
    read_days,
    write_days,
)

YEARS = (2024, 2026)
THANKSGIVING_FRIDAY = dt.date(2025, 11, 28)


@pytest.fixture(scope="module")
def computed() -> ExchangeDays:
    return computed_days(*YEARS)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's cache folder, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gammacore"


@pytest.fixture
def file(folder: Path, computed: ExchangeDays) -> Path:
    """The file as the first process left it."""
    assert exchange_days(*YEARS) == computed
    (file,) = folder.iterdir()
    return file


@pytest.fixture
def computations(monkeypatch: pytest.MonkeyPatch, computed: ExchangeDays) -> list[tuple[int, int]]:
    """The times the library is asked from now on."""
    asked: list[tuple[int, int]] = []

    def compute(first_year: int, last_year: int) -> ExchangeDays:
        asked.append((first_year, last_year))
        return computed

    monkeypatch.setattr(kept, "computed_days", compute)
    return asked


def test_the_second_process_reads_what_the_first_computed(
    file: Path, computed: ExchangeDays, computations: list[tuple[int, int]]
) -> None:
    assert exchange_days(*YEARS) == computed
    assert computed.hours(THANKSGIVING_FRIDAY) == (BELLS[0], dt.time(13))
    assert computations == []


@pytest.mark.parametrize("years", [(1990, 2060), (2006, 2035)])
def test_every_year_the_library_knows_can_be_kept(tmp_path: Path, years: tuple[int, int]) -> None:
    days = computed_days(*years)

    write_days(tmp_path / "days.json", days)

    assert read_days(tmp_path / "days.json", *years) == days


def test_another_version_of_the_library_is_computed_anew(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, computations: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "99.0")

    exchange_days(*YEARS)

    assert computations == [YEARS]
    assert len(list(folder.iterdir())) == 2


def test_other_years_are_computed_anew(file: Path, computations: list[tuple[int, int]]) -> None:
    exchange_days(2025, 2026)

    assert computations == [(2025, 2026)]


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "{}", '{"sha256": 1, "days": {}}', "\x00" * 2000, "[" * 100_000, '{"days": NaN}']
)
def test_a_file_that_is_not_one_is_computed_anew_and_replaced(
    file: Path, computed: ExchangeDays, computations: list[tuple[int, int]], text: str
) -> None:
    file.write_text(text)

    assert exchange_days(*YEARS) == computed
    assert computations == [YEARS]
    assert read_days(file, *YEARS) == computed


def test_every_cut_and_every_changed_digit_is_noticed(file: Path, computed: ExchangeDays) -> None:
    whole = file.read_text()
    for place, sign in enumerate(whole):
        file.write_text(whole[:place])
        assert read_days(file, *YEARS) is None
        if sign.isdigit():
            file.write_text(f"{whole[:place]}{(int(sign) + 1) % 10}{whole[place + 1 :]}")
            assert read_days(file, *YEARS) is None


def test_bytes_that_are_no_text_are_computed_anew(file: Path, computations: list[tuple[int, int]]) -> None:
    file.write_bytes(b"\xff\xfe" * 100)

    exchange_days(*YEARS)

    assert computations == [YEARS]


def without(days: ExchangeDays, *dates: str) -> ExchangeDays:
    return evolve(days, closed=days.closed - {dt.date.fromisoformat(date) for date in dates})


@pytest.mark.parametrize(
    "change",
    [
        lambda days: without(days, "2025-12-25"),
        lambda days: without(days, "2026-07-03"),  # the fourth is a Saturday
        lambda days: evolve(days, closed=frozenset[dt.date]()),
        lambda days: evolve(days, closed=days.closed | {dt.date(2027, 1, 1)}),
        lambda days: evolve(days, closed=days.closed | {dt.date(2025, 12, 27)}),  # a Saturday
        lambda days: evolve(days, closed=days.closed | {dt.date(2025, 3, day) for day in (3, 4, 5, 6, 7)}),
        lambda days: evolve(days, last_year=2027),
        lambda days: evolve(days, odd_hours={dt.date(2025, 12, 25): (BELLS[0], dt.time(13))}),
        lambda days: evolve(days, odd_hours={dt.date(2025, 12, 24): (BELLS[0], dt.time(17))}),
        lambda days: evolve(days, odd_hours={dt.date(2025, 12, 24): (dt.time(4), dt.time(13))}),
        lambda days: evolve(days, odd_hours={dt.date(2027, 12, 23): (BELLS[0], dt.time(13))}),
    ],
)
def test_a_calendar_no_exchange_has_is_not_believed_whatever_its_checksum(
    computed: ExchangeDays, tmp_path: Path, change: Any
) -> None:
    changed, path = change(computed), tmp_path / "days.json"
    assert is_plausible(computed)
    assert not is_plausible(changed)

    write_days(path, changed)

    assert list(tmp_path.iterdir()) == []


def test_a_sound_file_of_other_years_is_not_believed(file: Path) -> None:
    assert read_days(file, 2025, 2026) is None


def test_a_home_that_takes_no_file_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, computed: ExchangeDays
) -> None:
    (tmp_path / "taken").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "taken"))

    assert exchange_days(*YEARS) == computed


def test_a_user_without_a_home_computes_them(monkeypatch: pytest.MonkeyPatch, computed: ExchangeDays) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)

    assert exchange_days(*YEARS) == computed


def test_the_file_says_nothing_but_days(file: Path) -> None:
    assert set(json.loads(file.read_text())["days"]) == {"years", "closed", "hours"}

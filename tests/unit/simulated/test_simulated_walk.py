"""The path from day to day of the simulated market."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pytest

from gammacore.adapters.simulated.model import SimulationModel
from gammacore.adapters.simulated.walk import FIRST_DAY, LAST_DAY, WalkDay, walk_day, weekday_index
from gammacore.errors import InvalidInput


def a_day(date: dt.date, model: SimulationModel | None = None, seed: int = 3) -> WalkDay:
    return walk_day(model or SimulationModel(), seed, Decimal(6000), Decimal(5), None, date)


def test_the_new_year_changes_nothing() -> None:
    """A longer walk draws the same days as a shorter one and goes on."""
    last, first = a_day(dt.date(2025, 12, 31)), a_day(dt.date(2026, 1, 1))

    assert first.previous_log == last.close_log


def test_the_pin_draws_the_close_towards_its_strike() -> None:
    """On average over a year, the pinned close is nearer to the peak than the same day without a pin."""
    free, pinned = SimulationModel(pin_strength=0.0, level_reversion=0.0), SimulationModel(level_reversion=0.0)
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(365)]

    def mean_distance(model: SimulationModel) -> float:
        walked = [a_day(date, model) for date in days if date.weekday() < 5]
        return sum(abs(math.exp(day.close_log) - day.peak) for day in walked) / len(walked)

    assert mean_distance(pinned) < mean_distance(free)


@pytest.mark.parametrize(
    "date", [FIRST_DAY - dt.timedelta(days=1), LAST_DAY + dt.timedelta(days=3), dt.date(2026, 3, 7)]
)
def test_only_weekdays_between_the_first_and_the_last_are_simulated(date: dt.date) -> None:
    with pytest.raises(InvalidInput):
        weekday_index(date)


def test_vix_returns_to_a_level_between_its_floor_and_its_cap() -> None:
    with pytest.raises(InvalidInput):
        SimulationModel(vix_typical=10.0, vix_floor=10.0)

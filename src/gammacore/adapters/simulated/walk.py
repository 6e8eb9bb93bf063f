"""The path from day to day: closes, opens, VIX, jumps and the pinned strike of every weekday since the first.

One draw per day and seed in a fixed order, so that a day is the same whichever day was asked for before it.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from functools import lru_cache

import numpy as np
from attrs import frozen

from gammacore.adapters.simulated.model import SESSIONS_A_YEAR, SimulationModel
from gammacore.adapters.simulated.moods import EVEN, Temper
from gammacore.errors import InvalidInput

FIRST_DAY = dt.date(2015, 1, 2)
LAST_DAY = dt.date(2049, 12, 31)
STRIKES_A_PEAK = 5
"""Peaks of open interest stand on every 5th strike: 25 points on SPX."""

_DAILY, _CHANCES = 0, 1


@frozen
class WalkDay:
    """One weekday: logs of price at the bells and before, VIX states, and what happens in between.

    `move_deviation` is of the log price from bell to bell; `pull` is the part of the move the pin causes; a day without
    a jump has `jump` 0. `jump_at` is a part of the session. `peak` and `second_peak` are strikes, points.
    """

    previous_log: float
    open_log: float
    close_log: float
    open_vix_state: float
    close_vix_state: float
    move_deviation: float
    pull: float
    jump: float
    jump_at: float
    peak: float
    second_peak: float | None


def weekday_index(date: dt.date) -> int:
    """Weekdays since the first simulated day.

    Raises:
        InvalidInput: a weekend, or a date outside 2015..2049.

    >>> weekday_index(dt.date(2015, 1, 5))
    1
    """
    if date.weekday() >= 5 or not FIRST_DAY <= date <= LAST_DAY:
        raise InvalidInput("date", date, f"give a weekday from {FIRST_DAY} to {LAST_DAY}")
    return int(np.busday_count(FIRST_DAY, date))


def walk_day(
    model: SimulationModel,
    seed: int,
    start: Decimal,
    increment: Decimal,
    vix: Decimal | None,
    date: dt.date,
    temper: Temper = EVEN,
) -> WalkDay:
    """The day of the walk around `start` points; with `vix` that level holds every day."""
    index = weekday_index(date)
    level = None if vix is None else float(vix)
    return _walk(model, seed, float(start), float(increment), level, date.year, temper)[index]


@lru_cache(maxsize=16)
def _walk(
    model: SimulationModel, seed: int, start: float, increment: float, vix: float | None, year: int, temper: Temper
) -> tuple[WalkDay, ...]:
    """Every weekday up to the end of `year`; more years draw the same days and go on."""
    count = int(np.busday_count(FIRST_DAY, dt.date(year + 1, 1, 1)))
    draws = np.random.default_rng([seed, _DAILY]).standard_normal((count, 5)).tolist()
    chances = np.random.default_rng([seed, _CHANCES]).random((count, 4)).tolist()
    anchor = level = math.log(start)
    typical = state = model.vix_state(model.vix_typical)
    days = []
    for normals, uniforms in zip(draws, chances, strict=True):
        day = _next_day(model, temper, anchor, level, typical, state, increment, vix, normals, uniforms)
        level, state = day.close_log, day.close_vix_state
        days.append(day)
    return tuple(days)


def _next_day(
    model: SimulationModel,
    temper: Temper,
    anchor: float,
    level: float,
    typical: float,
    state: float,
    increment: float,
    vix: float | None,
    normals: list[float],
    uniforms: list[float],
) -> WalkDay:
    gap_draw, move_draw, vix_draw, jump_draw, peak_draw = normals
    jump_chance, jump_at, second_chance, second_side = uniforms
    previous_vix = model.vix_floor + math.exp(state) if vix is None else vix
    day_deviation = previous_vix / 100 / math.sqrt(SESSIONS_A_YEAR)
    gap_draw += math.copysign(temper.gap, gap_draw)
    move_draw += math.copysign(temper.trend, move_draw)
    gap = model.gap_ratio * day_deviation * gap_draw + model.level_reversion * (anchor - level)
    open_log = level + gap
    open_state = _within(model, state - model.vix_leverage * gap)
    open_vix = model.vix_floor + math.exp(open_state) if vix is None else vix
    move_deviation = model.realised_ratio * math.sqrt(model.session_variance / SESSIONS_A_YEAR) * open_vix / 100
    jump = model.jump_mean + model.jump_deviation * jump_draw if jump_chance < model.jump_probability else 0.0
    peak, second = _peaks(model, math.exp(level), increment, peak_draw, second_chance, second_side)
    unpinned = open_log + move_deviation * move_draw + jump
    pull = _pull(model, math.exp(unpinned), peak)
    close_log = unpinned + pull
    own = model.vix_reversion * (typical - state) + model.vix_noise * vix_draw
    close_state = _within(model, open_state - model.vix_leverage * (close_log - open_log) + own)
    return WalkDay(
        level, open_log, close_log, open_state, close_state, move_deviation, pull, jump, jump_at, peak, second
    )


def _within(model: SimulationModel, state: float) -> float:
    return min(max(state, model.lowest_vix_state), model.highest_vix_state)


def _peaks(
    model: SimulationModel, previous: float, increment: float, draw: float, chance: float, side: float
) -> tuple[float, float | None]:
    """The strike most calls stand on, near the previous close, and on some days a rival one or two peaks away."""
    grid = STRIKES_A_PEAK * increment
    peak = max(1, round(previous * (1 + model.pin_offset * draw) / grid)) * grid
    if chance >= model.second_peak:
        return peak, None
    away = (-2, -1, 1, 2)[int(side * 4)]
    return peak, max(peak + away * grid, grid)


def _pull(model: SimulationModel, unpinned: float, peak: float) -> float:
    distance = (peak - unpinned) / unpinned
    return model.pin_strength * distance * math.exp(-0.5 * (distance / model.pin_reach) ** 2)

"""One session second by second: price and VIX in cents, the variance options still expect, and the bars cut from it."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from decimal import Decimal
from functools import lru_cache

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.adapters.simulated.model import SESSIONS_A_YEAR, Shock, SimulationModel
from gammacore.adapters.simulated.moods import EVEN, Temper
from gammacore.adapters.simulated.walk import WalkDay
from gammacore.domain.columns import Floats
from gammacore.domain.market import Bar
from gammacore.domain.sessions import new_york
from gammacore.errors import InvalidInput

Cents = NDArray[np.int64]

_INTRADAY = 2
_LEAST_REMAINING = 1e-6
"""Part of the day's variance left at the bell: a volatility of 0 has no greeks."""


@frozen(eq=False)
class SessionPath:
    """A session in seconds since the open, both bells included: shape (seconds + 1,), read-only.

    `price` and `vix` in hundredths of a point; `root_variance` is the deviation of log price options expect from that
    second to the close.
    """

    price: Cents
    vix: Cents
    root_variance: Floats

    @property
    def seconds(self) -> int:
        return len(self.price) - 1


@lru_cache(maxsize=8)
def session_path(
    model: SimulationModel,
    seed: int,
    date: dt.date,
    day: WalkDay,
    seconds: int,
    vix: float | None = None,
    shocks: tuple[Shock, ...] = (),
    temper: Temper = EVEN,
) -> SessionPath:
    """The session of a day of the walk, the same second by second however coarsely it is looked at."""
    draws = np.random.default_rng([seed, _INTRADAY, date.toordinal()])
    minutes = math.ceil(seconds / 60)
    bursts = _bursts(model, draws.standard_normal(minutes))
    vix_noise = _bridge(draws.standard_normal(minutes), np.full(minutes, 1.0 / minutes))
    speed, remaining = _variance_course(model, seconds)
    steps = speed * np.repeat(np.exp(bursts), 60)[:seconds]
    size = 1.0
    if temper.spike != 1:
        usual = steps.sum()
        first, end = (round(part * minutes) for part in (temper.spike_start, temper.spike_end))
        bursts[first:end] += math.log(temper.spike)
        steps = speed * np.repeat(np.exp(bursts), 60)[:seconds]
        size = math.sqrt(steps.sum() / usual)  # the other minutes move as much as they did
    steps /= steps.sum()
    elapsed = np.concatenate(([0.0], np.cumsum(steps)))
    log_price = _log_price(model, day, elapsed, size * _bridge(draws.standard_normal(seconds), steps))
    price = np.exp(log_price)
    for shock in shocks:
        price[min(math.ceil(shock.at_minutes * 60), seconds) :] += float(shock.points)
    if price.min() < 0.01:
        raise InvalidInput("shocks", shocks, "leave a price above 0")
    at_minutes = np.minimum(np.arange(seconds + 1) // 60, minutes - 1)
    index = _vix(model, day, np.log(price), model.vix_noise * vix_noise[at_minutes], vix)
    expected = model.session_variance / SESSIONS_A_YEAR * remaining * np.exp(model.variance_echo * bursts)[at_minutes]
    return SessionPath(_cents(price), _cents(index), _read_only(index / 100 * np.sqrt(expected)))


@lru_cache(maxsize=1024)
def day_figures(
    model: SimulationModel,
    seed: int,
    date: dt.date,
    day: WalkDay,
    seconds: int,
    vix: float | None = None,
    temper: Temper = EVEN,
) -> tuple[Cents, Cents]:
    """Open, high, low and close of a session's price and of its VIX, hundredths of a point: all a daily bar needs."""
    path = session_path(model, seed, date, day, seconds, vix, (), temper)
    return _figures(path.price), _figures(path.vix)


def _figures(course: Cents) -> Cents:
    return np.array([course[0], course.max(), course.min(), course[-1]])


def _bursts(model: SimulationModel, draws: Floats) -> Floats:
    """Log of the variance against its ordinary course, a minute each: calm and busy spells that fade."""
    kept = 0.5 ** (1 / model.variance_half_life)
    fresh = model.variance_noise * math.sqrt(1 - kept * kept)
    state = model.variance_noise * float(draws[0])
    course = [state]
    for draw in draws[1:].tolist():
        state = kept * state + fresh * draw
        course.append(state)
    return np.array(course)


def _bridge(draws: Floats, variances: Floats) -> Floats:
    """A random walk of the given variances (sum 1) that starts and ends at 0."""
    walk = np.concatenate(([0.0], np.cumsum(draws * np.sqrt(variances))))
    elapsed = np.concatenate(([0.0], np.cumsum(variances)))
    return np.asarray(walk - elapsed * (walk[-1] / elapsed[-1]))


def _log_price(model: SimulationModel, day: WalkDay, elapsed: Floats, bridge: Floats) -> Floats:
    steady = day.close_log - day.open_log - day.jump - day.pull
    log_price = day.open_log + day.move_deviation * bridge + steady * elapsed + day.pull * elapsed**model.pin_growth
    log_price[math.ceil(day.jump_at * (len(elapsed) - 1)) :] += day.jump
    log_price[-1] = day.close_log
    return np.asarray(log_price)


def _vix(model: SimulationModel, day: WalkDay, log_price: Floats, noise: Floats, constant: float | None) -> Floats:
    """VIX against the price: down with it, and towards the day's own close on the way."""
    if constant is not None:
        return np.full(len(log_price), constant)
    own = day.close_vix_state - day.open_vix_state + model.vix_leverage * (day.close_log - day.open_log)
    course = np.linspace(0.0, own, len(log_price))
    state = day.open_vix_state - model.vix_leverage * (log_price - day.open_log) + course + noise
    return np.asarray(model.vix_floor + np.exp(np.clip(state, model.lowest_vix_state, model.highest_vix_state)))


@lru_cache(maxsize=8)
def _variance_course(model: SimulationModel, seconds: int) -> tuple[Floats, Floats]:
    """The ordinary speed of variance in each second, and the part of it still to come at each second's start."""
    elapsed = (np.arange(seconds) + 0.5) / seconds
    speed = (
        model.calm_weight
        + model.opening_weight * np.exp(-elapsed / model.opening_decay)
        + model.closing_weight * np.exp((elapsed - 1) / model.closing_decay)
    )
    speed /= speed.sum()
    remaining = np.concatenate((np.cumsum(speed[::-1])[::-1], [0.0]))
    return _read_only(speed), _read_only(np.maximum(remaining, _LEAST_REMAINING))


def _cents(values: Floats) -> Cents:
    cents = np.rint(values * 100).astype(np.int64)
    cents.setflags(write=False)
    return cents


def _read_only(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


DAY_SECONDS = 86_400


def points(cents: int) -> Decimal:
    """Hundredths of a point as points.

    >>> points(600012)
    Decimal('6000.12')
    """
    return Decimal(cents).scaleb(-2)


def day_bar(course: Cents, date: dt.date, volume: int | None = None) -> Bar:
    """The bar of a New York date, from midnight on, of the course of its session."""
    figures = (int(course[0]), int(course.max()), int(course.min()), int(course[-1]))
    return _bar(new_york(date, dt.time()), DAY_SECONDS, *figures, volume=volume)


def cut_bars(course: Cents, opened: dt.datetime, seconds: int, volume: Cents | None = None) -> list[Bar]:
    """All whole bars of a course by the second that begins at `opened`, in order, with the shares traded where given.

    The last one takes the closing print in. A remainder shorter than a bar makes none.
    """
    whole = (len(course) - 1) // seconds
    seen = course[: whole * seconds].reshape(whole, seconds)
    high, low, last = seen.max(axis=1), seen.min(axis=1), seen[:, -1].copy()
    if whole and whole * seconds == len(course) - 1:
        last[-1] = course[-1]
        high[-1], low[-1] = max(high[-1], course[-1]), min(low[-1], course[-1])
    starts = (opened + dt.timedelta(seconds=seconds * number) for number in range(whole))
    traded = _no_volume(whole) if volume is None else volume[: whole * seconds].reshape(whole, seconds).sum(axis=1)
    figures = zip(starts, seen[:, 0].tolist(), high.tolist(), low.tolist(), last.tolist(), traded.tolist(), strict=True)
    return [_bar(start, seconds, *prices, volume=shares) for start, *prices, shares in figures]


def _no_volume(size: int) -> NDArray[np.object_]:
    return np.full(size, None, dtype=object)


def bars_inside(bars: list[Bar], start: dt.datetime, end: dt.datetime) -> list[Bar]:
    """Those that lie whole in [start, end], of bars in order."""
    first, last = bisect_left(bars, start, key=lambda bar: bar.start), bisect_right(bars, end, key=lambda bar: bar.end)
    return bars[first:last]


def _bar(start: dt.datetime, seconds: int, first: int, high: int, low: int, last: int, *, volume: int | None) -> Bar:
    return Bar(start, seconds, points(first), points(high), points(low), points(last), volume=volume)

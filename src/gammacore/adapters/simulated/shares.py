"""Quotes and volume of a simulated share, second by second; each from random draws of its own, none of the price's."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.adapters.simulated.model import CALM_VIX
from gammacore.adapters.simulated.path import Cents, SessionPath
from gammacore.domain.columns import Floats
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput

_SPREADS, _VOLUME, _EXTENDED, LATER = 4, 5, 6, 7
WHOLE_DAY = 23_400
"""Seconds of a session that is no half day: volumes are stated for it."""

MOST_TICKS = 12


@frozen
class ShareModel:
    """Format 2 of the simulated market: the share is quoted and traded. Spreads in ticks of a cent, volume in shares.

    A spread stands for a while, then another is drawn; all are stretched by the time of day and by VIX. The U of volume
    is that of 210 real minutes of GOOG. Nothing here moves the price.
    """

    one_tick: float = parameter(0.80, "Part of the quotes that are a tick wide at midday, VIX 16.", above=0, at_most=1)
    two_ticks: float = parameter(0.16, "Part that is two ticks wide; each tick more is half as likely.", at_least=0)
    spread_seconds: float = parameter(20.0, "How long a spread stands on average.", above=0)
    opening_stretch: float = parameter(1.0, "Stretch of spreads added at the open.", at_least=0)
    opening_seconds: float = parameter(600.0, "Seconds after which that is down to 1/e.", above=0)
    closing_stretch: float = parameter(0.3, "Stretch of spreads added at the close.", at_least=0)
    closing_seconds: float = parameter(300.0, "Seconds before the close at which that sets in.", above=0)

    daily_volume: float = parameter(60_000_000.0, "Shares of an ordinary whole day.", above=0)
    day_noise: float = parameter(0.25, "Deviation of the log of a day's volume.", at_least=0)
    second_noise: float = parameter(0.8, "Deviation of the log of a second's volume.", at_least=0)
    opening_volume: float = parameter(0.8, "Volume added at the open, in that of midday.", at_least=0)
    opening_decay: float = parameter(0.12, "Part of the session after which that is down to 1/e.", above=0)
    closing_volume: float = parameter(1.6, "Volume added at the close, in that of midday.", at_least=0)
    closing_decay: float = parameter(0.07, "Part of the session before the close at which that sets in.", above=0)
    move_volume: float = parameter(0.25, "Volume added by a move, for each mean absolute move of it.", at_least=0)

    extended_variance: float = parameter(
        0.1, "Variance of an hour before or after the bells, in that of an hour between them.", at_least=0
    )
    extended_volume: float = parameter(0.02, "Volume of a second before or after the bells, in one between them.",
                                       at_least=0)  # fmt: skip

    rate: float = parameter(0.04, "Interest a year behind later expiries, fraction.", at_least=0, at_most=0.5)
    dividend: float = parameter(0.012, "Dividends a year behind later expiries, fraction.", at_least=0, at_most=0.5)
    variance_reversion: float = parameter(3.0, "Speed a year at which variance returns to its typical level.", above=0)
    later_width: float = parameter(
        0.0025, "Half-width of a later expiry's quote, part of its time value.", at_least=0, below=0.5
    )
    turnover: float = parameter(0.5, "Contracts traded in a day, part of the open interest.", at_least=0)

    def __attrs_post_init__(self) -> None:
        if self.one_tick + self.two_ticks > 1:
            raise InvalidInput("two_ticks", self.two_ticks, "give parts that make no more than 1")


@frozen(eq=False)
class ShareTape:
    """`spread` in ticks at each second of a session, both bells included; `volume` in shares of each second."""

    spread: NDArray[np.int64]
    volume: NDArray[np.int64]

    def quote_at(self, price: Cents, second: int) -> tuple[int, int]:
        """Bid and ask around the price, cents: an odd tick lies above it."""
        ticks = int(self.spread[second])
        bid = max(int(price[second]) - ticks // 2, 1)
        return bid, bid + ticks


def share_tape(model: ShareModel, seed: int, date: dt.date, path: SessionPath) -> ShareTape:
    """The quotes and the volume of one session."""
    return ShareTape(_spreads(model, seed, date, path), _volumes(model, seed, date, path))


def _spreads(model: ShareModel, seed: int, date: dt.date, path: SessionPath) -> NDArray[np.int64]:
    """A Markov chain: with a chance a second a spread is drawn anew, else it stands."""
    size = path.seconds + 1
    draws = np.random.default_rng([seed, _SPREADS, date.toordinal()])
    begins = draws.random(size) < 1 / model.spread_seconds
    begins[0] = True
    width, dither = _ticks(model, draws.random(size)), draws.random(size)
    spell = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    seconds = np.arange(size)
    by_time = (
        1
        + model.opening_stretch * np.exp(-seconds / model.opening_seconds)
        + model.closing_stretch * np.exp((seconds - path.seconds) / model.closing_seconds)
    )
    stretched = width[spell] * by_time * (path.vix / 100 / CALM_VIX) + dither[spell] - 0.5
    return _sealed(np.clip(np.rint(stretched), 1, None).astype(np.int64))


def _ticks(model: ShareModel, chance: Floats) -> Floats:
    """Ticks by their cumulated chances: 1, 2, then 3 and more, each half as likely as the one before."""
    rest = 1 - model.one_tick - model.two_ticks
    edges = [model.one_tick, model.one_tick + model.two_ticks]
    edges += [1 - rest * 0.5**number for number in range(1, MOST_TICKS - 2)]
    return np.asarray(1.0 + np.searchsorted(np.array(edges), chance, side="right"))


def _volumes(model: ShareModel, seed: int, date: dt.date, path: SessionPath) -> NDArray[np.int64]:
    size = path.seconds
    draws = np.random.default_rng([seed, _VOLUME, date.toordinal()])
    day = model.daily_volume / WHOLE_DAY * math.exp(model.day_noise * float(draws.standard_normal()))
    noise = np.exp(model.second_noise * draws.standard_normal(size) - model.second_noise**2 / 2)
    moves = np.abs(np.diff(path.price)).astype(np.float64)
    mean = float(moves.mean()) or 1.0
    by_move = (1 + model.move_volume * moves / mean) / (1 + model.move_volume)
    return _sealed(np.rint(day * volume_course(model, size) * noise * by_move).astype(np.int64))


def volume_course(model: ShareModel, seconds: int) -> Floats:
    """The U of volume by the second, its mean 1."""
    elapsed = (np.arange(seconds) + 0.5) / seconds
    course = (
        1
        + model.opening_volume * np.exp(-elapsed / model.opening_decay)
        + model.closing_volume * np.exp((elapsed - 1) / model.closing_decay)
    )
    return np.asarray(course / course.mean())


@frozen(eq=False)
class ExtendedHours:
    """Price in cents and volume in shares of the seconds after one close and before the next open, end included."""

    evening: Cents
    morning: Cents
    evening_volume: NDArray[np.int64]
    morning_volume: NDArray[np.int64]


EVENING = dt.timedelta(hours=4)
MORNING_OPENS = dt.time(4)


def extended_hours(
    model: ShareModel, seed: int, date: dt.date, close: int, opened: int, deviation: float, morning_seconds: int
) -> ExtendedHours:
    """From a close to the open of `date`, cents; `deviation` is of log price in a whole session."""
    evening_seconds = int(EVENING.total_seconds())
    size = evening_seconds + morning_seconds
    draws = np.random.default_rng([seed, _EXTENDED, date.toordinal()])
    steps = draws.standard_normal(size) * deviation * math.sqrt(model.extended_variance / WHOLE_DAY)
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    part = np.linspace(0.0, 1.0, size + 1)
    log = math.log(close) + (math.log(opened) - math.log(close)) * part + walk - part * walk[-1]
    price = np.rint(np.exp(log)).astype(np.int64)
    price[0], price[-1] = close, opened
    rate = model.daily_volume / WHOLE_DAY * model.extended_volume
    noise = np.exp(model.second_noise * draws.standard_normal(size) - model.second_noise**2 / 2)
    volume = np.rint(rate * noise).astype(np.int64)
    return ExtendedHours(
        _sealed(price[: evening_seconds + 1]), _sealed(price[evening_seconds:]), _sealed(volume[:evening_seconds]),
        _sealed(volume[evening_seconds:]),
    )  # fmt: skip


def _sealed(column: NDArray[np.int64]) -> NDArray[np.int64]:
    column.setflags(write=False)
    return column

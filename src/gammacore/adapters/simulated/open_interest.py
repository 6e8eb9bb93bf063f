"""Open interest by strike: calls above, puts below, round numbers, and the peak the day is pinned to."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

from gammacore.adapters.simulated.model import SimulationModel
from gammacore.adapters.simulated.walk import STRIKES_A_PEAK, WalkDay
from gammacore.domain.market import Floats

_HOLDINGS = 3


def open_interest(
    model: SimulationModel, seed: int, date: dt.date, day: WalkDay, strike: Floats, increment: float
) -> tuple[Floats, Floats]:
    """Contracts in calls and in puts at each strike, whole numbers, fixed for the day.

    Positions were taken around the previous close, before anyone knew the open. The peaks are calls, which dealers are
    taken to hold, so their net exposure is positive and section 1 of the rules finds a pin there.
    """
    draws = np.random.default_rng([seed, _HOLDINGS, date.toordinal()])
    centre = math.exp(day.previous_log)
    above = (strike - centre) / centre
    roundness = _roundness(model, strike, increment)
    calls, puts = (
        model.open_interest
        * roundness
        * np.exp(-np.maximum(outward, 0.0) / model.open_interest_decay)
        * np.exp(np.minimum(outward, 0.0) / model.open_interest_depth)
        * np.exp(model.open_interest_noise * draws.standard_normal(len(strike)))
        for outward in (above, -above)
    )
    size = model.pin_peak * (0.8 + 0.4 * draws.random())
    calls[np.isclose(strike, day.peak)] += size
    if day.second_peak is not None:
        calls[np.isclose(strike, day.second_peak)] += size * (0.5 + 0.4 * draws.random())
    return np.rint(calls), np.rint(puts)


def _roundness(model: SimulationModel, strike: Floats, increment: float) -> Floats:
    steps = np.rint(strike / increment).astype(np.int64)
    factor = np.ones(len(strike))
    for level, weight in enumerate(model.round_strikes):
        factor[steps % (STRIKES_A_PEAK << level) == 0] = weight
    return factor

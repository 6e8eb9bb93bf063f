"""Quotes of a simulated chain: a smile around the expected deviation, and makers who round away from fair value.

Open interest by strike: calls above, puts below, round numbers, and the peak the day is pinned to.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np
from attrs import frozen

from gammacore.adapters.simulated.model import CALM_VIX, SimulationModel
from gammacore.adapters.simulated.walk import STRIKES_A_PEAK, WalkDay
from gammacore.domain.columns import Floats
from gammacore.domain.instruments import Ticks, Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.pricing.black_scholes import normalised_black, years_from_seconds

_SMALL = Decimal(3)
"""Quotes from this price on have the larger single-leg tick, points."""
_LEAST_STRIKES = 10


def listed_strikes(model: SimulationModel, open_price: float, increment: float) -> Floats:
    """Strikes within reach of the open, at least ten on either side, lowest first; none at or below 0."""
    reach = max(model.chain_reach * open_price, _LEAST_STRIKES * increment)
    first, last = math.ceil((open_price - reach) / increment), math.floor((open_price + reach) / increment)
    return np.asarray(np.arange(max(first, 1), last + 1) * increment)


@frozen(eq=False)
class ChainQuotes:
    """Makes the chain of today's expiry at an instant; what stays the same all day is laid out once.

    `ladder` holds the n listed strikes; `listing` has 2n rows, calls first, then puts, both by strike. Rates are 0, so
    the forward is the spot and parity is exact before rounding.
    """

    model: SimulationModel
    underlying: Underlying
    rounding: TickRounding
    ladder: Floats
    log_ladder: Floats
    listing: OptionChain

    @classmethod
    def of(
        cls, model: SimulationModel, underlying: Underlying, date: dt.date, ladder: Floats, calls: Floats, puts: Floats
    ) -> ChainQuotes:
        """The contracts of `date` with their open interest in calls and in puts."""
        rows = 2 * len(ladder)
        unknown = np.full(rows, np.nan)
        listing = OptionChain(
            underlying.symbol, dt.datetime.combine(date, dt.time(), dt.UTC), (underlying.option_root,),
            np.tile(ladder, 2), np.repeat([True, False], len(ladder)), np.full(rows, np.datetime64(date, "D")),
            np.zeros(rows, dtype=np.int64), unknown, unknown, np.concatenate((calls, puts)), unknown, unknown, unknown,
        )  # fmt: skip
        return cls(model, underlying, TickRounding.of(underlying.ticks), ladder, np.log(ladder), listing)

    def chain(self, at: dt.datetime, spot: float, root_variance: float, seconds_left: float, vix: float) -> OptionChain:
        """The chain at `spot` points with `root_variance` expected to the close."""
        bid, ask, volatility = self.quotes(spot, root_variance, seconds_left, vix)
        return self.listing.requoted(at, bid, ask, volatility, np.full(len(self.listing), at.timestamp()))

    def quotes(
        self, spot: float, root_variance: float, seconds_left: float, vix: float
    ) -> tuple[Floats, Floats, Floats]:
        """Bid, ask and the volatility behind them, in the order of `listing`."""
        above = self.log_ladder - math.log(spot)
        deviation = root_variance * smile(self.model, above / root_variance)
        time_value = np.sqrt(spot * self.ladder) * normalised_black(-np.abs(above), deviation)
        depth = spot - self.ladder
        bid, ask = self._quotes(time_value, np.maximum((depth, -depth), 0.0), vix / CALM_VIX)
        volatility = deviation / math.sqrt(float(years_from_seconds(seconds_left)))
        return bid.ravel(), ask.ravel(), np.concatenate((volatility, volatility))

    def _quotes(self, time_value: Floats, in_the_money: Floats, nerves: float) -> tuple[Floats, Floats]:
        """Around fair value, wider with price, depth in the money and VIX; never tighter than the tick allows.

        `time_value` (n,), `in_the_money` and both answers (2, n): calls, then puts.
        """
        model = self.model
        least = model.half_spread_ticks * float(self.underlying.ticks.single_low)
        width = nerves * (least + model.half_spread_value * time_value) + model.half_spread_depth * in_the_money
        fair = time_value + in_the_money
        return self.rounding.down(fair - width), self.rounding.up(fair + width)


def smile(model: SimulationModel, deviations: Floats) -> Floats:
    """Volatility in at-the-money volatilities, by deviations of the strike above the price; linear in the wings."""
    centre, roundness = model.smile_centre, model.smile_roundness
    bowl = np.sqrt((deviations - centre) ** 2 + roundness**2) - math.hypot(centre, roundness)
    return np.asarray(1.0 + model.smile_slope * bowl)


@frozen
class TickRounding:
    """Rounds columns of points to single-leg ticks, counted in whole `unit`s so that 0.15 comes out as 0.15.

    >>> TickRounding.of(Ticks()).up(np.array([0.0, 0.11, 3.01])).tolist()
    [0.05, 0.15, 3.1]
    """

    scale: int
    low: int
    high: int

    @classmethod
    def of(cls, ticks: Ticks) -> TickRounding:
        digits = max(2, *(-int(tick.normalize().as_tuple().exponent) for tick in (ticks.single_low, ticks.single_high)))
        return cls(10**digits, *(int(tick.scaleb(digits)) for tick in (ticks.single_low, ticks.single_high)))

    def down(self, points: Floats) -> Floats:
        """Bids: 0 when there is less than a tick."""
        tick = self._tick(points)
        return np.asarray(np.maximum(np.floor(points * self.scale / tick), 0.0) * tick / self.scale)

    def up(self, points: Floats) -> Floats:
        """Asks: at least a tick."""
        tick = self._tick(points)
        return np.asarray(np.maximum(np.ceil(points * self.scale / tick), 1.0) * tick / self.scale)

    def _tick(self, points: Floats) -> Floats:
        return np.where(points < float(_SMALL), float(self.low), float(self.high))


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
    roundness = round_factor(model, strike, increment)
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


def round_factor(model: SimulationModel, strike: Floats, increment: float) -> Floats:
    """How much more open interest a round strike has than an ordinary one."""
    steps = np.rint(strike / increment).astype(np.int64)
    factor = np.ones(len(strike))
    for level, weight in enumerate(model.round_strikes):
        factor[steps % (STRIKES_A_PEAK << level) == 0] = weight
    return factor

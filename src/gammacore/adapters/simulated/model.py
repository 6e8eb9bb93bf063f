"""The figures of the simulated market, each with the sentence that says what it stands for.

A model, and no evidence of profit: the quotes, the pin and the gap between implied and realised volatility are
assumptions, so any edge a strategy shows here was put in by hand.
"""

from __future__ import annotations

import math
from decimal import Decimal

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput

SESSIONS_A_YEAR = 252
CALM_VIX = 16.0
"""The VIX at which the quote widths below are stated, VIX points."""

STARTING_PRICES: dict[str, Decimal] = {
    "SPX": Decimal(6000),
    "NDX": Decimal(21500),
    "XSP": Decimal(600),
    "RUT": Decimal(2250),
    "SPY": Decimal(600),
    "QQQ": Decimal(506),
    "IWM": Decimal(225),
}
"""The level each underlying wanders around, points; one not listed needs a `start_price`."""


@frozen
class Shock:
    """A lasting step of the price at an instant of the day: a gap or a crash put in by hand.

    `at_minutes` after the open; `points` of the underlying, negative for a fall.
    """

    at_minutes: float = parameter(0.0, "Minutes after the open.", at_least=0)
    points: Decimal = parameter(Decimal(0), "Step of the price, points.")


@frozen
class SimulationModel:
    """How simulated days behave. Prices in points, volatilities as parts, variances of log price.

    The price of a day is a bridge between an open and a close drawn first, so a year of days fits together in
    whatever order it is asked for. A half day has a whole day's variance in fewer hours: the daily path does not know
    the calendar. All underlyings of one seed share their shocks: SPX, XSP and SPY move together.
    """

    level_reversion: float = parameter(
        0.01, "Part of the distance to the starting price that is closed a day.", at_least=0, at_most=1
    )
    session_variance: float = parameter(
        0.24, "Part of a VIX day's variance (VIX²/252) options expect between the bells.", above=0, at_most=1
    )
    realised_ratio: float = parameter(0.9, "Realised over implied volatility between the bells.", above=0)
    gap_ratio: float = parameter(0.45, "Deviation of the overnight gap, in VIX days (VIX/√252).", at_least=0)
    calm_weight: float = parameter(0.45, "Speed of variance at midday.", above=0)
    opening_weight: float = parameter(2.5, "Speed of variance added at the open.", at_least=0)
    opening_decay: float = parameter(0.15, "Part of the session after which the opening rush is down to 1/e.", above=0)
    closing_weight: float = parameter(1.0, "Speed of variance added at the close.", at_least=0)
    closing_decay: float = parameter(0.06, "Part of the session before the close at which the rush sets in.", above=0)
    variance_noise: float = parameter(0.7, "Deviation of the log of intraday variance around its course.", at_least=0)
    variance_half_life: float = parameter(45.0, "Minutes in which half of a burst of variance fades.", above=0)
    variance_echo: float = parameter(
        0.35, "Part of a burst of realised variance that option prices follow.", at_least=0, at_most=1
    )
    jump_probability: float = parameter(
        0.08, "Chance of a jump in a day; two a day do not occur.", at_least=0, at_most=1
    )
    jump_mean: float = parameter(-0.0015, "Mean jump of log price: news falls more than it rises.")
    jump_deviation: float = parameter(0.004, "Deviation of the jump of log price.", at_least=0)

    vix_floor: float = parameter(10.0, "VIX never falls to this level, VIX points.", at_least=9, below=40)
    vix_typical: float = parameter(16.0, "VIX returns to this level, VIX points.", above=9, below=60)
    vix_cap: float = parameter(58.0, "VIX never rises above this level, VIX points.", above=9, below=60)
    vix_reversion: float = parameter(0.05, "Part of VIX's (log) distance that is closed a day.", at_least=0, at_most=1)
    vix_noise: float = parameter(0.08, "Daily deviation of log(VIX - floor) that owes nothing to price.", at_least=0)
    vix_leverage: float = parameter(18.0, "Rise of log(VIX - floor) for a fall of log price by 1.", at_least=0)

    smile_slope: float = parameter(
        0.24,
        "Growth of volatility per deviation out of the money, in at-the-money volatilities.",
        at_least=0,
        at_most=0.5,
    )
    smile_centre: float = parameter(
        0.7, "Where volatility is lowest, deviations above the price: the skew of an index."
    )
    smile_roundness: float = parameter(0.8, "How round the bottom of the smile is, deviations.", above=0)

    half_spread_ticks: float = parameter(0.2, "Least half-width of a quote before rounding, ticks.", at_least=0)
    half_spread_value: float = parameter(0.0015, "Half-width added, part of time value.", at_least=0, below=0.5)
    half_spread_depth: float = parameter(
        0.003, "Half-width added, part of what is in the money.", at_least=0, below=0.5
    )

    chain_reach: float = parameter(
        0.04, "Strikes are listed this far from the open, part of price.", above=0, below=0.5
    )
    open_interest: float = parameter(3000.0, "Contracts at an ordinary strike at the money.", above=0)
    open_interest_decay: float = parameter(0.015, "Distance at which out-of-the-money interest is 1/e.", above=0)
    open_interest_depth: float = parameter(0.003, "Distance at which in-the-money interest is 1/e.", above=0)
    open_interest_noise: float = parameter(0.35, "Deviation of log open interest from strike to strike.", at_least=0)
    round_strikes: tuple[float, float, float] = (1.6, 2.2, 3.0)
    """Factors of open interest at every 5th, 10th and 20th strike (SPX 25, 50, 100)."""
    pin_peak: float = parameter(25_000.0, "Calls dealers hold at the strike the day is pinned to.", at_least=0)
    pin_offset: float = parameter(0.003, "Deviation of that strike from the previous close, part of price.", at_least=0)
    second_peak: float = parameter(
        0.35, "Chance of a second, slightly smaller peak on some days.", at_least=0, at_most=1
    )
    pin_strength: float = parameter(
        0.4, "Part of the distance to the pinned strike the close gives up.", at_least=0, at_most=1
    )
    pin_reach: float = parameter(0.003, "Distance beyond which the pin hardly pulls, part of price.", above=0)
    pin_growth: float = parameter(3.0, "Power of elapsed variance by which the pull grows to the close.", at_least=1)

    def __attrs_post_init__(self) -> None:
        if not self.vix_floor < self.vix_typical < self.vix_cap:
            raise InvalidInput("vix_typical", self.vix_typical, f"give {self.vix_floor} < value < {self.vix_cap}")

    def vix_state(self, vix: float) -> float:
        """log(VIX - floor): the state in which VIX wanders, so that it is floored below and spikes above."""
        return math.log(vix - self.vix_floor)

    @property
    def highest_vix_state(self) -> float:
        return math.log(self.vix_cap - self.vix_floor)

    @property
    def lowest_vix_state(self) -> float:
        """A twentieth of the typical distance to the floor: enough for VIX to keep moving."""
        return math.log((self.vix_typical - self.vix_floor) / 20)

"""One model for every desk: American options on a tree, European ones in closed form; greeks by the quotes' own mids.

Rules: SC-005, SC-415, SC-417, SC-418, SC-419.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import assert_never

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from gammacore.domain.columns import Bools, Floats
from gammacore.domain.instruments import Exercise
from gammacore.domain.pricing import black_scholes
from gammacore.domain.pricing.american import (
    TREE_STEPS,
    ModelGreeks,
    tree_greeks,
    tree_price,
    tree_volatility,
    volatility_bracket,
)
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds
from gammacore.domain.pricing.implied_volatility import implied_volatility

DELTA_STEP = Decimal("1e-8")
"""A model's figure is rounded to this once, after which every sum of them is exact. Rule: SC-005."""
_HALF_A_POINT = 0.005


def exact_figure(value: float | Decimal) -> Decimal:
    """A model's figure, as it is summed from then on. Rule: SC-005.

    >>> exact_figure(0.1234567891)
    Decimal('0.12345679')
    """
    return Decimal(value).quantize(DELTA_STEP)


class NoGreeks(StrEnum):
    """Why an option has no greeks. Rules: SC-414, SC-419."""

    NO_IV = "no_iv"
    TREE_UNSTABLE = "tree_unstable"


@frozen
class OptionGreeks:
    """Per share: `delta` -1..1, `gamma` a point, `theta` points a calendar day, `vega` points a volatility point.

    `at_parity` marks a leg that is worth its intrinsic value and moves like shares. Rule: SC-419.
    """

    delta: Decimal
    gamma: Decimal
    theta: Decimal
    vega: Decimal
    at_parity: bool = field(default=False, kw_only=True)


def _rates(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


@frozen(eq=False)
class Carry:
    """What money costs and the underlying pays: continuous rate and dividend yield a year, fractions.

    Scalars, or (n,) arrays where each contract has its own: the rate of an expiry is that of its days (SC-406).
    """

    rate: Floats = field(default=0.0, converter=_rates)
    dividend: Floats = field(default=0.0, converter=_rates)


NO_CARRY = Carry()


@frozen(eq=False)
class ContractColumns:
    """n contracts: `strike` points, `is_call`, `seconds` to the last trading instant, negative once it is past."""

    strike: Floats = field(converter=_rates)
    is_call: Bools
    seconds: Floats = field(converter=_rates)


@frozen(eq=False)
class GreekColumns:
    """Greeks of n contracts per share, (n,) each: `volatility` a fraction, `gamma` a point, `theta` points a day.

    NaN is missing, and `why_missing` says why: it is never 0. What has expired is worth its intrinsic value, its
    volatility is NaN and nothing is missing. Rules: SC-415, SC-419.
    """

    exercise: Exercise
    terms: Terms
    steps: int
    expired: Bools
    volatility: Floats
    delta: Floats
    gamma: Floats
    theta: Floats

    @cached_property
    def vega(self) -> Floats:
        """Points a volatility point (0.01)."""
        bumped = _vega(self.exercise, self.terms, self.volatility, self.steps)
        return np.where(self.expired, 0.0, bumped)

    @property
    def is_known(self) -> Bools:
        return np.asarray(self.expired | ~np.isnan(self.volatility))

    def row(self, number: int) -> OptionGreeks | NoGreeks:
        """One contract's greeks as exact figures, or why it has none."""
        if not self.is_known[number]:
            return self.why_missing(number)
        columns = (self.delta, self.gamma, self.theta, self.vega)
        return OptionGreeks(*(exact_figure(float(column[number])) for column in columns))

    def why_missing(self, number: int) -> NoGreeks:
        if self.exercise is Exercise.AMERICAN:
            low, high = volatility_bracket(self.terms, self.steps)
            if not low[number] < high[number]:
                return NoGreeks.TREE_UNSTABLE
        return NoGreeks.NO_IV


def greeks_of(
    exercise: Exercise, contracts: ContractColumns, mid: ArrayLike, spot: float | Decimal, carry: Carry = NO_CARRY,
    steps: int = TREE_STEPS,
) -> GreekColumns:  # fmt: skip
    """The greeks of each contract at the volatility that its own mid (points) implies, all at once.

    >>> day = 86_400
    >>> pair = ContractColumns([590, 590], np.array([True, False]), [45 * day, 45 * day])
    >>> greeks = greeks_of(Exercise.AMERICAN, pair, [16.0, 13.4], 590, Carry(0.05, 0.012))
    >>> greeks.volatility.round(6).tolist(), float((greeks.theta[0] + greeks.theta[1]).round(5))
    ([0.177588, 0.176715], -0.33205)
    >>> greeks_of(Exercise.AMERICAN, pair, [0.0, 13.4], 590, Carry(0.05, 0.012)).row(0)
    <NoGreeks.NO_IV: 'no_iv'>
    """
    shape = np.broadcast_shapes(
        contracts.strike.shape, np.shape(contracts.is_call), contracts.seconds.shape, np.shape(mid), (1,)
    )
    strike, is_call, seconds, price = (
        np.broadcast_to(column, shape) for column in (contracts.strike, contracts.is_call, contracts.seconds, mid)
    )
    years = years_from_seconds(seconds)
    terms = Terms.from_rates(np.full(shape, float(spot)), strike, is_call, years, carry.rate, carry.dividend)
    expired = seconds < 0
    quoted = np.where(expired, np.nan, price)
    volatility = volatility_of(exercise, quoted, terms, steps)
    greeks = model_greeks(exercise, terms, volatility, steps)
    gone = np.where(is_call, np.where(terms.spot > strike, 1.0, 0.0), np.where(terms.spot < strike, -1.0, 0.0))
    return GreekColumns(
        exercise, terms, steps, expired, volatility, np.where(expired, gone, greeks.delta),
        np.where(expired, 0.0, greeks.gamma), np.where(expired, 0.0, greeks.theta),
    )  # fmt: skip


def volatility_of(exercise: Exercise, price: ArrayLike, terms: Terms, steps: int = TREE_STEPS) -> Floats:
    """The volatility at which the model of this style is worth `price`, points; NaN where there is none."""
    match exercise:
        case Exercise.AMERICAN:
            return tree_volatility(price, terms, steps)
        case Exercise.EUROPEAN:
            return implied_volatility(price, terms)
        case _:
            assert_never(exercise)


def model_greeks(exercise: Exercise, terms: Terms, volatility: ArrayLike, steps: int = TREE_STEPS) -> ModelGreeks:
    """Price, delta, gamma and theta at a volatility by the model of this style. Rules: SC-416, SC-417.

    >>> call = Terms.from_rates(590, 590, True, 45 / 365, rate=0.05, dividend=0.012)
    >>> [float(model_greeks(style, call, 0.18).price.round(6).sum()) for style in Exercise]
    [16.234569, 16.197444]
    """
    match exercise:
        case Exercise.AMERICAN:
            return tree_greeks(terms, volatility, steps)
        case Exercise.EUROPEAN:
            figures = (black_scholes.price, black_scholes.delta, black_scholes.gamma, black_scholes.theta)
            return ModelGreeks(*(figure(terms, volatility) for figure in figures))
        case _:
            assert_never(exercise)


def _vega(exercise: Exercise, terms: Terms, volatility: Floats, steps: int) -> Floats:
    match exercise:
        case Exercise.AMERICAN:
            bounds = volatility_bracket(terms, steps)
            low, high = (
                np.maximum(volatility - _HALF_A_POINT, bounds[0]),
                np.minimum(volatility + _HALF_A_POINT, bounds[1]),
            )
            return np.asarray(0.01 * (tree_price(terms, high, steps) - tree_price(terms, low, steps)) / (high - low))
        case Exercise.EUROPEAN:
            return black_scholes.vega(terms, volatility)
        case _:
            assert_never(exercise)

"""Black-Scholes on a forward: price, delta, gamma, vega, theta, vanna and charm over arrays.

Time is calendar seconds / (365 × 86400), as in `gex.md`: at 0DTE the hours are the whole of it. Everything is per
share; a contract is 100 of them. A volatility or time that is NaN gives NaN, volatility 0 gives the limit.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from gammacore.domain.columns import Bools, Floats
from gammacore.domain.pricing.normal import SQRT_2, cumulative, density, erfcx
from gammacore.errors import InvalidInput

SECONDS_PER_YEAR = 365 * 86400
MINIMUM_SECONDS = 60
"""A contract that still lives has at least one minute left: never a division by zero at the bell."""
DAYS_PER_YEAR = 365
HOURS_PER_YEAR = 365 * 24


def _column(values: ArrayLike | Decimal) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _rights(values: ArrayLike) -> Bools:
    return np.asarray(values, dtype=np.bool_)


@frozen(eq=False)
class Terms:
    """What the model must know of n contracts besides their volatility; scalars and (n,) arrays mix.

    `spot`, `strike`, `forward` points > 0; `years` > 0; `discount` to settlement as a fraction > 0.

    Raises:
        InvalidInput: a value that is not finite and above 0.
    """

    spot: Floats = field(converter=_column)
    strike: Floats = field(converter=_column)
    is_call: Bools = field(converter=_rights)
    years: Floats = field(converter=_column)
    forward: Floats = field(converter=_column)
    discount: Floats = field(converter=_column)

    def __attrs_post_init__(self) -> None:
        for name in ("spot", "strike", "years", "forward", "discount"):
            column = getattr(self, name)
            legal = np.isfinite(column) & (column > 0)
            if not legal.all():
                raise InvalidInput(
                    name, np.atleast_1d(column)[np.atleast_1d(~legal)][0], "give a finite number above 0"
                )

    @classmethod
    def from_rates(
        cls,
        spot: ArrayLike | Decimal,
        strike: ArrayLike | Decimal,
        is_call: ArrayLike,
        years: ArrayLike,
        rate: ArrayLike = 0.0,
        dividend: ArrayLike = 0.0,
    ) -> Terms:
        """Terms from a continuous rate and dividend yield, both a year, as fractions.

        >>> at_the_money = Terms.from_rates(100, 100, True, 1.0, rate=0.05)
        >>> round(float(price(at_the_money, 0.2)), 4)
        10.4506
        """
        now, time, interest, paid = (_column(given) for given in (spot, years, rate, dividend))
        growth, discount = np.exp((interest - paid) * time), np.exp(-interest * time)
        return cls(now, strike, is_call, time, now * growth, discount)

    @property
    def dividend_discount(self) -> Floats:
        """exp(-q·T): what one share at settlement costs today in shares."""
        return np.asarray(self.discount * self.forward / self.spot)

    @property
    def rate(self) -> Floats:
        """r: the continuous rate a year, as a fraction."""
        return np.asarray(-np.log(self.discount) / self.years)

    @property
    def carry(self) -> Floats:
        """r - q: what the forward gains a year, as a fraction."""
        return np.asarray(np.log(self.forward / self.spot) / self.years)


def years_from_seconds(seconds: ArrayLike) -> Floats:
    """Time to settlement in years of 365 days, at least one minute.

    >>> float(years_from_seconds(0) * SECONDS_PER_YEAR)
    60.0
    """
    return np.asarray(np.maximum(_column(seconds), MINIMUM_SECONDS) / SECONDS_PER_YEAR)


def price(terms: Terms, volatility: ArrayLike) -> Floats:
    """Value today, points per share. Accurate in relative terms far out of the money as well."""
    root_variance = _root_variance(terms, volatility)
    moneyness = np.log(terms.forward / terms.strike)
    scale = np.sqrt(terms.forward) * np.sqrt(terms.strike)
    out_of_the_money = scale * normalised_black(-np.abs(moneyness), root_variance)
    gap = np.where(terms.is_call, terms.forward - terms.strike, terms.strike - terms.forward)
    return np.asarray(terms.discount * (out_of_the_money + np.maximum(gap, 0.0)))


def delta(terms: Terms, volatility: ArrayLike) -> Floats:
    """Points of price a point of spot, per share: 0..1 for calls, -1..0 for puts."""
    upper = _upper(terms, _root_variance(terms, volatility))
    sign = np.where(terms.is_call, 1.0, -1.0)
    return np.asarray(sign * terms.dividend_discount * cumulative(sign * upper))


def gamma(terms: Terms, volatility: ArrayLike) -> Floats:
    """Change of delta a point of spot, per share."""
    root_variance = _root_variance(terms, volatility)
    width = terms.spot * _above_zero(root_variance)
    return np.asarray(terms.dividend_discount * density(_upper(terms, root_variance)) / width)


def vega(terms: Terms, volatility: ArrayLike) -> Floats:
    """Points of price a volatility point (0.01), per share."""
    upper = _upper(terms, _root_variance(terms, volatility))
    return np.asarray(0.01 * terms.discount * terms.forward * density(upper) * np.sqrt(terms.years))


def theta(terms: Terms, volatility: ArrayLike) -> Floats:
    """Points of price a calendar day that passes, per share, at unchanged spot, rate and dividend yield."""
    root_variance = _root_variance(terms, volatility)
    upper = _upper(terms, root_variance)
    sign = np.where(terms.is_call, 1.0, -1.0)
    rate, carry = terms.rate, terms.carry
    decay = -terms.discount * terms.forward * density(upper) * root_variance / (2.0 * terms.years)
    shares = terms.discount * terms.forward * cumulative(sign * upper)
    cash = terms.discount * terms.strike * cumulative(sign * (upper - root_variance))
    return np.asarray((decay + sign * ((rate - carry) * shares - rate * cash)) / DAYS_PER_YEAR)


def vanna(terms: Terms, volatility: ArrayLike) -> Floats:
    """Change of delta a volatility point (0.01), per share; the same for calls and puts."""
    root_variance = _root_variance(terms, volatility)
    upper = _upper(terms, root_variance)
    legal = root_variance > 0
    slope = (upper - root_variance) / np.where(legal, _column(volatility), 1.0)
    return np.asarray(np.where(legal, -0.01 * terms.dividend_discount * _weighted(upper, slope), 0.0))


def charm(terms: Terms, volatility: ArrayLike) -> Floats:
    """Change of delta an hour that passes, per share: a day's charm means nothing at 0DTE."""
    root_variance = _root_variance(terms, volatility)
    upper = _upper(terms, root_variance)
    legal = root_variance > 0
    carry = terms.carry
    drift = carry / np.where(legal, root_variance, 1.0) - (upper - root_variance) / (2.0 * terms.years)
    sign = np.where(terms.is_call, 1.0, -1.0)
    paid = sign * (terms.rate - carry) * cumulative(sign * upper)
    return np.asarray(terms.dividend_discount * (paid - _weighted(upper, drift)) / HOURS_PER_YEAR)


def normalised_black(moneyness: Floats, root_variance: Floats) -> Floats:
    """An out-of-the-money option's undiscounted price over sqrt(F·K); `moneyness` = -|ln(F/K)| <= 0.

    Written with erfcx of positive arguments only, so that nothing overflows and small prices keep their digits.
    """
    positive = _above_zero(root_variance)
    centre, half = moneyness / positive, 0.5 * positive
    high, low = erfcx(np.stack((np.abs(centre + half), half - centre)) / SQRT_2)
    weight = np.exp(-0.5 * (centre * centre + half * half))
    beyond = centre + half > 0
    value = np.where(beyond, np.exp(0.5 * moneyness) - 0.5 * weight * (high + low), 0.5 * weight * (high - low))
    if positive is not root_variance:
        value = np.where(np.isnan(root_variance), np.nan, np.where(root_variance > 0, value, 0.0))
    return np.asarray(value)


def _root_variance(terms: Terms, volatility: ArrayLike) -> Floats:
    """σ·√T, NaN where the volatility is not a number at least 0."""
    given = _column(volatility)
    if not (legal := given >= 0).all():
        given = np.where(legal, given, np.nan)
    return np.asarray(given * np.sqrt(terms.years))


def _above_zero(root_variance: Floats) -> Floats:
    """The same, with 1 in place of what cannot be divided by."""
    if (legal := root_variance > 0).all():
        return root_variance
    return np.where(legal, root_variance, 1.0)


def _upper(terms: Terms, root_variance: Floats) -> Floats:
    """d1; at no variance at all ±inf, on the side of the forward."""
    moneyness = np.asarray(terms.forward / terms.strike)
    np.log(moneyness, out=moneyness)
    positive = _above_zero(root_variance)
    regular = np.asarray(moneyness / positive + 0.5 * positive)
    if positive is root_variance:
        return regular
    limit = np.where(moneyness >= 0, np.inf, -np.inf)
    known = np.where(root_variance == 0, limit, regular)
    return np.asarray(np.where(np.isnan(root_variance), np.nan, known))


def _weighted(upper: Floats, factor: Floats) -> Floats:
    """φ(d1) · factor, 0 where the density has died, whatever the factor."""
    weight = density(upper)
    return np.asarray(np.where(weight > 0, weight * np.where(np.isfinite(factor), factor, 0.0), weight))

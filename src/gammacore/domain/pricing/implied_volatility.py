"""Implied volatility over arrays, from the out-of-the-money side of each price.

A first guess from the inverse of the Bachelier function, then third-order Householder steps on the logarithm of the
price: one or two suffice for every listed option; what needs more goes on alone, what will not converge is bisected.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from gammacore.domain.columns import Floats
from gammacore.domain.pricing.black_scholes import Terms, normalised_black
from gammacore.domain.pricing.normal import SQRT_2, SQRT_2PI, erfcx

_STEPS_MORE = 10
_SETTLED = 5e-4  # a relative step below this leaves an error of its fourth power: nothing
_ROOT_VARIANCE_BOUNDS = (1e-9, 80.0)
_BISECTIONS = 80
_RATIOS = (-20.0, 733.0)
_NODES = 16_384
_SPACING = (_RATIOS[1] - _RATIOS[0]) / (_NODES - 1)


def implied_volatility(price: ArrayLike, terms: Terms) -> Floats:
    """The volatility, a fraction a year, at which `terms` are worth `price` (points per share, today).

    NaN, and nothing raised, where there is none: price not above intrinsic, not below its upper bound, or NaN.

    >>> from gammacore.domain.pricing.black_scholes import price as value
    >>> put = Terms.from_rates(6000, 5900, False, 6 / 8760)
    >>> round(float(implied_volatility(value(put, 0.15), put)), 12)
    0.15
    >>> float(implied_volatility(7000.0, put))
    nan
    """
    quoted = np.asarray(price, dtype=np.float64) / terms.discount
    gap = np.where(terms.is_call, terms.forward - terms.strike, terms.strike - terms.forward)
    time_value = quoted - np.maximum(gap, 0.0)
    beta = time_value / (np.sqrt(terms.forward) * np.sqrt(terms.strike))
    moneyness = -np.abs(np.log(terms.forward / terms.strike))
    rounding = np.where(gap > 0, 4.0 * np.finfo(np.float64).eps * quoted, 0.0)
    beta, moneyness, years, rounding = np.broadcast_arrays(beta, moneyness, terms.years, rounding)
    with np.errstate(invalid="ignore"):
        solvable = (time_value > rounding) & (beta < np.exp(0.5 * moneyness))
    volatility = np.full(beta.shape, np.nan)
    volatility[solvable] = _root_variance(moneyness[solvable], beta[solvable]) / np.sqrt(years[solvable])
    return volatility


def _root_variance(moneyness: Floats, beta: Floats) -> Floats:
    """σ·√T from the normalised price; both columns (n,), every row solvable."""
    goal = np.log(beta)
    guess = np.clip(_first_guess(moneyness, beta, goal), *_ROOT_VARIANCE_BOUNDS)
    variance, relative = _improved(moneyness, goal, guess)
    rows = np.flatnonzero(relative > _SETTLED)
    for _ in range(_STEPS_MORE):
        if not len(rows):
            return variance
        variance[rows], relative = _improved(moneyness[rows], goal[rows], variance[rows])
        rows = rows[relative > _SETTLED]
    variance[rows] = _bisected(moneyness[rows], beta[rows])
    return variance


def _improved(moneyness: Floats, goal: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """One third-order Householder step on ln(price), never more than a factor three, and its relative size."""
    with np.errstate(all="ignore"):
        centre, half = moneyness / variance, 0.5 * variance
        scaled = _scaled_price(centre, half)
        exponent = 0.5 * (centre * centre + half * half)
        slope = 1.0 / (SQRT_2PI * scaled)
        newton = (goal + exponent - np.log(scaled)) / slope
        bend = (centre * centre - half * half) / variance
        second = bend - slope
        third = bend * (bend - 3.0 * slope) - 3.0 * (centre / variance) ** 2 - 0.25 + 2.0 * slope * slope
        step = newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
        relative = np.clip(step / variance, -2.0 / 3.0, 2.0)
        lost = np.flatnonzero(~np.isfinite(relative))
        moved = variance + variance * relative
        moved[lost], relative[lost] = variance[lost], np.inf
        return moved, np.abs(relative)


def _scaled_price(centre: Floats, half: Floats) -> Floats:
    """The normalised price without its factor exp(-(h² + t²)/2): (erfcx(-d1/√2) - erfcx(-d2/√2)) / 2."""
    upper = centre + half
    scaled = erfcx(np.abs(upper) / SQRT_2)
    beyond = np.flatnonzero(upper > 0)
    scaled[beyond] = 2.0 * np.exp(0.5 * upper[beyond] ** 2) - scaled[beyond]
    scaled -= erfcx((half - centre) / SQRT_2)
    scaled *= 0.5
    return scaled


def _bisected(moneyness: Floats, beta: Floats) -> Floats:
    low = np.full_like(beta, _ROOT_VARIANCE_BOUNDS[0])
    high = np.full_like(beta, _ROOT_VARIANCE_BOUNDS[1])
    for _ in range(_BISECTIONS):
        middle = np.sqrt(low * high)
        short = normalised_black(moneyness, middle) < beta
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(np.sqrt(low * high))


def _first_guess(moneyness: Floats, beta: Floats, goal: Floats) -> Floats:
    """σ·√T of the Bachelier model at the same normalised price; at the money it is price × sqrt(2π)."""
    with np.errstate(divide="ignore"):
        ratio = np.log(-moneyness) - goal
    log_distance, rise = _inverse_bachelier()
    place = np.clip((ratio - _RATIOS[0]) / _SPACING, 0.0, _NODES - 1.0)
    node = place.astype(np.int64)
    distance = np.exp(log_distance[node] + rise[node] * (place - node))
    return np.asarray(np.where(ratio <= _RATIOS[0], beta * SQRT_2PI, -moneyness / distance))


@cache
def _inverse_bachelier() -> tuple[Floats, Floats]:
    """ln(|x| / width) at equal steps of ln(|x| / price), and its rise to the next: looked up without a search.

    Below the first step the option is at the money to nine digits; the last is 38 widths out.
    """
    fine = np.linspace(_RATIOS[0] - 2.0, np.log(39.0), 4 * _NODES)
    distance = np.exp(fine)
    kept = 1.0 - distance * (SQRT_2PI / 2.0) * erfcx(distance / SQRT_2)
    ratio = fine + 0.5 * distance * distance + np.log(SQRT_2PI) - np.log(kept)
    log_distance = np.interp(np.linspace(*_RATIOS, _NODES), ratio, fine)
    return log_distance, np.append(np.diff(log_distance), 0.0)

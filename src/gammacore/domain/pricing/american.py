"""American options on a Cox-Ross-Rubinstein tree, n contracts at once: price, greeks and implied volatility.

A column of the tree is a row of an array, so that every step back is a few passes over all contracts. Per share.
Rules: SC-414, SC-416, SC-418, SC-419, SC-422.
"""

from __future__ import annotations

import numpy as np
from attrs import fields, frozen
from numpy.typing import ArrayLike, NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.pricing.black_scholes import DAYS_PER_YEAR, Terms, vega
from gammacore.domain.pricing.implied_volatility import implied_volatility as european_volatility

Ints = NDArray[np.intp]
TREE_STEPS = 100
"""Steps of a tree. Rule: SC-414."""
LOWEST_VOLATILITY, HIGHEST_VOLATILITY = 0.01, 4.0
VOLATILITY_TOLERANCE = 1e-6
MOST_STEPS = 100
"""How the tree is inverted: bracket, when a volatility is found, steps at most. Rule: SC-418."""
_FREE_STEPS = 3
_ROUNDING = 1e-12  # of the price: a price nearer than this to the worth at the lowest volatility has no time value
_INSIDE = 1.0 + 1e-9  # inside the bracket in which p is in (0, 1), not on its edge
_BLOCK = 96  # contracts worked on at a time: their tree stays in the processor's cache


@frozen(eq=False)
class ModelGreeks:
    """Of n contracts, (n,) each: `price` points, `delta`, `gamma` a point, `theta` points a calendar day.

    NaN where the tree is unstable: a probability of the up move outside (0, 1). Rule: SC-414.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    theta: Floats


def tree_greeks(terms: Terms, volatility: ArrayLike, steps: int = TREE_STEPS, *, early: bool = True) -> ModelGreeks:
    """Price and greeks of each contract at its volatility; without `early` exercise the tree of a European option.

    >>> put = Terms.from_rates(100, 100, False, 30 / 365, rate=0.05)
    >>> greeks = tree_greeks(put, 0.2)
    >>> [round(float(figure), 6) for figure in (greeks.price[0], greeks.delta[0], greeks.gamma[0], greeks.theta[0])]
    [2.109725, -0.469399, 0.072054, -0.032762]
    """
    terms, deviation = _columns(terms, volatility)
    spot = terms.spot
    price, first, second = _walked_back(terms, deviation, steps, early)
    up = np.exp(deviation * np.sqrt(terms.years / steps))
    high, low = spot * up * up, spot / (up * up)
    delta = (first[1] - first[0]) / (spot * (up - 1.0 / up))
    gamma = ((second[2] - second[1]) / (high - spot) - (second[1] - second[0]) / (spot - low)) / (0.5 * (high - low))
    diffusion = 0.5 * (deviation * spot) ** 2 * gamma
    theta = (terms.rate * price - terms.carry * spot * delta - diffusion) / DAYS_PER_YEAR
    return ModelGreeks(price, delta, gamma, theta)


def tree_price(terms: Terms, volatility: ArrayLike, steps: int = TREE_STEPS) -> Floats:
    """What each contract is worth at its volatility, points, (n,); NaN where the tree is unstable.

    >>> tree_price(Terms.from_rates(100, [100, 140], False, 30 / 365, rate=0.05), 0.2).round(6).tolist()
    [2.109725, 40.0]
    """
    return _walked_back(*_columns(terms, volatility), steps)[0]


def tree_volatility(price: ArrayLike, terms: Terms, steps: int = TREE_STEPS) -> Floats:
    """The volatility at which the same tree is worth `price` (points, today), a fraction a year, (n,).

    NaN, and nothing raised, where there is none within the bracket [0.01, 4]: price not above what exercise at once or
    the lowest volatility brings, or above what the highest one does. Rules: SC-418, SC-419.

    >>> calls = Terms.from_rates(590, [590, 580], True, 45 / 365, rate=0.05, dividend=0.012)
    >>> tree_volatility([16.0, 0.5], calls).round(6).tolist()
    [0.177588, nan]
    """
    terms, quoted = _columns(terms, price)
    low, high = volatility_bracket(terms, steps)
    found = np.full(quoted.shape, np.nan)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((quoted > 0) & np.isfinite(quoted) & (low < high))
    if len(rows):
        found[rows] = _root(_taken(terms, rows), quoted[rows], low[rows], high[rows], steps)
    return found


def _root(terms: Terms, price: Floats, low: Floats, high: Floats, steps: int) -> Floats:
    """Newton from the European volatility and vega, then secants, halving where they are slow; NaN: no root.

    A step goes half a tolerance beyond what it aims at, so that the root is soon between two volatilities tried.
    """

    def gap(rows: Ints, volatility: Floats) -> Floats:
        return _walked_back(_taken(terms, rows), volatility, steps)[0] - price[rows]

    near = european_volatility(price, terms)
    with np.errstate(invalid="ignore"):
        tried = np.where((near > low) & (near < high), near, np.sqrt(low * high))
    slope = 100.0 * vega(terms, tried)
    floor, ceiling, rows = low.copy(), high.copy(), np.arange(len(price))
    found, last, last_gap = np.empty_like(tried), np.empty_like(tried), np.empty_like(tried)
    for step in range(MOST_STEPS):
        at, missed = tried[rows], gap(rows, tried[rows])
        floor[rows], ceiling[rows] = np.where(missed < 0, at, floor[rows]), np.where(missed < 0, ceiling[rows], at)
        with np.errstate(divide="ignore", invalid="ignore"):
            if step:
                slope[rows] = (missed - last_gap[rows]) / (at - last[rows])
            aimed = at - missed / slope[rows]
            onward = aimed + np.where(missed < 0, 0.5, -0.5) * VOLATILITY_TOLERANCE
            inside = (onward > floor[rows]) & (onward < ceiling[rows])
        last[rows], last_gap[rows] = at, missed
        middle = 0.5 * (floor[rows] + ceiling[rows])
        found[rows] = np.where(np.isfinite(aimed), np.clip(aimed, floor[rows], ceiling[rows]), middle)
        if step >= _FREE_STEPS and step % 2:  # where early exercise begins the price has a kink
            inside[:] = False
        tried[rows] = np.where(inside, onward, middle)
        rows = rows[ceiling[rows] - floor[rows] >= VOLATILITY_TOLERANCE]
        if not len(rows):
            break
    without = np.full(price.shape, fill_value=False)
    unseen = np.flatnonzero(floor == low)
    without[unseen] |= gap(unseen, low[unseen]) >= -_ROUNDING * price[unseen]
    unseen = np.flatnonzero(ceiling == high)
    without[unseen] |= gap(unseen, high[unseen]) < 0
    return np.where(without, np.nan, found)


def volatility_bracket(terms: Terms, steps: int) -> tuple[Floats, Floats]:
    """Between which volatilities a root is looked for: where p is inside (0, 1). Rule: SC-418.

    |carry - s²/2| · sqrt(dt) < s holds between two roots, NaN where the carry is a fall no tree follows.
    """
    slowest = np.sqrt(steps / terms.years)
    with np.errstate(invalid="ignore"):
        root = np.sqrt(slowest * slowest + 2.0 * terms.carry)
    low, high = 2.0 * np.abs(terms.carry) / (slowest + root), slowest + root
    return np.maximum(LOWEST_VOLATILITY, low * _INSIDE), np.minimum(HIGHEST_VOLATILITY, high / _INSIDE)


def _walked_back(terms: Terms, volatility: Floats, steps: int, early: bool = True) -> tuple[Floats, Floats, Floats]:
    """Backward induction: the price (n,), and the worth at the nodes of step 1 (2, n) and 2 (3, n), lowest first."""
    count = len(volatility)
    price, first, second = np.empty(count), np.empty((2, count)), np.empty((3, count))
    for start in range(0, count, _BLOCK):
        block = slice(start, start + _BLOCK)
        price[block], first[:, block], second[:, block] = _block(_taken(terms, block), volatility[block], steps, early)
    return price, first, second


def _block(terms: Terms, volatility: Floats, steps: int, early: bool) -> tuple[Floats, Floats, Floats]:
    step = terms.years / steps
    with np.errstate(divide="ignore", invalid="ignore"):
        up = 0.5 + 0.5 * (terms.carry - 0.5 * volatility * volatility) * np.sqrt(step) / volatility
        stable = (up > 0) & (up < 1)
    discount = np.exp(-terms.rate * step)
    rise = np.where(stable, discount * up, np.nan)
    fall = discount - rise
    # the worth of exercise at every level S·u^k, k = -steps..steps; a step of the tree uses every other one
    levels = np.arange(-steps, steps + 1)[:, np.newaxis] * (volatility * np.sqrt(step))
    gained = terms.spot * np.exp(levels) - terms.strike
    exercise = np.maximum(np.where(terms.is_call, gained, -gained), 0.0)
    paths = np.ascontiguousarray(exercise[0::2]), np.ascontiguousarray(exercise[1::2])
    value, spare = paths[0].copy(), np.empty_like(paths[0])
    nodes: list[Floats] = []
    for left in range(steps - 1, -1, -1):
        worth, raised, gone = value[: left + 1], spare[: left + 1], steps - left
        np.multiply(value[1 : left + 2], rise, out=raised)
        worth *= fall
        worth += raised
        if early:
            np.maximum(worth, paths[gone % 2][gone // 2 : gone // 2 + left + 1], out=worth)
        if left <= 2:
            nodes.append(worth.copy())
    second, first, root = nodes
    return root[0], first, second


def _columns(terms: Terms, figures: ArrayLike) -> tuple[Terms, Floats]:
    """The terms and one more figure of each contract as columns of one length."""
    given = np.asarray(figures, dtype=np.float64)
    shape = np.broadcast_shapes(*(getattr(terms, name).shape for name in _TERMS), given.shape, (1,))
    wide = Terms(*(np.broadcast_to(getattr(terms, name), shape) for name in _TERMS))
    return wide, np.broadcast_to(given, shape)


def _taken(terms: Terms, rows: Ints | slice) -> Terms:
    return Terms(*(getattr(terms, name)[rows] for name in _TERMS))


_TERMS = tuple(field.name for field in fields(Terms))

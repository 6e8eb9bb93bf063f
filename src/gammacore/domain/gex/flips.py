"""Where the exposure of a whole chain changes sign: every contract is priced again at every level of the spot."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from gammacore.domain.columns import Bools, Floats
from gammacore.domain.gex.contracts import PricedContracts
from gammacore.domain.gex.units import SignModel
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.parameters import parameter
from gammacore.domain.pricing.normal import SQRT_2PI

_ANCHOR_EVERY = 16
_FASTEST = 1.0  # widths a contract's d1 may move in one step of the grid and still be stepped, not computed
_UNDERFLOW = 300.0


@frozen(eq=False)
class GammaProfile:
    """Net exposure ($ delta per 1 % move) at each level of the spot (points, ascending); both (m,)."""

    levels: Floats
    net: Floats


@frozen(eq=False)
class Flips:
    """Every spot in the grid's range at which net exposure changes sign, ascending, and the one nearest to spot."""

    roots: tuple[float, ...]
    flip: float | None
    profile: GammaProfile


@frozen
class FlipGrid:
    """Which levels are looked at: from `low` to `high` times the spot, in equal ratios.

    Near expiry the profile turns within a few points, so the grid is as fine as the narrowest contract wants, as far
    as the chain is small enough to pay for it; never coarser than `levels`.
    """

    low: float = parameter(0.8, "Lowest level, times spot.", above=0, below=1)
    high: float = parameter(1.2, "Highest level, times spot.", above=1)
    levels: int = parameter(60, "Levels at least.", at_least=60)
    finest: int = parameter(2000, "Levels at most.", at_least=60)
    budget: int = parameter(2_400_000, "Levels × contracts that may be spent on a finer grid.", at_least=0)
    tolerance: float = parameter(1e-8, "Roots are refined to this part of their value.", above=0, at_most=1e-6)
    silence: float = parameter(1e-12, "Net exposure below this part of its peak has no sign.", at_least=0, below=1e-3)

    def spaced(self, narrowest: float, contracts: int) -> tuple[float, int]:
        """Ratio between neighbouring levels (its logarithm) and their number; two levels to the narrowest width."""
        span = math.log(self.high / self.low)
        wanted = 2.0 * span / max(narrowest, 1e-9)
        affordable = min(self.finest, self.budget // max(contracts, 1))
        count = max(self.levels, min(math.ceil(wanted), affordable))
        return span / (count - 1), count


class GammaCurve:
    """Net exposure of a chain as a function of spot, at each strike's own volatility and each expiry's own carry.

    What does not depend on the level is computed once: with x = ln(level / spot), every contract adds
    weight · level · exp(-((x + offset) · slope)² / 2).
    """

    def __init__(self, contracts: PricedContracts, sign: SignModel, multiplier: int = EQUITY_OPTION_MULTIPLIER) -> None:
        terms = contracts.terms
        width = contracts.volatility * np.sqrt(terms.years)
        signs = np.where(terms.is_call, float(sign.call), float(sign.put))
        self.spot = float(contracts.spot)
        self.narrowest = float(width.min(initial=math.inf))
        self._slope = 1.0 / width
        self._offset = np.log(terms.forward / terms.strike) + 0.5 * width * width
        held = signs * contracts.open_interest * (multiplier * 0.01 / SQRT_2PI)
        self._weight = held * terms.dividend_discount * self._slope

    def __len__(self) -> int:
        return len(self._slope)

    def at(self, level: float) -> float:
        """Net exposure with the spot at `level`, $ per 1 % move."""
        spread = (self._offset + math.log(level / self.spot)) * self._slope
        spread *= spread
        spread *= -0.5
        return level * float(np.exp(spread, out=spread) @ self._weight)

    def over(self, start: float, step: float, count: int) -> GammaProfile:
        """The profile at spot · exp(start + step · i) for i in 0..count-1.

        On such a grid a contract's exponent is quadratic in i, so each level follows from the last by two
        multiplications; an exact value every 16 levels keeps rounding out. Contracts too near to expiry for that
        are computed level by level.
        """
        slow = self._slope * step <= _FASTEST
        net = self._stepped(slow, start, step, count) + self._direct(~slow, start, step, count)
        levels = self.spot * np.exp(start + step * np.arange(count))
        return GammaProfile(levels, levels * net)

    def _stepped(self, rows: Bools, start: float, step: float, count: int) -> Floats:
        slope, offset, weight = self._slope[rows], self._offset[rows], self._weight[rows]
        net = np.zeros(count)
        if not len(slope):
            return net
        stride = slope * step
        shrink = np.exp(-stride * stride)
        values = np.empty((_ANCHOR_EVERY, len(slope)))
        for first in range(0, count, _ANCHOR_EVERY):
            spread = (offset + (start + step * first)) * slope
            exponent = -0.5 * spread * spread
            # Where this is clipped the value is 0 and stays 0 until the next anchor.
            ratio = np.exp(np.clip(-stride * (spread + 0.5 * stride), -_UNDERFLOW, _UNDERFLOW))
            here = min(_ANCHOR_EVERY, count - first)
            np.multiply(np.where(exponent > -_UNDERFLOW, np.exp(exponent), 0.0), weight, out=values[0])
            for level in range(1, here):
                np.multiply(values[level - 1], ratio, out=values[level])
                ratio *= shrink
            net[first : first + here] = values[:here].sum(axis=1)
        return net

    def _direct(self, rows: Bools, start: float, step: float, count: int) -> Floats:
        slope, offset, weight = self._slope[rows], self._offset[rows], self._weight[rows]
        net = np.zeros(count)
        if not len(slope):
            return net
        buffer = np.empty_like(slope)
        for level in range(count):
            np.add(offset, start + step * level, out=buffer)
            buffer *= slope
            buffer *= buffer
            buffer *= -0.5
            net[level] = np.exp(buffer, out=buffer) @ weight
        return net


def find_flips(
    contracts: PricedContracts,
    sign: SignModel = SignModel.NAIVE,
    grid: FlipGrid | None = None,
    multiplier: int = EQUITY_OPTION_MULTIPLIER,
) -> Flips:
    """Every sign change of net exposure in the grid's range, refined; `flip` is the one nearest to spot, or None.

    Not where exposure summed over strikes changes sign: that figure sits hundreds of points away.
    """
    grid = grid or FlipGrid()
    curve = GammaCurve(contracts, sign, multiplier)
    step, count = grid.spaced(curve.narrowest, len(curve))
    profile = curve.over(math.log(grid.low), step, count)
    peak = float(np.abs(profile.net).max(initial=0.0))
    loud = np.flatnonzero(np.abs(profile.net) > grid.silence * peak)
    changes = np.flatnonzero(np.sign(profile.net[loud[:-1]]) != np.sign(profile.net[loud[1:]]))
    roots = tuple(
        _refined(curve, float(profile.levels[loud[i]]), float(profile.levels[loud[i + 1]]), grid.tolerance)
        for i in changes
    )
    nearest = min(roots, key=lambda root: (abs(root - curve.spot), root), default=None)
    return Flips(roots, nearest, profile)


def _refined(curve: GammaCurve, low: float, high: float, tolerance: float) -> float:
    """The root in [low, high] by the Illinois rule: regula falsi that halves the weight of an end that stays."""
    at_low, at_high = curve.at(low), curve.at(high)
    kept = 0
    while high - low > tolerance * high and at_low != 0 and at_high != 0:
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = curve.at(middle)
        if value == 0 or middle in (low, high):
            return middle
        if (value < 0) == (at_low < 0):
            low, at_low = middle, value
            at_high = at_high * 0.5 if kept == 1 else at_high
            kept = 1
        else:
            high, at_high = middle, value
            at_low = at_low * 0.5 if kept == -1 else at_low
            kept = -1
    return low if abs(at_low) < abs(at_high) else high

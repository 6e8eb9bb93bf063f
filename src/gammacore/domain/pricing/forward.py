"""The forward that an expiry's own quotes imply, from put-call parity.

C - P = discount × (forward - strike) holds at every strike, so the quotes know the financing and the dividends to
each expiry better than any rate put in by hand. (For American options it holds nearly, near the money.)
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from gammacore.domain.columns import Floats
from gammacore.domain.parameters import parameter
from gammacore.domain.pricing.black_scholes import DAYS_PER_YEAR


@frozen
class ImpliedForward:
    """A forward in points, the discount to settlement as a fraction, and the number of pairs they come from."""

    forward: float
    discount: float
    pairs: int


@frozen
class ParityRule:
    """Which call-put pairs may imply the forward, and when they are believed."""

    pairs: int = parameter(12, "Pairs of usable quotes used, those nearest to the money.", at_least=3)
    minimum_pairs: int = parameter(3, "Fewer pairs than this imply nothing.", at_least=1)
    reach: float = parameter(0.05, "A pair further from the spot than this part of it is not near the money.", above=0)
    discount_reach: float = parameter(0.25, "Strikes within this part of the spot tell the discount.", above=0)
    discount_from_days: float = parameter(7.0, "Below this many days the discount is 1: quotes are coarser.", above=0)
    lowest_rate: float = parameter(-0.005, "A discount that means less interest a year is not believed.", at_least=-0.5)
    highest_rate: float = parameter(0.15, "A discount that means more interest a year is not believed.", at_most=1)
    carry_bound: float = parameter(0.20, "A forward further from spot than this, a year, is not believed.", above=0)
    carry_slack: float = parameter(0.015, "Gap between spot and forward always allowed, part of spot.", above=0)

    def imply(self, spot: float, years: float, strike: Floats, call: Floats, put: Floats) -> ImpliedForward | None:
        """The forward of one expiry from mids (points) of calls and puts at the same strikes; None: quotes don't allow.

        `strike`, `call`, `put` (n,), one row a pair, usable quotes only.

        >>> strikes = np.array([95.0, 100.0, 105.0])
        >>> quotes = np.array([6.9, 3.5, 1.4])
        >>> ParityRule().imply(100.0, 0.01, strikes, quotes, quotes - (100.5 - strikes)).forward
        100.5
        """
        parity = call - put
        distance = np.abs(strike - spot)
        near = np.argsort(distance, kind="stable")[: self.pairs]
        near = near[distance[near] <= self.reach * spot]
        if len(near) < self.minimum_pairs:
            return None
        nearly = float(np.median(strike[near] + parity[near]))
        if not abs(nearly / spot - 1.0) <= self.carry_slack + self.carry_bound * years:
            return None
        discount = self._discount(spot, years, strike, parity)
        if discount is None:  # all carry is taken for interest: a share at settlement then costs one share today
            discount = min(1.0, spot / nearly)
        return ImpliedForward(float(np.median(strike[near] + parity[near] / discount)), discount, len(near))

    def _discount(self, spot: float, years: float, strike: Floats, parity: Floats) -> float | None:
        """Minus the slope of parity over strike: the median over pairs half the width apart.

        None where the slope is noise, or not a discount at all: deep American puts are worth their exercise.
        """
        if years * DAYS_PER_YEAR < self.discount_from_days:
            return 1.0
        wide = np.flatnonzero(np.abs(strike - spot) <= self.discount_reach * spot)
        half = len(wide) // 2
        if half < self.minimum_pairs:
            return None
        order = wide[np.argsort(strike[wide], kind="stable")]
        low, high = order[:-half], order[half:]
        run = strike[high] - strike[low]
        slopes = (parity[low] - parity[high])[run > 0] / run[run > 0]
        if not (len(slopes) and np.median(slopes) > 0):
            return None
        slope = float(np.median(slopes))
        return slope if self.lowest_rate <= -np.log(slope) / years <= self.highest_rate else None

"""An advisor may hold an exit a little longer: for how long its answer is kept, and the odds it is given.

It never reaches emergency stop, hard close or settlement, and without a VIX or a price it is not asked at all.
Rules: CS-544, CS-545.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from attrs import frozen

from gammacore.domain.advice import AdvisorOpinion
from gammacore.domain.holdings.policy import AdvisorLimits
from gammacore.domain.instruments import Underlying
from gammacore.domain.pricing.normal import cumulative
from gammacore.domain.spreads import CreditSpread

TRADING_DAYS = 252
SESSION_HOURS = 6.5
LEAST_OF_A_DAY = 0.01
"""The last minutes count as a hundredth of a day, so that a short at the money is never a certainty. Rule: CS-545."""


@frozen
class KeptOpinion:
    """An answer, with when and at which price of the underlying it was given."""

    opinion: AdvisorOpinion
    at: dt.datetime
    price: Decimal

    def is_current(self, limits: AdvisorLimits, now: dt.datetime, price: Decimal, underlying: Underlying) -> bool:
        """Kept for 30 s, or until the index has moved 5k points. Rule: CS-545."""
        is_recent = now - self.at < dt.timedelta(seconds=limits.kept_seconds)
        return is_recent and abs(price - self.price) < underlying.points(limits.kept_move)


def odds_out_of_the_money(spread: CreditSpread, price: Decimal, vix: Decimal, hours_to_close: float) -> float:
    """The chance that the short ends out of the money, the nearer one of a condor: Φ(distance/σ). Rule: CS-545.

    `price` in points, `vix` in VIX points; σ = price × VIX/100/√252 × √max(h/6.5, .01).
    """
    part_of_day = max(hours_to_close / SESSION_HOURS, LEAST_OF_A_DAY)
    deviation = float(price) * float(vix) / 100 / math.sqrt(TRADING_DAYS) * math.sqrt(part_of_day)
    return float(cumulative(float(spread.distance(price)) / deviation))

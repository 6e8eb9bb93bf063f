"""The noise gate: a Kalman filter says how wildly a spread's mid moves, and while it is wild the regular stop waits.

How often in a row an exit was put off is counted, so that no noise and no advice can do it for ever. The filter follows
a price and its drift per second. How surprising the mids were of late, against how surprising they should be, is the
noise level: 1 is usual. Numbers are floats, and the same mids give the same level. Section 5.3.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, frozen

from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


@frozen
class Delays:
    """Cycles in a row in which an exit was put off: how many, since when, and when last. Rules: CS-541, CS-544.

    A cycle is identified by its time: one that is repeated after a restart counts once.

    >>> ten = dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)
    >>> Delays().another(ten).another(ten).count
    1
    """

    count: int = 0
    since: dt.datetime | None = None
    last: dt.datetime | None = None

    def another(self, now: dt.datetime) -> Delays:
        """One more cycle put off."""
        if self.last is not None and now <= self.last:
            return self
        return Delays(self.count + 1, self.since or now, now)

    def may_go_on(self, now: dt.datetime, cycles: int, seconds: int | None = None) -> bool:
        """Whether this cycle may be put off too: fewer than `cycles` before it, less than `seconds` since the first."""
        if self.last is not None and now <= self.last:
            return True  # this very cycle was put off already
        in_time = seconds is None or self.since is None or now - self.since < dt.timedelta(seconds=seconds)
        return self.count < cycles and in_time


NO_DELAYS = Delays()


@frozen
class NoiseFilter:
    """What the filter believes of one position's mid at `at`. Rules: CS-542, CS-543.

    `price` in points and `drift` in points per second; their covariance matrix row by row in points², points²/s and
    points²/s²; `surprise` is the running mean of squared innovations, each in units of its own variance.
    """

    price: float
    drift: float
    price_variance: float
    covariance: float
    drift_variance: float
    surprise: float
    at: dt.datetime

    @property
    def level(self) -> float:
        """The noise level: how many usual deviations the mid has strayed of late. Rule: CS-543."""
        return math.sqrt(self.surprise)

    def predicted(self, at: dt.datetime, drift_noise: float) -> NoiseFilter:
        """What to expect at a later instant; `drift_noise` is q, points²/s³. Rule: CS-542."""
        span = (at - self.at).total_seconds()
        return evolve(
            self,
            price=self.price + self.drift * span,
            price_variance=self.price_variance
            + span * (2 * self.covariance + span * self.drift_variance)
            + drift_noise * span**3 / 3,
            covariance=self.covariance + span * self.drift_variance + drift_noise * span**2 / 2,
            drift_variance=self.drift_variance + drift_noise * span,
            at=at,
        )

    def corrected(self, mid: float, quote_variance: float, memory: float) -> NoiseFilter:
        """The belief after seeing `mid`, points; `quote_variance` is R, points². Rule: CS-543."""
        innovation = mid - self.price
        variance = self.price_variance + quote_variance
        price_gain, drift_gain = self.price_variance / variance, self.covariance / variance
        return evolve(
            self,
            price=self.price + price_gain * innovation,
            drift=self.drift + drift_gain * innovation,
            price_variance=(1 - price_gain) * self.price_variance,
            covariance=(1 - price_gain) * self.covariance,
            drift_variance=self.drift_variance - drift_gain * self.covariance,
            surprise=memory * self.surprise + (1 - memory) * innovation**2 / variance,
        )


class Passage(StrEnum):
    """What the gate says to a regular stop: wait, go ahead unless an advisor holds, or go ahead at once. CS-541."""

    SUPPRESSED = "suppressed"
    OPEN = "open"
    AT_ONCE = "at_once"


@frozen
class NoiseGate:
    """When a regular stop is noise and may wait: figures of the gate, then of the filter. Rules: CS-541..543.

    >>> gate, now = NoiseGate(), dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC)
    >>> [str(gate.passage(level, Delays(), now)) for level in (0.69, 0.7, 3.0, 3.01)]
    ['at_once', 'open', 'open', 'suppressed']
    """

    loud: float = parameter(3.0, "Above this noise level the regular stop waits.", above=0)
    quiet: float = parameter(0.7, "Below this noise level it acts at once, whatever an advisor says.", at_least=0)
    cycles: int = parameter(5, "Cycles in a row it waits at most.", at_least=0)
    seconds: int = parameter(30, "Seconds it waits at most.", at_least=0)
    range_share: float = parameter(0.10, "Usual range of the spread price, part of the credit.", at_least=0)
    range_floor: float = parameter(0.10, "Usual range of the spread price at least, $ of SPX.", above=0)
    drift_rate: float = parameter(3.0, "How fast the drift wanders, usual ranges a minute.", above=0)
    quote_error: float = parameter(0.05, "Usual error of a quoted mid, $ of SPX.", above=0)
    memory: float = parameter(0.9, "Part of the noise level that one more mid leaves as it was.", at_least=0, below=1)
    gap_seconds: int = parameter(60, "After a gap longer than this the filter starts afresh.", at_least=1)

    def __attrs_post_init__(self) -> None:
        if self.quiet > self.loud:
            raise InvalidInput("quiet", self.quiet, f"give at most the loud level {self.loud}")

    def passage(self, level: float | None, waited: Delays, now: dt.datetime) -> Passage:
        """What becomes of a stop at this noise level; an unknown level neither delays nor hurries it. Rule: CS-541."""
        if level is None or self.quiet <= level <= self.loud:
            return Passage.OPEN
        if level > self.loud and waited.may_go_on(now, self.cycles, self.seconds):
            return Passage.SUPPRESSED
        return Passage.AT_ONCE

    def drift_noise(self, credit: Decimal, underlying: Underlying) -> float:
        """q = (3.0 × range / 60)², points²/s³, of a position sold for `credit` points. Rule: CS-542."""
        usual_range = max(self.range_share * float(credit), self.range_floor * float(underlying.credit_scale))
        return (self.drift_rate * usual_range / 60) ** 2

    def quote_variance(self, underlying: Underlying) -> float:
        """R = (0.05 s)², points². Rule: CS-542."""
        return (self.quote_error * float(underlying.credit_scale)) ** 2

    def fed(
        self, before: NoiseFilter | None, mid: Decimal, at: dt.datetime, credit: Decimal, underlying: Underlying
    ) -> NoiseFilter:
        """The filter after one more mid, points, quoted at `at`; an older one changes nothing. Rule: CS-543."""
        drift_noise, quote_variance = self.drift_noise(credit, underlying), self.quote_variance(underlying)
        if before is None or at - before.at > dt.timedelta(seconds=self.gap_seconds):
            a_second_of_drift = drift_noise  # q × 1 s
            return NoiseFilter(float(mid), 0.0, quote_variance, 0.0, a_second_of_drift, 1.0, at)
        if at <= before.at:
            return before
        return before.predicted(at, drift_noise).corrected(float(mid), quote_variance, self.memory)

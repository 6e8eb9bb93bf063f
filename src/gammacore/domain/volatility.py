"""How much the underlying moves: realised volatility of closes, the desk's reading, and the regime it means.

Volatility is a fraction a year (0.25 = 25 %). What cannot be measured is None or a reading marked assumed, never 0.
Rules: SC-101..110.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from attrs import frozen

from gammacore.domain.market import Bar
from gammacore.domain.market_history import ONE_DAY, ONE_MINUTE, MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput

SESSIONS_PER_YEAR = 252
SECONDS_PER_SESSION = 23_400
STANDARD_LOOKBACK = 20
LEAST_DAILY_CLOSES = 11
NEWEST_BAR_AGE = 120
"""Seconds since the end of the newest one-minute bar, at most, for an intraday reading. Rule: SC-105."""


class Estimator(StrEnum):
    """sample: log returns, divisor n - 1; source: simple returns, divisor n. Rule: SC-102."""

    SAMPLE = "sample"
    SOURCE = "source"


def periods_per_year(bar_seconds: int) -> float:
    """How many such bars a year of sessions has; daily closes are 86,400 s apart. Rule: SC-103.

    >>> periods_per_year(60), periods_per_year(300), periods_per_year(86_400)
    (98280.0, 19656.0, 252.0)
    """
    if not 1 <= bar_seconds <= ONE_DAY:
        raise InvalidInput("bar_seconds", bar_seconds, f"give 1 to {ONE_DAY} seconds")
    if bar_seconds == ONE_DAY:
        return float(SESSIONS_PER_YEAR)
    return SESSIONS_PER_YEAR * SECONDS_PER_SESSION / bar_seconds


def realised_vol(
    closes: Sequence[Decimal],
    bar_seconds: int,
    lookback: int = STANDARD_LOOKBACK,
    estimator: Estimator = Estimator.SAMPLE,
) -> float | None:
    """Volatility a year of the last `lookback` returns of closes `bar_seconds` apart, oldest first; all when fewer.

    None with fewer than two returns, or with a close among them that is no price above 0. Rules: SC-101..104.

    >>> round(realised_vol([Decimal(100), Decimal(101), Decimal(100)], 86_400), 4)
    0.2234
    """
    if lookback < 2:
        raise InvalidInput("lookback", lookback, "give at least 2 returns")
    used = closes[-lookback - 1 :]
    if len(used) < 3 or any(not close.is_finite() or close <= 0 for close in used):
        return None
    pairs = pairwise(float(close) for close in used)
    if estimator is Estimator.SAMPLE:
        returns, lost = [math.log(later / earlier) for earlier, later in pairs], 1
    else:
        returns, lost = [later / earlier - 1 for earlier, later in pairs], 0
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - lost)
    return math.sqrt(variance * periods_per_year(bar_seconds))


def unbroken(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The newest bars, oldest first, of which each begins where the one before ended. Rule: SC-101."""
    first = len(bars) - 1
    while first > 0 and bars[first - 1].end == bars[first].start:
        first -= 1
    return tuple(bars[max(first, 0) :])


class VolatilitySource(StrEnum):
    """What a reading was taken from. Rule: SC-106."""

    INTRADAY = "intraday"
    DAILY = "daily"
    ASSUMED = "assumed"


class WantedSource(StrEnum):
    """auto: intraday, else daily; one of the two alone, else the assumed figure. Rule: SC-105."""

    AUTO = "auto"
    INTRADAY = "intraday"
    DAILY = "daily"


@frozen
class VolatilityReading:
    """A volatility, a fraction a year: from what, of how many returns, and when it was read. Rule: SC-106.

    >>> str(VolatilityReading(0.15, VolatilitySource.ASSUMED, 0, dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)))
    '15.0 % assumed'
    """

    value: float
    source: VolatilitySource
    returns: int
    at: dt.datetime

    @property
    def is_assumed(self) -> bool:
        return self.source is VolatilitySource.ASSUMED

    def __str__(self) -> str:
        counted = "" if self.is_assumed else f", {self.returns} returns"
        return f"{self.value * 100:.1f} % {self.source}{counted}"


class VolatilityRegime(StrEnum):
    """How wild the market is; LOW is less cautious than NORMAL, NORMAL than HIGH. Rules: SC-107..109."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"

    @property
    def caution(self) -> int:
        return list(VolatilityRegime).index(self)


@frozen
class VolatilityState:
    """The reading and both regimes; `by_vix` is None where VIX is not used, missing or old."""

    reading: VolatilityReading
    by_volatility: VolatilityRegime
    by_vix: VolatilityRegime | None

    @property
    def regime(self) -> VolatilityRegime:
        """The more cautious of the two: what the report and the dashboard show. Rule: SC-109."""
        both = (self.by_volatility, self.by_vix or VolatilityRegime.LOW)
        return max(both, key=lambda regime: regime.caution)

    @property
    def vix_is_high(self) -> bool:
        """The one thing VIX does to a trade: it forces the minimum size. Rule: SC-110."""
        return self.by_vix is VolatilityRegime.HIGH


@frozen
class VolatilityRules:
    """How volatility is read, and where it is low or high. Rules: SC-102, SC-105, SC-107, SC-108."""

    vol_source: WantedSource = parameter(WantedSource.AUTO, "Which closes are read: auto, intraday or daily.")
    vol_lookback: int = parameter(STANDARD_LOOKBACK, "Returns a reading is made of.", at_least=2)
    estimator: Estimator = parameter(Estimator.SAMPLE, "sample (log returns, n - 1) or source (simple returns, n).")
    default_vol: float = parameter(0.15, "Assumed where no closes can be read, a fraction a year.", above=0)
    intraday_scale: float = parameter(1.0, "An intraday reading is multiplied by this: it has no night in it.", above=0)
    low_vol_threshold: float = parameter(0.10, "LOW up to this volatility, a fraction a year.", above=0)
    high_vol_threshold: float = parameter(0.25, "HIGH from this volatility on, a fraction a year.", above=0)
    use_vix: bool = parameter(True, "VIX may make the regime more cautious.")
    vix_low: Decimal = parameter(Decimal(15), "LOW below this, VIX points.", above=0)
    vix_high: Decimal = parameter(Decimal(25), "HIGH from this on, VIX points.", above=0)
    vix_max_age: int = parameter(900, "A VIX older than this is ignored, seconds.", at_least=0)

    def __attrs_post_init__(self) -> None:
        if self.low_vol_threshold >= self.high_vol_threshold:
            fix = f"give less than high_vol_threshold, {self.high_vol_threshold}"
            raise InvalidInput("low_vol_threshold", self.low_vol_threshold, fix)
        if self.vix_low >= self.vix_high:
            raise InvalidInput("vix_low", self.vix_low, f"give less than vix_high, {self.vix_high}")

    def reading(self, history: MarketHistory | None, at: dt.datetime) -> VolatilityReading:
        """The desk's reading at `at`: of today's minutes, else of daily closes, else the assumed figure. Rule: SC-105.

        The first 21 minutes of a session, and the 21 after a missing bar, have no intraday reading.
        """
        intraday = daily = None
        if history is not None and self.vol_source is not WantedSource.DAILY:
            intraday = self._intraday(history.one_minute, at)
        if history is not None and self.vol_source is not WantedSource.INTRADAY and intraday is None:
            daily = self._daily(() if history.daily is None else history.daily.closes, at)
        return intraday or daily or VolatilityReading(self.default_vol, VolatilitySource.ASSUMED, 0, at)

    def by_volatility(self, volatility: float) -> VolatilityRegime:
        """LOW up to the low threshold, HIGH from the high one on. Rule: SC-107."""
        if volatility <= self.low_vol_threshold:
            return VolatilityRegime.LOW
        return VolatilityRegime.HIGH if volatility >= self.high_vol_threshold else VolatilityRegime.NORMAL

    def by_vix(self, vix: Decimal | None, seen_at: dt.datetime | None, now: dt.datetime) -> VolatilityRegime | None:
        """The regime by VIX points; None where VIX is off, missing, too old, or seen at an unknown time."""
        if not self.use_vix or vix is None or seen_at is None:
            return None
        if now - seen_at > dt.timedelta(seconds=self.vix_max_age):
            return None
        if vix < self.vix_low:
            return VolatilityRegime.LOW
        return VolatilityRegime.HIGH if vix >= self.vix_high else VolatilityRegime.NORMAL

    def state(
        self, history: MarketHistory | None, vix: Decimal | None, vix_at: dt.datetime | None, now: dt.datetime
    ) -> VolatilityState:
        """Reading and regimes at `now`. Rules: SC-105..109."""
        reading = self.reading(history, now)
        return VolatilityState(reading, self.by_volatility(reading.value), self.by_vix(vix, vix_at, now))

    def _intraday(self, bars: Sequence[Bar], at: dt.datetime) -> VolatilityReading | None:
        run = unbroken(bars)[-self.vol_lookback - 1 :]
        if len(run) <= self.vol_lookback or at - run[-1].end > dt.timedelta(seconds=NEWEST_BAR_AGE):
            return None
        value = realised_vol([bar.close for bar in run], ONE_MINUTE, self.vol_lookback, self.estimator)
        if value is None:
            return None
        return VolatilityReading(value * self.intraday_scale, VolatilitySource.INTRADAY, len(run) - 1, at)

    def _daily(self, closes: Sequence[Decimal], at: dt.datetime) -> VolatilityReading | None:
        used = closes[-self.vol_lookback - 1 :]
        if len(used) < min(LEAST_DAILY_CLOSES, self.vol_lookback + 1):
            return None
        value = realised_vol(used, ONE_DAY, self.vol_lookback, self.estimator)
        return None if value is None else VolatilityReading(value, VolatilitySource.DAILY, len(used) - 1, at)

"""Bars suddenly wider than the day's: the calm the premium was priced in is over. Rule: CS-315."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.market import Bar
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict


@frozen
class RealizedVolatility:
    """The last 6 five-minute bars are on average at most 2.5 times as wide as all before them. Rules: CS-315, CS-355.

    A bar's width is high - low. "All before" is the rest of two sessions and at least 20 bars.
    """

    recent_bars: int = parameter(6, "Newest 5-min bars that are compared.", at_least=1)
    least_earlier_bars: int = parameter(20, "Fewer bars before them say nothing.", at_least=1)
    ratio: Decimal = parameter(Decimal("2.5"), "Mean range of the newest over that of the earlier bars.", above=0)

    def judge(self, history: MarketHistory) -> Verdict:
        bars = history.five_minute
        earlier, recent = bars[: -self.recent_bars], bars[-self.recent_bars :]
        if len(earlier) < self.least_earlier_bars:
            found, wanted = f"{len(bars)} 5-min bars", f"{self.least_earlier_bars + self.recent_bars} needed"
            return Verdict.unknown("realized_volatility_unknown", found, wanted, blocks=False)
        now, usual = mean_range(recent), mean_range(earlier)
        reading = f"mean range {float(now):.2f}"
        limit = f"{self.ratio} x {float(usual):.2f}"
        if now > Fraction(self.ratio) * usual:
            return Verdict.skip("realized_volatility", reading, f"> {limit}")
        return Verdict.ok(reading, f"<= {limit}")


def mean_range(bars: Sequence[Bar]) -> Fraction:
    """The mean of high - low, points, exact; of at least one bar."""
    return sum((Fraction(bar.high - bar.low) for bar in bars), Fraction(0)) / len(bars)

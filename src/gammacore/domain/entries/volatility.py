"""Volatility an entry asks for: VIX in its band and not spiking, the move it implies, what was realized.

Rules: CS-310..312, CS-314, CS-315, CS-318.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.dollars import exact_sum
from gammacore.domain.entries.otm_single_sided import expected_move
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict


@frozen
class VixBand:
    """Sell premium only while VIX is in [floor, ceiling).

    Below the floor the credit does not pay for the gamma; from the ceiling on, a 0DTE short is a bet on the next
    headline. Missing VIX is not calm: the entry fails closed. Outside [`least_plausible`, `most_plausible`] a reading
    is a defect, not a market. The ceiling is the one setup selection tests first (CS-201), so it is asked for, not
    kept twice.

    Units: VIX points. Rules: CS-201, CS-310..312.

    >>> VixBand().judge_ceiling(Decimal("19.99"), Decimal(20)).passed
    True
    >>> print(VixBand().judge_ceiling(Decimal("21.3"), Decimal("20.0")))
    skip vix_ceiling: VIX 21.3 >= 20.0
    """

    floor: Decimal = parameter(Decimal("13.0"), "No premium is sold below this VIX.", at_least=0)
    least_plausible: Decimal = parameter(Decimal(5), "A VIX below this is a defect of the data.", at_least=0)
    most_plausible: Decimal = parameter(Decimal(200), "A VIX above this is a defect of the data.", below=1000)

    def judge_presence(self, vix: Decimal | None) -> Verdict:
        """VIX exists and is at least 5 (a quote in cents, 1520, is no VIX either). Rule: CS-310."""
        if vix is None:
            return Verdict.unknown("vix_missing", "VIX not known")
        if vix < self.least_plausible:
            return Verdict.unknown("vix_missing", f"VIX {vix}", f"< {self.least_plausible}")
        if vix > self.most_plausible:
            return Verdict.unknown("vix_missing", f"VIX {vix}", f"> {self.most_plausible}")
        return Verdict.ok(f"VIX {vix}")

    def judge_floor(self, vix: Decimal | None) -> Verdict:
        """VIX >= floor. Rule: CS-311."""
        if vix is None:
            return Verdict.not_judged()
        if vix < self.floor:
            return Verdict.skip("vix_floor", f"VIX {vix}", f"< {self.floor}")
        return Verdict.ok(f"VIX {vix}", f">= {self.floor}")

    def judge_ceiling(self, vix: Decimal | None, ceiling: Decimal) -> Verdict:
        """VIX < ceiling. Rule: CS-312."""
        if vix is None:
            return Verdict.not_judged()
        if vix >= ceiling:
            return Verdict.skip("vix_ceiling", f"VIX {vix}", f">= {ceiling}")
        return Verdict.ok(f"VIX {vix}", f"< {ceiling}")


@frozen
class VixSpike:
    """VIX is at most 5 % above its last complete 5-minute close; a fall of any size passes. Rule: CS-314."""

    rise: Decimal = parameter(Decimal("0.05"), "Rise over the last complete 5-min close, part of it.", at_least=0)

    def judge(self, vix: Decimal | None, history: MarketHistory) -> Verdict:
        if vix is None:
            return Verdict.unknown("vix_spike_unknown", "VIX not known", blocks=False)
        if not history.vix_five_minute:
            return Verdict.unknown("vix_spike_unknown", "no 5-min bars of VIX", blocks=False)
        close = history.vix_five_minute[-1].close
        rise = vix - close
        reading = f"VIX {vix} is {rise / close:+.1%} from {close}"
        if rise > self.rise * close:
            return Verdict.skip("vix_spike", reading, f"> {self.rise:+.1%}")
        return Verdict.ok(reading, f"<= {self.rise:+.1%}")


NARROW_STRIKES = 2
"""The least move is 10 × min(s, 2k): where a base width is many points (IWM), k alone would ask for too little."""


@frozen
class ExpectedMove:
    """One standard deviation over two trading hours is at least 10 × min(s, 2k) points. Rule: CS-318.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> print(ExpectedMove().judge(Decimal(21500), Decimal(13), REGISTRY["NDX"]))
    pass: 97.7 points in 2 h >= 60
    """

    hours: float = parameter(2.0, "Trading hours looked ahead.", above=0)
    points: Decimal = parameter(Decimal(10), "Least move (inclusive), SPX points.", at_least=0)

    def least(self, underlying: Underlying) -> Fraction:
        """Points of the underlying."""
        return Fraction(self.points) * min(underlying.credit_scale, NARROW_STRIKES * underlying.k)

    def judge(self, price: Decimal | None, vix: Decimal | None, underlying: Underlying) -> Verdict:
        if price is None or vix is None:
            return Verdict.unknown("expected_move_unknown", f"{'price' if price is None else 'VIX'} not known")
        move, least = expected_move(price, vix, self.hours), self.least(underlying)
        reading = f"{move:.1f} points in {self.hours:g} h"
        if move < least:
            return Verdict.skip("expected_move", reading, f"< {float(least):.4g}")
        return Verdict.ok(reading, f">= {float(least):.4g}")


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
    return Fraction(exact_sum(bar.high - bar.low for bar in bars)) / len(bars)

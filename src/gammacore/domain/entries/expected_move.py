"""Is there enough movement left to be paid for: the move VIX expects of the next two hours. Rule: CS-318."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.entries.otm_single_sided import expected_move
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

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

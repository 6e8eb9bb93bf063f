"""An optional advisor that may refuse an entry, and the built-in veto against a weak pin. Rules: CS-335, CS-362.

An advisor may only forbid. One that fails to answer forbids nothing.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike

from gammacore.domain.advice import EntryOpinion, NoOpinion
from gammacore.domain.entries.otm_single_sided import expected_move
from gammacore.domain.gex.pin import STANDARD_PIN, PinRule
from gammacore.domain.instruments import Side, Underlying
from gammacore.domain.market import from_float
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Setup, StrategyTag


def judge_opinion(opinion: EntryOpinion | NoOpinion | None) -> Verdict:
    """A veto forbids; an error passes as unknown; None is no advisor at all. Rule: CS-335.

    >>> judge_opinion(EntryOpinion(veto=True, why="CPI in 5 minutes")).reason, judge_opinion(NoOpinion("down")).passed
    ('entry_advisor', True)
    """
    if opinion is None:
        return Verdict.ok("no advisor")
    if isinstance(opinion, NoOpinion):
        return Verdict.unknown("entry_advisor_unknown", opinion.detail, blocks=False)
    return Verdict.skip("entry_advisor", opinion.why) if opinion.veto else Verdict.ok(opinion.why or "no objection")


@frozen
class WeakPin:
    """When on, forbids an entry whose pin is far, faint, and leaves the shorts without support. Rule: CS-362.

    All three must hold: the price further from the pin than the expected move, no peak of 1.0e9, and no positive
    exposure within 10k of a short. An OTM entry does not live off the pin and is not judged. Exposures are net, of
    today's expiry, $ per 100 % move.
    """

    on: bool = parameter(False, "Veto entries whose pin is too weak to hold the price.")
    hours: float = parameter(2.0, "Trading hours of the expected move.", above=0)
    peak: float = parameter(1.0e9, "A peak below this is faint, $ per 100 % move.", at_least=0)
    support: Decimal = parameter(
        Decimal(10), "Positive exposure this near a short supports it, SPX points.", at_least=0
    )

    def judge(
        self,
        setup: Setup,
        strikes: ArrayLike,
        net_per_100pct: ArrayLike,
        price: Decimal,
        vix: Decimal,
        underlying: Underlying,
        pin_rule: PinRule = STANDARD_PIN,
    ) -> Verdict:
        """`strikes` points and `net_per_100pct`, (n,) each. Peaks are the candidates of the pin (CS-104)."""
        if not self.on:
            return Verdict.ok("off")
        if setup.is_skip or setup.tag is StrategyTag.OTM_SINGLE_SIDED:
            return Verdict.ok("not around the pin")
        move = expected_move(price, vix, self.hours)
        if abs(setup.distance) <= move:
            return Verdict.ok(f"pin {abs(setup.distance)} points away", f"<= {move:.1f}")
        candidates = pin_rule.candidates(strikes, net_per_100pct, price, underlying)
        largest = max((candidate.exposure for candidate in candidates), default=0.0)
        if largest >= self.peak:
            return Verdict.ok(f"peak {largest:.3g}", f">= {self.peak:.3g}")
        if (support := self._support(setup, strikes, net_per_100pct, underlying)) is not None:
            return Verdict.ok(f"positive exposure at {support}")
        far = f"pin {abs(setup.distance)} points away > {move:.1f}"
        return Verdict.skip("weak_pin", f"{far}, largest peak {largest:.3g}, no support at the shorts")

    def _support(self, setup: Setup, strikes: ArrayLike, net: ArrayLike, underlying: Underlying) -> Decimal | None:
        levels, loads = np.asarray(strikes, dtype=np.float64), np.asarray(net, dtype=np.float64)
        positive = [from_float(level) for level in levels[loads > 0].tolist()]
        shorts = [Fraction(leg.strike) for leg in setup.legs if leg.side is Side.SELL]
        reach = underlying.points(self.support)
        near = (level for level in positive if any(abs(Fraction(level) - short) <= reach for short in shorts))
        return next(near, None)

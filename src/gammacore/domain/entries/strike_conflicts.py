"""No two positions on the same side of the market lean on the same strikes. Rules: CS-344, CS-364."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import StrategyTag


@frozen
class StrikeConflicts:
    """Same right only: a shared strike, ranges that touch or overlap, or centres too near each other.

    "Same strategy" means the same desk: every setup around the pin is one, OTM single-sided the other.
    """

    same_strategy_points: Decimal = parameter(Decimal(20), "Centres at least this far apart, SPX points.", at_least=0)
    other_strategy_points: Decimal = parameter(Decimal(15), "The same between the two desks.", at_least=0)

    def judge(
        self, spread: CreditSpread, tag: StrategyTag, existing: Iterable[SpreadPlan], underlying: Underlying
    ) -> Verdict:
        """Against every open and pending position of the same underlying and expiry; a condor tests both sides."""
        expiry = spread.sides[0].short.expiry
        for plan in existing:
            if plan.spread.underlying != spread.underlying or plan.spread.sides[0].short.expiry != expiry:
                continue
            same_desk = (plan.strategy is StrategyTag.OTM_SINGLE_SIDED) is (tag is StrategyTag.OTM_SINGLE_SIDED)
            nearest = underlying.points(self.same_strategy_points if same_desk else self.other_strategy_points)
            for new in spread.sides:
                for old in plan.spread.sides:
                    if (conflict := _conflict(new, old, nearest)) is not None:
                        against = f"with {plan.holding} {old.short.strike}/{old.long.strike}{old.right}"
                        return Verdict.skip(conflict, f"{new.short.strike}/{new.long.strike}{new.right}", against)
        return Verdict.ok("no conflict")


def _conflict(new: Vertical, old: Vertical, nearest: Fraction) -> str | None:
    if new.right is not old.right:
        return None
    ours = sorted((new.short.strike, new.long.strike))
    theirs = sorted((old.short.strike, old.long.strike))
    if set(ours) & set(theirs):
        return "exact_strike_match"
    if ours[0] <= theirs[1] and theirs[0] <= ours[1]:
        return "overlap"
    if abs(Fraction(sum(ours)) - Fraction(sum(theirs))) / 2 < nearest:
        return "too_close"
    return None

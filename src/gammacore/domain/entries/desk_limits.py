"""What the open positions of the desks leave room for: caps of each desk, strikes apart, OTM entries a day.

Rules: CS-227, CS-336, CS-344, CS-364, CS-365.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import frozen

from gammacore.domain.entries.otm_single_sided import DEFAULT_OTM_RULES, OtmRules
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Right, Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import StrategyTag


class Desk(StrEnum):
    """Who sells: the desk around the GEX pin, or the one far out of the money."""

    GEX = "GEX"
    OTM = "OTM"

    @classmethod
    def of(cls, tag: StrategyTag) -> Desk:
        return cls.OTM if tag is StrategyTag.OTM_SINGLE_SIDED else cls.GEX


@frozen
class TwoDesks:
    """When on: 3 positions in all, 2 a desk, 70 and 30 % of the balance at risk, 5 contracts a side. Rule: CS-365.

    The caps stand side by side and need not add up: 2 and 2 positions are still 3 in all. GEX goes first: one entry is
    judged at a time, and OTM only where the pin is too far (CS-324).
    """

    on: bool = parameter(False, "Judge the GEX and the OTM desk by separate caps.")
    positions: int = parameter(3, "Positions of both desks together at most.", at_least=1)
    positions_per_desk: int = parameter(2, "Positions of one desk at most.", at_least=1)
    gex_capital: Decimal = parameter(Decimal("0.70"), "Maximum loss of the GEX desk, part of the balance.", above=0)
    otm_capital: Decimal = parameter(Decimal("0.30"), "Maximum loss of the OTM desk, part of the balance.", above=0)
    contracts_per_side: int = parameter(5, "Contracts on the call or the put side, both desks, at most.", at_least=1)
    conflicts_an_hour: int = parameter(10, "More strike conflicts in the last hour halt entries.", at_least=0)

    def judge(
        self, plan: SpreadPlan, live: Sequence[SpreadPlan], balance: Decimal, conflicts_last_hour: int
    ) -> Verdict:
        """One more entry beside what is open and working (`live`), all underlyings of the account."""
        if not self.on:
            return Verdict.ok("off")
        desk = Desk.of(plan.strategy)
        own = [other for other in live if Desk.of(other.strategy) is desk]
        capital = (self.gex_capital if desk is Desk.GEX else self.otm_capital) * balance
        risk = sum((other.maximum_risk for other in own), plan.maximum_risk)
        side, contracts = self._busiest_side(plan, live)
        for reason, reading, limit, kept in (
            ("desk_conflicts", f"{conflicts_last_hour} conflicts in the last hour", f"> {self.conflicts_an_hour}",
             conflicts_last_hour <= self.conflicts_an_hour),
            ("desk_total", f"{len(live)} positions", f">= {self.positions}", len(live) < self.positions),
            ("desk_positions", f"{len(own)} {desk} positions", f">= {self.positions_per_desk}",
             len(own) < self.positions_per_desk),
            ("desk_capital", f"{risk:.2f} at risk by {desk}", f"> {capital:.2f}", risk <= capital),
            ("desk_side", f"{contracts} contracts on side {side}", f"> {self.contracts_per_side}",
             contracts <= self.contracts_per_side),
        ):  # fmt: skip
            if not kept:
                return Verdict.skip(reason, reading, limit)
        return Verdict.ok(f"{desk} desk, {len(own) + 1} of {self.positions_per_desk} positions")

    def _busiest_side(self, plan: SpreadPlan, live: Sequence[SpreadPlan]) -> tuple[Right, int]:
        """The right the plan would load most, with the contracts it would then have."""
        loads = {
            side.right: sum(other.contracts for other in (plan, *live) if _has_side(other, side.right))
            for side in plan.spread.sides
        }
        busiest = max(loads, key=lambda right: loads[right])
        return busiest, loads[busiest]


def _has_side(plan: SpreadPlan, right: Right) -> bool:
    return any(side.right is right for side in plan.spread.sides)


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


def judge_otm_limit(tag: StrategyTag, today: Iterable[SpreadPlan], rules: OtmRules = DEFAULT_OTM_RULES) -> Verdict:
    """Fewer than one OTM entry among `today`, the entries of this account and New York date, whatever underlying.

    Entries around the pin are not counted and not limited here. Rules: CS-227, CS-336.
    """
    if tag is not StrategyTag.OTM_SINGLE_SIDED:
        return Verdict.ok("not OTM")
    count = sum(plan.strategy is StrategyTag.OTM_SINGLE_SIDED for plan in today)
    reading = f"{count} OTM entries today"
    if count >= rules.otm_per_day:
        return Verdict.skip("otm_limit", reading, f">= {rules.otm_per_day}")
    return Verdict.ok(reading, f"< {rules.otm_per_day}")

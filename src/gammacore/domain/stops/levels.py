"""Where a holding would be closed now: each level of the policy that acts, and how far the mark is from it. CS-512."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES, ceil_to_cents, cost_at_profit, floor_to_cents
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.rules import ExitReason, Moment


@frozen
class Level:
    """One rule's price: `price` of what `measured_on` names, points; `distance` to go, 0 or less is reached.

    `measured_on` is `mid` or `worst` (what closing the spread costs), `share`, `option bid`, or `profit`: of what is
    held with its hedges, and then both figures are dollars.

    `acts` is False while the rule sleeps (a grace, a trailing stop that is not armed); `distance` None without a mark.
    """

    rule: str
    price: Decimal
    distance: Decimal | None
    measured_on: str
    acts: bool = True


def levels_of(at: Moment) -> tuple[Level, ...]:
    """The levels of a sold spread at one moment, the nearest danger first. A bad credit has none (CS-502)."""
    return () if at.position.has_bad_credit else tuple(_levels(at))


def _levels(at: Moment) -> Iterator[Level]:
    policy, credit, watch = at.policy, at.credit, at.watch
    may_stop = not (at.is_younger_than(policy.grace_seconds) or watch.trailing_armed or watch.lock_in_armed)
    yield _above(ExitReason.STOP_LOSS, policy.advertised_stop(credit), at.mark, may_stop)
    yield _above(ExitReason.EMERGENCY_STOP, policy.advertised_emergency(credit), at.mark, True)
    if at.position.plan.strategy in LOCK_IN_STRATEGIES:
        level = floor_to_cents(cost_at_profit(credit, policy.lock_in_profit))
        yield _above(ExitReason.LOCK_IN, level, at.mark, watch.lock_in_armed, by_mid=True)
        return
    level = floor_to_cents(cost_at_profit(credit, at.target))
    distance = None if at.mark is None else at.mark.mid - level
    yield Level(str(ExitReason.PROFIT_TARGET), level, distance, "mid", not watch.hold)
    if watch.best_profit is not None and watch.trailing_armed:
        trailing = ceil_to_cents(policy.trailing_cost(credit, watch.best_profit))
        yield _above(ExitReason.TRAILING_STOP, trailing, at.mark, True, by_mid=True)


def _above(rule: ExitReason, level: Decimal, mark: SpreadMark | None, acts: bool, *, by_mid: bool = False) -> Level:
    """A level that acts once closing costs as much."""
    seen = None if mark is None else mark.mid if by_mid else mark.worst
    return Level(str(rule), level, None if seen is None else level - seen, "mid" if by_mid else "worst", acts)

"""Exits of OTM positions: meant to settle worthless, so profit is locked in, never taken. Rules: CS-551..553.

From a profit of .70 on only emergency and settlement can act; that needs no rule of its own: the lock-in stop acts
below .50 and the regular stop sleeps once it is armed.
"""

from __future__ import annotations

from gammacore.domain.holdings.policy import cost_at_profit, floor_to_cents, percent
from gammacore.domain.stops.rules import (
    ExitReason,
    ExitVerdict,
    Moment,
    Rule,
    emergency_stop,
    hard_close,
    regular_stop,
    soft_close,
    stale_quotes,
)


def lock_in_stop(at: Moment) -> ExitVerdict | None:
    """Armed by a profit of .50 once, and less than that left (strictly). Rule: CS-552."""
    if at.mark is None or not at.watch.lock_in_armed:
        return None
    cost = cost_at_profit(at.credit, at.policy.lock_in_profit)
    if at.mark.mid <= cost:
        return None
    level = floor_to_cents(cost)
    detail = f"{at.mark.mid} to close against the lock-in stop, above {level} ({percent(at.policy.lock_in_profit)})"
    return ExitVerdict(ExitReason.LOCK_IN, detail, at.mark.mid, level, at.limit)


def hard_close_before_delivery(at: Moment) -> ExitVerdict | None:
    """The hard close, only where settlement would deliver shares or may not be awaited. Rules: CS-522, CS-551."""
    return None if at.underlying.cash_settled and at.policy.may_hold else hard_close(at)


def soft_close_before_delivery(at: Moment) -> ExitVerdict | None:
    """The soft close, only where settlement would deliver shares or may not be awaited. Rules: CS-524, CS-551."""
    return None if at.underlying.cash_settled and at.policy.may_hold else soft_close(at)


OTM_RULES: tuple[Rule, ...] = (
    hard_close_before_delivery,
    emergency_stop,
    soft_close_before_delivery,
    lock_in_stop,
    regular_stop,
    stale_quotes,
)
"""First match wins. Settlement comes before all of them (`exits.is_expired`). Rule: CS-551."""

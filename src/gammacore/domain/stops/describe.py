"""What will end a position, in sentences: read from the policy that acts. Rules: CS-512, CS-541."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES, StopPolicy, cost_at_profit, floor_to_cents, percent
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.words import Confidence, StrategyTag


def describe(policy: StopPolicy, credit: Decimal, confidence: Confidence, strategy: StrategyTag) -> tuple[str, ...]:
    """The sentences of the entry log and the plan; `credit` in points.

    >>> from gammacore.domain.holdings.policy import stop_policy
    >>> lines = describe(stop_policy("standard"), Decimal("2.50"), Confidence.HIGH, StrategyTag.PUT_SPREAD)
    >>> print(lines[0])
    Stop loss (standard): 2.75 or more to close (10 %, -25 $ a contract), from 60 s after the fill
    and until the trailing stop is armed; quotes that jump about may delay it, 5 cycles or 30 s at most.
    """
    if strategy in LOCK_IN_STRATEGIES:
        return (*_stops(policy, credit, "the lock-in stop"), *_lock_in(policy, credit))
    return (*_stops(policy, credit, "the trailing stop"), *_profits(policy, credit, confidence))


def _stops(policy: StopPolicy, credit: Decimal, successor: str) -> tuple[str, ...]:
    def at_cost(cost: Decimal, loss: Decimal) -> str:
        dollars = (credit - cost) * EQUITY_OPTION_MULTIPLIER
        return f"{cost} or more to close ({percent(loss)}, {dollars:+.0f} $ a contract)"

    return (
        f"Stop loss ({policy.preset}): {at_cost(policy.advertised_stop(credit), policy.stop)}, "
        f"from {policy.grace_seconds} s after the fill and until {successor} is armed{_patience(policy)}.",
        f"Emergency stop: {at_cost(policy.advertised_emergency(credit), policy.emergency)}; in the first "
        f"{policy.settle_seconds} s only on marks within {percent(policy.emergency_override_band)}, a mid steady for "
        f"{policy.stable_seconds} s, or a loss of {percent(policy.emergency + policy.catastrophic_extra)}.",
    )


def _patience(policy: StopPolicy) -> str:
    if not policy.noise_gate:
        return ""
    gate = policy.gate
    return f"; quotes that jump about may delay it, {gate.cycles} cycles or {gate.seconds} s at most"


def _profits(policy: StopPolicy, credit: Decimal, confidence: Confidence) -> tuple[str, ...]:
    return (
        f"Profit target: {policy.advertised_target(credit, confidence)} or less to close at the mid "
        f"({percent(policy.target(0, confidence))}){_later_targets(policy, confidence)}.",
        f"Trailing stop: armed by a profit of {percent(policy.trailing_trigger)}, closes at "
        f"{percent(policy.trailing_level(policy.trailing_trigger))} and follows the best profit, "
        f"{percent(policy.trailing_min)} behind at the closest.",
        *_time_exits(policy),
    )


def _time_exits(policy: StopPolicy) -> tuple[str, ...]:
    closed = (
        f"Closed {policy.soft_close_minutes} minutes before the end of trading, at the latest "
        f"{policy.hard_close_minutes} minutes"
    )
    if not policy.may_hold:
        return (f"{closed}; nothing is held for settlement.",)
    return (
        f"Held for cash settlement: from a profit of {percent(policy.hold_profit)} with VIX below {policy.hold_vix} "
        f"and {policy.hold_hours} h to go, if sold {policy.hold_distance} SPX points or more out of the money.",
        f"{closed}, unless held.",
    )


def _later_targets(policy: StopPolicy, confidence: Confidence) -> str:
    if policy.fixed_target is not None:
        return ", all day"
    if policy.time_weighted_targets:
        return (
            f"; {percent(policy.second_last_hour_target)} with less than 2 h to the close, "
            f"{percent(policy.last_hour_target)} with less than 1 h"
        )
    last = len(policy.progressive_targets) - 1
    return f", rising to {percent(policy.target(last, confidence))} {last} h after the entry"


def _lock_in(policy: StopPolicy, credit: Decimal) -> tuple[str, ...]:
    cost = floor_to_cents(cost_at_profit(credit, policy.lock_in_profit))
    lock = (
        f"Lock-in stop: armed at {cost} or less to close at the mid ({percent(policy.lock_in_profit)}), closes when "
        f"less than that profit is left."
    )
    if not policy.may_hold:
        return (lock, *_time_exits(policy))
    return (
        lock,
        f"Otherwise held for settlement; where shares would be delivered, closed {policy.soft_close_minutes} minutes "
        f"before the end of trading.",
    )

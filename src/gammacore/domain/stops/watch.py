"""What a position's watch remembers from cycle to cycle, brought up to date before any rule looks. Section 5.1."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve

from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES, StopPolicy, hours
from gammacore.domain.instruments import Underlying
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import SpreadMark

AT_THE_FILL = dt.timedelta(seconds=60)
"""A price seen so long after the fill is still the one at the fill (ours). Rule: CS-415."""


def has_bad_credit(position: SoldSpread) -> bool:
    """No credit, no profit fraction: alarm `bad_credit`, and only time exits act. Rule: CS-502."""
    return not (position.credit.is_finite() and position.credit > 0)


def stale_alarm(policy: StopPolicy, watch: SpreadWatch) -> bool:
    """Whether the alarm `stale_quotes` is due: every `stale_cycles` cycles in a row without a mark. Rule: CS-505."""
    return watch.stale_cycles > 0 and watch.stale_cycles % policy.stale_cycles == 0


def is_stable(policy: StopPolicy, watch: SpreadWatch, now: dt.datetime) -> bool:
    """Whether the mid has stayed put for `stable_seconds` (inclusive). Rule: CS-509."""
    return watch.anchor_at is not None and now - watch.anchor_at >= dt.timedelta(seconds=policy.stable_seconds)


def update_watch(
    policy: StopPolicy,
    position: SoldSpread,
    mark: SpreadMark | None,
    now: dt.datetime,
    session: TradingSession,
    vix: Decimal | None,
    underlying: Underlying,
    price: Decimal | None = None,
) -> SpreadWatch:
    """The position's watch after this cycle; the same object when nothing changed. Rules: CS-504..510, CS-552.

    `price` is the underlying's, points, None when it is not known. Without a mark only the count of stale cycles and
    the price at the fill move; with a bad credit nothing does.
    """
    if position.has_bad_credit:
        return position.watch
    position = evolve(position, watch=_filled_at(price, position, now))
    watch = position.watch
    if mark is None:
        return evolve(watch, stale_cycles=watch.stale_cycles + 1)
    profit = position.profit(mark.mid)
    best = profit if watch.best_profit is None else max(watch.best_profit, profit)
    after = _anchored(evolve(watch, best_profit=best, stale_cycles=0), policy, mark.mid, now, underlying)
    if position.plan.strategy in LOCK_IN_STRATEGIES:
        after = evolve(after, lock_in_armed=watch.lock_in_armed or profit >= policy.lock_in_profit)
    else:
        after = evolve(
            after,
            trailing_armed=watch.trailing_armed or profit >= policy.trailing_trigger,
            hold=watch.hold or _may_be_held(policy, position, profit, now, session, vix, underlying),
        )
    return watch if after == watch else after


def _filled_at(price: Decimal | None, position: SoldSpread, now: dt.datetime) -> SpreadWatch:
    """The watch with the price at the fill, once: one seen too late is not it, and an adopted position has none.

    Rules: CS-415, CS-575.
    """
    watch = position.watch
    is_late = now - position.opened_at > AT_THE_FILL
    if price is None or watch.price_at_fill is not None or position.is_adopted or is_late:
        return watch
    return evolve(watch, price_at_fill=price)


def _anchored(
    watch: SpreadWatch, policy: StopPolicy, mid: Decimal, now: dt.datetime, underlying: Underlying
) -> SpreadWatch:
    if watch.anchor is not None and abs(mid - watch.anchor) < policy.stable_band(underlying):
        return watch
    return evolve(watch, anchor=mid, anchor_at=now)


def _may_be_held(
    policy: StopPolicy,
    position: SoldSpread,
    profit: Decimal,
    now: dt.datetime,
    session: TradingSession,
    vix: Decimal | None,
    underlying: Underlying,
) -> bool:
    """Whether to keep it for settlement; never on unknown VIX, never where shares would be delivered. Rule: CS-510."""
    return (
        profit >= policy.hold_profit
        and vix is not None
        and vix < policy.hold_vix
        and hours(session.close - now) >= policy.hold_hours
        and position.entry_distance >= underlying.points(policy.hold_distance)
        and underlying.cash_settled
    )

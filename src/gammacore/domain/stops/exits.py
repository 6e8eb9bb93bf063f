"""The order of the exit rules: settlement first, then stops before targets, and the first that speaks wins. 5.2b."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from gammacore.domain.instruments import Underlying
from gammacore.domain.positions import Position, Watch
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.otm_lock_in import OTM_RULES
from gammacore.domain.stops.policy import LOCK_IN_STRATEGIES, StopPolicy
from gammacore.domain.stops.rules import (
    ExitVerdict,
    Moment,
    Rule,
    emergency_stop,
    hard_close,
    profit_target,
    regular_stop,
    soft_close,
    stale_quotes,
    trailing_stop,
)
from gammacore.domain.stops.watch import has_bad_credit

GEX_RULES: tuple[Rule, ...] = (
    hard_close,
    emergency_stop,
    soft_close,
    regular_stop,
    profit_target,
    trailing_stop,
    stale_quotes,
)
"""First match wins. Settlement comes before all of them (`is_expired`). Section 5.2b; `stale_quotes`: CS-505."""


def is_expired(session: TradingSession, now: dt.datetime) -> bool:
    """Whether trading has stopped, so that the position settles and no rule is asked. Rules: CS-008, CS-521."""
    return now >= session.close


def judge_exit(
    policy: StopPolicy,
    position: Position,
    watch: Watch,
    mark: SpreadMark | None,
    now: dt.datetime,
    session: TradingSession,
    underlying: Underlying,
) -> ExitVerdict | None:
    """Why to close the position now, or None to keep it. `watch` is that of `update_watch` of the same cycle.

    Without a mark, or with a bad credit, only time exits can act. Rules: CS-502, CS-504, section 5.2b, CS-551.
    """
    usable = None if has_bad_credit(position) else mark
    moment = Moment(policy, position, watch, usable, now, session, underlying)
    rules = OTM_RULES if position.plan.strategy in LOCK_IN_STRATEGIES else GEX_RULES
    return next((verdict for rule in rules if (verdict := rule(moment)) is not None), None)


def is_breached(policy: StopPolicy, position: Position, price: Decimal, underlying: Underlying) -> bool:
    """Whether a short is more than 5k points in the money: logged, not an exit. Rule: CS-530."""
    return -position.spread.distance(price) > underlying.points(policy.breach_distance)

"""Which levels a holding has now and when it is closed at the latest, by the object that acts on it. Rule: CS-512."""

from __future__ import annotations

import datetime as dt
from typing import Protocol, runtime_checkable

from gammacore.domain.desks.scalp_duties import HARD_FLAT_MINUTES
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread, is_spread
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.legs import underlying_at_exit
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.scalping.st0ckg import TIME_EXIT_MINUTES
from gammacore.domain.scalping.straddle_exit import EXIT_MINUTES
from gammacore.domain.stops.levels import Level, levels_of
from gammacore.domain.stops.rules import Moment
from gammacore.domain.strategy import Situation, Strategy, kept_overnight

FORCED_MINUTES = {"st0cka": HARD_FLAT_MINUTES, "st0ckg": TIME_EXIT_MINUTES, "gamma-scalping": EXIT_MINUTES}
"""Minutes before the close from which a scalping desk closes what it holds."""


@runtime_checkable
class HasLevels(Protocol):
    """A strategy that can say where it would close something."""

    def levels(self, situation: Situation, holding: AnyHolding) -> tuple[Level, ...]: ...


def holding_levels(
    holding: AnyHolding, situation: Situation, strategy: Strategy, marks: Marks
) -> tuple[Level, ...]:  # fmt: skip
    """The levels of a spread by its own policy, of anything else by its desk; () where it has none."""
    if is_spread(holding):
        return levels_of(_moment(holding, situation, marks))
    return strategy.levels(situation, holding) if isinstance(strategy, HasLevels) else ()


def _moment(holding: SoldSpread, situation: Situation, marks: Marks) -> Moment:
    known = {**REGISTRY, situation.underlying.symbol: situation.underlying}
    underlying, _ = underlying_at_exit(holding.spread.sides[0].short, known)
    mark = holding.spread.mark(lambda contract: marks.quotes.get(contract.occ))
    return Moment(holding.plan.policy, holding, holding.watch, mark, situation.now, situation.session, underlying)


def forced_exit_of(holding: AnyHolding, situation: Situation, strategy: Strategy) -> dt.datetime | None:
    """When it is closed whatever its mark; None where it may be kept, for settlement or overnight, or its desk names
    no time.
    """
    session = situation.session
    if is_spread(holding):
        policy = holding.plan.policy
        settles = holding.plan.strategy in LOCK_IN_STRATEGIES and situation.underlying.cash_settled and policy.may_hold
        return None if holding.watch.hold or settles else session.before_close(policy.soft_close_minutes)
    minutes = FORCED_MINUTES.get(holding.owner)
    if minutes is None or holding.id in kept_overnight(strategy, session, situation.book):
        return None
    return session.before_close(minutes)

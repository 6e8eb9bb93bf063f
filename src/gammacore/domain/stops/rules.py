"""Each exit rule by itself: a pure function of one moment that says why to close now, or nothing.

What a position's watch remembers from cycle to cycle is brought up to date before any rule looks (section 5.1). Stops
compare the worst mark, targets the mid, with levels of the policy that was printed at the entry. A rule that needs a
mark says nothing without one (CS-504). Their order is in `exits.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.advice import AdvisorOpinion
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.noise_gate import Passage
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import (
    LOCK_IN_STRATEGIES,
    CloseStyle,
    StaleExit,
    StopPolicy,
    ceil_to_cents,
    cost_at_profit,
    floor_to_cents,
    hours,
    percent,
)
from gammacore.domain.instruments import Underlying, tick_ceiling, tick_floor
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


class ExitReason(StrEnum):
    """Why a position ended, as journaled."""

    SETTLED = "settled"
    HARD_CLOSE = "hard_close"
    EMERGENCY_STOP = "emergency_stop"
    SOFT_CLOSE = "soft_close"
    STOP_LOSS = "stop_loss"
    PROFIT_TARGET = "profit_target"
    TRAILING_STOP = "trailing_stop"
    LOCK_IN = "lock_in"
    STALE_QUOTES = "stale_quotes"


@frozen
class ExitVerdict:
    """Close now, and why. `value` is the mark the rule looked at and `level` what it compared with, points.

    `limit` is the debit limit of the closing order, points; None closes at market. An `urgent` close goes out as an
    emergency (CS-407). A `suppressed` one waits for this cycle (CS-541). An advisor at least `hold_from` percent sure
    may hold it; None: no advisor may (CS-544).
    """

    reason: ExitReason
    detail: str
    value: Decimal | None = None
    level: Decimal | None = None
    limit: Decimal | None = None
    urgent: bool = False
    suppressed: bool = False
    hold_from: Decimal | None = None


@frozen
class Moment:
    """All a rule may look at: the policy, the position with its up-to-date watch, and the market at one instant.

    `mark` is None where no stop or target may be decided (CS-502, CS-504). `noise` is the level of the position's noise
    filter, None when it is not known (CS-543); `opinion` an advisor's, if it was asked (CS-544).
    """

    policy: StopPolicy
    position: SoldSpread
    watch: SpreadWatch
    mark: SpreadMark | None
    now: dt.datetime
    session: TradingSession
    underlying: Underlying
    noise: float | None = None
    opinion: AdvisorOpinion | None = None

    @property
    def credit(self) -> Decimal:
        return self.position.credit

    @property
    def target(self) -> Fraction:
        """Profit that is enough now, fraction of the credit. Rule: CS-507."""
        return self.policy.target(
            hours(self.now - self.position.opened_at),
            self.position.plan.confidence,
            hours(self.session.close - self.now),
        )

    @property
    def is_below_stop(self) -> bool:
        """Whether a usable mark shows a loss of the regular stop or more: sl <= -stop. Rules: CS-513, CS-525."""
        return self.mark is not None and self.mark.worst >= self.policy.stop_cost(self.credit)

    @property
    def limit(self) -> Decimal | None:
        """Debit limit of a close that must be filled, points: the worst mark up to the tick. Rules: CS-406, CS-416."""
        if self.policy.close_style is CloseStyle.MARKET or self.mark is None:
            return None
        tick = self.underlying.ticks.complex_order
        return max(tick_ceiling(self.mark.worst, tick), tick)

    def target_limit(self, level: Decimal) -> Decimal | None:
        """Debit limit of a profit target, points: down to the tick, so never worse than advertised. Rule: CS-405."""
        if self.policy.close_style is CloseStyle.MARKET:
            return None
        tick = self.underlying.ticks.complex_order
        return max(tick_floor(level, tick), tick)

    def hold_from(self, confidence: Decimal) -> Decimal | None:
        """The confidence an advisor needs; None once it has held as often in a row as it may. Rule: CS-544."""
        may_hold = self.watch.advisor_holds.may_go_on(self.now, self.policy.advice.holds)
        return confidence if may_hold else None

    def is_younger_than(self, seconds: int) -> bool:
        return self.now - self.position.opened_at < dt.timedelta(seconds=seconds)

    def is_within_minutes_of_close(self, minutes: int) -> bool:
        return self.now >= self.session.before_close(minutes)


Rule = Callable[[Moment], ExitVerdict | None]


def hard_close(at: Moment) -> ExitVerdict | None:
    """From 5 minutes before the close, unless held; needs no quotes and waits for nothing. Rule: CS-522."""
    if at.watch.hold or not at.is_within_minutes_of_close(at.policy.hard_close_minutes):
        return None
    return _time_exit(at, ExitReason.HARD_CLOSE, at.policy.hard_close_minutes)


def soft_close(at: Moment) -> ExitVerdict | None:
    """From 30 minutes before the close, unless held; needs no quotes, and an advisor may delay it. Rule: CS-524."""
    if at.watch.hold or not at.is_within_minutes_of_close(at.policy.soft_close_minutes):
        return None
    verdict = _time_exit(at, ExitReason.SOFT_CLOSE, at.policy.soft_close_minutes)
    return evolve(verdict, hold_from=at.hold_from(at.policy.advice.confidence))


def _time_exit(at: Moment, reason: ExitReason, minutes: int) -> ExitVerdict:
    value = None if at.mark is None else at.mark.mid
    return ExitVerdict(reason, f"{minutes} minutes to the end of trading reached", value, limit=at.limit)


def emergency_stop(at: Moment) -> ExitVerdict | None:
    """Loss at the emergency or worse, trailing or not; a young position needs convincing quotes. Rule: CS-523."""
    if at.mark is None or at.mark.worst < at.policy.emergency_cost(at.credit):
        return None
    if at.is_younger_than(at.policy.settle_seconds) and not _convincing(at, at.mark):
        return None
    level = at.policy.advertised_emergency(at.credit)
    detail = f"{at.mark.worst} to close against the emergency stop {level} ({percent(at.policy.emergency)})"
    return ExitVerdict(ExitReason.EMERGENCY_STOP, detail, at.mark.worst, level, at.limit, urgent=True)


def _convincing(at: Moment, mark: SpreadMark) -> bool:
    """Marks close together, a mid that stays put, or a loss no quote explains away. Rule: CS-523."""
    mean = (mark.worst + mark.best) / 2
    close_together = mark.best > 0 and mark.worst - mark.best < at.policy.emergency_override_band * mean
    return (
        close_together or is_stable(at.policy, at.watch, at.now) or mark.worst >= at.policy.catastrophic_cost(at.credit)
    )


def regular_stop(at: Moment) -> ExitVerdict | None:
    """Loss at the stop or worse, after the grace, neither trailing nor lock-in armed; noise may delay it.

    Rules: CS-525, CS-541, CS-551.
    """
    if at.mark is None or not at.is_below_stop:
        return None
    if at.is_younger_than(at.policy.grace_seconds) or at.watch.trailing_armed or at.watch.lock_in_armed:
        return None
    level = at.policy.advertised_stop(at.credit)
    detail = f"{at.mark.worst} to close against the stop {level} ({percent(at.policy.stop)})"
    passage = at.policy.gate.passage(at.noise if at.policy.noise_gate else None, at.watch.suppressions, at.now)
    return ExitVerdict(
        ExitReason.STOP_LOSS,
        detail,
        at.mark.worst,
        level,
        at.limit,
        suppressed=passage is Passage.SUPPRESSED,
        hold_from=at.hold_from(at.policy.advice.stop_confidence) if passage is Passage.OPEN else None,
    )


def profit_target(at: Moment) -> ExitVerdict | None:
    """Profit at the mid of the target or more, unless held. Rule: CS-526."""
    if at.mark is None or at.watch.hold:
        return None
    target = at.target
    cost = cost_at_profit(at.credit, target)
    if at.mark.mid > cost:
        return None
    level = floor_to_cents(cost)
    detail = f"{at.mark.mid} to close against the target {level} ({percent(target)})"
    hold_from = at.hold_from(at.policy.advice.confidence)
    return ExitVerdict(
        ExitReason.PROFIT_TARGET, detail, at.mark.mid, level, at.target_limit(level), hold_from=hold_from
    )


def trailing_stop(at: Moment) -> ExitVerdict | None:
    """Armed, and profit back at the trailing level or below, held or not. Rule: CS-527."""
    best = at.watch.best_profit
    if at.mark is None or best is None or not at.watch.trailing_armed:
        return None
    cost = at.policy.trailing_cost(at.credit, best)
    if at.mark.mid < cost:
        return None
    level = ceil_to_cents(cost)
    detail = f"{at.mark.mid} to close against the trailing stop {level} (best profit {percent(best)})"
    hold_from = at.hold_from(at.policy.advice.confidence)
    return ExitVerdict(ExitReason.TRAILING_STOP, detail, at.mark.mid, level, at.limit, hold_from=hold_from)


def stale_quotes(at: Moment) -> ExitVerdict | None:
    """No usable mark for `stale_cycles` cycles, where the policy says to close then: at market. Rule: CS-505."""
    if at.policy.stale_exit is not StaleExit.CLOSE or not stale_alarm(at.policy, at.watch):
        return None
    return ExitVerdict(ExitReason.STALE_QUOTES, f"{at.watch.stale_cycles} cycles without a usable mark")

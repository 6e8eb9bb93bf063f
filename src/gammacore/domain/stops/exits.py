"""The order of the exit rules: settlement first, then stops before targets; the first that closes wins. Section 5.2b.

OTM positions are meant to settle worthless, so profit is locked in, never taken: from a profit of .70 on only emergency
and settlement can act, for the lock-in stop acts below .50 and the regular stop sleeps once it is armed.

An advisor may hold an exit a little longer: for how long its answer is kept, and the odds it is given, stand here. It
never reaches emergency stop, hard close or settlement, and without a VIX or a price it is not asked at all.
Rules: CS-544, CS-545, CS-551..553.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.advice import AdvisorOpinion
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.noise_gate import NO_DELAYS
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import (
    LOCK_IN_STRATEGIES,
    AdvisorLimits,
    StopPolicy,
    cost_at_profit,
    floor_to_cents,
    percent,
)
from gammacore.domain.instruments import Underlying
from gammacore.domain.pricing.normal import cumulative
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import CreditSpread, SpreadMark
from gammacore.domain.stops.rules import (
    ExitReason,
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


@frozen
class Judgement:
    """What one cycle says of a position: what to remember of it, and why to close it now, if so."""

    watch: SpreadWatch
    verdict: ExitVerdict | None


def is_expired(session: TradingSession, now: dt.datetime) -> bool:
    """Whether trading has stopped, so that the position settles and no rule is asked. Rules: CS-008, CS-521."""
    return now >= session.close


def judge_exit(
    policy: StopPolicy,
    position: SoldSpread,
    watch: SpreadWatch,
    mark: SpreadMark | None,
    now: dt.datetime,
    session: TradingSession,
    underlying: Underlying,
    noise: float | None = None,
    opinion: AdvisorOpinion | None = None,
) -> Judgement:
    """Whether to close the position now. `watch` is that of `update_watch` of the same cycle.

    Without a mark, or with a bad credit, only time exits can act. An exit that is put off, by noise or by an advisor's
    opinion, leaves the next rule its turn. Rules: CS-502, CS-504, section 5.2b, CS-541, CS-544, CS-551.
    """
    usable = None if position.has_bad_credit else mark
    at = Moment(policy, position, watch, usable, now, session, underlying, noise, opinion)
    rules = OTM_RULES if position.plan.strategy in LOCK_IN_STRATEGIES else GEX_RULES
    suppressed = held = False
    for rule in rules:
        if (verdict := rule(at)) is None:
            continue
        if verdict.suppressed:
            suppressed = True
        elif _is_held(verdict, opinion):
            held = True
        else:
            return Judgement(_counted(at, suppressed, held), verdict)
    return Judgement(_counted(at, suppressed, held), None)


def _is_held(verdict: ExitVerdict, opinion: AdvisorOpinion | None) -> bool:
    if opinion is None or verdict.hold_from is None:
        return False
    return opinion.hold and opinion.confidence >= verdict.hold_from


def _counted(at: Moment, suppressed: bool, held: bool) -> SpreadWatch:
    """The watch with this cycle's delays counted. Rules: CS-513, CS-541, CS-544.

    A loss short of the stop ends both counts, that of the advisor only in a cycle in which it held nothing: held
    targets are counted too.
    """
    suppressions, holds = at.watch.suppressions, at.watch.advisor_holds
    recovered = at.mark is not None and not at.is_below_stop
    if suppressed:
        suppressions = suppressions.another(at.now)
    elif recovered:
        suppressions = NO_DELAYS
    if held:
        holds = holds.another(at.now)
    elif recovered:
        holds = NO_DELAYS
    if (suppressions, holds) == (at.watch.suppressions, at.watch.advisor_holds):
        return at.watch
    return evolve(at.watch, suppressions=suppressions, advisor_holds=holds)


def is_breached(policy: StopPolicy, position: SoldSpread, price: Decimal, underlying: Underlying) -> bool:
    """Whether a short is more than 5k points in the money: logged, not an exit. Rule: CS-530."""
    return -position.spread.distance(price) > underlying.points(policy.breach_distance)


TRADING_DAYS = 252
SESSION_HOURS = 6.5
LEAST_OF_A_DAY = 0.01
"""The last minutes count as a hundredth of a day, so that a short at the money is never a certainty. Rule: CS-545."""


@frozen
class KeptOpinion:
    """An answer, with when and at which price of the underlying it was given."""

    opinion: AdvisorOpinion
    at: dt.datetime
    price: Decimal

    def is_current(self, limits: AdvisorLimits, now: dt.datetime, price: Decimal, underlying: Underlying) -> bool:
        """Kept for 30 s, or until the index has moved 5k points. Rule: CS-545."""
        is_recent = now - self.at < dt.timedelta(seconds=limits.kept_seconds)
        return is_recent and abs(price - self.price) < underlying.points(limits.kept_move)


def odds_out_of_the_money(spread: CreditSpread, price: Decimal, vix: Decimal, hours_to_close: float) -> float:
    """The chance that the short ends out of the money, the nearer one of a condor: Φ(distance/σ). Rule: CS-545.

    `price` in points, `vix` in VIX points; σ = price × VIX/100/√252 × √max(h/6.5, .01).
    """
    part_of_day = max(hours_to_close / SESSION_HOURS, LEAST_OF_A_DAY)
    deviation = float(price) * float(vix) / 100 / math.sqrt(TRADING_DAYS) * math.sqrt(part_of_day)
    return float(cumulative(float(spread.distance(price)) / deviation))

"""What one pass of the day loop saw of every scheduled entry, as columns: exits of many settings are found on them.

An entry's order, its fill and the marks of its legs do not depend on when it will be closed. One pass holds every entry
to its settlement and writes the marks down; then each setting of the stops is tried on the columns. Where something
might end a position the domain's own rules (`update_watch`, `judge_exit`) decide: the columns only say where to ask,
and say it too often rather than too seldom. What the columns do not know is `NeedsLoop`. Rule: ST-512.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.noise_gate import NO_DELAYS, Delays
from gammacore.domain.holdings.plans import SpreadPlan, SpreadWatch
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES, StaleExit, StopPolicy
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Underlying
from gammacore.domain.orders import Order
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import SpreadMark
from gammacore.domain.stops.exits import judge_exit
from gammacore.domain.stops.rules import AT_THE_FILL, ExitVerdict, update_watch
from gammacore.domain.study.record import ClosedTrade, TradeFlag

ROUNDING = 1e-6
"""Cents: what floats may be wrong by; nearer than this to a level the domain's exact rules are asked."""


class NeedsLoop(Exception):
    """The columns do not know what would have happened here: the day goes through the loop with these settings."""


@frozen
class Look:
    """One position at one cycle: its mark, what else its exits read, and what closing it would cost in this snapshot.

    `noise` is the level of its noise filter; `unbid` says that a long of it has no bid; `closing` is the natural price
    of a whole close, points, None where a leg cannot be traded.
    """

    at: dt.datetime
    mark: SpreadMark | None
    price: Decimal | None
    vix: Decimal | None
    noise: float | None
    unbid: bool
    closing: Decimal | None


@frozen(eq=False)
class EntryColumns:
    """One scheduled entry as if the book were empty: plan, order, fill, looks from the fill on, and its settlement.

    `sent`, `ended` are cycles: when its order was meant, when its fill or its end was seen. `entering` is the holding
    while the order works, `opened` after the fill (None: it never filled). `held` is the trade if it is never closed.
    """

    plan: SpreadPlan
    order: Order
    sent: int
    ended: int
    entering: SoldSpread
    opened: SoldSpread | None
    looks: tuple[Look, ...]
    held: ClosedTrade | None
    closing_fees: Decimal

    def __attrs_post_init__(self) -> None:
        if self.opened is not None and len(self.looks) == 0:
            raise NeedsLoop("a fill was seen after the last look of the session")


@frozen(eq=False)
class _Figures:
    """The looks of an entry as arrays: cents; NaN where there is no mark. Hours since the fill and to the close."""

    mid: NDArray[np.float64]
    worst: NDArray[np.float64]
    best_mid: NDArray[np.float64]
    since: NDArray[np.float64]
    left: NDArray[np.float64]
    marked: NDArray[np.bool_]


def figures_of(looks: Sequence[Look], opened_at: dt.datetime, close: dt.datetime) -> _Figures:
    """The arrays of some looks; `best_mid` is the cheapest mid so far, which is the best profit."""
    mid = np.array([math.nan if look.mark is None else float(look.mark.mid) * 100 for look in looks])
    worst = np.array([math.nan if look.mark is None else float(look.mark.worst) * 100 for look in looks])
    return _Figures(
        mid=mid,
        worst=worst,
        best_mid=np.minimum.accumulate(np.where(np.isnan(mid), np.inf, mid)),
        since=np.array([(look.at - opened_at).total_seconds() / 3600 for look in looks]),
        left=np.array([(close - look.at).total_seconds() / 3600 for look in looks]),
        marked=~np.isnan(mid),
    )


@frozen
class Exit:
    """Which look decided a close, why, and which look filled it at what price, points."""

    decided: int
    filled: int
    verdict: ExitVerdict
    value: Decimal


@frozen(eq=False)
class ExitSearch:
    """Finds the exit of one entry under any stop policy. `looks` are those of the cycles the policy has."""

    entry: EntryColumns
    looks: tuple[Look, ...]
    is_market: tuple[bool, ...]
    session: TradingSession
    underlying: Underlying
    figures: _Figures

    @classmethod
    def of(
        cls, entry: EntryColumns, chosen: Sequence[int], is_market: Sequence[bool], session: TradingSession,
        underlying: Underlying,
    ) -> ExitSearch:  # fmt: skip
        """Over the looks `chosen` (numbers from the fill on); `is_market`: which of them are new snapshots."""
        assert entry.opened is not None
        looks = tuple(entry.looks[number] for number in chosen)
        figures = figures_of(looks, entry.opened.opened_at, session.close)
        return cls(entry, looks, tuple(is_market), session, underlying, figures)

    def exit(self, stops: StopPolicy) -> Exit | None:
        """The close these stops decide; None where it is held to its settlement.

        Raises:
            NeedsLoop: what follows the decision is not on the columns.
        """
        opened = self.entry.opened
        assert opened is not None
        policy = stops.at_entry(self.entry.plan.vix)
        position = evolve(opened, plan=evolve(self.entry.plan, policy=policy))
        if position.has_bad_credit:
            raise NeedsLoop("a credit that is none")
        hold, waited, last = False, NO_DELAYS, -1
        below = self._below(policy, position.credit)
        for number in np.flatnonzero(self._may_act(policy, position, below)).tolist():
            if waited is not NO_DELAYS and (self.figures.marked & ~below)[last + 1 : number].any():
                waited = NO_DELAYS
            look, last = self.looks[number], number
            seen = evolve(position, watch=self._watch(position, policy, number, hold, waited))
            watch = update_watch(
                policy, seen, look.mark, look.at, self.session, look.vix, self.underlying, look.price
            )  # fmt: skip
            judged = judge_exit(
                policy, evolve(position, watch=watch), watch, look.mark, look.at, self.session, self.underlying,
                look.noise,
            )  # fmt: skip
            hold, waited = judged.watch.hold, judged.watch.suppressions
            if judged.verdict is not None:
                return self._filled(number, judged.verdict)
        return None

    def _filled(self, number: int, verdict: ExitVerdict) -> Exit:
        """The next snapshot fills a close, at its natural price; anything else is the loop's to say. CS-419, CS-420."""
        following = number + 1
        if self.looks[number].unbid:
            raise NeedsLoop("a long without a bid")
        if following >= len(self.looks) or not self.is_market[following]:
            raise NeedsLoop("no snapshot follows the decision before the close")
        value = self.looks[following].closing
        if value is None or (verdict.limit is not None and value > verdict.limit):
            raise NeedsLoop("a close that the next snapshot does not fill")
        return Exit(number, following, verdict, value)

    def _below(self, policy: StopPolicy, credit: Decimal) -> NDArray[np.bool_]:
        """Looks at a loss of the regular stop or more, exactly: marks are whole cents."""
        cost = math.ceil(Fraction(policy.stop_cost(credit)) * 100)
        return self.figures.marked & (np.rint(self.figures.worst) >= cost)

    def _may_act(self, policy: StopPolicy, position: SoldSpread, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Looks at which some rule may act, or a memory that the columns do not hold may change: never too few."""
        seen, credit = self.figures, float(position.credit) * 100
        may = below.copy()
        locks_in = position.plan.strategy in LOCK_IN_STRATEGIES
        if not (locks_in and self.underlying.cash_settled and policy.may_hold):
            may |= seen.left * 60 <= max(policy.soft_close_minutes, policy.hard_close_minutes) + ROUNDING
        if policy.stale_exit is StaleExit.CLOSE:
            may |= ~seen.marked
        if locks_in:
            lock = credit * (1 - float(policy.lock_in_profit))
            return may | (seen.marked & (seen.best_mid <= lock + ROUNDING) & (seen.mid >= lock - ROUNDING))
        may |= seen.marked & (seen.mid <= credit * (1 - self._targets(policy, position)) + ROUNDING)
        may |= seen.marked & (seen.mid <= credit * (1 - float(policy.hold_profit)) + ROUNDING)
        best = 1 - seen.best_mid / credit
        trigger = float(policy.trailing_trigger)
        armed = seen.marked & (best >= trigger - ROUNDING)
        given = (trigger - float(policy.trailing_lock)) - float(policy.trailing_rate) * (best - trigger)
        level = best - np.maximum(given, float(policy.trailing_min))
        return may | (armed & (seen.mid >= credit * (1 - level) - ROUNDING * 100))

    def _targets(self, policy: StopPolicy, position: SoldSpread) -> NDArray[np.float64]:
        """The profit target at each look, in floats; `StopPolicy.target` is the rule. Rules: CS-507, CS-533, CS-534."""
        if policy.fixed_target is not None:
            return np.full(len(self.looks), float(policy.fixed_target))
        if policy.time_weighted_targets:
            late = min(policy.earlier_target, policy.last_hour_target, policy.second_last_hour_target)
            return np.full(len(self.looks), float(late))
        points = [float(target) for target in policy.progressive_targets]
        least = float(policy.target(0, position.plan.confidence)) if len(points) == 1 else 0.0
        hourly = np.interp(self.figures.since, np.arange(len(points)), points)
        floor = max(least, float(_least(policy, position)))
        return np.maximum(hourly, floor)

    def _watch(self, position: SoldSpread, policy: StopPolicy, number: int, hold: bool, waited: Delays) -> SpreadWatch:
        """What the position remembers before this look: rebuilt from the columns, as the loop would have it."""
        before = self.looks[:number]
        cheapest = self._cheapest(number)
        best = None if cheapest is None else position.profit(cheapest)
        locks_in = position.plan.strategy in LOCK_IN_STRATEGIES
        anchor, anchor_at = self._anchor(policy, position, number)
        return SpreadWatch(
            best_profit=best,
            trailing_armed=not locks_in and best is not None and best >= policy.trailing_trigger,
            lock_in_armed=locks_in and best is not None and best >= policy.lock_in_profit,
            hold=hold,
            anchor=anchor,
            anchor_at=anchor_at,
            stale_cycles=self._stale(number),
            breach_told=True,
            suppressions=waited,
            price_at_fill=next(
                (look.price for look in before if look.price is not None and _is_early(look, position)), None
            ),
        )

    def _cheapest(self, number: int) -> Decimal | None:
        if number == 0 or not np.isfinite(self.figures.best_mid[number - 1]):
            return None
        mark = self.looks[int(np.nanargmin(self.figures.mid[:number]))].mark
        assert mark is not None
        return mark.mid

    def _anchor(
        self, policy: StopPolicy, position: SoldSpread, number: int
    ) -> tuple[Decimal | None, dt.datetime | None]:
        """Where the mid has stayed put, and since when; only a young position's emergency stop asks. CS-509, CS-523."""
        anchor: Decimal | None = None
        anchor_at: dt.datetime | None = None
        if self.looks[number].at - position.opened_at >= dt.timedelta(seconds=policy.settle_seconds):
            return None, None
        band = policy.stable_band(self.underlying)
        for look in self.looks[:number]:
            if look.mark is not None and (anchor is None or abs(look.mark.mid - anchor) >= band):
                anchor, anchor_at = look.mark.mid, look.at
        return anchor, anchor_at

    def _stale(self, number: int) -> int:
        count = 0
        while count < number and not self.figures.marked[number - 1 - count]:
            count += 1
        return count


def _least(policy: StopPolicy, position: SoldSpread) -> Fraction:
    """The floor of the progressive targets at a confidence: what is asked when the hours ask for nothing."""
    nothing = evolve(policy, progressive_targets=(Decimal("1e-9"),))
    return nothing.target(0, position.plan.confidence)


def _is_early(look: Look, position: SoldSpread) -> bool:
    return look.at - position.opened_at <= AT_THE_FILL


def trade_of(entry: EntryColumns, exit_: Exit | None, booked_at: dt.datetime | None) -> ClosedTrade:
    """The closed trade: as it settled, or with the end its stops gave it. Rules: CS-005, ST-512.

    Raises:
        NeedsLoop: it was held, and no settlement ended it.
    """
    if entry.held is None or entry.opened is None or entry.held.opened is None:
        raise NeedsLoop("an entry whose settlement is not known")
    if exit_ is None or booked_at is None:
        return entry.held
    size = EQUITY_OPTION_MULTIPLIER * entry.opened.contracts
    return evolve(
        entry.held,
        gross=(entry.opened.credit - exit_.value) * size,
        fees=entry.opened.fees + entry.closing_fees,
        closed=booked_at,
        debit=exit_.value,
        exit_reason=str(exit_.verdict.reason),
        minutes=Decimal(int((booked_at - entry.held.opened).total_seconds() // 60)),
        flags=entry.held.flags - {TradeFlag.SETTLED, TradeFlag.ESTIMATED},
    )

"""The credit-spread desk as a strategy: sell around the pin at scheduled times, watch, get out by clear rules.

Exits are decided before entries, positions oldest first. Pure: everything it sees is in the Situation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.briefly import rules_briefly
from gammacore.domain.desks.closing import call_back, entry_works, go_on_closing, is_buying_back, repairs, stop_filling
from gammacore.domain.desks.flattening import close_leftovers, close_unwanted
from gammacore.domain.desks.walking import walk_entries
from gammacore.domain.entries.case import EntryCase
from gammacore.domain.entries.filters import judge_entry
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.holdings.plans import SpreadPlan, SpreadWatch
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.legs import underlying_at_exit
from gammacore.domain.market_memory import WatchedSpread
from gammacore.domain.order_life import OrderLife
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.stops.exits import is_breached, is_expired, judge_exit
from gammacore.domain.stops.rules import stale_alarm, update_watch
from gammacore.domain.strategy import (
    FOR_AN_ENTRY,
    NOTHING_MORE,
    Close,
    Decision,
    Decisions,
    Needs,
    NoTrade,
    Open,
    RecordWatch,
    SaveState,
    Situation,
    Warn,
)

FLATTEN = "flatten"


@frozen
class CreditSpreadDesk:
    """Every figure of the desk; one object decides live, on paper, replayed and simulated."""

    entries: EntryRules = EntryRules()
    limits: RiskLimits = RiskLimits()
    sizing: SizingRules = SizingRules()
    stops: StopPolicy = StopPolicy()
    orders: OrderLife = OrderLife()

    __repr__ = rules_briefly

    @property
    def name(self) -> str:
        return "credit-spread"

    def due_slots(self, now: dt.datetime, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """Scheduled entries at or before now that were not judged yet. Rule: CS-306."""
        slots = self.entries.schedule.slots(session)
        return tuple([slot for slot in slots if slot <= now and not book.judged(slot)])

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The pin is recomputed for every scheduled entry and never otherwise. Rule: CS-111."""
        return FOR_AN_ENTRY if self.due_slots(now, session, book) else NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """Soft close, hard close and the close itself: judged even when the market is silent."""
        soft, hard = self.stops.soft_close_minutes, self.stops.hard_close_minutes
        return (session.before_close(soft), session.before_close(hard), session.close)

    def decide(self, situation: Situation) -> Decisions:
        steps: list[Decision] = []
        if not is_expired(situation.session, situation.now):
            for position in situation.book.live_spreads:
                steps.extend(self._watch_over(position, situation))
        if situation.book.halted is not None:
            steps.extend(call_back(situation.book.working_orders, "halted"))  # exits go on (R10)
        if situation.book.live_holdings:
            steps.extend(close_unwanted(situation.book, self.limits, situation.session, situation.now))
            steps.extend(close_leftovers(situation.book, situation.session, situation.now))
        steps.extend(self._walk(situation))
        steps.extend(self._look_for_entries(situation))
        return Decisions(tuple(steps))

    def _walk(self, situation: Situation) -> Iterator[Decision]:
        """Entries that concede a tick at a time. Rule: CS-421."""
        date, limit, now = situation.session.date, self.entries.limit, situation.now
        return walk_entries(situation.book, date, now, limit, self.orders, situation.underlying)

    def case(self, situation: Situation, slot: dt.datetime) -> EntryCase:
        """The entry of a slot as it would be judged now; `plan` prints it without trading."""
        session = situation.session
        number = len(situation.book.entries_on(session.date)) + 1
        position = f"{situation.underlying.symbol}-{session.date:%Y%m%d}-{number}"
        return EntryCase(situation, slot, self.entries, self.limits, self.sizing, self.stops, position)

    def _look_for_entries(self, situation: Situation) -> Iterator[Decision]:
        slots = self.due_slots(situation.now, situation.session, situation.book)
        if slots and self.sizing.is_halted(situation.book.balance):  # the skip itself is no alarm (CS-341)
            yield Warn("safety_halt", self.sizing.halt_words(situation.book.balance))
        for slot in slots:
            case = self.case(situation, slot)
            judgement = judge_entry(case)
            if judgement.plan is None:
                yield NoTrade(judgement.record)
            elif self._is_watched_first(situation, slot):
                if slot not in situation.memory.watched:
                    yield RecordWatch(slot, self._watch_spread(judgement.plan, situation.now))
                return
            else:
                first = self.entries.limit.first(judgement.plan, situation.underlying)
                yield Open(judgement.plan, judgement.record, case.proposal, judgement.warnings, first)
                return  # a later slot of the same cycle is judged in the next one, with this entry in the book

    def _is_watched_first(self, situation: Situation, slot: dt.datetime) -> bool:
        """Whether the spread of a slot is still to be watched before it is sold. Rules: CS-334, CS-361."""
        rule, watched = self.entries.observation, situation.memory.watched.get(slot)
        return rule.on and (watched is None or not rule.is_over(watched.observation, situation.now))

    def _watch_spread(self, plan: SpreadPlan, now: dt.datetime) -> WatchedSpread:
        rule = self.entries.observation
        return WatchedSpread(plan.spread, rule, rule.begin(now, plan.expected_credit, plan.spread.width))

    def _watch_over(self, position: SoldSpread, situation: Situation) -> Iterator[Decision]:
        book = situation.book
        if position.state is HoldingState.CLOSING:
            yield from go_on_closing(position, book, situation.now)
            return
        if position.state is not HoldingState.OPEN or position.is_flat:
            return
        if book.flatten is not None:
            yield Close(position.id, FLATTEN, book.flatten, urgent=True)
            return
        if position.excess() and not is_buying_back(position, book):
            if entry_works(position, book):
                yield from stop_filling(position, book)
            elif loose := tuple(repairs(position, book, situation.now)):
                yield from loose
                return
        if position.open_contracts == 0:
            return
        mark = position.spread.mark(situation.market.quote)
        underlying, unknown = _underlying_of(position, situation)
        watch = self._watch(position, situation, underlying)
        judgement = judge_exit(
            position.plan.policy,
            evolve(position, watch=watch),
            watch,
            mark,
            situation.now,
            situation.session,
            underlying,
            situation.memory.noise_level(position.id),
            situation.opinion(position.id),
        )
        after, breach = self._reported_breach(position, judgement.watch, situation)
        yield from breach
        if after is not position.watch:
            yield SaveState(position.id, after)
        if position.has_bad_credit:
            yield Warn("bad_credit", f"credit {position.credit}: only time exits act", position.id)
        if mark is None and stale_alarm(position.plan.policy, watch):
            yield Warn("stale_quotes", f"{watch.stale_cycles} cycles without a usable mark", position.id)
        if (verdict := judgement.verdict) is not None:
            yield from _stand_in_alarm(position, unknown)
            yield Close(position.id, str(verdict.reason), verdict.detail, verdict.value, verdict.urgent, verdict.limit,
                        may_wait=verdict.hold_from is not None and situation.hears_advice)  # fmt: skip

    def _reported_breach(
        self, position: SoldSpread, watch: SpreadWatch, situation: Situation
    ) -> tuple[SpreadWatch, tuple[Warn, ...]]:
        """A short of today's underlying more than 5k points in the money: reported once, no exit. Rule: CS-530."""
        price, underlying = situation.price, situation.underlying
        if price is None or watch.breach_told or position.underlying != underlying.symbol:
            return watch, ()
        if not is_breached(position.plan.policy, position, price, underlying):
            return watch, ()
        detail = f"price {price}, {-position.spread.distance(price)} points beyond the short; no exit by itself"
        return evolve(watch, breach_told=True), (Warn("short_breached", detail, position.id),)

    def _watch(self, position: SoldSpread, situation: Situation, underlying: Underlying) -> SpreadWatch:
        return update_watch(
            position.plan.policy,
            position,
            position.spread.mark(situation.market.quote),
            situation.now,
            situation.session,
            situation.market.vix,
            underlying,
            situation.price if position.underlying == situation.underlying.symbol else None,
        )


def _underlying_of(position: SoldSpread, situation: Situation) -> tuple[Underlying, bool]:
    """The position's own underlying, which need not be the one traded today, or its stand-in. Rule: CS-017."""
    known = {**REGISTRY, situation.underlying.symbol: situation.underlying}
    return underlying_at_exit(position.spread.sides[0].short, known)


def _stand_in_alarm(position: SoldSpread, unknown: bool) -> Iterator[Warn]:
    if unknown:
        detail = f"{position.underlying} is in no registry; closed with k = s = 1"
        yield Warn("unknown_underlying", detail, position.id)

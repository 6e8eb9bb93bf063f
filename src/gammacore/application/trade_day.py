"""Trade one day: the same loop live, on paper, replayed and simulated. Start-up and recovery are one path.

Each cycle: requests, orders one step, settlement, confirmed closes, reconciliation, then one decision. Nothing waits
inside a cycle; between cycles the clock does. Rules: CS-501, CS-535, CS-701, R2, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TypeVar

from attrs import evolve, frozen

from gammacore.application.ask_advisors import AskAdvisor, AskEntryAdvisor
from gammacore.application.carry_out import CarryOut
from gammacore.application.confirm_closed import ConfirmClosed
from gammacore.application.daily_rates import DailyRates
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms, refuse_another_ledger
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.application.guard import Guard
from gammacore.application.keep_time import KeepTime
from gammacore.application.looks import Looks
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.order_desk import OrderDesk
from gammacore.application.protect_shorts import ProtectShorts
from gammacore.application.publish_view import PublishView
from gammacore.application.recall_market import RecallMarket
from gammacore.application.reconcile import Reconcile
from gammacore.application.settle_expiry import SettleExpiry
from gammacore.application.survival import Survival
from gammacore.application.trading_core import DayCore
from gammacore.application.watch_equity import WatchEquity
from gammacore.application.watch_feed import WatchFeed
from gammacore.application.watch_lineage import WatchLineage
from gammacore.application.watch_regime import WatchRegime
from gammacore.domain.advice import AdvisorOpinion
from gammacore.domain.book.book import Book
from gammacore.domain.briefly import briefly
from gammacore.domain.dated_table import DATES_NOT_KNOWN, Horizon
from gammacore.domain.desks.unbid import by_quotes
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import (
    AccountRecorded,
    AlarmRaised,
    DayFinished,
    DayStarted,
    FlattenRequested,
    LedgerOpened,
    Mode,
)
from gammacore.domain.risk.surplus import SURPLUS, surplus_orders
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Decisions, Situation, Strategy, kept_overnight
from gammacore.ports.broker import Broker, News, OrderNews
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import GexSource, MarketData
from gammacore.ports.people import LoopWatch, PauseSource

SETTLEMENT_PATIENCE = dt.timedelta(minutes=30)
"""How long after the close the loop waits for a settlement price before it leaves the day unfinished."""
STRATEGY = "the strategy"
CLOSED_AFTER_FAILURES = 3
"""A strategy that fails so often in a row no longer watches what it holds: everything is closed (ours)."""
LOOK_ALL_THE_SAME = dt.timedelta(seconds=5)
"""The next look where the market does not say when its next quotes come (ours)."""
Answer = TypeVar("Answer")
LISTEN = dt.timedelta(seconds=1)
"""How often a loop with working orders asks whether the broker's stream has spoken."""


@frozen(eq=False)
class TradeDay:
    """One underlying's day, from the first chain to settlement.

    `closing` decides where the strategy fails, which is unforeseen: duties alone, and closing what a flatten asks for.
    """

    terms: DayTerms
    underlying: Underlying
    session: TradingSession
    strategy: Strategy
    ledger: DayLedger
    clock: Clock
    market: MarketData
    broker: Broker
    exposures: GexSource
    guard: Guard
    desk: OrderDesk
    carry_out: CarryOut
    confirm: ConfirmClosed
    settle: SettleExpiry
    reconcile: Reconcile
    protect: ProtectShorts
    lineages: WatchLineage
    survival: Survival
    closing: Strategy
    requests: ObeyRequests
    recall: RecallMarket
    gather: GatherHistory
    minutes: GatherMinutes
    pause: PauseSource | None = None
    advise: AskAdvisor | None = None
    advise_entries: AskEntryAdvisor | None = None
    watch: LoopWatch | None = None
    regimes: WatchRegime | None = None
    news: OrderNews | None = None
    equity: WatchEquity | None = None
    rates: DailyRates | None = None
    tables: tuple[Horizon, ...] = ()
    time: KeepTime | None = None
    feed: WatchFeed | None = None
    view: PublishView | None = None

    def __repr__(self) -> str:
        return briefly(self, self.session.date, self.underlying.symbol, self.strategy.name, self.terms.mode)

    def __call__(self, on_cycle: Callable[[dt.datetime], None] | None = None) -> Book:
        """Run until the day is over; return the book. A finished day is not traded again."""
        return self.run_until(lambda _book: False, on_cycle)

    def run_until(self, done: Callable[[Book], bool], on_cycle: Callable[[dt.datetime], None] | None = None) -> Book:
        """Run until the day is over or the book is as asked; return it."""
        book = self.ledger.book
        if self.is_finished():
            refuse_another_ledger(book, self.terms, self.session.date, self.underlying.symbol, self.strategy.name)
            return book
        self.begin()
        core = DayCore(self, by_events=self.feed is not None and self.feed.feed.is_recorded)
        while True:
            core.on_timer(self.clock.now())
            if on_cycle is not None:
                self.survival.run("showing the cycle", partial(on_cycle, self.clock.now()))
            if self.is_finished() or done(book) or self.gives_up():
                return book
            self._wait_for(core)

    def _wait_for(self, core: DayCore) -> None:
        """Until the core is due: what is recorded of a stream, or comes from the broker's, is given to it meanwhile.

        A paced clock may be woken by a request: then the core is due at the time that was reached. Rule: OP-601.
        """
        while (now := self.clock.now()) < (due := core.due_at):
            shown = None if self.feed is None else self.feed.feed.upcoming(now)
            if shown is not None and shown.arrived_at <= due:
                if not self._rest_until(shown.arrived_at):
                    core.wake()
                    return
                core.take(shown)
                if shown.arrived_at < due:
                    core.on_quote(shown)
            elif self.news is None:
                if not self._rest_until(due):
                    core.wake()
                    return
            else:
                self._rest_until(min(due, now + LISTEN) if self.ledger.book.working_orders else due)
                core.on_fill(self.survival.ask("the broker's stream", self.news.received, News))

    def _rest_until(self, instant: dt.datetime) -> bool:
        """Wait; whether the instant came. After a sleep of the machine every working order is looked up at once."""
        self.clock.wait_until(instant)
        if self.time is not None and self.time.woke(instant):
            self.desk.on_news(News(gap=True))
        return self.clock.now() >= instant

    def once(self) -> Book:
        """One cycle; the day can be taken up again."""
        if not self.is_finished():
            self.begin()
            self.cycle()
            self.show(None)
            if (fault := self.survival.first_fault) is not None:
                raise fault  # no next look comes in this process: its caller sees it
        return self.ledger.book

    def on_to_the_next_look(self) -> None:
        """Let a study's clock stand at the next look, as in a run without a break: no real time passes between two.

        Decision 0022.
        """
        if self.terms.mode is Mode.STUDY and not (self.is_finished() or self.gives_up()):
            self.clock.wait_until(self.next_look(self.clock.now()))

    def is_finished(self) -> bool:
        """Whether this session's day is over in the ledger."""
        finished = self.ledger.book.finished
        return finished is not None and finished.date == self.session.date

    def begin(self) -> None:
        """Open the ledger if it is new, start the day if it has not begun."""
        book = self.ledger.book
        self.clock.wait_until(self.session.open)
        now = self.clock.now()
        if book.opened is None:
            terms = self.terms
            self.ledger.record(
                LedgerOpened(now, terms.account, terms.mode, terms.lineage, terms.starting_balance),
                *self._whose(now),
                self._day(now),
                *self._end_of_tables(now),
            )
            return
        refuse_another_ledger(book, self.terms, self.session.date, self.underlying.symbol, self.strategy.name)
        self.ledger.record(*self._whose(now))
        self.survival.run("what was seen before", partial(self.recall.rebuild, self.session.open, now))
        if self.regimes is not None and self.terms.mode is Mode.STUDY:
            self.regimes.rebuild(self.underlying.hedge_share, self.market, self.session.open, now)
        if book.day is None or book.day.date != self.session.date:
            self.ledger.record(self._day(now), *self._end_of_tables(now))

    def _whose(self, now: dt.datetime) -> tuple[AccountRecorded, ...]:
        """Whose account the ledger is, once: also in one that is older than this event. Rule: CS-609."""
        owner = self.terms.owner
        return () if owner is None or self.ledger.book.owner is not None else (AccountRecorded(now, owner),)

    def _end_of_tables(self, now: dt.datetime) -> tuple[AlarmRaised, ...]:
        """A warning of each table that does not cover the day, or soon will not, once a day. Rule: CS-304."""
        warnings = (table.warning(self.session.date) for table in self.tables)
        return tuple(AlarmRaised(now, DATES_NOT_KNOWN, warning) for warning in warnings if warning is not None)

    def cycle(self, look: Callable[[], Situation] | None = None) -> None:
        """One look at the world and one decision; watchers are notified that it is over, or failed. CS-501."""
        if self.view is not None:
            self.view.begin()
        with self.timed():
            self._watched(partial(self._live_through, look or self.look))
            if self.watch is not None:
                self.watch.tick(self.clock.now())

    def show(self, next_at: dt.datetime | None, *, is_cycle: bool = True) -> None:
        """Publish how the day stands after a cycle or a quote between two; the next cycle is at `next_at`. OP-502."""
        if self.view is not None:
            self.view.end(self.clock.now(), self.ledger.book, next_at, is_cycle=is_cycle)

    def decide_between(self, look: Callable[[], Situation], keeps: Callable[[Decision], bool]) -> Decisions:
        """Look, decide and carry out what `keeps` lets pass, between two cycles. Returns what was carried out."""
        self.survival.begin_cycle()
        return self._watched(partial(self._decided_between, look, keeps))

    def _decided_between(self, look: Callable[[], Situation], keeps: Callable[[Decision], bool]) -> Decisions:
        decided = Decisions(tuple(step for step in self._decide(look).steps if keeps(step)))
        if decided.steps:
            with self.timed():
                self._carry_out_all(decided)
        return decided

    def timed(self) -> AbstractContextManager[None]:
        """What may ask the broker, measured: an alarm is raised while it lasts too long. Rule: R7."""
        return nullcontext() if self.time is None else self.time.cycle()

    def _watched(self, step: Callable[[], Answer]) -> Answer:
        try:
            return step()
        except Exception as fault:
            if self.watch is not None:
                self.watch.crashed(f"{type(fault).__name__}: {fault}", self.clock.now())
            raise

    def _live_through(self, look: Callable[[], Situation]) -> None:
        """Every step by itself: what fails in one is no reason to leave out the others. Decision 0033."""
        self.survival.begin_cycle()
        self.keep_house()
        self.decide(look)
        self.survival.run("protective stops", self.protect)
        self.survival.run("the end of the day", self._finish)

    def keep_house(self) -> None:
        """Everything of a cycle that is no decision of the strategy: requests, orders, settlement, the account."""
        run = self.survival.run
        self.survival.look_at_the_ledger()
        run("requests", self.requests)
        run("other ledgers", self.lineages)
        run("orders", self.desk.advance)
        run("stops that filled", self.protect.take_fills)
        run("settlement", lambda: self.settle(self._last_expired()))
        run("confirming closes", lambda: self.confirm(self.session))
        run("reconciliation", self._compare)
        run("orders beyond what is held", self._call_surplus_back)
        for cover in self._covers():
            run("an order", partial(self.carry_out, cover))

    def _call_surplus_back(self) -> None:
        if (book := self.ledger.book).working_orders:
            for order in surplus_orders(book, self.clock.now(), self.reconcile.rules.patience):
                self.desk.cancel(order, SURPLUS)

    def _compare(self) -> None:
        findings = self.reconcile(self._last_expired())
        if self.view is not None:
            self.view.compared(self.clock.now(), (str(finding.verdict) for finding in findings))

    def decide(self, look: Callable[[], Situation]) -> None:
        """Look, ask the strategy, carry out what it decides."""
        self._carry_out_all(self._decide(look))

    def _carry_out_all(self, decided: Decisions) -> None:
        for step in decided.steps:
            self.survival.run("an order", partial(self.carry_out, step))

    def _covers(self) -> tuple[Decision, ...]:
        return self.survival.ask("uncovered shorts", lambda: tuple(self.reconcile.covers()), lambda: ())

    def _last_expired(self) -> dt.date:
        """Contracts of this date and before trade no more; what an earlier day left open is settled by this one."""
        today = self.session.date
        return today if self.clock.now() >= self.session.close else today - dt.timedelta(days=1)

    def _decide(self, look: Callable[[], Situation]) -> Decisions:
        """What the strategy decides; where it fails, its duties, and after three times in a row it is flattened."""
        survival = self.survival
        situation = survival.ask("the look at the market", look, lambda: None)
        if situation is None:
            return Decisions(())
        seen = situation
        if self.view is not None:
            self.view.saw(seen)
        decisions = survival.ask(STRATEGY, lambda: self._decided(seen), lambda: None)
        if decisions is not None:
            return decisions
        book = self.ledger.book
        holds = any(one.has_filled and not one.is_flat for one in book.live_holdings)
        if holds and survival.failures(STRATEGY) >= CLOSED_AFTER_FAILURES and book.flatten is None:
            reason = f"strategy {self.strategy.name} failed {CLOSED_AFTER_FAILURES} times in a row"
            self.ledger.record(FlattenRequested(self.clock.now(), reason))
        return survival.ask("closing in its place", lambda: self.closing.decide(seen), lambda: Decisions(()))

    def _decided(self, situation: Situation) -> Decisions:
        """Again where advisors answer it, as the quotes let it be filled. Rules: CS-335, CS-420, CS-544."""
        decisions = self.strategy.decide(situation)
        opinions: Mapping[str, AdvisorOpinion] = {}
        if (advise := self.advise) is not None:
            opinions = self.survival.ask("an exit advisor", lambda: advise(situation, decisions), dict)
        entry = None
        if (judge := self.advise_entries) is not None:
            entry = self.survival.ask("an entry advisor", lambda: judge(decisions), lambda: None)
        if opinions or entry is not None:
            decisions = self.strategy.decide(evolve(situation, opinions=opinions, entry_opinion=entry))
        return by_quotes(decisions, situation)

    def look(self, *, for_entry: bool = False) -> Situation:
        """The situation as it is now; `for_entry` with all that an entry asks for, though none be due."""
        return Looks(self).whole(for_entry=for_entry)

    def _day(self, now: dt.datetime) -> DayStarted:
        session, terms = self.session, self.terms
        return DayStarted(now, session.date, self.underlying.symbol, self.strategy.name, terms.market, session.open,
                          session.close, terms.configuration)  # fmt: skip

    def next_look(self, now: dt.datetime) -> dt.datetime:
        """When the next cycle is due: the market's next quotes, or a deadline."""
        ask = self.survival.ask
        quotes = ask("the market's next quotes", lambda: self.market.next_at(now), lambda: now + LOOK_ALL_THE_SAME)
        return min([quotes, *self.deadlines(now)])

    def deadlines(self, now: dt.datetime) -> Iterator[dt.datetime]:
        """What is due even when the market is silent, after `now`: a deadline of the strategy, an order's look-up."""
        session, book = self.session, self.ledger.book
        own = self.survival.ask(
            "the strategy's deadlines", lambda: self.strategy.deadlines(session, book), lambda: ()
        )  # fmt: skip
        known = (*own, *self.desk.deadlines(), *self.reconcile.deadlines())
        return (deadline for deadline in known if deadline > now)

    def _finish(self) -> None:
        book = self.ledger.book
        if self._is_over() and not self.is_finished():
            self.ledger.record(DayFinished(self.clock.now(), self.session.date, book.balance))

    def _is_over(self) -> bool:
        book = self.ledger.book
        if self.clock.now() < self.session.close or book.working_orders:
            return False
        ask, kept = self.survival.ask, frozenset[str]
        overnight = ask("what is kept", lambda: kept_overnight(self.strategy, self.session, book), kept)
        theirs = (one.origin is Origin.DELIVERED or one.id in overnight for one in book.live_holdings)
        return all(theirs)  # theirs is the next open

    def gives_up(self) -> bool:
        """Nothing more comes today: what is open stays open in the ledger and is settled by the next start."""
        if self.clock.now() < self.session.close + SETTLEMENT_PATIENCE or self.confirm.is_waiting():
            return False
        book = self.ledger.book
        waiting = ", ".join(holding.id for holding in book.live_holdings) or "orders without an answer"
        self.ledger.record(AlarmRaised(self.clock.now(), "not_flat", f"after the close still open: {waiting}"))
        return True

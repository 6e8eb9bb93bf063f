"""Trade one day: the same loop live, on paper, replayed and simulated. Start-up and recovery are one path.

Each cycle: requests, orders one step, settlement, confirmed closes, reconciliation, then one decision. Nothing waits
inside a cycle; between cycles the clock does. Rules: CS-501, CS-535, CS-701, R2, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from decimal import Decimal
from functools import partial

from attrs import evolve, frozen

from gammacore.application.ask_advisors import AskAdvisor, AskEntryAdvisor
from gammacore.application.carry_out import CarryOut
from gammacore.application.confirm_closed import ConfirmClosed
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms, refuse_another_ledger
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.application.guard import Guard
from gammacore.application.keep_time import KeepTime
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.order_desk import OrderDesk
from gammacore.application.recall_market import RecallMarket
from gammacore.application.reconcile import Reconcile
from gammacore.application.settle_expiry import SettleExpiry
from gammacore.application.survival import Survival
from gammacore.application.watch_equity import WatchEquity
from gammacore.application.watch_lineage import WatchLineage
from gammacore.application.watch_regime import WatchRegime
from gammacore.domain.advice import AdvisorOpinion
from gammacore.domain.book.book import Book
from gammacore.domain.dated_table import DATES_NOT_KNOWN, Horizon
from gammacore.domain.desks.unbid import by_quotes
from gammacore.domain.gex.exposure import GammaExposure
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
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.regime.regime import CALM, UNREAD, Regime
from gammacore.domain.sessions import BrokerClock, TradingSession
from gammacore.domain.strategy import FOR_AN_ENTRY, NOTHING_MORE, Decision, Decisions, Needs, Situation, Strategy
from gammacore.errors import BrokerError, MarketDataError
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
    tables: tuple[Horizon, ...] = ()
    time: KeepTime | None = None

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
        while True:
            self.cycle()
            if on_cycle is not None:
                self.survival.run("showing the cycle", partial(on_cycle, self.clock.now()))
            if self.is_finished() or done(book) or self._gives_up():
                return book
            self._wait_until(self.next_look(self.clock.now()))

    def _wait_until(self, instant: dt.datetime) -> None:
        """Until then, or until the broker's stream reports an order that works."""
        if self.news is None:
            self._rest_until(instant)
            return
        while (now := self.clock.now()) < instant:
            self._rest_until(min(instant, now + LISTEN) if self.ledger.book.working_orders else instant)
            self.desk.on_news(self.survival.ask("the broker's stream", self.news.received, News))
            if self.desk.wakes():
                return

    def _rest_until(self, instant: dt.datetime) -> None:
        """Wait; where the machine slept beyond it, every working order is looked up at once."""
        self.clock.wait_until(instant)
        if self.time is not None and self.time.woke(instant):
            self.desk.on_news(News(gap=True))

    def once(self) -> Book:
        """One cycle; the day can be taken up again."""
        if not self.is_finished():
            self.begin()
            self.cycle()
            if (fault := self.survival.first_fault) is not None:
                raise fault  # no next look comes in this process: its caller sees it
        return self.ledger.book

    def on_to_the_next_look(self) -> None:
        """Let a study's clock stand at the next look, as in a run without a break: no real time passes between two.

        Decision 0022.
        """
        if self.terms.mode is Mode.STUDY and not (self.is_finished() or self._gives_up()):
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

    def cycle(self) -> None:
        """One look at the world and one decision; watchers are notified that it is over, or failed. CS-501."""
        with nullcontext() if self.time is None else self.time.cycle():
            self._watched_cycle()

    def _watched_cycle(self) -> None:
        if self.watch is None:
            self._live_through()
            return
        try:
            self._live_through()
        except Exception as fault:
            self.watch.crashed(f"{type(fault).__name__}: {fault}", self.clock.now())
            raise
        self.watch.tick(self.clock.now())

    def _live_through(self) -> None:
        """Every step by itself: what fails in one is no reason to leave out the others. Decision 0033."""
        run = self.survival.run
        self.survival.begin_cycle()
        self.survival.look_at_the_ledger()
        run("requests", self.requests)
        run("other ledgers", self.lineages)
        run("orders", self.desk.advance)
        run("settlement", lambda: self.settle(self._last_expired()))
        run("confirming closes", lambda: self.confirm(self.session))
        run("reconciliation", lambda: self.reconcile(self._last_expired()))
        for cover in self._covers():
            run("an order", partial(self.carry_out, cover))
        decided: Decisions = self._decide()
        for step in decided.steps:
            run("an order", partial(self.carry_out, step))
        run("the end of the day", self._finish)

    def _covers(self) -> tuple[Decision, ...]:
        found = partial(tuple[Decision, ...], self.reconcile.covers())
        return self.survival.ask("uncovered shorts", found, lambda: ())

    def _last_expired(self) -> dt.date:
        """Contracts of this date and before trade no more; what an earlier day left open is settled by this one."""
        today = self.session.date
        return today if self.clock.now() >= self.session.close else today - dt.timedelta(days=1)

    def _decide(self) -> Decisions:
        """What the strategy decides; where it fails, its duties, and after three times in a row it is flattened."""
        survival = self.survival
        situation = survival.ask("the look at the market", self.look, lambda: None)
        if situation is None:
            return Decisions(())
        seen = situation
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
        now, book = self.clock.now(), self.ledger.book
        ask, equity = self.survival.ask, self.equity
        needs = ask(
            "what the strategy needs", lambda: self.strategy.needs(now, self.session, book), lambda: NOTHING_MORE
        )
        self.survival.run("the market", partial(self.market.attend, needs.expiries))
        market = self._snapshot(now)
        memory = self.recall(market)
        self.guard.saw(market, memory.marks)
        situation = Situation(
            now=now,
            session=self.session,
            underlying=self.underlying,
            market=market,
            book=book,
            buying_power=None,
            memory=memory,
            is_live=self.terms.mode is Mode.LIVE,
            regime=ask("the regime", lambda: self._regime(now), lambda: UNREAD),
            equity=None if equity is None else ask("the account's worth", lambda: equity(market, now), lambda: None),
        )
        if for_entry:
            return self._with_what_it_needs(situation, FOR_AN_ENTRY)
        return ask("the rest of a look", lambda: self._with_what_it_needs(situation, needs), lambda: situation)

    def _with_what_it_needs(self, situation: Situation, needs: Needs) -> Situation:
        """The situation with what its strategy asked for; the second look comes after every other query. CS-359."""
        if needs.exposure:
            situation = evolve(situation, exposure=self._exposure(situation.market))
        if needs.history:
            situation = evolve(situation, history=self.gather(situation.now, situation.price))
        if needs.minutes:
            situation = evolve(situation, history=self.minutes(situation.now))
        if needs.equity:
            situation = evolve(situation, worth=self.guard.worth())
        if needs.account:
            situation = evolve(
                situation,
                buying_power=self._buying_power(),
                broker_clock=self._broker_clock(),
                pause=None if self.pause is None else self.pause.read(),
            )
        return self._with_second_look(situation) if needs.second_look else situation

    def _with_second_look(self, situation: Situation) -> Situation:
        latest = self._snapshot(self.clock.now())
        self.guard.saw(latest, situation.memory.marks)
        moved = latest.spot != situation.market.spot
        again = self._exposure(latest) if moved else situation.exposure
        return evolve(situation, latest=latest, latest_exposure=again)

    def _regime(self, now: dt.datetime) -> Regime:
        """Dealer gamma and the macro event; what changed in them is journaled. Rules: DH-401, DH-406."""
        if self.regimes is None:
            return CALM
        regime = self.regimes(self.underlying.hedge_share, now)
        changes, _ = self.regimes.drain()
        self.ledger.record(*changes)
        return regime

    def _snapshot(self, now: dt.datetime) -> MarketSnapshot:
        unseen = MarketSnapshot(now, self.underlying.symbol, None, None, None, None)

        def seen() -> MarketSnapshot:
            try:
                return self.market.snapshot(now)
            except MarketDataError:  # nothing is seen: no stop and no entry is decided, time exits still act (CS-504)
                return unseen

        return self.survival.ask("the market", seen, lambda: unseen)

    def _exposure(self, market: MarketSnapshot) -> GammaExposure | None:
        try:
            return self.exposures.exposure(market)
        except MarketDataError:
            return None  # no reading, no pin, no trade (CS-103)

    def _broker_clock(self) -> BrokerClock | None:
        try:
            return self.broker.clock()
        except BrokerError:
            return None  # unknown is no (CS-303)

    def _buying_power(self) -> Decimal | None:
        try:
            return self.broker.account().option_buying_power
        except BrokerError:
            return None  # unknown is no (CS-343)

    def _day(self, now: dt.datetime) -> DayStarted:
        session, terms = self.session, self.terms
        return DayStarted(now, session.date, self.underlying.symbol, self.strategy.name, terms.market, session.open,
                          session.close, terms.configuration)  # fmt: skip

    def next_look(self, now: dt.datetime) -> dt.datetime:
        """When the next cycle is due: the market's next quotes, a deadline of the strategy, or an order to look up."""
        ask, session, book = self.survival.ask, self.session, self.ledger.book
        own = ask("the strategy's deadlines", lambda: self.strategy.deadlines(session, book), lambda: ())
        deadlines = (*own, *self.desk.deadlines(), *self.reconcile.deadlines())
        quotes = ask("the market's next quotes", lambda: self.market.next_at(now), lambda: now + LOOK_ALL_THE_SAME)
        return min([quotes, *(deadline for deadline in deadlines if deadline > now)])

    def _finish(self) -> None:
        book = self.ledger.book
        if self._is_over() and not self.is_finished():
            self.ledger.record(DayFinished(self.clock.now(), self.session.date, book.balance))

    def _is_over(self) -> bool:
        book = self.ledger.book
        if self.clock.now() < self.session.close or book.working_orders:
            return False
        return all(one.origin is Origin.DELIVERED for one in book.live_holdings)  # theirs is the next open

    def _gives_up(self) -> bool:
        """Nothing more comes today: what is open stays open in the ledger and is settled by the next start."""
        if self.clock.now() < self.session.close + SETTLEMENT_PATIENCE or self.confirm.is_waiting():
            return False
        book = self.ledger.book
        waiting = ", ".join(holding.id for holding in book.live_holdings) or "orders without an answer"
        self.ledger.record(AlarmRaised(self.clock.now(), "not_flat", f"after the close still open: {waiting}"))
        return True

"""A trading day in a process that dies at a chosen boundary: the worst moments of R2, one by one.

The ledger is a SQLite file and the exchange keeps a book file of its own, so both outlive the process. A boundary is
the instant before or after one append or one call of the broker; the child writes down the simulated instant and kills
itself with SIGKILL. The market is simulated; only when to open and close is scripted.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.entries.credit import EntryLimit
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import Right, tick_floor
from gammacore.domain.ledger import EntryJudged, Event
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.straddles.straddle import StraddleRules
from gammacore.domain.strategy import NOTHING_MORE, Close, Decision, Decisions, Needs, Open, Situation, Strategy
from gammacore.domain.words import Confidence, Direction, StrategyTag
from gammacore.ports.broker import Answer, Broker, BrokerCall, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.storage import Request, RequestKind, Storage
from gammacore.wiring import WiredDay, wire_day
from share_scalp import ShareScalp

POSITION = "SPX-scripted-1"
PATIENT = StopPolicy(stop=Decimal(5), emergency=Decimal(6))
"""Stops so wide that only the script and the clock end the position, or its target."""
HELD_OUT = evolve(PATIENT, fixed_target=Decimal(1), trailing_trigger=Decimal(1), hold_profit=Decimal(1))
"""No target either."""
LONG_ENTRY = 1800
"""Seconds an entry that walks may last: looks are five minutes apart, and each step takes two."""


@frozen
class Scenario:
    """One entry and one exit, and what the exchange does to their orders.

    `troubles` are the fields of `Behaviour` for the order with this number at the exchange. Minutes are from the open.
    With `walks` the entry begins two ticks above its limit and concedes one at a time (CS-421). With `hedges` it is the
    delta-hedge desk that trades: a straddle, hedged at every look, gone at `exits_at`. The long is bought `long_below`
    points below the price: far enough, it has no bid in the afternoon (CS-420).

    With a `target`, dollars a share above what was paid, it is a scalp of shares of SPY, bought at `enters_at`. `own`
    is a user's strategy as `--strategy` takes it, FILE:NAME, which has times of its own.
    """

    name: str
    troubles: Mapping[int, Mapping[str, Any]] = field(factory=dict)
    exits_at: float = 55
    flattens_at: float | None = None
    contracts: int = 3
    hedges: bool = False
    walks: bool = False
    long_below: int = 15
    enters_at: float = 30
    target: Decimal | None = None
    own: str | None = None
    protected: Decimal | None = None
    """With a stop at the broker: the emergency stop, part of the credit, at whose level it rests (factor 1)."""
    scalps: Mapping[str, object] = field(factory=dict)
    """What a scalping mode is configured by, with `trade.strategy`; its own entries and exits are the script."""


@frozen
class OneEntry:
    """Sells one put spread half an hour after the open, closes it when asked; all else is the desk's own work."""

    desk: CreditSpreadDesk
    scenario: Scenario

    @property
    def name(self) -> str:
        return self.desk.name

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return self.desk.deadlines(session, book)

    def decide(self, situation: Situation) -> Decisions:
        return Decisions((*self._entry(situation), *self.desk.decide(situation).steps, *self._exit(situation)))

    def _entry(self, situation: Situation) -> Iterator[Decision]:
        slot = situation.session.after_open(self.scenario.enters_at)
        if slot <= situation.now and not situation.book.judged(slot) and situation.book.halted is None:
            record = EntryJudged(situation.now, slot, None, "scripted", (), situation.price, None, None)
            plan = self._plan(situation, slot)
            steps = 2 * situation.underlying.ticks.complex_order if self.scenario.walks else 0
            yield Open(plan, record, limit=plan.limit + steps)

    def _plan(self, situation: Situation, slot: dt.datetime) -> SpreadPlan:
        underlying, price = situation.underlying, situation.price
        assert price is not None
        short, long = (
            underlying.contract(situation.session.date, Right.PUT, underlying.strike(price) - below)
            for below in (5, self.scenario.long_below)
        )
        spread = CreditSpread((Vertical(short, long),))
        mark = spread.mark(situation.market.quote)
        assert mark is not None
        return SpreadPlan(
            holding=POSITION,
            strategy=StrategyTag.PUT_SPREAD,
            direction=Direction.BULLISH,
            confidence=Confidence.HIGH,
            spread=spread,
            contracts=self.scenario.contracts,
            expected_credit=mark.mid,
            limit=max(tick_floor(mark.mid / 3, underlying.ticks.complex_order), underlying.ticks.complex_order),
            price=price,
            pin=price,
            vix=Decimal(15),
            scheduled_at=slot,
            policy=self._policy(),
        )

    def _policy(self) -> StopPolicy:
        if (level := self.scenario.protected) is not None:
            return evolve(PATIENT, stop=min(level, PATIENT.stop), emergency=level)
        return HELD_OUT if self.scenario.long_below > 15 else PATIENT

    def _exit(self, situation: Situation) -> Iterator[Decision]:
        position = situation.book.holding(POSITION)
        due = situation.now >= situation.session.after_open(self.scenario.exits_at)
        if due and position is not None and position.state is HoldingState.OPEN and position.open_in(position.sides):
            yield Close(POSITION, "scripted", "as the script says", urgent=False)


class Boundaries:
    """Counts the boundaries a run passes, by name; at the one it was given it kills its own process."""

    def __init__(self, fatal: int | None = None, last_words: Path | None = None) -> None:
        self.passed: list[str] = []
        self.now: Callable[[], dt.datetime] | None = None
        self._fatal = fatal
        self._last_words = last_words

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        self._pass(f"before {call}")
        yield
        self._pass(f"after {call}")

    def _pass(self, name: str) -> None:
        if len(self.passed) == self._fatal:
            assert self._last_words is not None
            assert self.now is not None
            self._last_words.write_text(self.now().isoformat())
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(name)


@frozen
class CountedStorage:
    """Storage with a boundary on either side of every append."""

    inner: Storage
    boundaries: Boundaries

    @property
    def version(self) -> int:
        return self.inner.version

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        with self.boundaries.around("append " + "+".join(type(event).__name__ for event in events)):
            return self.inner.append(events, expected_version)

    def events(self, after: int = 0) -> Iterator[Event]:
        return self.inner.events(after)

    def close(self) -> None:
        self.inner.close()


@frozen
class CountedBroker(BrokerDecorator):
    """A broker with a boundary on either side of every call; the scenario's troubles meet new orders here."""

    inner: FakeExchange
    boundaries: Boundaries
    scenario: Scenario

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        with self.boundaries.around(f"submit {ticket.purpose}"):
            self._prepare(ticket)
            return self.inner.submit(ticket, gate)

    def _prepare(self, ticket: OrderTicket) -> None:
        known = [order.id for order in self.inner.every_order]
        trouble = self.scenario.troubles.get(len(known))
        if trouble is not None and ticket.id not in known:
            self.inner.next_submit(**trouble)

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if call in (BrokerCall.SUBMIT, BrokerCall.CLOCK):
            return ask()
        with self.boundaries.around(call):
            return ask()


@frozen
class Ending:
    """All that must be the same whether a run was killed or not."""

    events: tuple[str, ...]
    orders: tuple[OrderReport, ...]
    holdings: Mapping[str, int]
    cash: Decimal
    balance: Decimal
    is_finished: bool


def configuration(scenario: Scenario) -> Configuration:
    """A simulated half day in steps of five minutes."""
    given: dict[str, object] = {
        "market.date": "2026-11-27", "market.step_seconds": 300, "market.seed": 5, "sizing.starting_capital": "100000"
    }  # fmt: skip
    if scenario.walks:
        given["orders.entry_life_seconds"] = LONG_ENTRY
    if scenario.hedges:
        given |= {"trade.strategy": "delta-hedge", "hedging.gex_override": "-15000"}
    if scenario.target is not None:
        given["market.underlying"] = "SPY"
    if scenario.own is not None:  # its hours are those of a whole day
        given |= {"trade.strategy": scenario.own, "market.date": "2026-11-24", "market.step_seconds": 900}
    if scenario.protected is not None:
        given |= {"protective_stop.on": True, "protective_stop.factor": "1"}
    given |= scenario.scalps
    return configure([{key: Sourced(value, "test") for key, value in given.items()}])


def strategy(scenario: Scenario, session_minutes: float = 210) -> Strategy | None:
    """What trades: the scripted entry or scalp, or the hedging desk with a threshold so tight that most looks hedge.

    None where the wiring builds the one that the configuration names.
    """
    if scenario.own is not None or scenario.scalps:
        return None
    if scenario.target is not None:
        return ShareScalp(scenario.target, scenario.enters_at, scenario.exits_at)
    if not scenario.hedges:
        entries = EntryRules(schedule=Schedule(times=()), limit=EntryLimit(walk=scenario.walks))
        return OneEntry(CreditSpreadDesk(entries, orders=OrderLife(entry_life_seconds=LONG_ENTRY)), scenario)
    exit_before_close = Decimal(60 * (session_minutes - scenario.exits_at))
    hedging = HedgingSettings(threshold=Decimal("0.05"), exit_before_close=exit_before_close)
    straddle = StraddleRules(contracts=scenario.contracts, latest_minutes_before_close=60, hedge_margin=Decimal(0))
    return DeltaHedgeDesk(hedging, straddle)


def wired(ledger: Path, scenario: Scenario, boundaries: Boundaries) -> tuple[WiredDay, FakeExchange]:
    """The scenario's day over a ledger file and the exchange's own book beside it, every boundary counted."""
    exchanges: list[FakeExchange] = []

    def counted(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        exchanges.append(broker)
        return CountedBroker(broker, boundaries, scenario)

    day = wire_day(
        configuration(scenario),
        ledger,
        strategy=strategy(scenario),
        wrap_storage=lambda storage: CountedStorage(storage, boundaries),
        wrap_broker=counted,
    )
    boundaries.now = day.trade.clock.now
    return day, exchanges[0]


def trade(
    ledger: Path, scenario: Scenario, boundaries: Boundaries, not_before: dt.datetime | None = None,
    on_cycle: Callable[[Book], None] = lambda book: None,
) -> Ending:  # fmt: skip
    """Run the day to its end; a restart may be given the instant of the death, before which it cannot be."""
    day, exchange = wired(ledger, scenario, boundaries)
    try:
        if not_before is not None:
            day.trade.clock.wait_until(not_before)
        inbox = SqliteInbox(ledger)
        book = day.trade.ledger.book

        def after_cycle(now: dt.datetime) -> None:
            on_cycle(book)
            minutes = scenario.flattens_at
            if minutes is not None and now >= day.session.after_open(minutes) and book.halted is None:
                inbox.post(Request(RequestKind.FLATTEN, day.session.after_open(minutes), "as the script says"))

        day.trade(after_cycle)
        return Ending(
            events=tuple(encode(event) for event in day.storage.events()),
            orders=exchange.every_order,
            holdings=exchange.holdings(),
            cash=exchange.account().balance,
            balance=book.balance,
            is_finished=day.trade.is_finished(),
        )
    finally:
        day.close()


def dies(call: Callable[[], object]) -> bool:
    """Run a call in a forked process; whether SIGKILL ended it."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    assert os.WEXITSTATUS(status) == 0, "the child failed before its boundary; its traceback is above"
    return False

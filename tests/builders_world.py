"""A whole small world in one line: clock, scripted market, exchange, ledger medium, inbox and the day over them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from builders import DAY, a_plan, a_session, at
from builders_exchange import PUT_QUOTES
from fakes import NO_FEES, BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock, MemoryInbox, MemoryLedger, MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms
from gammacore.application.guard import Guard
from gammacore.application.order_desk import OrderDesk
from gammacore.application.trade_day import TradeDay
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.holdings.holding import HoldingState, SoldSpread, is_spread
from gammacore.domain.holdings.plans import Opening, SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import REGISTRY, OptionContract
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, Mode
from gammacore.domain.orders import Order, OrderState, OrderTicket
from gammacore.domain.risk.broker_limits import BrokerEntryRules
from gammacore.domain.risk.guard import Allowed, Risk
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Close, Decision, Decisions, Needs, Open, Situation
from gammacore.ports.broker import Broker
from gammacore.ports.storage import SecondJournal, Storage
from gammacore.wiring.mode_rules import order_life
from gammacore.wiring.use_cases import TradedDay, wire_trade
from gammacore.wiring.venues import Venue

TERMS = DayTerms("FAKE-1", Mode.STUDY, "f00d", Decimal(20_000), "script", "ab12")
PATIENT = StopPolicy(stop=Decimal(5), emergency=Decimal(6))
"""Stops so wide that only a script and the clock end a position."""

SPX_QUOTES = PUT_QUOTES
Known = TypeVar("Known")


def a_desk_without_entries() -> CreditSpreadDesk:
    """The credit-spread desk that watches and closes, and opens nothing by itself."""
    return CreditSpreadDesk(entries=EntryRules(schedule=Schedule(times=())))


@frozen
class Scripted:
    """Opens the given plans at their times and closes at the given ones; everything else is the desk's own work."""

    plans: tuple[SpreadPlan, ...] = ()
    closes: Mapping[str, dt.datetime] = field(factory=dict)
    desk: CreditSpreadDesk = field(factory=a_desk_without_entries)

    @property
    def name(self) -> str:
        return self.desk.name

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return self.desk.deadlines(session, book)

    def decide(self, situation: Situation) -> Decisions:
        return Decisions((*self.desk.decide(situation).steps, *self._closes(situation), *self._opens(situation)))

    def _opens(self, situation: Situation) -> Iterator[Decision]:
        for plan in self.plans:
            if plan.scheduled_at <= situation.now and not situation.book.judged(plan.scheduled_at):
                first = self.desk.entries.limit.first(plan, situation.underlying)
                yield Open(plan, a_judgement(plan, situation.now), limit=first)

    def _closes(self, situation: Situation) -> Iterator[Decision]:
        for name, when in self.closes.items():
            position = situation.book.holding(name)
            if when <= situation.now and position is not None and position.state is HoldingState.OPEN:
                yield Close(name, "scripted", "as the script says", Decimal("2.80"))


def a_judgement(plan: SpreadPlan, now: dt.datetime) -> EntryJudged:
    return EntryJudged(now, plan.scheduled_at, None, "", (), plan.price, plan.pin, plan.vix)


def a_scripted_plan(contracts: int = 3, position: str = "p1", scheduled: str = "10:00") -> SpreadPlan:
    """Put spreads for 2.50 expected, sold at 2.35 or better, that no stop will end."""
    plan = a_plan(contracts=contracts, position=position, scheduled=scheduled, policy=PATIENT)
    return evolve(plan, limit=Decimal("2.35"))


@define(eq=False)
class World:
    """What outlives a process (market, exchange, ledger medium, inbox, time), and the process that trades in it."""

    clock: FakeClock
    market: FakeMarket
    exchange: FakeExchange
    session: TradingSession
    strategy: Any
    settings: Settings = field(factory=Settings)
    medium: MemoryLedger = field(factory=MemoryLedger)
    inbox: MemoryInbox = field(factory=MemoryInbox)
    terms: DayTerms = TERMS
    wrap_broker: Callable[[Broker], Broker] = lambda broker: broker
    underlying: str = "SPX"
    broker_rules: BrokerEntryRules | None = None
    is_compared: bool = True
    """Whether the account counts as compared from the start, so that a test may open without a cycle before."""
    wrap_storage: Callable[[Storage], Storage] = lambda storage: storage
    second: SecondJournal | None = None
    """Where the loop keeps what its ledger does not take; None: a refusal is raised."""
    previous: TradingSession | None = None
    """The session before, whose bars a history begins with."""
    _day: TradeDay | None = None

    @property
    def day(self) -> TradeDay:
        """The running process's day; a new one after `restart`."""
        if self._day is None:
            storage: Storage = MemoryStorage(self.medium)
            underlying, rules = REGISTRY[self.underlying], self.broker_rules
            self._day = wire_trade(
                TradedDay(self.settings, underlying, self.session, self.strategy, self.previous, rules),
                Venue(self.terms, self.clock, self.market, self.wrap_broker(self.exchange), confirm_after_seconds=2.0),
                DayLedger(self.wrap_storage(storage), second=self.second),
                self.inbox,
            )
            self._day.reconcile.is_settled = self.is_compared
        return self._day

    @property
    def book(self) -> Book:
        return self.day.ledger.book

    @property
    def events(self) -> list[Event]:
        return self.medium.events

    def restart(self) -> None:
        """The process is gone without a word; the next one folds the ledger."""
        self._day = None
        self.medium.writer = None

    def show(
        self, quotes: Mapping[OptionContract, BidAsk] | None = None, *, seconds: float = 10, spot: str = "6900"
    ) -> None:
        """Let time pass and show a snapshot then."""
        now = self.clock.now() + dt.timedelta(seconds=seconds)
        self.market.show(now, SPX_QUOTES if quotes is None else quotes, spot=Decimal(spot), vix=Decimal(15))
        self.clock.set(now)

    def cycle(self, times: int = 1, *, seconds: float = 10) -> None:
        """So many cycles, each after a new snapshot."""
        for _ in range(times):
            self.show(seconds=seconds)
            self.day.once()

    def to_the_close(self) -> None:
        """The session ends, and two cycles follow: what went at no known price is booked now. Rule: CS-572."""
        self.clock.set(self.session.close)
        self.cycle(2)

    def position(self, name: str = "p1") -> SoldSpread:
        position = self.book.holding(name)
        assert position is not None
        assert is_spread(position)
        return position

    def orders(self, name: str = "p1") -> tuple[Order, ...]:
        return self.book.orders_of(name)

    def states(self, name: str = "p1") -> list[OrderState]:
        return [order.state for order in self.orders(name)]

    def all(self, kind: type[Known]) -> list[Known]:
        return [event for event in self.events if isinstance(event, kind)]

    def alarms(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, AlarmRaised)]


def a_world(
    *plans: SpreadPlan, closes: Mapping[str, str] | None = None, start: str = "10:00", cash: str = "20000",
    close: str = "16:00", settings: Settings | None = None, underlying: str = "SPX",
) -> World:  # fmt: skip
    """An ordinary Monday at 10:00, the put spread quoted; opens `plans` and closes positions at New York times."""
    clock, market = FakeClock(at(start)), FakeMarket(underlying, step=10)
    market.show(clock.now(), SPX_QUOTES if underlying == "SPX" else {}, spot=Decimal(6900), vix=Decimal(15))
    calendar = FakeCalendar(half_days=[DAY] if close == "13:00" else [])
    exchange = FakeExchange(market, clock, calendar, fees=NO_FEES, starting_cash=Decimal(cash))
    closing = {name: at(when) for name, when in (closes or {}).items()}
    session, strategy = a_session(close), Scripted(plans, closing)
    return World(clock, market, exchange, session, strategy, settings or Settings(), underlying=underlying)


def a_world_holding(plan: SpreadPlan | None = None, *, closes: Mapping[str, str] | None = None) -> World:
    """A world whose plan was entered at 10:00:00 and filled at 10:00:10."""
    world = a_world(plan or a_scripted_plan(), closes=closes)
    world.day.once()
    world.cycle()
    assert world.position().open_contracts == (plan or a_scripted_plan()).contracts
    return world


class LetsEverythingThrough(Guard):
    """A guard for tests of what becomes of an order once it is sent, whatever it may be."""

    def __init__(self) -> None:
        """It looks at nothing."""

    def __call__(self, ticket: OrderTicket, plan: SpreadPlan | None = None, opens: Opening | None = None) -> Allowed:
        return Allowed(Risk.ADDS, ticket)

    def again(self, order: Order) -> None:
        return None


def unguarded(world: World) -> World:
    """The world with an order desk that sends whatever it is given."""
    day = world.day
    desk = OrderDesk(
        day.ledger, day.broker, day.clock, order_life(world.settings, world.terms.mode), LetsEverythingThrough()
    )
    world._day = evolve(day, desk=desk)
    return world


def relayed(relay: Callable[[FakeExchange], Broker]) -> Callable[[Broker], Broker]:
    """How a relay gets between the desk and the exchange."""

    def wrap(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return relay(broker)

    return wrap

"""Half a day at a broker's counterpart under one fault: an entry, a holding, a stop or a target, an exit.

The real wiring of `trade` runs in this process against the broker's dialect. The clock is the served one: it jumps from
look to look, so a run takes half a second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum

from attrs import define, evolve, field, frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from builders import DAY, a_plan, a_put_spread, at
from builders_broker_day import CALENDAR, CASH, CREDENTIALS, PLACES, configuration
from builders_unbid import QUIET, SPOT, Script, legs_of
from builders_world import Scripted, a_desk_without_entries
from counterparts.alpaca_dialect import alpaca_app
from counterparts.awaited_news import AwaitedNews
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.wire_faults import Fault
from counterparts.wire_rows import WORDS
from counterparts.wire_switch import Switchboard
from counterparts.world import ACCOUNT, World
from fakes import BidAsk
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock, MemoryInbox, MemoryLedger, MemoryStorage
from gammacore.adapters.fake.order import Behaviour
from gammacore.application.trade_day import TradeDay
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import Event
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import wire_day
from gammacore.wiring.days import WiredDay

UNDERLYING: Mapping[str, str] = {"tradier": "SPX", "alpaca": "SPY"}
APPS: Mapping[str, Callable[[World], ASGIApp]] = {"tradier": tradier_app, "alpaca": alpaca_app}
LOOK = dt.timedelta(seconds=20)
CONTRACTS = 2
BEGINS, ENTERS, HOLDS, EXITS = at("09:58"), at("10:00"), at("10:02"), at("10:06")
ASKED_TO_FLATTEN, GIVEN_UP = at("10:25"), at("10:40")
"""What is still held or working by then is asked to be flattened; what is not flat after that is wedged."""
REST = dt.timedelta(minutes=3)
"""How long a run goes on once the fault is gone and everything is closed: late orders and late doubts come by then."""
WORKS_A_LOOK = Behaviour(delay=1)
"""An order fills on the second snapshot after it came in, so that it is seen working."""
MOST_CRASHES = 10


class Step(StrEnum):
    """When a fault begins."""

    BEFORE_ENTRY = "before entry"
    ENTRY = "entry works"
    HELD = "held"
    EXIT = "exit works"


FROM: Mapping[Step, dt.datetime] = {
    Step.BEFORE_ENTRY: BEGINS, Step.ENTRY: ENTERS, Step.HELD: HOLDS, Step.EXIT: EXITS,
}  # fmt: skip


class Way(StrEnum):
    """What ends the spread at 10:06."""

    STOP = "stop"
    TARGET = "target"


QUOTES: Mapping[str, Mapping[str, tuple[BidAsk, BidAsk]]] = {
    "SPX": {
        "held": (("5.00", "5.10"), ("2.50", "2.55")),
        "stop": (("5.90", "6.00"), ("2.90", "2.95")),
        "target": (("1.40", "1.50"), ("0.90", "0.95")),
    },
    "SPY": {
        "held": (("0.80", "0.81"), ("0.40", "0.41")),
        "stop": (("1.00", "1.01"), ("0.45", "0.46")),
        "target": (("0.20", "0.21"), ("0.08", "0.09")),
    },
}
"""Short and long: the spread is sold for 2.45 (SPX) or 0.39 (SPY), costs 3.10 or 0.56 at the stop, 0.60 or 0.13 at the
target."""


@frozen
class Run:
    """One cell of the table: which fault, from when on, at which broker; and what ends the spread."""

    broker: str
    fault: Fault | None
    step: Step
    way: Way = Way.STOP
    restarts: bool = False
    """The process is lost in the middle of the fault, and another one folds the ledger."""

    def __str__(self) -> str:
        return f"{self.fault}, {self.step}, {self.broker}, {self.way}{', restarted' if self.restarts else ''}"

    @property
    def on(self) -> dt.datetime:
        return FROM[self.step]

    @property
    def off(self) -> dt.datetime:
        return self.on + dt.timedelta(seconds=0 if self.fault is None else self.fault.seconds)


@define(eq=False)
class Ended:
    """What is left of a run: the ledger, the exchange, and what was held when."""

    run: Run
    world: World
    events: list[Event] = field(factory=list)
    held: list[tuple[dt.datetime, Mapping[str, int]]] = field(factory=list)
    crashes: list[str] = field(factory=list)
    met_at: dt.datetime | None = None
    """When the first answer was changed."""
    flattened: bool = False
    left: Mapping[str, int] = field(factory=dict)
    """What the exchange held before the close, after everything that was done to be flat."""

    def look(self) -> None:
        """Note what the exchange holds, where that changed."""
        with self.world.lock:
            held = dict(self.world.exchange.holdings())
        if not self.held or self.held[-1][1] != held:
            self.held.append((self.world.now(), held))


class Stage:
    """The app of a server that outlives a run: each run has its own."""

    def __init__(self) -> None:
        self.app: Switchboard | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@define(eq=False)
class Served:
    """A server and its stage, for as many runs as come."""

    server: LoopbackServer
    stage: Stage

    def put_on(self, board: Switchboard) -> None:
        board.meet(self.server)
        self.stage.app = board


@contextmanager
def served() -> Iterator[Served]:
    stage = Stage()
    with serving(stage) as server:
        yield Served(server, stage)


def quotes(underlying: str, way: Way, now: dt.datetime) -> Mapping[OptionContract, BidAsk]:
    return dict(zip(legs_of(underlying), QUOTES[underlying][way if now >= EXITS else "held"], strict=True))


def a_world(underlying: str, way: Way) -> World:
    """From 9:58 on, nothing held; the script shows quotes at every look until the run is given up."""
    market, clock, now = Script(underlying, step=LOOK.seconds), FakeClock(BEGINS), BEGINS
    while now <= GIVEN_UP:
        shown = quotes(underlying, way, now)
        market.show(now, shown, spot=Decimal(SPOT[underlying]), vix=Decimal(15), quote_age_limit=2.0 * LOOK.seconds)
        now += LOOK
    market.settle(DAY, SPOT[underlying])
    exchange = FakeExchange(market, clock, CALENDAR, account_number=ACCOUNT, starting_cash=CASH, fees=FeeSchedule())
    world = World(clock, {underlying: market}, exchange, CALENDAR)
    world.settings["rate_limit"] = "off"
    return world


def a_strategy(underlying: str) -> Scripted:
    """Sells two spreads at 10:00; the desk's own stop and target end them."""
    short, long = legs_of(underlying)
    spread = a_put_spread(int(short.strike), int(long.strike), underlying)
    credit, limit = ("2.45", "2.35") if underlying == "SPX" else ("0.39", "0.37")
    policy = evolve(QUIET, stop=Decimal("0.10"), fixed_target=Decimal("0.60"))
    plan = a_plan(spread, contracts=CONTRACTS, credit=credit, price=SPOT[underlying], policy=policy)
    return Scripted((evolve(plan, limit=Decimal(limit)),), desk=a_desk_without_entries())


@define(eq=False)
class HalfDay:
    """One run: the world, the processes that trade in it one after the other, and the fault that comes and goes."""

    run: Run
    served: Served
    world: World
    board: Switchboard
    ended: Ended
    medium: MemoryLedger = field(factory=MemoryLedger)
    inbox: MemoryInbox = field(factory=MemoryInbox)
    follow: Callable[[HalfDay, dt.datetime], None] = lambda _half_day, _now: None
    _running: tuple[WiredDay, MemoryStorage] | None = None

    @classmethod
    def of(cls, run: Run, served: Served) -> HalfDay:
        world = a_world(UNDERLYING[run.broker], run.way)
        board = Switchboard(APPS[run.broker](world), world, WORDS[run.broker], WORKS_A_LOOK)
        served.put_on(board)
        return cls(run, served, world, board, Ended(run, world))

    # -- time ---------------------------------------------------------------------------------------------------------

    def switch(self) -> None:
        """The fault that the time has."""
        self.board.fault = self.run.fault if self.run.on <= self.world.now() < self.run.off else None

    def pass_time(self, until: dt.datetime) -> None:
        self.ended.look()
        self.world.move_to(until)
        self.follow(self, until)
        self.switch()

    # -- trading ------------------------------------------------------------------------------------------------------

    def __call__(self) -> Ended:
        """Trade, flatten where that is still needed, let the day end."""
        try:
            self._trade()
        finally:
            self._lose_process()
        self.ended.events, self.ended.met_at = self.medium.events, self.board.met_at
        return self.ended

    def _trade(self) -> None:
        self.switch()
        if self.run.restarts:
            self._trade_until(lambda _: self.world.now() >= self.run.on + (self.run.off - self.run.on) / 2)
            self._lose_process()
        self._trade_until(self._is_over)
        if not self._is_flat(self._book):
            self.ended.flattened = True
            self.inbox.post(Request(RequestKind.FLATTEN, self.world.now(), "the test wants it flat"))
            self._trade_until(lambda book: self._is_flat(book) or self.world.now() >= GIVEN_UP)
        self.ended.look()
        self.ended.left = self.ended.held[-1][1]
        self.world.move_to(at("16:00"))
        self._trade_until(lambda _: self.world.now() >= at("16:20"))
        self.ended.look()

    def _is_over(self, book: Book) -> bool:
        """The fault is gone for a while and nothing is held, or time is up."""
        now = self.world.now()
        rest = max(self.run.off, EXITS) + REST
        return now >= ASKED_TO_FLATTEN or (now >= rest and self._is_flat(book))

    def _is_flat(self, book: Book | None) -> bool:
        held = book is not None and (bool(book.live_holdings) or bool(book.working_orders))
        with self.world.lock:
            is_flat = not self.world.exchange.holdings()
            works = any(not report.state.is_final for report in self.world.exchange.every_order)
        return is_flat and not works and not held

    def _trade_until(self, done: Callable[[Book], bool]) -> None:
        """A process trades until `done`; one that is lost by an error is started again, as a service would."""
        while len(self.ended.crashes) < MOST_CRASHES:
            try:
                self._process().run_until(done)
                return
            except Exception as fault:
                self.ended.crashes.append(f"{type(fault).__name__}: {fault}")
                self._lose_process()
                self.pass_time(self.world.now() + LOOK)

    @property
    def _book(self) -> Book | None:
        return None if self._running is None else self._running[0].trade.ledger.book

    def _process(self) -> TradeDay:
        """The process that trades; a new one where the last was lost."""
        if self._running is None:
            storage = MemoryStorage(self.medium)
            try:
                self._running = (self._wired(storage), storage)
            except BaseException:
                storage.close()
                raise
        return self._listening(self._running[0].trade)

    def _lose_process(self) -> None:
        if self._running is not None:
            day, storage = self._running
            self._running = None
            day.close()
            storage.close()

    def _listening(self, trade: TradeDay) -> TradeDay:
        """A stream's thread lives in real time: only its own faults have one, and each message is waited for."""
        return trade if trade.news is None else evolve(trade, news=AwaitedNews(trade.news, self.world, self.board))

    def _wired(self, storage: MemoryStorage) -> WiredDay:
        underlying = UNDERLYING[self.run.broker]
        return wire_day(
            configuration(self.run.broker, underlying, "credit-spread", LOOK.seconds, {"market.vix": Decimal(15)}),
            strategy=a_strategy(underlying),
            also_obey=self.inbox,
            wrap_storage=lambda _: storage,
            credentials=CREDENTIALS,
            clock=Passing(self),
            places=PLACES[self.run.broker](self.served.server.url),
            listens=self.run.fault is not None and self.run.fault.events is not None,
        )


@frozen(eq=False)
class Passing:
    """The clock of a run: who waits lets the world move on."""

    half_day: HalfDay

    def now(self) -> dt.datetime:
        return self.half_day.world.now()

    def wait_until(self, instant: dt.datetime) -> None:
        if instant > self.now():
            self.half_day.pass_time(instant)

"""A day of one share under the runner: a script of quotes, time that jumps, a worker that is no thread.

`VirtualLoop` is asyncio without waiting: where nothing is to be done, time jumps to the next thing that is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from decimal import Decimal
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from builders import a_session, at
from builders_world import TERMS
from fakes import NO_FEES, FakeCalendar, FakeMarket, quoted_chain
from gammacore.adapters.asyncio_runner import MarketQuotes
from gammacore.adapters.asyncio_runner.runner import Ended, Flow, Runner
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock, MemoryInbox, MemoryLedger, MemoryStorage
from gammacore.adapters.streamed_market import StreamedMarket
from gammacore.application.day_ledger import DayLedger
from gammacore.application.trade_day import TradeDay
from gammacore.application.trading_core import DayCore
from gammacore.configuration import Settings
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.instruments import REGISTRY, OptionContract, Side
from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.loop_limits import RunnerLimits
from gammacore.domain.market import Bar, MarketSnapshot, Quote
from gammacore.domain.orders import THE_DAY, Effect, Purpose
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Decisions, Needs, Situation, Trade
from gammacore.domain.tape import Tape
from gammacore.ports.broker import Broker, OrderNews
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import Expiries, MarketData, QuoteStream, SettlementPrint, StreamedQuote
from gammacore.wiring.use_cases import TradedDay, wire_trade
from gammacore.wiring.venues import Venue

SHARE = "SPY"
BEGIN = at("09:30")
CENT = Decimal("0.01")
Answer = TypeVar("Answer")
Kind = TypeVar("Kind")


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: says how long it would have waited."""

    jumped: Callable[[float | None], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            self.jumped(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time is counted in microseconds, and jumps. Without anything to wait for it is a deadlock."""

    def __init__(self) -> None:
        selector = _Jumping()
        selector.jumped = self._jumped
        super().__init__(selector)
        self.microseconds = 0
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.microseconds / 1e6

    def _jumped(self, timeout: float | None) -> None:
        assert timeout is not None, "every task waits for another one"
        if timeout > 0:
            self.microseconds += max(1, round(timeout * 1e6))


@frozen
class LoopClock:
    """The time of a virtual loop, from an instant on."""

    loop: VirtualLoop
    start: dt.datetime = BEGIN

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(microseconds=self.loop.microseconds)

    def wait_until(self, instant: dt.datetime) -> None:
        """The day has begun: nothing in a core waits."""
        assert instant <= self.now()


class Inline(Executor):
    """A worker that is no thread: what is submitted is done at once."""

    def submit(self, call: Callable[..., Answer], /, *args: Any, **kwargs: Any) -> Future[Answer]:
        future: Future[Answer] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as fault:
            future.set_exception(fault)
        return future


def a_quote(bid: str | Decimal, when: dt.datetime, spread: str = "0.01") -> Quote:
    return Quote(Decimal(bid), Decimal(bid) + Decimal(spread), when)


def seconds(count: float, after: dt.datetime = BEGIN) -> dt.datetime:
    return after + dt.timedelta(seconds=count)


def shown(
    quote: Quote | None, now: dt.datetime, options: Mapping[OptionContract, tuple[str, str]] | None = None
) -> MarketSnapshot:
    """A look at the share, and at options of it."""
    chain = None if options is None else quoted_chain(SHARE, now, options)
    middle = None if quote is None else quote.mid
    seen = None if quote is None else quote.at
    return MarketSnapshot(now, SHARE, middle, seen, chain, Decimal(15), share=quote)


def a_market(quotes: Sequence[tuple[float, str]], step: float = 1.0) -> FakeMarket:
    """A script of bids, one cent wide, at seconds after the open."""
    market = FakeMarket(SHARE, step=step)
    for after, bid in quotes:
        market.add(shown(a_quote(bid, seconds(after)), seconds(after)))
    return market


@frozen(eq=False)
class Polled:
    """A market that is looked at every so many seconds only, counted from the open; notes when it was."""

    market: MarketData
    every: float
    looks: list[float] = field(factory=list)

    @property
    def label(self) -> str:
        return self.market.label

    def attend(self, expiries: Expiries | None) -> None:
        self.market.attend(expiries)

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        self.looks.append((now - BEGIN).total_seconds())
        return self.market.snapshot(now)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        step = dt.timedelta(seconds=self.every)
        return BEGIN + ((after - BEGIN) // step + 1) * step

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self.market.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.market.bars(underlying, seconds, start, end)

    def fingerprint(self) -> str:
        return self.market.fingerprint()


@frozen
class Scalp:
    """Buys ten shares at `buys` or below, rests nothing, sells them at market at `sells` or above; over and over.

    It reads the tape alone, so it acts on quotes between two looks. With `call` it buys a call beside the shares.
    """

    buys: Decimal
    sells: Decimal
    call: OptionContract | None = None
    rests: bool = False
    hedges: bool = False
    name: str = "scalp"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return ()

    def decide(self, situation: Situation) -> Decisions:
        book, quote = situation.book, situation.memory.quote(situation.now)
        if any(order.is_working for order in book.working_orders):
            return Decisions()
        held = [one for one in book.live_holdings if one.held(SHARE)]
        if quote is None:
            return Decisions()
        if held and self.rests:
            sale = closing_trade(held[0], SHARE, Purpose.EXIT, "target")
            return Decisions((evolve(sale, limit=self.sells, life=THE_DAY),))
        if self.hedges:
            return Decisions(tuple(self._hedged(book)))
        if held:
            over = (closing_trade(one, SHARE, Purpose.EXIT, "sold") for one in held)
            return Decisions(tuple(over) if quote.bid >= self.sells else ())
        if quote.ask > self.buys:
            return Decisions()
        name = f"{SHARE}-{len(book.holdings)}"
        steps = [self._bought(name, ShareLeg(SHARE, Side.BUY, closes=False), 10, quote.ask)]
        if self.call is not None:
            steps.append(self._bought(f"{name}-call", Leg(self.call, Side.BUY), 1, Decimal(5)))
        return Decisions(tuple(steps))

    def _hedged(self, book: BookView) -> Iterator[Trade]:
        """A call, then shares sold short against it, in one holding."""
        assert self.call is not None
        if not book.live_holdings:
            yield self._bought(SHARE, Leg(self.call, Side.BUY), 1, Decimal(5))
        elif not book.live_holdings[0].held(SHARE):
            leg = ShareLeg(SHARE, Side.SELL, closes=False)
            yield Trade(SHARE, self.name, SHARE, Purpose.HEDGE, (leg,), 50, Effect.CREDIT, "hedged")

    def _bought(self, name: str, leg: Leg | ShareLeg, quantity: int, limit: Decimal) -> Trade:
        return Trade(name, self.name, SHARE, Purpose.ENTRY, (leg,), quantity, Effect.DEBIT, "bought", limit)


@define(eq=False)
class ShareDay:
    """The day, wired over a scripted market that is polled, and streamed besides."""

    script: MarketData
    clock: Clock
    strategy: Any
    polls: float = 10.0
    settings: Settings = field(factory=Settings)
    limits: RunnerLimits = RunnerLimits()
    wrap_broker: Callable[[Broker], Broker] = lambda broker: broker
    streams: bool = True
    storage: MemoryStorage = field(factory=lambda: MemoryStorage(MemoryLedger()))
    session: TradingSession = field(factory=a_session)
    previous: TradingSession | None = None
    terms: Any = field(factory=lambda: evolve(TERMS, starting_balance=Decimal(100_000)))
    exchange: FakeExchange = field(init=False)
    polled: Polled = field(init=False)
    feed: StreamedMarket = field(init=False)
    quotes: MarketQuotes = field(init=False)
    day: TradeDay = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.exchange = FakeExchange(
            self.script, self.clock, FakeCalendar(), underlyings={SHARE: REGISTRY[SHARE]}, fees=NO_FEES,
            starting_cash=Decimal(100_000),
        )  # fmt: skip
        self.quotes = MarketQuotes(self.script, SHARE, self.session, self.clock)
        recorded = self.quotes if self.streams else None
        self.polled = Polled(self.script, self.polls)
        self.feed = StreamedMarket(self.polled, SHARE, Tape(opens_at=self.session.open), recorded=recorded)
        scalping = evolve(self.settings.scalping, runner=self.limits)
        venue = Venue(self.terms, self.clock, self.feed, self.wrap_broker(self.exchange), feed=self.feed)
        traded = TradedDay(
            evolve(self.settings, scalping=scalping), REGISTRY[SHARE], self.session, self.strategy, self.previous
        )
        self.day = wire_trade(traded, venue, DayLedger(self.storage), MemoryInbox())
        self.day.reconcile.is_settled = True

    @property
    def events(self) -> list[Event]:
        return list(self.storage.events())

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def alarms(self) -> list[str]:
        return [event.code for event in self.all(AlarmRaised)]

    @property
    def held(self) -> dict[str, int]:
        return dict(self.exchange.holdings())


@define(eq=False)
class Running:
    """A day in a runner, in time that jumps."""

    world: ShareDay
    loop: VirtualLoop
    runner: Runner

    def until(self, after: float, then: Callable[[], object] | None = None) -> Ended:
        """Run for so many seconds, then interrupt it, or do what is given."""
        act = then or (lambda: self.runner.interrupt("SIGINT"))

        async def both() -> Ended:
            asyncio.get_running_loop().call_later(after, act)
            return await self.runner.main()

        return finished(self.loop, both())

    def tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks(self.loop)


def finished(loop: VirtualLoop, work: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def running(
    script: MarketData,
    strategy: Any,
    *,
    news: OrderNews | None = None,
    streams: Sequence[QuoteStream] | None = None,
    core: Callable[..., Any] = DayCore,
    start: dt.datetime = BEGIN,
    **told: Any,
) -> Running:
    loop = VirtualLoop()
    world = ShareDay(script, LoopClock(loop, start), strategy, **told)
    world.day.begin()
    flow = Flow(
        world.feed.take, (world.quotes,) if streams is None else streams, news, world.feed.refused, apart_seconds=0
    )  # fmt: skip
    runner = Runner(core(world.day, by_events=True), flow, world.clock, world.limits, worker=Inline)
    return Running(world, loop, runner)


def in_the_plain_loop(script: MarketData, strategy: Any, until: float, **told: Any) -> ShareDay:
    """The same day in the plain loop, until so many seconds after the open."""
    clock = FakeClock(BEGIN)
    world = ShareDay(script, clock, strategy, **told)
    world.day.run_until(lambda _book: clock.now() >= seconds(until))
    return world


@frozen
class Said:
    """A stream that says what it is given: a pause in seconds, a message, or a fault that is raised; then it waits."""

    script: list[float | StreamedQuote | Exception]
    name: str = "said"

    async def messages(self) -> AsyncIterator[StreamedQuote]:
        while self.script:
            match step := self.script.pop(0):
                case Exception():
                    raise step
                case StreamedQuote():
                    yield step
                case _:
                    await asyncio.sleep(step)
        await asyncio.Event().wait()

    def close(self) -> None:
        """Nothing is held."""

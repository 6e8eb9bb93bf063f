"""A strategy that returns any decision at all, and what must hold whatever it does.

It opens while halted, exits twice, exits holdings of others, asks for nothing and for less than nothing, names unknown
holdings and symbols, crosses zero, hedges without options. The guard lets through what may be sent; the loop lives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any, cast

from attrs import define, evolve, field, frozen

from broker_faults import drawn_stretches, make_faulty
from builders import DAY, a_session, at
from builders_world import PATIENT, World, a_judgement, a_scripted_plan
from fakes import NO_FEES, BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.order import Behaviour, CancelOutcome
from gammacore.domain.book.book import Book
from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.ledger import Halted, OrderIntended, Resumed
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.risk.limits import RiskLimits, holding_risk
from gammacore.domain.sessions import TradingSession
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.strategy import (
    NOTHING_MORE,
    Cancel,
    Close,
    Decision,
    Decisions,
    Halt,
    Needs,
    Open,
    Repair,
    SaveState,
    Situation,
    Trade,
    Warn,
)
from gammacore.domain.words import StrategyTag
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open

STRIKES = (598, 599, 600, 601, 602)
NAMES = ("a", "b", "p1", "p2", "nowhere")
SHARES = ("SPY", "QQQ", "")
QUANTITIES = (-3, 0, 1, 1, 2, 3, 10, 500, 10**9)
LIMITS = (None, None, Decimal("0.05"), Decimal("2.35"), Decimal(0), Decimal(-1), Decimal("NaN"))
STEP_SECONDS = 20


def a_contract(right: Right, strike: int) -> OptionContract:
    return OptionContract("SPY", "SPY", DAY, right, Decimal(strike))


def options(right: Right = Right.CALL) -> list[OptionContract]:
    return [a_contract(right, strike) for strike in STRIKES]


def quotes(spot: Decimal) -> Mapping[OptionContract, BidAsk]:
    """Calls and puts at five strikes, worth their intrinsic value and a little."""
    shown: dict[OptionContract, BidAsk] = {}
    for strike in STRIKES:
        for right in Right:
            contract = a_contract(right, strike)
            worth = contract.intrinsic(spot) + Decimal("0.80")
            shown[contract] = (str(worth - Decimal("0.05")), str(worth + Decimal("0.05")))
    return shown


@define
class Hostile:
    """Draws its decisions; never the same twice, and mostly nonsense."""

    rng: Random
    name: str = "hostile"
    decided: list[Decision] = field(factory=list)

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return ()

    def decide(self, situation: Situation) -> Decisions:
        self.decided = [self._draw(situation) for _ in range(self.rng.randint(0, 4))]
        return Decisions(tuple(self.decided))

    def _draw(self, situation: Situation) -> Decision:
        nonsense = (self._trade, self._repair, self._other)
        sense = (self._buy, self._buy, self._exit_twice, self._exit_twice, self._open, self._open, self._close)
        return self.rng.choice((*nonsense, *sense))(situation)

    def _name(self, situation: Situation) -> str:
        positions = [position.id for position in situation.book.live_spreads]
        others = [holding.id for holding in without_plan(situation.book.live_holdings)]
        return self.rng.choice([*NAMES, *positions, *others])

    def _side(self) -> Side:
        return self.rng.choice(list(Side))

    def _leg(self) -> Leg | ShareLeg:
        if self.rng.random() < 0.4:
            return ShareLeg(self.rng.choice(SHARES), self._side(), closes=self.rng.random() < 0.5)
        return Leg(self.rng.choice(options(self.rng.choice(list(Right)))), self._side())

    def _trade(self, situation: Situation) -> Trade:
        rng = self.rng
        legs = tuple(self._leg() for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 5])))
        record = None
        if rng.random() < 0.3:
            record = a_judgement(a_scripted_plan(), situation.now)
        return Trade(
            self._name(situation), rng.choice(["hostile", "delivered", "another"]), rng.choice(["SPY", "SPX", "XYZ"]),
            rng.choice(list(Purpose)), legs, rng.choice(QUANTITIES), rng.choice(list(Effect)), "because",
            rng.choice(LIMITS), record=record,
        )  # fmt: skip

    def _buy(self, situation: Situation) -> Trade:
        """Something a strategy might want, in a size that may be too large."""
        rng = self.rng
        if rng.random() < 0.4:
            leg: Leg | ShareLeg = ShareLeg("SPY", Side.BUY, closes=False)
            quantity, purpose = rng.choice([1, 3, 9, 100]), rng.choice([Purpose.ENTRY, Purpose.HEDGE])
        else:
            leg = Leg(rng.choice(options(rng.choice(list(Right)))), Side.BUY)
            quantity, purpose = rng.choice([1, 2, 5, 60]), Purpose.ENTRY
        limit = Decimal("3.50") if quantity > 5 or rng.random() < 0.5 else None
        if isinstance(leg, ShareLeg):
            limit = None if quantity < 100 else Decimal(605)
        return Trade(rng.choice("abc"), "hostile", "SPY", purpose, (leg,), quantity, Effect.DEBIT, "morning", limit)

    def _exit_twice(self, situation: Situation) -> Decision:
        """What is held, sold again although a sale may be working: too much of it, or the wrong way round."""
        holdings = without_plan(situation.book.live_holdings)
        if not holdings:
            return self._trade(situation)
        holding = self.rng.choice(holdings)
        held = list(holding.quantities.items())
        if not held:
            return self._trade(situation)
        symbol, quantity = self.rng.choice(held)
        side = Side.SELL if quantity > 0 else Side.BUY
        contract = next((one for one in quotes(Decimal(600)) if one.occ == symbol), None)
        leg = ShareLeg(symbol, side, closes=self.rng.random() < 0.8) if contract is None else Leg(contract, side)
        return Trade(
            holding.id, holding.owner, "SPY", self.rng.choice([Purpose.EXIT, Purpose.HEDGE, Purpose.ENTRY]),
            (leg,), abs(quantity) * self.rng.choice([1, 1, 2]),
            Effect.CREDIT if quantity > 0 else Effect.DEBIT, "again",
        )  # fmt: skip

    def _open(self, situation: Situation) -> Open:
        rng = self.rng
        spread, tag = rng.choice(SPREADS)
        name = rng.choice(["p1", "p2", "p3", self._name(situation)])
        plan = evolve(
            a_scripted_plan(rng.choice([0, 1, 2, 3, 50]), name),
            spread=spread,
            strategy=tag,
            policy=PATIENT,
            limit=rng.choice([Decimal("0.40"), Decimal("0.45")]),
            expected_credit=rng.choice([Decimal("0.50")] * 5 + [Decimal("2.50"), Decimal(0)]),
        )
        return Open(plan, a_judgement(plan, situation.now))

    def _close(self, situation: Situation) -> Close:
        return Close(self._name(situation), "because", "it may", urgent=self.rng.random() < 0.5,
                     limit=self.rng.choice(LIMITS))  # fmt: skip

    def _repair(self, situation: Situation) -> Repair:
        leg = self.rng.choice([Leg(self.rng.choice(options()), self._side()), *a_spy_put_spread()])
        return Repair(self._name(situation), leg, self.rng.choice(QUANTITIES))

    def _other(self, situation: Situation) -> Decision:
        orders = [order.id for order in situation.book.working_orders]
        return self.rng.choice(
            (
                Cancel(self.rng.choice([*orders, "gc-unknown"]), "because"),
                SaveState(self._name(situation), SpreadWatch()),
                Warn("mood", "it is raining", self._name(situation)),
                Halt("enough") if self.rng.random() < 0.1 else Warn("mood", "it is not raining"),
            )
        )


def a_spy_put_spread() -> tuple[Leg, Leg]:
    return Leg(a_contract(Right.PUT, 600), Side.BUY), Leg(a_contract(Right.PUT, 599), Side.SELL)


PUT_SIDE = Vertical(a_contract(Right.PUT, 600), a_contract(Right.PUT, 599))
CALL_SIDE = Vertical(a_contract(Right.CALL, 600), a_contract(Right.CALL, 601))
SPREADS = (
    (CreditSpread((PUT_SIDE,)), StrategyTag.PUT_SPREAD),
    (CreditSpread((CALL_SIDE,)), StrategyTag.CALL_SPREAD),
)


@frozen
class Treacherous(BrokerDecorator):
    """The exchange, treating every order in its own way."""

    inner: FakeExchange
    rng: Random

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        kinds: tuple[Mapping[str, object], ...] = (
            {}, {}, {}, {"delay": self.rng.randint(1, 4)}, {"never": True}, {"parts": (1,)}, {"parts": (1, 1)},
            {"unavailable": True}, {"times_out": True, "accepts": True}, {"times_out": True, "accepts": False},
            {"rejects": "not now"}, {"rejects_later": "changed its mind"},
        )  # fmt: skip
        drawn = dict(self.rng.choice(kinds))
        if self.rng.random() < 0.4:
            drawn |= {"ignored_cancels": self.rng.randint(0, 3), "on_cancel": self.rng.choice(list(CancelOutcome))}
        self.inner.faults.next_submit(Behaviour(**drawn))  # type: ignore[arg-type]  # fields by name, drawn above
        return self.inner.submit(ticket, gate)


def a_hostile_world(rng: Random) -> World:
    clock, market = FakeClock(at("10:00")), FakeMarket("SPY", step=STEP_SECONDS)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=NO_FEES, starting_cash=Decimal(20_000))
    world = World(clock, market, exchange, a_session(), cast(Any, Hostile(rng)), underlying="SPY", is_compared=False)

    def wrap(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return Treacherous(broker, rng)

    world.wrap_broker = wrap
    market.settle(DAY, Decimal(600))
    return world


@define
class Run:
    """One hostile day in steps; each checks what must hold."""

    rng: Random
    at_a_faulty_broker: bool = False
    world: World = field(init=False)
    seen: int = 0
    halted: bool = False

    def __attrs_post_init__(self) -> None:
        self.world = a_hostile_world(self.rng)
        if self.at_a_faulty_broker:
            make_faulty(self.world, self.rng, drawn_stretches(self.rng))

    def look(self) -> None:
        """Time passes, the market moves, one cycle; then everything that must hold holds."""
        spot = Decimal(600) + Decimal(self.rng.randint(-15, 15)) / 10
        moment = self.world.clock.now() + dt.timedelta(seconds=STEP_SECONDS)
        self.world.market.show(moment, quotes(spot), spot=spot, vix=Decimal(15))
        self.world.clock.set(moment)
        self.world.day.once()
        self.check()

    def halt(self) -> None:
        self.world.day.ledger.record(Halted(self.world.clock.now(), "drill"))

    def resume(self) -> None:
        self.world.day.ledger.record(Resumed(self.world.clock.now(), "go on"))

    def restart(self) -> None:
        self.world.restart()
        self.world.day.begin()

    def trouble(self) -> None:
        faults = self.world.exchange.faults
        self.rng.choice((faults.queries_fail, faults.cancels_fail, faults.reports_lag))(self.rng.randint(1, 2))

    def check(self) -> None:
        """No opening while halted, no reduction beyond what is held, the book is the fold of the ledger."""
        world = self.world
        events = world.events[self.seen :]
        for event in events:
            if isinstance(event, Halted):
                self.halted = True
            elif isinstance(event, Resumed):
                self.halted = False
            elif isinstance(event, OrderIntended):
                adds = not event.ticket.closes and event.ticket.purpose is not Purpose.HEDGE
                assert not (self.halted and adds), f"opened while halted: {event.ticket}"
        self.seen = len(world.events)
        assert chosen_risk(world.book) <= world.book.balance * RiskLimits().concurrent_risk + SLACK, "beyond the limit"
        assert_nothing_oversold(world)


def chosen_risk(book: Book) -> Decimal:
    """Dollars at risk in what was opened; shares that hedged options sold since are no opening."""
    unhedged = [
        holding
        for holding in book.live_holdings
        if all(order.ticket.purpose is not Purpose.HEDGE for order in book.orders_of(holding.id))
    ]
    return sum((holding_risk(holding, book.orders_of(holding.id)) for holding in unhedged), Decimal(0))


SLACK = Decimal(1000)
"""Dollars that prices move between the decision on a few contracts at market and their fill."""


def assert_nothing_oversold(world: World) -> None:
    """Working orders that close never close more than their holding has, symbol by symbol, direction by direction.

    What came after a cancel may leave one too many (CS-410): that one is being called back at the end of the same look.
    """
    book = world.book
    for order in book.working_orders:
        if not order.ticket.closes or order.called_back:
            continue
        held = book.held_by(order.ticket.holding)
        for leg in order.ticket.legs:
            unfilled = sum(
                other.ticket.quantity * one.ratio - other.execution.filled_of(one)
                for other in book.orders_of(order.ticket.holding)
                if other.is_working and not other.called_back
                for one in other.ticket.legs
                if (one.symbol, one.side) == (leg.symbol, leg.side) and other.ticket.closes
            )
            assert unfilled <= max(0, -leg.side.sign * held.get(leg.symbol, 0)), f"oversold {leg.symbol}: {unfilled}"


def run(seed: int, steps: int = 25, *, at_a_faulty_broker: bool = False) -> Run:
    """One hostile day of so many looks."""
    rng = Random(seed)
    day = Run(rng, at_a_faulty_broker)
    day.world.day.begin()
    for _ in range(steps):
        day.look()
        action = rng.random()
        if action < 0.04:
            day.halt()
        elif action < 0.2:
            day.resume()
        elif action < 0.28:
            day.restart()
        elif action < 0.38:
            day.trouble()
    settle_down(day)
    return day


def settle_down(day: Run) -> None:
    """Without faults and without decisions, what the exchange holds is what the ledger expects."""
    world = day.world
    world.exchange.faults = type(world.exchange.faults)()
    world.strategy = cast(Any, Quiet())
    world.wrap_broker = lambda broker: broker
    world.restart()
    world.day.begin()
    for order in world.book.working_orders:
        world.day.desk.cancel(order, "the day is over")
    for _ in range(12):
        moment = world.clock.now() + dt.timedelta(seconds=61)
        world.market.show(moment, quotes(Decimal(600)), spot=Decimal(600), vix=Decimal(15))
        world.clock.set(moment)
        world.day.once()
    ours, foreign = world.book.expected_holdings(), world.book.quarantined
    together = {symbol: ours.get(symbol, 0) + foreign.get(symbol, 0) for symbol in (*ours, *foreign)}
    assert {s: n for s, n in together.items() if n} == dict(world.exchange.holdings()), "ledger and exchange differ"


@frozen
class Quiet:
    """Decides nothing."""

    name: str = "hostile"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return ()

    def decide(self, situation: Situation) -> Decisions:
        return Decisions()

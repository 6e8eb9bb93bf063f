"""Rule R3: whatever goes wrong at the exchange, in whatever order, every cycle and every day ends as it should.

Each run is one short day with its own seed: three entries, or every fourth seed a straddle with its hedges, and faults
drawn for every order, question and restart. The seed of a failing run is printed; `GAMMACORE_FAULT_SEED=n` replays that
one, `GAMMACORE_FAULT_RUNS=10000` does more.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any, cast

import pytest
from attrs import evolve, frozen

import mode_faults
from builders import DAY, a_call_spread, a_condor, a_put_spread, a_session, at
from builders_delta_hedge import STRADDLE, straddle_legs
from builders_desk import a_contract
from builders_exchange import call, put
from builders_world import PATIENT, Scripted, World, a_scripted_plan
from extent import many
from fakes import BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.order import Behaviour, CancelOutcome, FaultPlan
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import AlarmRaised, OrderIntended
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.straddles.straddle import StraddleRules
from gammacore.domain.words import StrategyTag
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from troubles import draw_trouble

RUNS = int(os.environ.get("GAMMACORE_FAULT_RUNS", "100"))
FIRST_SEED = int(os.environ.get("GAMMACORE_FAULT_SEED", "0"))
STEPS = 24
STEP_SECONDS = 25
FAULTS_A_CYCLE = 0.12
RESTARTS_A_CYCLE = 0.03
HEDGED_EVERY = 4


def price(points: float) -> str:
    """On the 0.05 tick, at least one tick."""
    return str(max(Decimal("0.05"), round(Decimal(points) / Decimal("0.05")) * Decimal("0.05")))


def quotes(rng: Random, stress: float) -> Mapping[OptionContract, BidAsk]:
    """Four contracts; `stress` raises the shorts against the longs."""
    shown: dict[OptionContract, BidAsk] = {}
    for short, long in ((put(6880), put(6870)), (call(6980), call(6990))):
        worth = max(0.4, 5 + stress * 4 + rng.uniform(-0.6, 0.6))
        cover = worth * rng.uniform(0.45, 0.55)
        shown[short] = (price(worth - 0.1), price(worth + 0.1))
        shown[long] = (price(cover - 0.1), price(cover + 0.1))
    return shown


def a_market(rng: Random) -> FakeMarket:
    """Ten minutes of trading, then a look at each deadline, then the print."""
    market, stress = FakeMarket("SPX", step=STEP_SECONDS), 0.0
    times = [at("10:00") + dt.timedelta(seconds=STEP_SECONDS * step) for step in range(STEPS)]
    times += [at(f"15:{minute}") for minute in (30, 31, 32, 33, 55, 56, 57, 58, 59)]
    for moment in times:
        stress = max(-1.0, min(2.0, stress + rng.uniform(-0.3, 0.35)))
        market.show(moment, quotes(rng, stress), spot=Decimal(6900), vix=Decimal(15))
    market.settle(DAY, Decimal(rng.choice([6860, 6876, 6900, 6984, 7000])))
    return market


def plans(rng: Random) -> tuple[SpreadPlan, ...]:
    spreads = (
        (a_put_spread(), StrategyTag.PUT_SPREAD),
        (a_call_spread(), StrategyTag.CALL_SPREAD),
        (a_condor(), StrategyTag.IRON_CONDOR),
    )
    drawn = []
    for number in range(3):
        spread, tag = rng.choice(spreads)
        plan = a_scripted_plan(rng.randint(1, 3), f"p{number + 1}")
        drawn.append(
            evolve(
                plan,
                spread=spread,
                strategy=tag,
                limit=Decimal("0.50"),
                policy=rng.choice([PATIENT, StopPolicy()]),
                scheduled_at=at("10:00") + dt.timedelta(seconds=STEP_SECONDS * rng.randint(0, 8) + number),
            )
        )
    return tuple(drawn)


def a_behaviour(rng: Random, ticket: OrderTicket) -> Behaviour:
    """How one order is treated: fairly as often as not, else badly in one way, and its cancel perhaps badly too."""
    quantity = ticket.quantity
    kinds: tuple[Mapping[str, object], ...] = (
        {},
        {},
        {},
        {"unavailable": True},
        {"times_out": True, "accepts": True},
        {"times_out": True, "accepts": False},
        {"rejects": "not now"},
        {"rejects_later": "changed its mind"},
        {"delay": rng.randint(1, 3)},
        {"never": True},
        {"parts": (1,)},
        {"parts": (1, 1)},
        {"leg_contracts": tuple(rng.randint(0, quantity) for _ in ticket.legs)},
        {"times_out": True, "leg_contracts": tuple(rng.randint(0, quantity) for _ in ticket.legs)},
    )
    if ticket.holding == STRADDLE and ticket.purpose is Purpose.EXIT:
        endless = {"never", "parts", "leg_contracts"}
        kinds = (*({},) * 10, *(kind for kind in kinds if not kind.keys() & endless))
    fields = dict(rng.choice(kinds))
    if rng.random() < 0.4:
        fields["ignored_cancels"] = rng.randint(0, 4)
        fields["on_cancel"] = rng.choice(list(CancelOutcome))
    return Behaviour(**fields)  # type: ignore[arg-type]  # fields by name, drawn above


@frozen
class Watched(BrokerDecorator):
    """The exchange as the desk sees it: troubles are drawn for each order, and a submit without an intent is caught."""

    inner: FakeExchange
    rng: Random
    world: World

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        intents = [event for event in self.world.events if isinstance(event, OrderIntended)]
        assert [event.ticket for event in intents].count(ticket) == 1, "submitted without one durable intent"
        self.inner.faults.next_submit(a_behaviour(self.rng, ticket))
        return self.inner.submit(ticket, gate)


def a_random_world(rng: Random) -> World:
    clock, market = FakeClock(at("10:00")), a_market(rng)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=FeeSchedule(), starting_cash=Decimal(20_000))
    return World(clock, market, exchange, a_session(), Scripted(plans(rng)), is_compared=False)


def a_random_hedged_world(rng: Random) -> World:
    """A SPY straddle bought at 10:00; orders to go flat come to an end, mostly a fair one, all others may not."""
    clock, market, spot = FakeClock(at("10:00")), FakeMarket("SPY", step=STEP_SECONDS), Decimal(600)
    times = [f"10:{step * STEP_SECONDS // 60:02}:{step * STEP_SECONDS % 60:02}" for step in range(STEPS)]
    for time in (*times, *(f"15:{minute}" for minute in range(44, 60))):
        spot += round(Decimal(rng.uniform(-0.6, 0.6)), 2)
        legs = straddle_legs(str(spot), time, strikes=(599, 600, 601))
        shown = {a_contract(leg, "SPY"): (str(bid), str(ask)) for leg, (bid, ask) in legs.items()}
        market.show(at(time), shown, spot=spot, vix=Decimal(15))
    market.settle(DAY, spot)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=FeeSchedule(), starting_cash=Decimal(20_000))
    desk = DeltaHedgeDesk(straddle=StraddleRules(buy_minutes_after_open=30))
    return World(clock, market, exchange, a_session(), cast(Any, desk), underlying="SPY", is_compared=False)


def any_random_world(rng: Random, seed: int) -> World:
    return a_random_hedged_world(rng) if seed % HEDGED_EVERY == 0 else a_random_world(rng)


def run(seed: int, a_world: Callable[[Random, int], World] = any_random_world) -> World:
    """One day to its end; the invariants of a cycle are looked at after each."""
    rng = Random(seed)
    world = a_world(rng, seed)

    def watched(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return Watched(broker, rng, world)

    outer = world.wrap_broker
    world.wrap_broker = lambda broker: outer(watched(broker))
    world.day.begin()
    while not world.day.is_finished():
        assert world.clock.now() < at("16:30"), f"open at 16:30: {world.book.live_spreads}"
        world.day.cycle()
        assert_covered(world)
        draw_trouble(rng, world, FAULTS_A_CYCLE, STEP_SECONDS)
        if rng.random() < RESTARTS_A_CYCLE:
            world.restart()
            world.day.begin()
        world.clock.wait_until(world.day.next_look(world.clock.now()))
    return world


def assert_covered(world: World) -> None:
    """No short without its cover, or an alarm that says so and an order at it in this very cycle. Rule: R2."""
    now = world.clock.now()
    if now >= world.session.close:
        return
    for position in world.book.live_spreads:
        if position.naked_shorts():
            orders = world.book.orders_of(position.id)
            alarms = [e for e in world.events if isinstance(e, AlarmRaised) and e.holding == position.id]
            assert alarms, f"{position.id} is naked and no alarm was raised: {position.naked_shorts()}"
            assert any(o.is_working or now in (o.intended_at, o.changed_at) for o in orders), f"{position.id} is naked"


def state_of(folded: object) -> object:
    """All a book and its parts hold, comparable; what they keep ready to be shown is compared as it is shown."""
    if type(folded).__eq__ is not object.__eq__ or not hasattr(folded, "__dict__"):
        return folded
    kept = {name: state_of(part) for name, part in vars(folded).items() if name != "_shown"}
    shown = {name: getattr(folded, name) for name in ("live", "live_spreads", "working") if hasattr(folded, name)}
    return {**kept, **shown}


def assert_ended_well(world: World) -> None:
    book, exchange = world.book, world.exchange
    exchange.faults = FaultPlan()
    received = Counter(ticket.id for ticket in exchange.received)
    assert max(received.values(), default=1) == 1, "an order was sent twice"
    assert state_of(Book.of(world.events)) == state_of(book), "the ledger folds to another book"
    assert dict(exchange.holdings()) == book.expected_holdings() == {}
    assert dict(book.quarantined) == {}
    assert book.live_holdings == ()
    assert book.balance == exchange.account().balance, "the book's dollars are not the exchange's"
    closed: Counter[str] = Counter()
    for event in world.events:
        if isinstance(event, HoldingClosed):
            closed[event.holding] += event.contracts
    for order in book.orders.values():
        if order.ticket.purpose is Purpose.ENTRY and order.ticket.holding != STRADDLE:
            assert closed[order.ticket.holding] == order.execution.quantity, f"{order.ticket.holding} booked wrongly"


@pytest.mark.parametrize("seed", [2880, 6255, 12249, 16556, 22345, 28069, 53002, 59697, 40153, 85428, 87458])
def test_a_seed_that_broke_an_invariant_once_ends_well(seed: int) -> None:
    """R3, by seed: hedge shares that vanished and came back (2880); a net price of 0 whose legs have prices (6255); a
    late fill of ours taken for a trade outside (12249); exits whose answers are lost four times (16556); a short gone
    by settlement that was taken for traded (22345, 28069, 53002, 59697); a late fill of ours that the list of
    orders shows and the answer about the order does not yet (40153); an order ended without a
    report that worked all the same and kept the shares from being sold (85428); a fill that only the holdings showed,
    gone again and taken for traded outside before its order's report came (87458)."""
    assert_ended_well(run(seed))


def test_random_faults_break_no_invariant() -> None:
    """R3: cycles keep shorts covered, every submit was intended, nothing is sent twice, every dollar is accounted."""
    for seed in range(FIRST_SEED, FIRST_SEED + (1 if "GAMMACORE_FAULT_SEED" in os.environ else RUNS)):
        try:
            assert_ended_well(run(seed))
        except Exception as broken:
            broken.add_note(f"seed {seed}: replay with GAMMACORE_FAULT_SEED={seed}")
            raise


@pytest.mark.parametrize("seed", [0, 8, 9, 19, 36])
def test_a_seed_that_broke_a_scalping_mode_once_ends_well(seed: int) -> None:
    """R3, by seed: orders whose cancels do not reach the exchange three times, or are ignored, and kept what they would
    sell to the close (0, 8, 9, 19: hedge shares, puts that were exercised, shares of both share desks); a hedge that
    still worked after its straddle was sold (36)."""
    mode_faults.assert_ended_well(mode_faults.run(seed))


def test_random_faults_break_no_invariant_of_a_scalping_mode() -> None:
    """R3: nothing is sent twice, lost, left to the close or opened after a halt; every dollar is accounted for."""
    for seed in range(100, 100 + many(12, 200)):
        try:
            mode_faults.assert_ended_well(mode_faults.run(seed))
        except Exception as broken:
            broken.add_note(f"seed {seed}: mode_faults.run({seed})")
            raise

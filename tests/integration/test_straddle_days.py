"""Straddles through whole days in the real loop: hedged through zero, restarted at noon, kept overnight.

Rules: SC-414, SC-442, SC-451, SC-614, SC-1306.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import define, evolve

from builders_modes import NO_KEYS, Keys, a_mode_world, check_day, check_never_oversold, check_sent_once, cycles
from builders_world import World
from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import MemoryLedger
from gammacore.adapters.simulated.model import Shock
from gammacore.adapters.simulated.moods import Mood
from gammacore.application.daily_rates import DailyRates
from gammacore.configuration import StrategyName
from gammacore.domain.holding_events import HoldingAdopted, HoldingClosed
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import (
    AlarmRaised,
    DayFinished,
    DeskSwitched,
    EntryJudged,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
)
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.pricing.rates import NODES, ParYields
from gammacore.domain.sessions import new_york
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock

STEP = 60
KEYS: Keys = {"scalping.gamma.tree_steps": 20, "scalping.gamma.max_dte": 50, "scalping.gamma.straddle_order": "market"}
KEPT: Keys = {**KEYS, "scalping.gamma.flatten_before_close": False}
FIRST, SECOND = dt.date(2026, 3, 3), dt.date(2026, 3, 4)


def a_day(
    date: dt.date = FIRST, keys: Keys = KEYS, mode: StrategyName = StrategyName.GAMMA_SCALPING, **more: Any
) -> World:
    return a_mode_world(mode, Mood.GAPPING, 2, STEP, {**keys, "market.date": date}, **more)


def lived(world: World, until: Callable[[World], bool] = lambda _world: False) -> World:
    for _ in cycles(world):
        if until(world):
            break
    return world


def tickets(world: World, purpose: Purpose) -> list[OrderTicket]:
    return [event.ticket for event in world.all(OrderIntended) if event.ticket.purpose is purpose]


def test_a_straddle_is_hedged_through_zero_and_back_by_two_orders_each_time() -> None:
    """SC-442: up 50 points at 11:30 and down again at 12:50; what is held goes first, then the other side is opened."""
    shocks = Shock(120, Decimal(50)), Shock(200, Decimal(-50))
    world = lived(a_day(keys={**KEYS, "scalping.gamma.take_profit": 5}, shocks=shocks))

    filled = {event.id: event.execution.quantity for event in world.all(OrderFilled)}
    held, crossings = 0, []
    for ticket in tickets(world, Purpose.HEDGE):
        sign, quantity = (1 if ticket.legs[0].side is Side.BUY else -1), filled[ticket.id]
        assert held * (held + sign * quantity) >= 0, "one order crossed zero"
        if held and held + sign * quantity == 0:
            crossings.append(sign)
        held += sign * quantity
    assert crossings == [-1, 1]
    check_day(world)
    check_sent_once(world.exchange.received)


@pytest.mark.parametrize("mode", ["init", "resume"])
def test_a_restart_at_noon_keeps_the_straddle_and_the_day(mode: str) -> None:
    """SC-451: what the session has begun is taken up where it stands, whatever the mode says."""
    keys = {**KEYS, "scalping.gamma.init_mode": mode, "scalping.gamma.resume_or_open": True}
    undisturbed, world = lived(a_day(keys=keys)), a_day(keys=keys)
    noon = new_york(FIRST, dt.time(12))

    lived(world, until=lambda one: one.clock.now() >= noon)
    before = dict(world.exchange.holdings())
    world.restart()
    lived(world)

    assert len(before) == 3
    assert [encode(event) for event in world.events] == [encode(event) for event in undisturbed.events]
    assert len(tickets(world, Purpose.ENTRY)) == 1


def test_a_straddle_of_two_orders_is_held_hedged_and_sold_like_any_other() -> None:
    """SC-407: for a broker without orders of two legs; the put goes once the call has filled."""
    world = lived(a_day(keys={**KEYS, "scalping.gamma.straddle_order": "legs", "scalping.gamma.take_profit": "0.01"}))

    filled = {event.id for event in world.all(OrderFilled)}
    *missed, call, put = tickets(world, Purpose.ENTRY)
    assert all(len(order.legs) == 1 for order in tickets(world, Purpose.ENTRY) + tickets(world, Purpose.EXIT))
    assert {order.id for order in (call, put)} <= filled
    assert [order for order in missed if order.id in filled] == []  # a call that nobody sold: re-quoted, and no put
    assert (call.holding, call.legs[0].symbol[-9], put.legs[0].symbol[-9]) == (put.holding, "C", "P")
    assert not [event for event in world.all(OrderIntended) if event.ticket.reason == "leg_repair"]
    assert len(tickets(world, Purpose.HEDGE)) > 0
    check_day(world)


@define
class Yields:
    """The Treasury's answer of the day, and how often it was asked."""

    asked: int = 0
    name: str = "treasury"

    def par_yields(self, today: dt.date) -> Mapping[dt.date, ParYields]:
        self.asked += 1
        return {today: dict.fromkeys(NODES, Decimal(2))}


@pytest.mark.parametrize(("minute", "rate"), [(34, None), (36, 0.02)])
def test_a_look_that_needs_rates_has_those_of_the_day(minute: int, rate: float | None) -> None:
    """SC-424: from the purchase on they are asked for, once a day, and priced with."""
    world, source = a_day(), Yields()
    world._day = evolve(world.day, rates=DailyRates("SPY", source, None, 0.05))
    world.day.begin()
    world.clock.wait_until(new_york(FIRST, dt.time(9, minute)))

    seen = [world.day.look().rates for _ in range(2)]

    assert [None if one is None else one.curve.rate(45).item() for one in seen] == [rate, rate]
    assert source.asked == (0 if rate is None else 1)


def test_where_asking_for_rates_fails_the_rest_of_the_look_is_there() -> None:
    """SC-424: the straddle is priced with the fallback, and the failure is told."""

    class Broken(Yields):
        def par_yields(self, today: dt.date) -> Mapping[dt.date, ParYields]:
            raise OSError("no route")

    world = a_day()
    world._day = evolve(world.day, rates=DailyRates("SPY", Broken(), None, 0.05))
    world.day.survival.survives = True  # as with money at a broker
    world.day.begin()
    world.clock.wait_until(new_york(FIRST, dt.time(9, 36)))

    seen = world.day.look()

    assert (seen.rates, seen.worth, seen.at_broker) == (None, Decimal(60_000), None)
    assert [event.detail[:16] for event in world.all(AlarmRaised)] == ["the rates failed"]


def overnight(init_mode: str, more: Keys = NO_KEYS, mode: StrategyName = StrategyName.GAMMA_SCALPING) -> World:
    """The next morning: the same account and ledger, another process, whose settings have `more` keys."""
    world = lived(a_day(keys=KEPT))
    morning = a_day(SECOND, {**KEPT, "scalping.gamma.init_mode": init_mode, **more}, mode)
    cast(Any, world.market).inner = cast(Any, morning.market).inner
    world.restart()
    world.session, world.previous, world.settings = morning.session, morning.previous, morning.settings
    world.strategy, world.terms = morning.strategy, morning.terms
    world.clock.wait_until(world.session.open)
    return world


def test_a_straddle_kept_overnight_ends_its_day_and_is_taken_over_by_resume() -> None:
    """SC-451, SC-614: the day is over without an alarm; the next one hedges on."""
    world = overnight("resume")
    (finished,) = world.all(DayFinished)
    straddle, count = next(iter(world.book.live_holdings)), len(tickets(world, Purpose.HEDGE))
    assert finished.at == new_york(FIRST, dt.time(16))
    assert world.alarms() == []

    lived(world)

    assert [finished.date for finished in world.all(DayFinished)] == [FIRST, SECOND]
    assert [one.id for one in world.book.live_holdings] == [straddle.id]
    assert len(tickets(world, Purpose.ENTRY)) == 1
    assert len(tickets(world, Purpose.HEDGE)) > count
    assert dict(world.exchange.holdings()) == world.book.expected_holdings()
    check_never_oversold(world.exchange.every_order)


def test_a_straddle_kept_overnight_is_sold_by_init_before_another_is_bought() -> None:
    """SC-451."""
    world = overnight("init")
    kept = next(iter(world.book.live_holdings)).id

    lived(world, until=lambda one: len(tickets(one, Purpose.ENTRY)) > 1)

    (closed,) = world.all(HoldingClosed)
    assert closed.holding == kept
    entered = [event.at for event in world.all(OrderIntended) if event.ticket.purpose is Purpose.ENTRY]
    assert new_york(SECOND, dt.time(9, 30)) < closed.at <= entered[1]


def test_beside_a_straddle_that_no_ledger_knows_nothing_is_bought_under_init() -> None:
    """SC-451: legs and hedge at the broker, a new ledger; they are left as they are."""
    world = overnight("init")
    there = dict(world.exchange.holdings())
    world.medium = MemoryLedger()

    lived(world, until=lambda one: one.clock.now() >= new_york(SECOND, dt.time(10)))

    assert {event.reason for event in world.all(EntryJudged)} == {"foreign_position"}
    assert world.all(OrderIntended) == []
    assert dict(world.exchange.holdings()) == there


def lost_ledger(more: Keys = NO_KEYS, mode: StrategyName = StrategyName.GAMMA_SCALPING) -> World:
    """The next morning under resume: the straddle and its hedge are at the broker, and the ledger is a new one."""
    world = overnight("resume", more, mode)
    world.medium = MemoryLedger()
    return world


def test_a_straddle_that_no_ledger_knows_is_taken_over_hedged_and_sold() -> None:
    """SC-452: legs and hedge at their first mids, marked assumed; from then on it is a straddle like any other."""
    world = lost_ledger({"scalping.gamma.flatten_before_close": True})
    there = dict(world.exchange.holdings())

    lived(world)

    (taken,) = world.all(HoldingAdopted)
    assert (taken.origin, taken.owner, taken.symbols) == (Origin.RESUMED, "gamma-scalping", there)
    assert taken.at < new_york(SECOND, dt.time(9, 40))
    assert tickets(world, Purpose.ENTRY) == []
    assert tickets(world, Purpose.HEDGE)
    (closed,) = world.all(HoldingClosed)
    assert closed.holding == taken.holding
    assert dict(world.exchange.holdings()) == world.book.expected_holdings() == {}
    assert dict(world.book.quarantined) == {}
    check_never_oversold(world.exchange.every_order)


def test_a_straddle_taken_over_is_taken_up_again_by_a_restart() -> None:
    """SC-451, SC-452: what the session has begun stands; nothing is taken over twice."""
    until = new_york(SECOND, dt.time(10))
    undisturbed, world = lost_ledger(), lost_ledger()
    lived(undisturbed, until=lambda one: one.clock.now() >= until)

    lived(world, until=lambda one: bool(one.all(HoldingAdopted)))
    world.restart()
    lived(world, until=lambda one: one.clock.now() >= until)

    assert len(world.all(HoldingAdopted)) == 1
    assert [encode(event) for event in world.events] == [encode(event) for event in undisturbed.events]


def test_the_hybrid_resumes_a_straddle_before_its_first_reading() -> None:
    """SC-452, SC-503: with a straddle held no reading of the morning is a change of desks."""
    world = lost_ledger(mode=StrategyName.HYBRID)

    lived(world, until=lambda one: one.clock.now() >= new_york(SECOND, dt.time(9, 45)))

    (taken,) = world.all(HoldingAdopted)
    assert taken.owner == "gamma-scalping"
    assert world.all(DeskSwitched) == []
    assert tickets(world, Purpose.HEDGE)


def test_a_straddle_that_is_not_what_resume_asks_for_is_left_alone_with_its_reason() -> None:
    """SC-452: two were asked for, one is there."""
    world = lost_ledger({"scalping.gamma.straddles": 2})
    there = dict(world.exchange.holdings())

    lived(world, until=lambda one: one.clock.now() >= new_york(SECOND, dt.time(10)))

    assert {event.reason for event in world.all(EntryJudged)} == {"resume_quantity"}
    assert world.all(OrderIntended) == []
    assert dict(world.exchange.holdings()) == there


@pytest.mark.parametrize(("opens", "reasons"), [(False, {"resume_legs"}), (True, {None})])
def test_where_the_broker_shows_nothing_resume_waits_unless_it_may_open(opens: bool, reasons: set[str | None]) -> None:
    """SC-452: `resume_or_open`."""
    world = a_day(keys={**KEYS, "scalping.gamma.init_mode": "resume", "scalping.gamma.resume_or_open": opens})

    lived(world, until=lambda one: one.clock.now() >= new_york(FIRST, dt.time(10)))

    assert {event.reason for event in world.all(EntryJudged)} == reasons
    assert bool(tickets(world, Purpose.ENTRY)) is opens


@define(eq=False)
class SlowWire(BrokerDecorator):
    """So many seconds go by between an order and its first byte: a pause of the machine, a connection to be made."""

    inner: FakeExchange
    time: Clock
    seconds: float

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if ticket.purpose is Purpose.HEDGE:
            self.time.wait_until(self.time.now() + dt.timedelta(seconds=self.seconds))
        return self.inner.submit(ticket, gate)


@pytest.mark.parametrize(("seconds", "is_sent"), [(3, True), (3.001, False)])
def test_a_hedge_older_than_its_time_to_live_never_leaves_and_is_decided_anew(seconds: float, is_sent: bool) -> None:
    """SC-443: exactly the time to live passes."""

    def slow(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return SlowWire(broker, world.clock, seconds)

    world = a_day(wrap_broker=slow)
    lived(world, until=lambda one: len(tickets(one, Purpose.HEDGE)) > 1)

    expired = [event.detail for event in world.all(OrderNotSent)]
    sent = [ticket for ticket in world.exchange.received if ticket.purpose is Purpose.HEDGE]
    assert bool(sent) is is_sent
    assert bool(expired) is not is_sent
    assert all(detail.startswith("command_expired") for detail in expired)

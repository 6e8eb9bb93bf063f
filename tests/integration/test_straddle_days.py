"""Straddles through whole days in the real loop: hedged through zero, restarted at noon, kept overnight.

Rules: SC-414, SC-442, SC-451, SC-614, SC-1306.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import define

from builders_modes import Keys, a_mode_world, check_day, check_never_oversold, check_sent_once, cycles
from builders_world import World
from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import MemoryLedger
from gammacore.adapters.simulated.model import Shock
from gammacore.adapters.simulated.moods import Mood
from gammacore.configuration import StrategyName
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import DayFinished, EntryJudged, OrderFilled, OrderIntended, OrderNotSent
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.sessions import new_york
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock

STEP = 60
KEYS: Keys = {"scalping.gamma.tree_steps": 20, "scalping.gamma.max_dte": 50, "scalping.gamma.straddle_order": "market"}
KEPT: Keys = {**KEYS, "scalping.gamma.flatten_before_close": False}
FIRST, SECOND = dt.date(2026, 3, 3), dt.date(2026, 3, 4)


def a_day(date: dt.date = FIRST, keys: Keys = KEYS, **more: Any) -> World:
    return a_mode_world(StrategyName.GAMMA_SCALPING, Mood.GAPPING, 2, STEP, {**keys, "market.date": date}, **more)


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
    keys = {**KEYS, "scalping.gamma.init_mode": mode}
    undisturbed, world = lived(a_day(keys=keys)), a_day(keys=keys)
    noon = new_york(FIRST, dt.time(12))

    lived(world, until=lambda one: one.clock.now() >= noon)
    before = dict(world.exchange.holdings())
    world.restart()
    lived(world)

    assert len(before) == 3
    assert [encode(event) for event in world.events] == [encode(event) for event in undisturbed.events]
    assert len(tickets(world, Purpose.ENTRY)) == 1


def overnight(init_mode: str) -> World:
    """The next morning: the same account and ledger, another process."""
    world, morning = lived(a_day(keys=KEPT)), a_day(SECOND, {**KEPT, "scalping.gamma.init_mode": init_mode})
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


@pytest.mark.parametrize("mode", ["init", "resume"])
def test_beside_a_straddle_that_no_ledger_knows_nothing_is_bought(mode: str) -> None:
    """SC-451: legs and hedge at the broker, a new ledger; they are left as they are."""
    world = overnight(mode)
    there = dict(world.exchange.holdings())
    world.medium = MemoryLedger()

    lived(world, until=lambda one: one.clock.now() >= new_york(SECOND, dt.time(10)))

    assert {event.reason for event in world.all(EntryJudged)} == {"foreign_position"}
    assert world.all(OrderIntended) == []
    assert dict(world.exchange.holdings()) == there


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

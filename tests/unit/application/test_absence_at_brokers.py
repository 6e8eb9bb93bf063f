"""A real broker may list an order late: no second one is sent beside it. Rules: R4, CS-408, CS-416, CS-535."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_exchange import a_single, an_entry, an_exit, put
from builders_holdings import order_intended, sell
from builders_world import TERMS, World, a_scripted_plan, a_world, a_world_holding, relayed, unguarded
from gammacore.configuration import Settings, configure
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.plans import Opening
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Mode, OrderNotSent
from gammacore.domain.legs import ShareLeg
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import Effect, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.ports.broker import BrokerDecorator
from gammacore.wiring.mode_rules import order_life

PAPER = evolve(TERMS, mode=Mode.PAPER)
ENTRY, EXIT = an_entry(contracts=3), an_exit(contracts=3)
HEDGE = OrderTicket(
    "gc-hedge", Purpose.HEDGE, "SPY", "h1", (ShareLeg("SPY", Side.BUY, closes=False),), 10, Effect.DEBIT, None
)
LOOSE_LONG, NAKED_SHORT = a_single(put(6870), Side.SELL), a_single(put(6880), Side.BUY)


def at_a_broker(world: World) -> World:
    world.terms = PAPER
    world.day.begin()
    return world


def lost(ticket: OrderTicket, *, accepts: bool = False) -> World:
    """An order on its way to a broker, and nobody answered."""
    world = unguarded(at_a_broker(a_world()))
    world.exchange.next_submit(times_out=True, accepts=accepts, never=True)
    if ticket.purpose is Purpose.ENTRY:
        sell(world.day.desk, ticket, a_scripted_plan(3))
    else:
        world.day.desk.send(ticket, Opening("credit-spread", ticket.underlying))
    return world


def look(world: World, seconds: float) -> OrderState:
    """The state of the order after a look so much later."""
    world.show(seconds=seconds)
    world.day.desk.advance()
    (order,) = world.book.orders.values()
    return order.state


@frozen
class SlowToList(BrokerDecorator):
    """Has every order at once, and shows it from an instant on."""

    world: World
    shows_from: dt.datetime

    def order(self, order_id: str) -> OrderReport | None:
        return self.inner.order(order_id) if self.world.clock.now() >= self.shows_from else None


def test_an_order_the_broker_lists_late_is_found_and_not_sent_twice() -> None:
    """R4: after 12 s, four looks in which it was not there."""
    world = a_world(a_scripted_plan())
    world.terms = PAPER
    listed = world.clock.now() + dt.timedelta(seconds=12)
    world.wrap_broker = relayed(lambda exchange: SlowToList(exchange, world, listed))
    world.exchange.next_submit(times_out=True, accepts=True)
    world.day.once()
    world.cycle(10, seconds=3)

    assert world.states() == [OrderState.FILLED]
    assert world.all(OrderNotSent) == []
    assert len(world.exchange.every_order) == 1
    assert world.position().open_contracts == 3


@pytest.mark.parametrize("ticket", [ENTRY, HEDGE, LOOSE_LONG], ids=["entry", "hedge", "loose long"])
def test_what_would_open_or_sell_twice_is_absent_after_fifteen_seconds(ticket: OrderTicket) -> None:
    """R4: both must hold, two looks and 15 s."""
    world = lost(ticket)

    assert [look(world, 3), look(world, 3), look(world, 8.999)] == [OrderState.UNKNOWN] * 3
    assert look(world, 0.001) is OrderState.NOT_SENT


def test_however_late_it_is_two_looks_it_must_be() -> None:
    """R4."""
    world = lost(ENTRY)

    assert [look(world, 60), look(world, 3)] == [OrderState.UNKNOWN, OrderState.NOT_SENT]


@pytest.mark.parametrize("ticket", [EXIT, NAKED_SHORT], ids=["close", "naked short"])
def test_what_buys_a_short_back_is_not_waited_for(ticket: OrderTicket) -> None:
    """CS-416, CS-413: the risk stays until it fills; bought twice is a long."""
    world = lost(ticket)

    assert [look(world, 3), look(world, 3)] == [OrderState.UNKNOWN, OrderState.NOT_SENT]
    assert OrderLife().believes_absence_from(world.book.orders[ticket.id]) <= world.clock.now()


@pytest.mark.parametrize(
    ("ticket", "seconds", "state"),
    [
        (ENTRY, 14.999, OrderState.INTENDED),
        (ENTRY, 15, OrderState.ACCEPTED),
        (ENTRY, 30, OrderState.ACCEPTED),
        (ENTRY, 30.001, OrderState.NOT_SENT),
        (NAKED_SHORT, 0, OrderState.ACCEPTED),
    ],
)
def test_what_a_killed_process_meant_may_have_arrived_unlisted(
    ticket: OrderTicket, seconds: float, state: OrderState
) -> None:
    """R2, R4: it died between the sending and the answer, or before; a restart takes a moment."""
    world = at_a_broker(a_world_holding() if ticket is NAKED_SHORT else a_world())
    world.day.ledger.record(order_intended(world.clock.now(), ticket, a_scripted_plan(3) if ticket is ENTRY else None))
    world.restart()
    world.exchange.next_submit(never=True)
    world.show(seconds=seconds)
    world.day.desk.advance()

    assert world.book.orders[ticket.id].state is state


def test_the_loop_looks_again_the_moment_an_absence_may_be_believed() -> None:
    """However far its looks are apart."""
    world = lost(ENTRY)

    assert world.day.desk.deadlines() == (world.clock.now() + dt.timedelta(seconds=15),)
    look(world, 15)
    look(world, 0)
    assert world.day.desk.deadlines() == ()


def test_another_position_s_stop_does_not_wait_for_it() -> None:
    """CS-535: only this order's replacement does."""
    world = a_world(a_scripted_plan(), a_scripted_plan(1, "p2", "10:01"), closes={"p1": "10:01"})
    world.terms = PAPER
    world.day.once()
    world.cycle(5)
    world.exchange.next_submit()
    world.exchange.next_submit(times_out=True, accepts=False)
    world.cycle()
    assert world.states("p2") == [OrderState.UNKNOWN]
    world.cycle()

    assert world.states("p2") == [OrderState.UNKNOWN]
    assert world.states("p1") == [OrderState.FILLED, OrderState.FILLED]


def test_a_study_s_exchange_knows_at_once_what_it_has() -> None:
    """R14: no study changes by it, nor by its default."""
    assert order_life(Settings(), Mode.STUDY) == OrderLife(absent_seconds=0)
    assert order_life(Settings(), Mode.LIVE) == order_life(Settings(), Mode.PAPER) == OrderLife(absent_seconds=15)
    patient = configure([{"orders.absent_seconds": 40}])
    assert patient.settings.orders.absent_seconds == 40
    assert patient.fingerprint() == configure([]).fingerprint()


def test_a_close_that_had_arrived_after_all_is_booked_once() -> None:
    """CS-410, CS-416: the broker refuses to close what is closed; the fill it lists late is the close."""
    world = a_world_holding()
    world.exchange.next_submit(times_out=True, accepts=True)
    world.strategy = evolve(world.strategy, closes={"p1": world.clock.now()})
    listed = world.clock.now() + dt.timedelta(seconds=20)
    world.wrap_broker = relayed(lambda exchange: SlowToList(exchange, world, listed))
    world.restart()
    world.cycle(20, seconds=3)

    assert OrderState.REJECTED in world.states()
    assert world.states()[:2] == [OrderState.FILLED, OrderState.FILLED]
    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.gross) == ("scripted", Decimal(-90))
    assert dict(world.exchange.holdings()) == {}
    assert not world.book.live_spreads

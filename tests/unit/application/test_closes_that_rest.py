"""A close at market that rests is called back and sent anew, never beside itself; a silent price is asked for again.

Rules: CS-409..411, CS-563, R9.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_exchange import an_exit, put
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed, unguarded
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import OrderFilled
from gammacore.domain.legs import Leg, LegFill
from gammacore.domain.orders import Effect, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.domain.risk.surplus import SURPLUS
from gammacore.ports.broker import Broker, BrokerDecorator

CLOSING = {"p1": "10:00:20"}


def closes_sent(world: World) -> int:
    return sum(ticket.purpose.closes for ticket in world.exchange.received)


# -- the order ---------------------------------------------------------------------------------------------------------


def cycle_unoffered(world: World, times: int) -> None:
    """Cycles in which the short has no ask: what rests then waits for one."""
    for _ in range(times):
        world.show({put(6880): ("5.00", None), put(6870): ("2.40", "2.50")})
        world.day.once()


def test_a_market_close_whose_short_is_not_offered_is_called_back_and_sent_anew_once() -> None:
    """R9: after 120 s, verified, then the next; 3 spreads are bought back and no more."""
    world = a_world_holding(closes=CLOSING)
    world.cycle()
    cycle_unoffered(world, 11)
    assert (closes_sent(world), world.states()[-1]) == (1, OrderState.ACCEPTED)
    cycle_unoffered(world, 2)
    world.cycle(5)

    assert world.states() == [OrderState.FILLED, OrderState.CANCELED, OrderState.FILLED]
    assert [len(order.ticket.legs) for order in world.orders()] == [2, 2, 2]
    assert world.position().state is HoldingState.CLOSED
    assert dict(world.exchange.holdings()) == {}
    assert len(world.all(HoldingClosed)) == 1


def test_what_fills_while_it_is_called_back_is_not_sent_again() -> None:
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(never=True, on_cancel="filled_first")
    world.cycle(25)

    assert closes_sent(world) == 1
    assert world.position().state is HoldingState.CLOSED
    assert dict(world.exchange.holdings()) == {}


def test_only_the_part_that_did_not_fill_is_sent_again() -> None:
    """CS-412: 2 of 3 filled, then nothing."""
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(parts=(2,))
    world.cycle(25)

    first, *rest = (order for order in world.orders() if order.ticket.purpose.closes)
    assert first.execution.quantity == 2
    assert [(order.ticket.legs[0].side, order.ticket.quantity) for order in rest] == [(Side.BUY, 1), (Side.SELL, 1)]
    assert dict(world.exchange.holdings()) == {}


def test_a_fill_after_the_cancel_calls_back_the_close_that_was_sent_since() -> None:
    """CS-410: the first of 3 was reported canceled and fills after all; filled too, the second would turn it round."""
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(never=True, on_cancel="filled_late")
    world.exchange.next_submit(times_out=True, accepts=False)
    world.cycle(4)
    world.clock.set(world.clock.now() + dt.timedelta(seconds=10))
    world.day.once()  # no snapshot in between: the cancel shows, the fill does not yet; of the second no answer came
    assert world.states()[1:] == [OrderState.CANCELED, OrderState.UNKNOWN]
    world.cycle()

    assert world.orders()[-1].called_back == SURPLUS
    world.cycle(12)
    assert world.states()[1:] == [OrderState.FILLED, OrderState.CANCELED]
    assert (dict(world.exchange.holdings()), world.position().state) == ({}, HoldingState.CLOSED)


def test_while_no_cancel_ends_it_nothing_else_is_sent_and_every_minute_a_person_is_alerted() -> None:
    """CS-409, CS-410: three cancels in a row, then one a minute; it is looked at for ever."""
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(never=True, ignored_cancels=99)
    world.cycle(60)

    assert closes_sent(world) == 1
    assert world.orders()[-1].cancels == 3 + 9
    assert world.alarms().count("cancel_unclear") == 9  # from 10:01:20 to 10:10
    assert world.alarms().count("stuck") == 1


def test_a_restart_between_the_cancel_and_its_answer_sends_nothing_twice() -> None:
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(never=True)
    world.cycle(4)
    assert world.states()[-1] is OrderState.CANCEL_REQUESTED
    world.restart()
    world.cycle(8)

    assert world.states() == [OrderState.FILLED, OrderState.CANCELED, OrderState.FILLED, OrderState.FILLED]
    assert dict(world.exchange.holdings()) == {}


def test_closes_that_follow_each_other_and_fill_nothing_are_one_trouble() -> None:
    """CS-420, CS-563: alerted after five minutes though none of them lived for so long."""
    world = a_world_holding(closes=CLOSING)
    for _ in range(9):
        world.exchange.next_submit(never=True)
    world.cycle(30)
    assert "stuck" not in world.alarms()
    world.cycle(4)
    assert world.alarms() == ["stuck"]
    world.cycle(4)

    assert world.alarms() == ["stuck"]  # not once for each of them


@pytest.mark.parametrize(("seconds", "alarms"), [(299, []), (300, ["stuck"])])
def test_a_close_that_does_not_end_is_reported_after_five_minutes(seconds: float, alarms: list[str]) -> None:
    """CS-563."""
    world = a_world_holding()
    world.exchange.next_submit(never=True, ignored_cancels=99)
    world.day.desk.send(an_exit("gc-exit", contracts=3))
    world.show(seconds=seconds)
    world.day.desk.advance()

    assert world.alarms() == alarms


def test_a_buy_back_that_filled_long_ago_is_not_where_the_trouble_began() -> None:
    world = a_world_holding()
    world.day.desk.send(an_exit("gc-first", contracts=1))
    world.cycle(60)
    world.exchange.next_submit(never=True, ignored_cancels=99)
    world.day.desk.send(an_exit("gc-second", contracts=2))
    world.cycle(10)

    assert world.states()[-2:] == [OrderState.FILLED, OrderState.ACCEPTED]
    assert world.alarms() == []


def test_a_part_that_filled_is_no_end_of_the_trouble() -> None:
    """CS-563: 2 of 3 bought back, no cancel taken: reported as if nothing had filled."""
    world = a_world_holding(closes=CLOSING)
    world.exchange.next_submit(parts=(2,), ignored_cancels=99)
    world.cycle(35)

    assert world.alarms().count("stuck") == 1


# -- its price ---------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class Silent(BrokerDecorator):
    """Says that orders are filled, and until `speaks_at` not at what price; of entries or of closes."""

    inner: FakeExchange
    speaks_at: dt.datetime
    of_closes: bool = True

    def order(self, order_id: str) -> OrderReport | None:
        report = self.inner.order(order_id)
        known = {ticket.id: ticket for ticket in self.inner.received}.get(order_id)
        if (
            report is None
            or known is None
            or known.purpose.closes is not self.of_closes
            or self.inner.clock().at >= self.speaks_at
        ):
            return report
        return evolve(report, execution=evolve(report.execution, price=None, legs=()))


def a_silent_world(speaks_after: int) -> World:
    world = a_world_holding(closes=CLOSING)

    def silent(exchange: FakeExchange) -> Broker:
        return Silent(exchange, world.session.after_open(30) + dt.timedelta(seconds=speaks_after))

    world.wrap_broker = relayed(silent)
    world.restart()
    return world


def test_a_close_waits_for_its_price_and_is_booked_at_it() -> None:
    """CS-411: booked at the full width of 10 until the broker says 2.80."""
    world = a_silent_world(speaks_after=60)
    world.cycle(4)
    assert world.position().cash == (Decimal("2.50") - 10) * 300
    assert world.all(HoldingClosed) == []
    world.cycle(6)

    assert [fill.price_verified for fill in world.all(OrderFilled)] == [True, False, True]
    (booked,) = world.all(HoldingClosed)
    assert (booked.gross, booked.exit_value, booked.estimated) == (Decimal("-90.00"), Decimal("2.80"), False)
    assert world.alarms() == []


@pytest.mark.parametrize(("cycles", "booked"), [(7, 0), (8, 1)])
def test_a_price_that_never_comes_is_booked_at_its_worst_after_a_minute_and_reported(cycles: int, booked: int) -> None:
    """CS-411: filled at 10:00:30; estimated, with an alarm."""
    world = a_silent_world(speaks_after=9999)
    world.cycle(cycles)

    assert [close.gross for close in world.all(HoldingClosed)] == [Decimal(-2250)] * booked
    assert all(close.estimated for close in world.all(HoldingClosed))
    assert world.alarms() == ["price_missing"] * booked


def test_an_entry_without_a_price_does_not_make_its_close_an_estimate() -> None:
    """CS-411: the credit has a flag of its own."""
    world = a_world(a_scripted_plan(), closes={"p1": "10:00:40"})
    world.wrap_broker = relayed(lambda exchange: Silent(exchange, world.session.close, of_closes=False))
    world.day.once()
    world.cycle(10)

    assert not world.position().credit_verified
    (booked,) = world.all(HoldingClosed)
    assert (booked.estimated, world.alarms()) == (False, [])


def test_a_long_sold_at_no_known_price_brought_nothing() -> None:
    """CS-411, CS-413: the worst a sale can bring is 0, not the width."""
    world = unguarded(a_world_holding())
    ticket = OrderTicket(
        "gc-long", Purpose.REPAIR, "SPX", "p1", (Leg(put(6870), Side.SELL),), 1, Effect.CREDIT, limit=None
    )
    world.day.desk.send(ticket)
    order, before = world.book.orders["gc-long"], world.position().cash
    report = world.exchange.order("gc-long")
    assert report is not None
    mute = evolve(report, state=OrderState.FILLED, execution=evolve(report.execution, quantity=1, price=None, legs=()))
    world.day.desk.take(order, mute)
    assert world.position().cash == before

    legs = (LegFill(put(6870).occ, Side.SELL, 1, Decimal("2.50")),)
    world.day.desk.take(
        world.book.orders["gc-long"], evolve(mute, execution=evolve(mute.execution, price=Decimal("2.50"), legs=legs))
    )
    assert world.position().cash == before + 250

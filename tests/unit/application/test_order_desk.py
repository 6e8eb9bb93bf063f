"""The order desk: what became of every order is known, whatever the broker does. Rules: CS-408..414, R1, R4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import at
from builders_exchange import a_single, an_entry, an_exit, put
from builders_holdings import order_intended, sell
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import CancelRequested, Halted, OrderFilled, OrderIntended
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, OrderTicket, tells_more
from gammacore.errors import BrokerError, StorageError, WriteConflict
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open


def a_world_behind(relay: Callable[[FakeExchange], Broker]) -> World:
    """An open ledger, and something between the desk and the exchange."""
    world = a_world()
    world.wrap_broker = relayed(relay)
    world.day.begin()
    return world


def a_desk_world() -> World:
    """The ledger is open, nothing has been ordered."""
    world = a_world()
    world.day.begin()
    return world


def send(world: World, order_id: str = "gc-entry", contracts: int = 3, position: str = "p1") -> OrderState:
    ticket = evolve(an_entry(order_id, contracts=contracts), holding=position)
    state = sell(world.day.desk, ticket, a_scripted_plan(contracts, position))
    assert isinstance(state, OrderState)
    return state


def look(world: World, seconds: float = 10) -> None:
    """A new snapshot, then one step of every order."""
    world.show(seconds=seconds)
    world.day.desk.advance()


@pytest.mark.parametrize(
    ("trouble", "state", "arrived"),
    [
        ({}, OrderState.ACCEPTED, 1),
        ({"rejects": "no_margin"}, OrderState.REJECTED, 1),
        ({"unavailable": True}, OrderState.NOT_SENT, 0),
        ({"times_out": True, "accepts": True}, OrderState.UNKNOWN, 1),
        ({"times_out": True, "accepts": False}, OrderState.UNKNOWN, 0),
    ],
)
def test_every_way_out_of_a_submit_is_a_state(trouble: Mapping[str, Any], state: OrderState, arrived: int) -> None:
    """R4: a table of what the broker may answer."""
    world = a_desk_world()
    world.exchange.next_submit(**trouble)

    assert send(world) is state
    assert len(world.exchange.every_order) == arrived
    assert world.book.orders["gc-entry"].state is state


def test_any_other_broker_error_leaves_the_outcome_unknown() -> None:
    """R4: only a proof that nothing left lets an order be forgotten."""

    class Odd(BrokerDecorator):
        def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
            super().submit(ticket, gate)
            raise BrokerError("answered with something else")

    world = a_world_behind(Odd)

    assert send(world) is OrderState.UNKNOWN


def test_the_intent_is_in_the_ledger_before_the_first_byte_leaves() -> None:
    """R1, CS-408: the broker looks into the storage when it is called."""
    seen: list[bool] = []

    class Nosy(BrokerDecorator):
        def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
            seen.append(any(isinstance(e, OrderIntended) and e.ticket == ticket for e in world.events))
            return super().submit(ticket, gate)

    world = a_world_behind(Nosy)
    send(world)

    assert seen == [True]


@pytest.mark.parametrize("fault", [WriteConflict("another was faster"), StorageError("the disk is full")])
def test_nothing_is_sent_when_the_intent_cannot_be_written(fault: StorageError) -> None:
    """R1: another writer, or a full disk."""
    world = a_desk_world()
    storage = world.medium.writer
    assert storage is not None
    storage.refuse_next_append(fault)

    with pytest.raises(type(fault)):
        send(world)
    assert world.exchange.received == []
    assert world.book.order("gc-entry") is None


def test_a_repeat_of_a_ticket_is_not_sent_twice() -> None:
    """R1: the client id is what makes it a repeat."""
    world = a_desk_world()
    send(world)

    assert send(world) is OrderState.ACCEPTED
    assert len(world.exchange.received) == 1


def test_a_time_out_after_acceptance_is_found_again_not_sent_again() -> None:
    """R4, CS-408."""
    world = a_desk_world()
    world.exchange.next_submit(times_out=True, accepts=True, never=True)
    send(world)
    world.day.desk.advance()

    assert world.book.orders["gc-entry"].state is OrderState.ACCEPTED
    assert len(world.exchange.received) == 1


def test_a_time_out_before_acceptance_is_believed_after_two_looks() -> None:
    """R4: absent twice is not sent; absent once is not."""
    world = a_desk_world()
    world.exchange.next_submit(times_out=True, accepts=False)
    send(world)
    world.day.desk.advance()
    assert world.states() == [OrderState.UNKNOWN]

    look(world, seconds=3)
    assert world.states() == [OrderState.NOT_SENT]
    assert world.exchange.received == []


def test_a_failed_look_is_no_news_and_no_absence() -> None:
    """CS-572, R4: nobody answered is not "not there"."""
    world = a_desk_world()
    world.exchange.next_submit(times_out=True, accepts=False)
    send(world)
    world.day.desk.advance()
    world.exchange.queries_fail(5)
    for _ in range(5):
        look(world)

    assert world.book.orders["gc-entry"].state is OrderState.UNKNOWN


def test_an_order_is_looked_at_every_ten_seconds() -> None:
    """CS-409: not more often, and the fill of the look is in the ledger."""
    world = a_desk_world()
    send(world)
    world.day.desk.advance()
    look(world, seconds=9)
    assert world.states() == [OrderState.ACCEPTED]
    look(world, seconds=1)
    assert world.states() == [OrderState.FILLED]


def test_an_entry_works_three_hundred_seconds() -> None:
    """CS-409: called back at 300 s, not at 299."""
    world = a_desk_world()
    world.exchange.next_submit(never=True)
    send(world)
    look(world, seconds=299)
    assert world.all(CancelRequested) == []
    look(world, seconds=10)
    assert len(world.all(CancelRequested)) == 1
    look(world, seconds=3)
    assert world.book.orders["gc-entry"].state is OrderState.CANCELED


def test_what_was_filled_when_the_rest_is_called_back_is_the_position() -> None:
    """CS-412: 2 of 3."""
    world = a_desk_world()
    world.exchange.next_submit(parts=(2,))
    send(world)
    look(world, seconds=300)
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.CANCELED
    assert (world.position().contracts, world.position().open_contracts) == (2, 2)
    assert world.position().cash == Decimal("500.00")


def test_a_fill_after_the_cancel_is_a_fill() -> None:
    """CS-410."""
    world = a_desk_world()
    world.exchange.next_submit(delay=9, on_cancel="filled_first")
    send(world)
    look(world, seconds=300)
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.FILLED
    assert world.position().open_contracts == 3


def test_a_cancel_without_an_answer_is_repeated_twice_then_every_minute_with_an_alarm() -> None:
    """CS-409, CS-410, R9: three in a row; unclear is alerted, looked at and called back for ever."""
    world = a_desk_world()
    world.exchange.next_submit(never=True, ignored_cancels=9)
    send(world)
    look(world, seconds=300)
    for _ in range(20):
        look(world, seconds=3)

    assert len(world.all(CancelRequested)) == 3
    assert world.alarms() == ["cancel_unclear"]
    assert world.book.orders["gc-entry"].is_working

    for _ in range(40):
        look(world, seconds=3)
    third, *later = [event.at for event in world.all(CancelRequested)][2:]
    assert [(at - third).seconds for at in later] == [60, 120]
    assert len(world.exchange.received) == 1


@pytest.mark.parametrize("ignored", [3, 4])
def test_a_broker_that_ignores_the_first_cancels_is_asked_until_one_is_taken(ignored: int) -> None:
    """CS-409, R9."""
    world = a_desk_world()
    world.exchange.next_submit(never=True, ignored_cancels=ignored)
    send(world)
    look(world, seconds=300)
    for _ in range(50):
        look(world, seconds=3)

    assert len(world.all(CancelRequested)) == ignored + 1
    assert world.book.orders["gc-entry"].state is OrderState.CANCELED


def test_a_cancel_that_was_not_taken_is_reported_and_tried_again() -> None:
    """CS-409."""
    world = a_desk_world()
    world.exchange.next_submit(never=True)
    send(world)
    world.exchange.faults.cancels_fail(1)
    look(world, seconds=300)
    assert world.alarms() == ["cancel_not_taken"]
    look(world, seconds=3)
    look(world, seconds=3)

    assert world.book.orders["gc-entry"].state is OrderState.CANCELED


def test_a_cancel_noted_before_a_crash_is_sent_by_the_restart() -> None:
    """R2: it may never have left; the ledger does not say it twice."""
    world = a_desk_world()
    world.exchange.next_submit(never=True)
    send(world)
    world.day.ledger.record(CancelRequested(world.clock.now(), "gc-entry", "halted"))
    world.restart()
    world.day.desk.advance()

    assert world.exchange.every_order[0].state is OrderState.CANCELED
    look(world, seconds=3)
    assert world.book.orders["gc-entry"].state is OrderState.CANCELED
    assert len(world.all(CancelRequested)) == 1


def died_before_sending(world: World, at_close: bool = False) -> None:
    """The intent is in the ledger, the process is gone."""
    plan = a_scripted_plan(3)
    ticket = an_exit("gc-exit", contracts=3) if at_close else an_entry("gc-entry", contracts=3)
    world.day.ledger.record(order_intended(world.clock.now(), ticket, None if at_close else plan))
    world.restart()


@pytest.mark.parametrize(("seconds", "state"), [(30, OrderState.ACCEPTED), (31, OrderState.NOT_SENT)])
def test_an_intent_that_never_left_is_sent_after_a_restart_while_it_is_young(seconds: int, state: OrderState) -> None:
    """R2: up to 30 s, under the same id; later the rules decide anew."""
    world = a_desk_world()
    died_before_sending(world)
    world.exchange.next_submit(never=True)
    look(world, seconds=seconds)

    assert world.book.orders["gc-entry"].state is state
    assert len(world.exchange.every_order) == (state is OrderState.ACCEPTED)


def test_an_intent_that_did_leave_is_found_and_not_sent_again() -> None:
    """R2: killed between the submit and its answer."""
    world = a_desk_world()
    world.exchange.next_submit(never=True)
    world.exchange.submit(an_entry("gc-entry", contracts=3))
    died_before_sending(world)
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.ACCEPTED
    assert len(world.exchange.received) == 1


@pytest.mark.parametrize(("at_close", "state"), [(False, OrderState.NOT_SENT), (True, OrderState.ACCEPTED)])
def test_a_halt_before_the_restart_stops_an_entry_and_no_exit(at_close: bool, state: OrderState) -> None:
    """R10: the kill switch blocks entries; exits still run."""
    world = a_world_holding()
    died_before_sending(world, at_close)
    world.day.ledger.record(Halted(world.clock.now(), "enough"))
    world.day.desk.advance()

    order = world.book.orders["gc-exit" if at_close else "gc-entry"]
    assert order.state is state


def test_an_order_the_broker_no_longer_knows_is_an_alarm_and_stays_working() -> None:
    """CS-410: never forgotten."""

    class Forgetful(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            return None

        def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
            return None

    world = a_world_behind(Forgetful)
    send(world)
    for _ in range(4):
        look(world)

    assert world.alarms() == ["order_vanished"]
    assert world.book.orders["gc-entry"].is_working


class Unpriced(BrokerDecorator):
    """Says how many were filled; the price is what the class is given, at last."""

    price: Decimal | None = None

    def order(self, order_id: str) -> OrderReport | None:
        report = self.inner.order(order_id)
        if report is None:
            return None
        return evolve(report, execution=evolve(report.execution, price=type(self).price, legs=()))


@pytest.mark.parametrize("unknown", [None, Decimal(0)])
def test_a_fill_without_a_price_is_booked_at_the_expected_credit_until_it_is_known(unknown: Decimal | None) -> None:
    """CS-411: flagged, asked again, then booked at the price."""

    class Mute(Unpriced):
        price = unknown

    world = a_world_behind(Mute)
    send(world)
    look(world)
    look(world)

    assert (world.position().credit, world.position().credit_verified) == (Decimal("2.50"), False)
    assert len(world.all(OrderFilled)) == 1
    Mute.price = Decimal("2.45")
    look(world)
    assert (world.position().credit, world.position().credit_verified) == (Decimal("2.45"), True)
    assert world.position().cash == Decimal("735.00")


def test_a_close_without_a_price_is_booked_at_its_worst() -> None:
    """CS-411: no profit is invented."""

    class Mute(Unpriced):
        price: Decimal | None = Decimal("2.50")

    world = a_world_behind(Mute)
    send(world, contracts=1)
    look(world)
    Mute.price = None
    world.day.desk.send(an_exit("gc-exit"))
    look(world)

    assert world.position().cash == Decimal(250) - Decimal(1000)


def test_an_answer_come_late_takes_no_fill_back() -> None:
    """R3: executions are cumulative; one that shows less is old."""
    world = a_desk_world()
    world.exchange.next_submit(parts=(1, 1, 1))
    send(world)
    look(world)
    look(world)
    world.exchange.faults.reports_lag(1)
    look(world)

    assert [event.execution.quantity for event in world.all(OrderFilled)] == [1, 2]
    look(world)
    assert [event.execution.quantity for event in world.all(OrderFilled)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("known", "reported", "news"),
    [
        (Execution(0, None), Execution(1, Decimal("2.5")), True),
        (Execution(1, Decimal("2.5")), Execution(1, Decimal("2.5")), False),
        (Execution(1, Decimal("2.5")), Execution(1, Decimal("2.6")), True),
        (Execution(1, Decimal("2.5")), Execution(1, None), False),
        (Execution(2, Decimal("2.5")), Execution(1, Decimal("2.5")), False),
        (Execution(0, None), Execution(0, None, legs=(LegFill("A", Side.SELL, 1, Decimal(4)),)), True),
        (
            Execution(0, None, legs=(LegFill("A", Side.SELL, 2, Decimal(4)),)),
            Execution(0, None, legs=(LegFill("A", Side.SELL, 1, Decimal(4)),)),
            False,
        ),
    ],
)
def test_an_execution_is_news_when_it_goes_beyond_what_is_known(
    known: Execution, reported: Execution, news: bool
) -> None:
    assert tells_more(known, reported) is news


def test_a_filled_order_ends_even_when_nothing_of_its_execution_is_new() -> None:
    """The last part was reported before the state was."""
    states = [OrderState.PARTIALLY_FILLED, OrderState.FILLED]

    class Slow(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            report = self.inner.order(order_id)
            return None if report is None else evolve(report, state=states.pop(0))

    world = a_world_behind(Slow)
    send(world)
    look(world)
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.FILLED
    assert world.position().cash == Decimal(750)


def test_a_finished_order_takes_no_state_it_cannot_have() -> None:
    """R6: an event that cannot follow is never written; the ledger stays readable."""
    world = a_desk_world()
    world.exchange.next_submit(times_out=True, accepts=False)
    send(world)
    look(world)
    look(world)
    order = world.book.orders["gc-entry"]
    report = OrderReport("gc-entry", "b-1", OrderState.REJECTED, Execution(0, None), at("10:05"), "after all")

    assert world.day.desk.take(order, report) is False
    assert world.book.orders["gc-entry"].state is OrderState.NOT_SENT


def test_a_late_fill_of_an_order_proven_absent_is_a_fill() -> None:
    """CS-410: what the broker holds decides."""
    world = a_desk_world()
    world.exchange.next_submit(times_out=True, accepts=False)
    send(world)
    look(world)
    look(world)
    order = world.book.orders["gc-entry"]
    filled = OrderReport("gc-entry", "b-1", OrderState.FILLED, Execution(3, Decimal("2.5")), at("10:05"))

    assert world.day.desk.take(order, filled)
    assert world.position().open_contracts == 3


def test_a_fill_that_leaves_a_short_uncovered_while_the_cancel_is_out_is_an_alarm() -> None:
    """R2, CS-413: said with the fill, repaired when the order is gone."""
    world = a_desk_world()
    world.exchange.next_submit(delay=1, leg_contracts=(3, 1), ignored_cancels=9)
    send(world)
    world.day.desk.cancel(world.book.orders["gc-entry"], "halted")
    look(world)
    look(world)

    assert world.position().naked_shorts() == {put(6880).occ: 2}
    assert world.alarms() == ["leg_imbalance"]


def test_a_close_that_rests_is_reported_every_five_minutes() -> None:
    """CS-563, R9: at market it should have filled, and no cancel ends it; a loose long may rest."""
    world = a_world_holding()
    world.exchange.next_submit(never=True, ignored_cancels=99)
    world.day.desk.send(an_exit("gc-exit", contracts=3))
    for _ in range(21):
        look(world, seconds=30)

    assert world.alarms().count("stuck") == 2


def test_a_long_without_a_buyer_may_rest() -> None:
    """CS-413: a loose long risks nothing more."""
    world = a_world_holding()
    world.exchange.next_submit(never=True)
    world.day.desk.send(a_single(put(6870), Side.SELL, order_id="gc-long"))
    for _ in range(21):
        look(world, seconds=30)

    assert world.alarms() == []


def a_world_filled_at(price: str, corrected: str | None = None) -> World:
    """Three 10-wide put spreads, filled at a price of the broker's choice, which it may correct at the next look."""

    class Odd(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            report = self.inner.order(order_id)
            if report is None or not report.execution.any:
                return report
            reported = price if corrected is None or not world.all(OrderFilled) else corrected
            return evolve(report, execution=Execution(report.execution.quantity, Decimal(reported)))

    world = a_world_behind(Odd)
    send(world)
    look(world)
    return world


@pytest.mark.parametrize(
    ("price", "alarms"), [("9.99", []), ("10", ["impossible_fill"]), ("12.50", ["impossible_fill"])]
)
def test_a_credit_no_spread_can_bring_is_kept_flagged_and_alarmed(price: str, alarms: list[str]) -> None:
    """CS-003: a fill needs 0 < C < W; the position is there all the same, its price to be said again."""
    world = a_world_filled_at(price)
    for _ in range(3):
        look(world)

    assert (world.position().open_contracts, world.position().credit) == (3, Decimal(price))
    assert world.position().credit_verified is (not alarms)
    assert world.alarms() == alarms


def test_an_impossible_credit_that_the_broker_corrects_is_corrected() -> None:
    """CS-003, CS-411: asked again while the position lives."""
    world = a_world_filled_at("250", corrected="2.50")
    look(world)

    assert (world.position().credit, world.position().credit_verified) == (Decimal("2.50"), True)
    assert world.position().cash == 750
    assert world.alarms() == ["impossible_fill"]


def test_a_net_price_of_nothing_is_read_off_the_legs_where_each_has_its_own() -> None:
    """CS-411, CS-417: what the legs were filled at is what was received."""

    class Mute(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            report = self.inner.order(order_id)
            if report is None or not report.execution.any:
                return report
            return evolve(report, execution=evolve(report.execution, price=Decimal(0)))

    world = a_world_behind(Mute)
    send(world)
    look(world)

    report = world.exchange.order("gc-entry")
    assert report is not None
    assert world.book.orders["gc-entry"].execution.price == report.execution.price
    assert world.position().credit_verified


def test_an_entry_filled_for_nothing_without_prices_of_its_legs_is_booked_at_the_expected_credit() -> None:
    """CS-411: a price of 0 is a price the broker did not give; a credit of 0 would switch every stop off (CS-502)."""

    class Mute(BrokerDecorator):
        def order(self, order_id: str) -> OrderReport | None:
            report = self.inner.order(order_id)
            if report is None or not report.execution.any:
                return report
            return evolve(report, execution=evolve(report.execution, price=Decimal(0), legs=()))

    world = a_world_behind(Mute)
    send(world)
    look(world)

    assert (world.position().credit, world.position().credit_verified) == (Decimal("2.50"), False)

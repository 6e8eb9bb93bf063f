"""Whatever a broker says of an order: nothing raises, what is booked folds, other holdings go on. CS-408, R6."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_exchange import a_single, an_entry, an_exit, put
from builders_holdings import order_intended, sell
from builders_world import World, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.application.alarms import NOT_BOOKED
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.plans import Opening
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised, OrderAccepted, OrderFilled
from gammacore.domain.legs import LegFill, ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.errors import InvalidInput
from gammacore.ports.broker import BrokerDecorator

SHORT, LONG = put(6880).occ, put(6870).occ
OWN = "its own"
SHARES = OrderTicket(
    "gc-shares", Purpose.HEDGE, "SPY", "h1", (ShareLeg("SPY", Side.BUY, closes=False),), 5, Effect.DEBIT, None
)

# Anything at all --------------------------------------------------------------------------------------------------

figures = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals("-20", "20", places=2),
    st.sampled_from([Decimal(0), Decimal("2.50"), Decimal("1E+400"), Decimal("1E-400")]),
)
symbols = st.sampled_from([
    SHORT, LONG, f"SPXW  {SHORT[4:]}", LONG.lower(), put(6860).occ, "SPX", "SPY", "", "null", "\ud800",
])  # fmt: skip
fills = st.builds(LegFill, symbols, st.sampled_from(Side), st.integers(-2, 8), figures)
executions = st.builds(
    Execution, st.integers(-2, 8), st.none() | figures, figures, st.lists(fills, max_size=3).map(tuple)
)


def legs_of(short: int, long: int) -> tuple[LegFill, ...]:
    return LegFill(SHORT, Side.SELL, short, Decimal(5)), LegFill(LONG, Side.BUY, long, Decimal("2.5"))


counts = st.integers(0, 3)
likely = st.builds(
    lambda quantity, price, legs: Execution(quantity, price, legs=legs),
    counts,
    st.none() | st.sampled_from([Decimal(0), Decimal("2.50"), Decimal("2.45"), Decimal(-1)]),
    st.one_of(
        st.just(()),
        st.builds(legs_of, counts, counts),
        st.builds(lambda count: legs_of(0, count)[1:], counts),
        st.builds(lambda count: (LegFill("SPY", Side.BUY, count, Decimal(600)),), counts),
    ),
)
reports = st.builds(
    OrderReport,
    st.sampled_from([OWN, OWN, OWN, "", "gc-other"]),
    st.sampled_from(["b-1", "", "b-2"]),
    st.sampled_from(OrderState),
    st.one_of(likely, likely, executions),
    st.just(at("10:05")),
    st.sampled_from(["", "no margin"]),
)


def an_order_at_work(ticket: OrderTicket) -> World:
    """The broker has the order; nothing of it has filled."""
    closes = ticket.purpose is Purpose.EXIT
    world = a_world_holding() if closes else a_world()
    if not closes:
        world.day.begin()
    now = world.clock.now()
    intent = order_intended(now, ticket, a_scripted_plan(3) if ticket.purpose is Purpose.ENTRY else None)
    if ticket.purpose is Purpose.HEDGE:
        intent = evolve(intent, opens=Opening("delta-hedge", ticket.underlying))
    world.day.ledger.record(intent, OrderAccepted(now, ticket.id, "b-1"))
    return world


TICKETS = (
    an_entry(contracts=3),
    an_exit(contracts=3),
    evolve(a_single(put(6870), Side.BUY, contracts=2, purpose=Purpose.HEDGE), holding="h2"),
    SHARES,
)


@pytest.mark.parametrize("ticket", TICKETS, ids=lambda ticket: str(ticket.id))
@given(reports_given=st.lists(reports, min_size=1, max_size=6))
def test_no_report_raises_and_what_is_booked_folds_and_is_never_more_than_the_ticket(
    ticket: OrderTicket, reports_given: Sequence[OrderReport]
) -> None:
    world = an_order_at_work(ticket)

    for report in reports_given:
        answer = evolve(report, id=ticket.id) if report.id == OWN else report
        world.day.desk.take(world.book.orders[ticket.id], answer)

    order = world.book.orders[ticket.id]
    assert Book.of(world.events).expected_holdings() == world.book.expected_holdings()
    assert all(0 <= order.execution.filled_of(leg) <= leg.ratio * ticket.quantity for leg in ticket.legs)
    assert NOT_BOOKED not in world.alarms()


# One odd answer ---------------------------------------------------------------------------------------------------


class Odd(BrokerDecorator):
    """Bends what is said of one order, as often as it is set to."""

    bends: list[Any]
    only = "gc-entry"

    def order(self, order_id: str) -> OrderReport | None:
        report = self.inner.order(order_id)
        if report is None or order_id != self.only or not type(self).bends or not report.execution.any:
            return report
        bent: OrderReport = type(self).bends.pop(0)(report)
        return bent


def bent_by(*bends: Any) -> World:
    """Three put spreads are sold; the looks at what filled are bent one after the other."""

    class Bent(Odd):
        pass

    Bent.bends = list(bends)
    world = a_world()
    world.wrap_broker = relayed(Bent)
    world.day.begin()
    sell(world.day.desk, an_entry(contracts=3), a_scripted_plan(3))
    return world


def look(world: World, seconds: float = 10) -> None:
    world.show(seconds=seconds)
    world.day.desk.advance()


def nameless(report: OrderReport) -> OrderReport:
    legs = (evolve(report.execution.legs[0], symbol="SPX"), *report.execution.legs[1:])
    return evolve(report, execution=evolve(report.execution, legs=legs))


def test_one_answer_about_another_contract_is_an_alarm_and_the_next_is_booked() -> None:
    world = bent_by(nameless)
    look(world)

    assert world.alarms() == ["order_unreadable"]
    assert world.book.orders["gc-entry"].is_working
    assert not world.book.orders["gc-entry"].execution.any
    look(world)
    assert world.position().open_contracts == 3
    assert world.alarms() == ["order_unreadable"]


def test_the_alarm_of_an_unreadable_order_says_what_is_wrong_and_comes_again_after_five_minutes() -> None:
    world = bent_by(*[nameless] * 99)
    for _ in range(31):
        look(world)

    first, _ = (alarm for alarm in world.all(AlarmRaised) if alarm.code == "order_unreadable")
    assert first.detail == (
        f"order gc-entry has a report that cannot be read (unknown other_leg: 'SPX' is no leg of {SHORT}, {LONG}); "
        "nothing of it is booked, it counts as in flight; looked at every cycle"
    )
    assert first.holding == "p1"


def unpriced(report: OrderReport) -> OrderReport:
    return evolve(report, execution=Execution(report.execution.quantity, None))


def partly(report: OrderReport) -> OrderReport:
    return evolve(report, state=OrderState.PARTIALLY_FILLED)


def test_filled_without_a_price_and_then_partially_filled_with_one_is_filled_at_that_price() -> None:
    """CS-411: the price comes with an older state; neither is lost, and nothing wedges."""
    world = bent_by(unpriced, partly)
    look(world)
    assert not world.position().credit_verified
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.FILLED
    assert (world.position().credit, world.position().credit_verified) == (Decimal("2.50"), True)
    assert Book.of(world.events).expected_holdings() == {SHORT: -3, LONG: 3}
    assert world.alarms() == []


def test_a_refusal_of_the_rest_takes_the_price_of_what_filled() -> None:
    """CS-411: rejected after one of three, its price said later."""

    def refused(report: OrderReport) -> OrderReport:
        return evolve(report, state=OrderState.REJECTED, execution=Execution(1, None))

    def priced(report: OrderReport) -> OrderReport:
        return evolve(report, state=OrderState.REJECTED, execution=Execution(1, Decimal("2.45")))

    world = bent_by(refused, priced)
    look(world)
    look(world)

    assert world.book.orders["gc-entry"].state is OrderState.REJECTED
    assert (world.position().open_contracts, world.position().credit) == (1, Decimal("2.45"))


def test_less_than_is_booked_is_an_old_answer_once_and_an_alarm_the_second_time() -> None:
    """R3: a replica may lag; a fill that stays away is for a person."""

    def fewer(report: OrderReport) -> OrderReport:
        return evolve(report, state=OrderState.PARTIALLY_FILLED, execution=Execution(1, Decimal("2.50")))

    def two(report: OrderReport) -> OrderReport:
        return evolve(report, state=OrderState.PARTIALLY_FILLED, execution=Execution(2, Decimal("2.50")))

    world = bent_by(two, fewer, fewer)
    look(world)
    look(world)
    assert world.alarms() == []
    look(world)

    assert world.alarms() == ["order_unreadable"]
    assert world.book.orders["gc-entry"].execution.quantity == 2


def test_an_order_that_cannot_be_read_keeps_no_other_from_being_closed() -> None:
    """One holding's news breaks; the other's exit is sent and booked."""
    world = a_world_holding()

    class Bent(Odd):
        only = "gc-second"
        bends = [nameless] * 99

    world.restart()
    world.wrap_broker = relayed(Bent)
    second = evolve(an_entry("gc-second"), holding="p2")
    sell(world.day.desk, second, a_scripted_plan(1, "p2"))
    world.day.desk.send(an_exit("gc-exit", contracts=3))
    look(world)
    look(world)

    assert world.book.orders["gc-exit"].state is OrderState.FILLED
    assert world.position().is_flat
    assert not world.book.orders["gc-second"].execution.any


def test_a_fact_that_the_book_refuses_is_an_alarm_and_the_next_orders_are_looked_at() -> None:
    """The last resort: whatever a rule forgot, one order's news stays one order's."""
    world = a_world_holding()
    second = evolve(an_entry("gc-second"), holding="p2")
    sell(world.day.desk, second, a_scripted_plan(1, "p2"))
    world.day.desk.send(an_exit("gc-exit", contracts=3))
    record = world.day.ledger.record

    def refuses(*events: Any) -> None:
        if any(isinstance(event, OrderFilled) and event.id == "gc-second" for event in events):
            raise InvalidInput("legs", "odd", "nobody foresaw it")
        record(*events)

    world.day.ledger.record = refuses  # type: ignore[method-assign]
    for _ in range(3):
        look(world)

    assert world.alarms() == [NOT_BOOKED]
    assert world.all(AlarmRaised)[0].detail.startswith("the news of order gc-second could not be booked: legs: odd")
    assert world.book.orders["gc-exit"].state is OrderState.FILLED


def test_an_answer_without_a_price_takes_no_price_back() -> None:
    """CS-411: the broker has said it; the expected credit is for what it never said."""
    world = a_world()
    world.day.begin()
    sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan())
    done = Execution(3, Decimal("3.10"), legs=(LegFill(SHORT, Side.SELL, 3, Decimal("5.60")),
                                               LegFill(LONG, Side.BUY, 3, Decimal("2.50"))))  # fmt: skip
    priced = OrderReport("gc-entry", "B1", OrderState.REJECTED, done, world.clock.now())
    for report in (priced, evolve(priced, state=OrderState.FILLED, execution=Execution(3, None))):
        world.day.desk.take(world.book.orders["gc-entry"], report)

    entry = world.book.orders["gc-entry"]
    assert (entry.state, entry.execution, entry.price_verified) == (OrderState.FILLED, done, True)
    assert world.position().credit == Decimal("3.10")


@pytest.mark.parametrize("price", [Decimal(-5), Decimal("2.45")])
def test_a_price_of_nothing_whole_opens_no_booked_spread_again(price: Decimal) -> None:
    """CS-564: one leg filled, was bought back and booked; what changes nothing would never be booked again."""
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(leg_contracts=(1, 0))
    world.day.once()
    world.cycle(30)
    assert (world.book.live_holdings, len(world.all(HoldingClosed))) == ((), 1)
    entry, *_ = world.orders()
    now = world.clock.now()
    report = OrderReport(entry.id, entry.broker_id, OrderState.CANCELED, evolve(entry.execution, price=price), now)

    assert not world.day.desk.take(entry, report)
    world.day.ledger.record(OrderFilled(now, entry.id, report.execution, complete=False))  # as older ledgers have it
    assert world.book.live_holdings == ()


@pytest.mark.parametrize("legs", [(), ((2, "6.50"), (3, "2.95"))])
def test_a_close_that_is_said_to_bring_dollars_is_booked_at_its_worst_until_its_legs_say_so(
    legs: tuple[tuple[int, str], ...],
) -> None:
    """CS-002, CS-411: 2 of 3 closed at -5; a spread is worth 0 at least."""
    world = a_world_holding()
    world.day.desk.send(an_exit("gc-exit", contracts=3))
    sides = ((SHORT, Side.BUY), (LONG, Side.SELL))
    fills = tuple(LegFill(symbol, side, count, Decimal(price))
                  for (symbol, side), (count, price) in zip(sides, legs, strict=False))  # fmt: skip
    said = OrderReport("gc-exit", "B1", OrderState.CANCELED, Execution(2, Decimal(-5), legs=fills), world.clock.now())
    world.day.desk.take(world.book.orders["gc-exit"], said)

    order = world.book.orders["gc-exit"]
    assert (order.execution.price, order.price_verified) == (Decimal(10), False)

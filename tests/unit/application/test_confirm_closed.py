"""Confirming: what is flat by fills is booked once the broker shows it flat too. Rules: CS-411, CS-561..564."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders_exchange import a_single, put
from builders_holdings import holding_began, spread_adopted
from builders_world import World, a_scripted_plan, a_world, a_world_holding
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import HoldingsQuarantined, OrderAccepted, OrderFilled, OrderIntended
from gammacore.domain.orders import Execution
from gammacore.domain.strategy import Close

SHORT, LONG = put(6880).occ, put(6870).occ


def close(world: World, *, urgent: bool = False) -> None:
    world.day.carry_out(Close("p1", "stop_loss", "as tested", Decimal("2.80"), urgent))


def entered_out_of_ratio(*leg_contracts: int) -> World:
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(leg_contracts=leg_contracts)
    world.day.once()
    return world


def test_a_close_is_booked_once_at_its_fill() -> None:
    """CS-417, CS-564: 2.50 received, 2.80 paid, 3 contracts; balance and journal once."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.cycle(12)
    (booked,) = world.all(HoldingClosed)

    assert (booked.exit_value, booked.gross, booked.per_contract) == (Decimal("2.80"), Decimal("-90"), Decimal("-30"))
    assert world.book.balance == Decimal(20_000) - 90
    assert world.book.balance == world.exchange.account().balance


def filled_close() -> World:
    """The closing order is filled, one second ago."""
    world = a_world_holding()
    close(world)
    world.show(seconds=10)
    world.day.desk.advance()
    assert world.position().is_flat
    return world


@pytest.mark.parametrize(("seconds", "booked"), [(1.9, 0), (2, 1)])
def test_the_first_look_comes_two_seconds_after_the_fill(seconds: float, booked: int) -> None:
    """CS-562."""
    world = filled_close()
    world.clock.advance(seconds)
    world.day.confirm(world.session)

    assert len(world.all(HoldingClosed)) == booked


def test_a_failed_query_confirms_nothing() -> None:
    """CS-562, CS-572."""
    world = filled_close()
    world.clock.advance(60)
    world.exchange.queries_fail()
    world.day.confirm(world.session)
    assert world.all(HoldingClosed) == []
    world.day.confirm(world.session)
    assert len(world.all(HoldingClosed)) == 1


def test_a_broker_that_still_shows_the_legs_confirms_nothing() -> None:
    """CS-561: acceptance is not a fill, a fill is not yet flat."""
    world = filled_close()
    world.clock.advance(3)
    world.exchange.faults.holdings_lag(1)
    world.day.confirm(world.session)

    assert world.all(HoldingClosed) == []


def test_what_others_hold_of_the_same_contract_does_not_hinder_the_booking() -> None:
    """CS-561: per symbol only what the book's other positions hold, and what is quarantined."""
    world = filled_close()
    world.clock.advance(3)
    world.exchange.hold(put(6880), -1)
    world.day.confirm(world.session)
    assert world.all(HoldingClosed) == []
    world.day.ledger.record(HoldingsQuarantined(world.clock.now(), {SHORT: -1}, "foreign"))
    world.day.confirm(world.session)
    assert len(world.all(HoldingClosed)) == 1


def test_a_position_without_symbols_is_never_confirmed() -> None:
    """CS-562: what holds nothing at all was never looked up."""
    world = a_world()
    world.day.begin()
    plan, now = a_scripted_plan(), world.clock.now()
    world.day.ledger.record(spread_adopted(now, plan, 3, Decimal("2.50"), {}, now, SpreadWatch(), orphan=False))
    world.clock.advance(60)
    world.day.confirm(world.session)

    assert world.all(HoldingClosed) == []


def test_loose_legs_that_were_repaired_away_are_booked_as_no_trade() -> None:
    """CS-603: their cost is booked, the statistics count no contract."""
    world = entered_out_of_ratio(3, 0)
    world.cycle(8)
    (booked,) = world.all(HoldingClosed)

    assert (booked.reason, booked.contracts) == ("repaired", 0)
    assert world.book.results == ()
    assert world.book.balance == world.exchange.account().balance


# Of any holding ------------------------------------------------------------------------------------------------------


def bought_and_sold() -> World:
    """Two puts of a holding without a plan, bought at 10:00 and sold just now; the broker holds none."""
    world = a_world()
    world.day.begin()
    began = world.clock.now()
    world.day.ledger.record(holding_began(began, "i1", "own", "SPX", {LONG: 2}, Decimal("2.50")))
    world.clock.advance(60)
    ticket = evolve(a_single(put(6870), Side.SELL, order_id="gc-exit", contracts=2), holding="i1")
    now = world.clock.now()
    world.day.ledger.record(
        OrderIntended(now, evolve(ticket, reason="own_exit")),
        OrderAccepted(now, "gc-exit", "b1"),
        OrderFilled(now, "gc-exit", Execution(2, Decimal("3.00"), Decimal("1.30")), complete=True),
    )
    return world


@pytest.mark.parametrize(("seconds", "booked"), [(1.9, 0), (2, 1)])
def test_a_holding_without_a_plan_waits_as_long_as_a_spread(seconds: float, booked: int) -> None:
    """CS-562: one way to confirm, whatever is held."""
    world = bought_and_sold()
    assert world.day.confirm.is_waiting()
    world.clock.advance(seconds)
    world.day.confirm(world.session)

    assert len(world.all(HoldingClosed)) == booked


def test_it_is_booked_by_source_and_is_no_trade_of_the_record() -> None:
    """CS-603: 50 cents of two contracts; the reason is its last order's."""
    world = bought_and_sold()
    world.clock.advance(2)
    world.day.confirm(world.session)
    (end,) = world.all(HoldingClosed)

    assert (end.reason, end.options, end.shares, end.fees) == ("own_exit", Decimal(100), Decimal(0), Decimal("1.30"))
    assert (end.is_trade, end.contracts, end.estimated) == (False, 0, False)
    assert (world.book.total_trades, world.book.results) == (0, ())
    assert world.book.balance == Decimal(20_000) + 100 - Decimal("1.30")


@pytest.mark.parametrize(("seconds", "booked"), [(59, 0), (60, 1)])
def test_a_price_the_broker_owes_is_waited_for_a_minute_and_then_an_estimate(seconds: float, booked: int) -> None:
    """CS-411: of a holding without a plan too."""
    world = bought_and_sold()
    guess = Execution(2, Decimal("3.00"), Decimal("1.30"))
    now = world.clock.now()
    world.day.ledger.record(OrderFilled(now, "gc-exit", guess, complete=True, price_verified=False))
    world.clock.advance(seconds)
    world.day.desk.silent.note_report(world.book.orders["gc-exit"])  # it answers, and does not say the price
    world.day.confirm(world.session)

    assert [end.estimated for end in world.all(HoldingClosed)] == [True] * booked
    assert world.alarms() == ["price_missing"] * booked


def test_a_price_is_waited_for_to_the_close_while_the_broker_says_nothing_of_the_order() -> None:
    """CS-411: a fill that only the holdings showed has no price yet; the broker has it, and answers again."""
    world = bought_and_sold()
    guess = Execution(2, Decimal("3.00"), Decimal("1.30"))
    world.day.ledger.record(OrderFilled(world.clock.now(), "gc-exit", guess, complete=True, price_verified=False))
    world.clock.advance(3600)
    world.day.confirm(world.session)
    assert world.all(HoldingClosed) == []

    world.clock.set(world.session.close)
    world.day.confirm(world.session)

    assert [end.estimated for end in world.all(HoldingClosed)] == [True]


def test_options_the_broker_still_shows_confirm_nothing_and_shares_of_others_do_not_hinder() -> None:
    """CS-561: another trader of the account may hold some of the same shares."""
    world = bought_and_sold()
    world.clock.advance(3)
    world.exchange.hold(put(6870), 2)
    world.day.confirm(world.session)
    assert world.all(HoldingClosed) == []
    world.exchange.hold(put(6870), -2)
    world.exchange._book.hold_shares("SPX", 100, Decimal(6900))
    world.day.confirm(world.session)
    assert len(world.all(HoldingClosed)) == 1

"""Closing, repairing and confirming. Rules: CS-412, CS-413, CS-416, CS-417, CS-561..564."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders_exchange import put
from builders_holdings import spread_adopted
from builders_world import World, a_scripted_plan, a_world, a_world_holding
from gammacore.domain.holding_events import CloseDecided, HoldingClosed, WatchChanged
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import HoldingsQuarantined
from gammacore.domain.orders import Effect, OrderState, Purpose
from gammacore.domain.strategy import Close, Remember, Warn

SHORT, LONG = put(6880).occ, put(6870).occ


def close(world: World, *, urgent: bool = False) -> None:
    world.day.carry_out(Close("p1", "stop_loss", "as tested", Decimal("2.80"), urgent))


def test_a_close_is_one_market_order_with_shorts_bought() -> None:
    """CS-416: multileg, the position's quantity; the decision is on record with its numbers."""
    world = a_world_holding()
    close(world)
    ticket = world.orders()[-1].ticket

    assert (ticket.purpose, ticket.effect, ticket.limit, ticket.quantity) == (Purpose.EXIT, Effect.DEBIT, None, 3)
    assert [leg.side for leg in ticket.legs] == [Side.BUY, Side.SELL]
    assert world.position().state is HoldingState.CLOSING
    assert world.all(CloseDecided)[0].value == Decimal("2.80")


def test_an_urgent_close_says_so_in_its_tag() -> None:
    """CS-407."""
    world = a_world_holding()
    close(world, urgent=True)

    assert world.orders()[-1].ticket.tag.startswith("GEXEXIT-EMERGENCY-")


def test_a_close_waits_for_the_entry_to_be_called_back() -> None:
    """CS-412: one step a cycle; what was filled is closed."""
    world = a_world(a_scripted_plan(), closes={"p1": "10:00:20"})
    world.exchange.next_submit(parts=(2,))
    world.day.once()
    world.cycle(2)
    assert [order.ticket.purpose for order in world.orders()] == [Purpose.ENTRY]
    world.cycle(6)

    assert world.states() == [OrderState.CANCELED, OrderState.FILLED]
    assert world.position().state is HoldingState.CLOSED
    assert world.all(HoldingClosed)[0].contracts == 2


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
    world.day.confirm()

    assert len(world.all(HoldingClosed)) == booked


def test_a_failed_query_confirms_nothing() -> None:
    """CS-562, CS-572."""
    world = filled_close()
    world.clock.advance(60)
    world.exchange.queries_fail()
    world.day.confirm()
    assert world.all(HoldingClosed) == []
    world.day.confirm()
    assert len(world.all(HoldingClosed)) == 1


def test_a_broker_that_still_shows_the_legs_confirms_nothing() -> None:
    """CS-561: acceptance is not a fill, a fill is not yet flat."""
    world = filled_close()
    world.clock.advance(3)
    world.exchange.faults.holdings_lag(1)
    world.day.confirm()

    assert world.all(HoldingClosed) == []


def test_what_others_hold_of_the_same_contract_does_not_hinder_the_booking() -> None:
    """CS-561: per symbol only what the book's other positions hold, and what is quarantined."""
    world = filled_close()
    world.clock.advance(3)
    world.exchange.hold(put(6880), -1)
    world.day.confirm()
    assert world.all(HoldingClosed) == []
    world.day.ledger.record(HoldingsQuarantined(world.clock.now(), {SHORT: -1}, "foreign"))
    world.day.confirm()
    assert len(world.all(HoldingClosed)) == 1


def test_a_refused_close_is_done_leg_by_leg_shorts_first() -> None:
    """CS-416: nothing is ever short without its cover on the way."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.exchange.next_submit(rejects="complex orders are down")
    for _ in range(12):
        world.cycle()
        assert world.position().naked_shorts() == {}

    singles = [order.ticket for order in world.orders()[2:]]
    assert [(ticket.symbols, ticket.legs[0].side) for ticket in singles] == [((SHORT,), Side.BUY), ((LONG,), Side.SELL)]
    assert world.position().state is HoldingState.CLOSED
    assert singles[0].reason == "leg by leg"


def test_an_unknown_close_is_looked_up_not_replaced() -> None:
    """CS-416, R4: no second close while the first may live."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.exchange.next_submit(times_out=True, accepts=True, delay=2)
    world.cycle(8)

    assert len(world.exchange.received) == 2
    assert world.position().state is HoldingState.CLOSED


def test_after_five_attempts_a_close_is_stuck_and_tried_on_for_ever() -> None:
    """CS-563: alarm every five minutes, never dropped."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    for _ in range(40):
        world.exchange.next_submit(rejects="no")
        world.cycle(seconds=20)

    assert world.position().state is HoldingState.CLOSING
    assert world.position().close_attempts > 20
    assert 2 <= world.alarms().count("stuck") <= 3
    world.exchange.faults = type(world.exchange.faults)()
    world.cycle(6)
    assert world.position().state is HoldingState.CLOSED


@pytest.mark.parametrize(("seconds", "told"), [(299, 1), (300, 2)])
def test_the_same_warning_is_told_again_after_five_minutes(seconds: float, told: int) -> None:
    """CS-502: a bad credit is one in every cycle. Another detail is other news (CS-505 counts its cycles)."""
    world = a_world_holding()
    for wait in (0, 3, seconds - 3):
        world.clock.advance(wait)
        world.day.carry_out(Warn("bad_credit", "credit 0", "p1"))
    world.day.carry_out(Warn("bad_credit", "credit -1", "p1"))

    assert world.alarms() == ["bad_credit"] * (told + 1)


@pytest.mark.parametrize(("refusals", "alarms"), [(5, []), (6, ["stuck"])])
def test_stuck_is_told_with_the_attempt_after_the_fifth(refusals: int, alarms: list[str]) -> None:
    """CS-563."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    for _ in range(10):
        world.exchange.next_submit(rejects="no")
        world.cycle()
        if len(world.orders()) > refusals:
            break

    assert world.alarms() == alarms


def test_a_position_without_symbols_is_never_confirmed() -> None:
    """CS-562: what holds nothing at all was never looked up."""
    world = a_world()
    world.day.begin()
    plan, now = a_scripted_plan(), world.clock.now()
    world.day.ledger.record(spread_adopted(now, plan, 3, Decimal("2.50"), {}, now, SpreadWatch(), orphan=False))
    world.clock.advance(60)
    world.day.confirm()

    assert world.all(HoldingClosed) == []


def entered_out_of_ratio(*leg_contracts: int) -> World:
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(leg_contracts=leg_contracts)
    world.day.once()
    return world


@pytest.mark.parametrize("leg_contracts", [(3, 1), (1, 3), (3, 0), (0, 3), (2, 3)])
def test_legs_out_of_ratio_are_repaired_until_only_whole_spreads_remain(leg_contracts: tuple[int, int]) -> None:
    """CS-413: alarm, then leg by leg, shorts first; the covered part stays."""
    world = entered_out_of_ratio(*leg_contracts)
    for _ in range(45):
        world.cycle()
        naked = world.position().naked_shorts()
        assert not naked or ("leg_imbalance" in world.alarms() and any(order.is_working for order in world.orders()))

    whole = min(leg_contracts)
    assert world.position().excess() == ()
    assert world.position().open_contracts == whole
    held = {symbol: count for symbol, count in ((SHORT, -whole), (LONG, whole)) if count}
    assert world.exchange.holdings() == held


def test_a_repair_that_is_refused_is_tried_again() -> None:
    """CS-413: verified each cycle until flat or covered."""
    world = entered_out_of_ratio(3, 0)
    world.exchange.next_submit(parts=(1,), rejects="no")
    for _ in range(3):
        world.exchange.next_submit(rejects="no")
    world.cycle(10)

    assert world.position().naked_shorts() == {}
    assert world.exchange.holdings() == {}


def test_loose_legs_that_were_repaired_away_are_booked_as_no_trade() -> None:
    """CS-603: their cost is booked, the statistics count no contract."""
    world = entered_out_of_ratio(3, 0)
    world.cycle(8)
    (booked,) = world.all(HoldingClosed)

    assert (booked.reason, booked.contracts) == ("repaired", 0)
    assert world.book.results == ()
    assert world.book.balance == world.exchange.account().balance


def test_an_exit_that_leaves_a_short_uncovered_is_called_back_and_repaired() -> None:
    """CS-413, R2: the long was sold, the short was not bought."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.exchange.next_submit(leg_contracts=(1, 3))
    for _ in range(12):
        world.cycle()
        naked = world.position().naked_shorts()
        assert not naked or ("leg_imbalance" in world.alarms() and any(order.is_working for order in world.orders()))

    assert world.position().state is HoldingState.CLOSED
    assert world.book.balance == world.exchange.account().balance


def test_what_rules_remember_and_warn_of_is_on_record() -> None:
    world = a_world_holding()
    watch = SpreadWatch(best_profit=Decimal("0.2"))
    world.day.carry_out(Remember("p1", watch))
    world.day.carry_out(Warn("stale_quotes", "20 cycles", "p1"))

    assert world.all(WatchChanged)[-1].watch == world.position().watch == watch
    assert world.alarms() == ["stale_quotes"]

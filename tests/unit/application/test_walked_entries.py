"""An entry that walks: from the mid a tick at a time, one order at work, every fill counted. Rules: CS-410, CS-421."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from builders_day import entry_ticket
from builders_desk import a_book
from builders_exchange import put
from builders_holdings import order_intended
from builders_world import World, a_scripted_plan, a_world
from fakes import BidAsk
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.desks.walking import WALKED
from gammacore.domain.entries.credit import EntryLimit
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.holdings.plans import SpreadPlan, plan_of
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import Halted, OrderFilled, OrderIntended
from gammacore.domain.orders import Execution, OrderState
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.spreads import CreditSpread

Quotes = Mapping[OptionContract, BidAsk]


def natural(credit: str) -> Quotes:
    """Quotes at which the 6880/6870 put spread is sold at once for so many points, and not for more."""
    return {
        put(6880): ("5.00", "5.30"),
        put(6870): (str(Decimal(5) - Decimal(credit) - Decimal("0.10")), str(Decimal(5) - Decimal(credit))),
    }


FAR = natural("2.00")


def walking(contracts: int = 3) -> World:
    """A put spread at a mid of 2.50, sold for 2.35 at least: 2.50, 2.45, 2.40 and 2.35 are asked."""
    world = a_world(a_scripted_plan(contracts))
    entries = EntryRules(schedule=Schedule(times=()), limit=EntryLimit(walk=True))
    world.strategy = evolve(world.strategy, desk=CreditSpreadDesk(entries))
    world.show(FAR, seconds=0)
    world.day.once()
    return world


def planned(intent: OrderIntended) -> SpreadPlan:
    """The plan an intent says it is for."""
    opens, ticket, plan = intent.opens, intent.ticket, a_scripted_plan()
    assert opens is not None
    assert opens.spread is not None
    spread = CreditSpread.of_legs(ticket.option_legs)
    return plan_of(opens.spread, ticket.holding, spread, ticket.quantity, ticket.limit, plan.policy)


def look(world: World, quotes: Quotes = FAR, *, seconds: float = 3, times: int = 1) -> None:
    for _ in range(times):
        world.show(quotes, seconds=seconds)
        world.day.once()
        assert len(world.book.working_orders) <= 1  # never two at work


def asked(world: World) -> list[str]:
    return [str(order.ticket.limit) for order in world.orders()]


def test_it_begins_at_the_mid_and_concedes_a_tick_every_fifteen_seconds() -> None:
    world = walking()
    assert asked(world) == ["2.50"]

    look(world, times=4)  # 12 s
    assert world.states() == [OrderState.ACCEPTED]
    look(world)  # 15 s: called back
    assert world.states() == [OrderState.CANCEL_REQUESTED]
    look(world)  # verified, and the next is sent
    assert asked(world) == ["2.50", "2.45"]
    assert world.states() == [OrderState.CANCELED, OrderState.ACCEPTED]


def test_it_ends_at_its_limit_rests_there_and_is_called_back_when_the_life_of_the_entry_is_over() -> None:
    world = walking()
    look(world, times=99)  # 297 s
    assert asked(world) == ["2.50", "2.45", "2.40", "2.35"]
    assert world.states()[-1] is OrderState.ACCEPTED

    look(world, times=4)

    assert set(world.states()) == {OrderState.CANCELED}
    assert world.book.live_spreads == ()
    look(world, natural("2.50"), times=10)
    assert len(world.orders()) == 4
    (entry,) = day_report(world.events).scheduled
    assert entry.sentence.startswith("not filled: 3 at a limit of 2.35, canceled (not filled in 300 s")


def test_every_step_is_a_ticket_of_the_next_attempt_for_the_same_plan() -> None:
    world = walking()
    look(world, times=99)
    intents = world.all(OrderIntended)

    assert len({intent.ticket.id for intent in intents}) == len(intents) == 4
    assert {intent.ticket.quantity for intent in intents} == {3}
    assert [planned(intent) for intent in intents] == [a_scripted_plan()] * 4
    assert [order.called_back for order in world.orders()][:3] == [WALKED] * 3


def test_the_fill_at_a_conceded_price_is_the_entry_of_the_report() -> None:
    world = walking()
    look(world, times=6)
    look(world, natural("2.45"), seconds=10, times=2)

    assert world.position().open_contracts == 3
    assert world.position().credit == Decimal("2.45")
    look(world, times=20)
    assert asked(world) == ["2.50", "2.45"]
    (entry,) = day_report(world.events).scheduled
    assert entry.sentence == "sold 3 of 3 at 2.45 (limit 2.45)"


def test_a_fill_that_crosses_the_cancel_counts_and_no_other_order_follows() -> None:
    """CS-410."""
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(never=True, on_cancel="filled_first")
    entries = EntryRules(schedule=Schedule(times=()), limit=EntryLimit(walk=True))
    world.strategy = evolve(world.strategy, desk=CreditSpreadDesk(entries))
    world.day.once()
    look(world, times=12)

    assert asked(world) == ["2.50"]
    assert world.position().open_contracts == 3


def test_a_part_filled_ends_the_walk_and_the_rest_is_called_back_at_the_end_of_its_life() -> None:
    """CS-412: what has filled is the position."""
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(parts=(1,))
    entries = EntryRules(schedule=Schedule(times=()), limit=EntryLimit(walk=True))
    world.strategy = evolve(world.strategy, desk=CreditSpreadDesk(entries))
    world.day.once()
    look(world, natural("2.50"), times=95)
    assert world.states() == [OrderState.PARTIALLY_FILLED]

    look(world, natural("2.50"), times=10)

    assert world.states() == [OrderState.CANCELED]
    assert world.position().open_contracts == 1


def test_a_fill_reported_after_the_cancel_was_verified_is_held_and_the_next_order_called_back() -> None:
    """CS-410: the broker had reported canceled; both fills are the position, with its mean credit."""
    world = a_world(a_scripted_plan())
    world.exchange.next_submit(never=True, on_cancel="filled_late")
    entries = EntryRules(schedule=Schedule(times=()), limit=EntryLimit(walk=True))
    world.strategy = evolve(world.strategy, desk=CreditSpreadDesk(entries))
    world.day.once()
    look(world, times=5)
    world.clock.set(world.clock.now() + dt.timedelta(seconds=3))  # no snapshot: the fill is still to come
    world.day.once()
    assert world.states() == [OrderState.CANCELED, OrderState.ACCEPTED]

    look(world, times=10)

    assert world.states() == [OrderState.FILLED, OrderState.CANCELED]
    assert (world.position().contracts, world.position().open_contracts) == (3, 3)


@pytest.mark.parametrize("life", [0, 1])
def test_a_process_that_dies_between_two_steps_goes_on_with_the_next(life: int) -> None:
    world = walking()
    look(world, times=5 + life)
    world.restart()
    look(world, times=2)

    assert asked(world) == ["2.50", "2.45"]


def test_a_process_that_comes_back_after_the_life_of_the_entry_ends_it() -> None:
    world = walking()
    look(world, times=5)
    world.restart()
    look(world, seconds=400, times=3)

    assert asked(world) == ["2.50"]
    assert world.states() == [OrderState.CANCELED]


def test_halted_it_concedes_no_more() -> None:
    world = walking()
    look(world, times=5)
    world.day.ledger.record(Halted(world.clock.now(), "enough"))
    look(world, times=20)

    assert asked(world) == ["2.50"]
    assert world.states() == [OrderState.CANCELED]


def test_a_limit_that_says_no_between_two_steps_stops_the_walk_with_one_alarm() -> None:
    """CS-338..344 precede every order POST."""
    world = walking()
    look(world, times=5)
    world.restart()
    limits = evolve(world.settings.limits, minimum_account=Decimal(30_000))
    world.settings = evolve(world.settings, limits=limits)
    look(world, times=20)

    assert asked(world) == ["2.50"]
    assert world.alarms().count("walk_stopped") == 1


def test_fills_of_two_orders_of_one_entry_are_one_position_at_their_mean_credit() -> None:
    """CS-410: whatever the broker does, what it fills is held, counted and watched."""
    plan = a_scripted_plan(3)
    tickets = [evolve(entry_ticket(plan), id=name) for name in ("first", "second")]
    book = a_book(order_intended(at("10:00"), ticket, plan) for ticket in tickets)
    for order, contracts, price in (("first", 3, "2.50"), ("second", 1, "2.30"), ("second", 3, "2.30")):
        execution = Execution(contracts, Decimal(price))
        book.apply(OrderFilled(at("10:01"), order, execution, complete=contracts == 3))
    (position,) = book.live_spreads

    assert (position.contracts, position.open_contracts, position.credit) == (6, 6, Decimal("2.40"))
    assert position.cash == 3 * 250 + 3 * 230

"""Carrying out: entering, closing and repairing; guards, records and the intent before the wire. R1, CS-338..421."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_exchange import call, put
from builders_holdings import spread_closed
from builders_world import World, a_judgement, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.domain.holding_events import CloseDecided, HoldingClosed, WatchChanged
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.holdings.plans import Notes, SpreadWatch
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Halted, HoldingsQuarantined, OrderIntended, TicketRefused
from gammacore.domain.orders import Effect, OrderState, Purpose
from gammacore.domain.strategy import Close, NoTrade, Open, SaveState, Warn
from gammacore.errors import BrokerUnavailable, StorageError
from gammacore.ports.broker import BrokerAccount, BrokerDecorator

PLENTY = Decimal(100_000)

SHORT, LONG = put(6880).occ, put(6870).occ


# Entering ------------------------------------------------------------------------------------------------------------


@frozen
class Account(BrokerDecorator):
    """The exchange with another buying power, dollars; None does not answer."""

    buying_power: Decimal | None = PLENTY

    def account(self) -> BrokerAccount:
        if self.buying_power is None:
            raise BrokerUnavailable("no answer")
        return evolve(self.inner.account(), option_buying_power=self.buying_power)


def enter(world: World, contracts: int = 3) -> EntryJudged:
    """Open as decided; return what is on record of the judgement."""
    plan = evolve(a_scripted_plan(contracts), holding="p9")
    world.day.carry_out(Open(plan, a_judgement(plan, world.clock.now())))
    return world.all(EntryJudged)[-1]


def a_halt(world: World) -> None:
    world.day.ledger.record(Halted(world.clock.now(), "enough"))


def a_bad_day(world: World) -> None:
    world.day.ledger.record(
        spread_closed(world.clock.now(), "p1", "stop_loss", Decimal(5), 3, Decimal(-600), Decimal(0))
    )


def nothing(world: World) -> None:
    """No limit is near."""


@pytest.mark.parametrize(
    ("before", "buying_power", "reason"),
    [
        (nothing, PLENTY, None),
        (a_halt, PLENTY, "halted"),
        (a_bad_day, PLENTY, "daily_loss"),
        (nothing, None, "buying_power_unknown"),
        (nothing, Decimal(2250), None),
        (nothing, Decimal("2249.99"), "buying_power"),
    ],
)
def test_a_guard_that_says_no_leaves_no_order_and_its_reason(
    before: Callable[[World], None], buying_power: Decimal | None, reason: str | None
) -> None:
    """CS-302, CS-339, CS-343: judged once more before the order, whatever the filters said. 3 × $750 at risk."""
    world = a_world_holding()
    world.wrap_broker = relayed(lambda exchange: Account(exchange, buying_power))
    world.restart()
    before(world)
    sent = len(world.exchange.received)
    judgement = enter(world)

    assert judgement.reason == reason
    assert len(world.exchange.received) - sent == (reason is None)


def test_the_position_limit_counts_what_is_quarantined() -> None:
    """CS-338: tested before the order, not after it."""
    world = a_world()
    world.day.begin()
    three = {f"SPXW260105P0{strike}000": 1 for strike in (6700, 6710, 6720)}
    world.day.ledger.record(HoldingsQuarantined(world.clock.now(), three, "foreign"))

    assert enter(world).reason == "position_limit"
    assert world.exchange.received == []


def test_judgement_and_intent_are_one_append() -> None:
    """R1, CS-366: a full disk leaves neither, and nothing is sent."""
    world = a_world()
    world.day.begin()
    storage = world.medium.writer
    assert storage is not None
    storage.refuse_next_append(StorageError("the disk is full"))

    with pytest.raises(StorageError):
        enter(world)
    assert (world.all(EntryJudged), world.all(OrderIntended), world.exchange.received) == ([], [], [])


def test_an_entry_is_a_credit_limit_order_with_shorts_first() -> None:
    """CS-402, CS-403, CS-407."""
    world = a_world()
    world.day.begin()
    enter(world)
    (ticket,) = world.exchange.received

    assert (ticket.purpose, ticket.effect, ticket.limit, ticket.quantity) == (
        Purpose.ENTRY, Effect.CREDIT, Decimal("2.35"), 3,
    )  # fmt: skip
    assert ticket.legs == a_scripted_plan().spread.opening_legs
    assert ticket.tag == f"GEXENTRY-{ticket.id}"


def test_standing_aside_is_on_record() -> None:
    """CS-366: no trade is a decision too."""
    world = a_world()
    world.day.begin()
    record = evolve(a_judgement(a_scripted_plan(), world.clock.now()), reason="vix_ceiling")
    world.day.carry_out(NoTrade(record))

    assert world.all(EntryJudged) == [record]
    assert world.book.judged(record.scheduled_at)


def test_the_client_id_says_what_the_order_is_for() -> None:
    """R1: the same entry in the same ledger has the same id, in another lineage another one."""
    ids = []
    for lineage in ("f00d", "f00d", "beef"):
        world = a_world()
        world.terms = evolve(world.terms, lineage=lineage)
        world.day.begin()
        enter(world)
        ids.append(world.exchange.received[0].id)

    assert ids[0] == ids[1] != ids[2]


def test_a_warning_of_an_entry_is_written_with_its_order_in_one_append() -> None:
    """CS-368: once per entry, killed or not."""
    world = a_world_holding()
    plan = evolve(a_scripted_plan(3), holding="p9")
    warning = Warn("stop_inside_quotes", "worst mark 2.80 - credit 2.50", "p9")
    world.day.carry_out(Open(plan, a_judgement(plan, world.clock.now()), warnings=(warning,)))
    kinds = [type(event) for event in world.events]

    assert kinds[kinds.index(AlarmRaised) - 1 : kinds.index(AlarmRaised) + 2] == [
        EntryJudged,
        AlarmRaised,
        OrderIntended,
    ]
    assert world.alarms() == ["stop_inside_quotes"]


def test_nothing_is_opened_before_the_account_was_compared() -> None:
    """R5: a new ledger at an account that holds something else, or does not answer, opens nothing."""
    world = a_world()
    world.is_compared = False
    world.day.begin()

    assert enter(world).reason == "not_reconciled"
    assert world.exchange.received == []


def test_once_every_difference_has_its_verdict_entries_begin() -> None:
    world = a_world()
    world.is_compared = False
    world.day.begin()
    world.exchange.hold(call(7000), 2)
    world.day.reconcile()
    assert enter(world).reason == "not_reconciled"
    world.day.reconcile()

    assert enter(world).reason is None


# Closing and repairing -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("seconds", "times"), [(299, 1), (300, 2)])
def test_the_same_warning_is_reported_again_after_five_minutes(seconds: float, times: int) -> None:
    """CS-502: a bad credit is one in every cycle. Another detail is other news (CS-505 counts its cycles)."""
    world = a_world_holding()
    for wait in (0, 3, seconds - 3):
        world.clock.advance(wait)
        world.day.carry_out(Warn("bad_credit", "credit 0", "p1"))
    world.day.carry_out(Warn("bad_credit", "credit -1", "p1"))

    assert world.alarms() == ["bad_credit"] * (times + 1)


@pytest.mark.parametrize(("refusals", "alarms"), [(5, []), (6, ["stuck"])])
def test_stuck_is_reported_with_the_attempt_after_the_fifth(refusals: int, alarms: list[str]) -> None:
    """CS-563."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    for _ in range(10):
        world.exchange.next_submit(rejects="no")
        world.cycle()
        if len(world.orders()) > refusals:
            break

    assert world.alarms() == alarms


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
    world.day.carry_out(SaveState("p1", watch))
    world.day.carry_out(Warn("stale_quotes", "20 cycles", "p1"))

    assert world.all(WatchChanged)[-1].watch == world.position().watch == watch
    assert world.alarms() == ["stale_quotes"]


# Remembering ---------------------------------------------------------------------------------------------------------


def test_a_users_strategy_remembers_by_notes_on_its_holding_across_a_restart() -> None:
    """Decision 0024: texts by name, a ledger event at each change."""
    world = a_world_holding()
    world.day.carry_out(SaveState("p1", Notes({"high": "601.20"})))
    world.restart()

    holding = world.book.holding("p1")
    assert holding is not None
    assert holding.notes.values == {"high": "601.20"}
    assert holding.watch == world.position().watch


def test_a_note_on_what_is_not_held_is_refused_with_its_reason_and_the_day_goes_on() -> None:
    world = a_world_holding()
    before = len(world.events)
    world.day.carry_out(SaveState("nothing", Notes({"high": "601.20"})))

    (refused,) = world.events[before:]
    assert isinstance(refused, TicketRefused)
    assert (refused.holding, refused.reason) == ("nothing", "invalid_holding")

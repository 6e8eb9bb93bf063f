"""Entering: guards before any order, the judgement and the intent in one append, then the wire."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_exchange import call
from builders_holdings import spread_closed
from builders_world import World, a_judgement, a_scripted_plan, a_world, a_world_holding, relayed
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Halted, HoldingsQuarantined, OrderIntended
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.strategy import Open, Stand, Warn
from gammacore.errors import BrokerUnavailable, StorageError
from gammacore.ports.broker import BrokerAccount
from relay import Relay

PLENTY = Decimal(100_000)


@frozen
class Account(Relay):
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
    world.day.carry_out(Stand(record))

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

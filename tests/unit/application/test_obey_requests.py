"""Halt, resume and flatten from other processes. Rule: R10."""

from __future__ import annotations

import pytest

from builders_exchange import an_entry
from builders_holdings import sell
from builders_world import World, a_scripted_plan, a_world, a_world_holding
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.ledger import AlarmRaised, EntryJudged, FlattenRequested, Halted, Resumed
from gammacore.domain.orders import OrderState
from gammacore.ports.storage import Request, RequestKind


def ask(world: World, kind: RequestKind, reason: str = "enough") -> None:
    world.inbox.post(Request(kind, world.clock.now(), reason))


def test_a_request_is_journaled_and_taken_out_of_the_inbox() -> None:
    world = a_world()
    world.day.begin()
    ask(world, RequestKind.HALT)
    world.day.requests()

    assert [event.reason for event in world.all(Halted)] == ["enough"]
    assert world.inbox.pending() == ()


def test_a_crash_between_journal_and_inbox_journals_it_twice_and_never_loses_it() -> None:
    """R10: the order of two lines."""
    world = a_world()
    world.day.begin()
    ask(world, RequestKind.HALT)
    world.day.requests.obey(world.inbox.pending()[0])
    world.restart()
    world.day.requests()

    assert len(world.all(Halted)) == 2
    assert world.book.halted == "enough"


def test_an_outage_of_the_ledger_is_an_alarm_and_halts_nothing() -> None:
    world = a_world()
    world.day.begin()
    ask(world, RequestKind.OUTAGE, "the ledger was out of reach for 30 s")
    world.day.requests()

    (alarm,) = world.all(AlarmRaised)
    assert (alarm.code, alarm.detail) == ("ledger_outage", "the ledger was out of reach for 30 s")
    assert (world.book.halted, world.inbox.pending()) == (None, ())


def test_a_halt_blocks_entries_and_resume_clears_it() -> None:
    world = a_world(a_scripted_plan())
    ask(world, RequestKind.HALT)
    world.day.once()
    assert [event.reason for event in world.all(EntryJudged)] == ["halted"]
    ask(world, RequestKind.RESUME, "looked into it")
    world.cycle()

    assert world.book.halted is None
    assert world.all(Resumed)[0].note == "looked into it"


def test_a_halt_survives_a_restart() -> None:
    world = a_world()
    ask(world, RequestKind.HALT)
    world.day.once()
    world.restart()

    assert world.book.halted == "enough"


def test_a_halt_calls_working_entries_back() -> None:
    world = a_world()
    world.day.begin()
    world.exchange.next_submit(never=True)
    sell(world.day.desk, an_entry(contracts=3), a_scripted_plan())
    ask(world, RequestKind.HALT)
    world.cycle(2)

    assert world.states() == [OrderState.CANCELED]


def test_exits_still_run_while_halted() -> None:
    """R10: a halt is no reason to keep a position."""
    world = a_world_holding(closes={"p1": "10:01"})
    ask(world, RequestKind.HALT)
    world.cycle(8)

    assert world.position().state is HoldingState.CLOSED
    assert world.book.halted == "enough"


@pytest.mark.parametrize("restarts", [False, True])
def test_flatten_ends_flat_and_latched(restarts: bool) -> None:
    """R10: cancels, flattens, verifies; nothing opens afterwards, in the next process neither."""
    world = a_world_holding()
    ask(world, RequestKind.FLATTEN, "going home")
    world.cycle()
    if restarts:
        world.restart()
    world.cycle(3)

    assert world.book.live_spreads == ()
    assert world.exchange.holdings() == {}
    assert world.position().exit_reason == "flatten"
    assert [event.reason for event in world.all(FlattenRequested)] == ["going home"]
    assert world.book.halted == "going home"

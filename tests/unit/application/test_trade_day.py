"""The day loop: one path for start and restart, one step a cycle, and an end. Rules: CS-501, CS-535, CS-609, R14."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import DAY, at
from builders_world import SPX_QUOTES, World, a_scripted_plan, a_world, a_world_holding
from gammacore.adapters.codec.records import encode
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.holding_events import CloseDecided, HoldingClosed
from gammacore.domain.holdings.holding import HoldingState
from gammacore.domain.ledger import (
    AccountMark,
    AccountRecorded,
    DayFinished,
    DayStarted,
    EntryJudged,
    LedgerOpened,
    Mode,
)
from gammacore.domain.orders import OrderState
from gammacore.errors import ConfigurationError


def a_day(*, contracts: int = 3, close: str = "16:00", settles: str | None = "6900") -> World:
    """A script of 55 minutes from 9:30, one entry at 10:00, an exit at 10:10; then the market is silent."""
    world = a_world(a_scripted_plan(contracts), closes={"p1": "10:10"}, start="09:30", close=close)
    for minute in range(55):
        moment = at("09:30") + dt.timedelta(minutes=minute)
        world.market.show(moment, SPX_QUOTES, spot=Decimal(6900), vix=Decimal(15))
    if settles is not None:
        world.market.settle(DAY, settles)
    return world


def test_a_day_from_the_open_to_its_end() -> None:
    world = a_day()
    book = world.day()

    assert world.events[0] == LedgerOpened(at("09:30"), "FAKE-1", Mode.STUDY, "f00d", Decimal(20_000))
    assert isinstance(world.events[1], DayStarted)
    assert world.events[-1] == DayFinished(at("16:00"), DAY, Decimal(20_000) - 90)
    assert [event.reason for event in world.all(HoldingClosed)] == ["scripted"]
    assert book.live_spreads == ()


def test_a_finished_day_is_not_traded_again() -> None:
    world = a_day()
    world.day()
    events = list(world.events)
    world.restart()
    world.day()
    world.day.once()

    assert world.events == events


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"account": "other"}, "account FAKE-1"),
        ({"mode": Mode.PAPER}, "study account FAKE-1"),
    ],
)
def test_a_ledger_is_of_one_account_and_mode(changed: dict[str, object], message: str) -> None:
    """CS-609: also when the day is over."""
    world = a_day()
    world.day.begin()
    for _ in range(2):
        world.restart()
        world.terms = evolve(world.terms, **changed)  # type: ignore[arg-type]  # one field by name
        with pytest.raises(ConfigurationError, match=message):
            world.day()


MINE = AccountMark.of(BrokerName.TRADIER, "6YA11111", "f00d", "***111")
THEIRS = AccountMark.of(BrokerName.TRADIER, "6YB22222", "f00d", "***222")


def test_a_new_ledger_records_whose_account_it_is_and_no_start_does_so_again() -> None:
    """CS-609."""
    world = a_day()
    world.terms = evolve(world.terms, owner=MINE)
    world.day.begin()
    world.restart()
    world.day.begin()

    assert world.events[1] == AccountRecorded(at("09:30"), MINE)
    assert len(world.all(AccountRecorded)) == 1


def test_a_ledger_from_before_accounts_were_recorded_records_its_own_once() -> None:
    world = a_day()
    world.day.begin()
    world.terms = evolve(world.terms, owner=MINE)
    for _ in range(2):
        world.restart()
        world.day.begin()

    assert [event.account for event in world.all(AccountRecorded)] == [MINE]


def test_a_ledger_of_another_account_is_not_taken_up() -> None:
    world = a_day()
    world.terms = evolve(world.terms, owner=MINE)
    world.day.begin()
    events = list(world.events)
    world.terms = evolve(world.terms, owner=THEIRS)
    world.restart()

    with pytest.raises(ConfigurationError, match=r"of the tradier account \*\*\*111, the run of .* \*\*\*222"):
        world.day.begin()
    assert world.events == events


def test_a_day_is_of_one_underlying() -> None:
    world = a_day()
    world.day.begin()
    world.restart()
    world.underlying = "XSP"

    with pytest.raises(ConfigurationError, match="trades SPX"):
        world.day()


def test_time_does_not_go_back_in_a_ledger() -> None:
    world = a_day()
    world.day.begin()
    world.restart()
    world.session = type(world.session).of(DAY - dt.timedelta(days=3))

    with pytest.raises(ConfigurationError, match="later --date"):
        world.day()


def test_the_next_day_goes_on_in_the_same_ledger() -> None:
    """CS-603: balance and history are the ledger's."""
    world = a_day()
    world.day()
    world.restart()
    world.session = type(world.session).of(DAY + dt.timedelta(days=1))
    world.day()

    assert [event.date for event in world.all(DayStarted)] == [DAY, DAY + dt.timedelta(days=1)]
    assert world.book.finished is not None
    assert world.book.finished.balance == Decimal(20_000) - 90


@pytest.mark.parametrize(("close", "soft_close"), [("16:00", "15:30"), ("13:00", "12:30")])
def test_deadlines_come_while_the_market_is_silent(close: str, soft_close: str) -> None:
    """CS-522, CS-524, CS-351: counted back from the close, on a half day too, though no quote has come for hours."""
    world = a_day(close=close)
    world.strategy = evolve(world.strategy, closes={})
    world.market.step = dt.timedelta(hours=2)
    world.day()

    assert [(event.at, event.reason) for event in world.all(CloseDecided)] == [(at(soft_close), "soft_close")]


def test_a_day_that_gets_no_settlement_price_is_given_up_after_half_an_hour() -> None:
    """CS-528: the ledger keeps the position, an alarm is raised, the next start goes on."""
    world = a_day(settles=None)
    world.strategy = evolve(world.strategy, closes={})
    world.exchange.next_submit()
    world.day()

    assert world.clock.now() == at("16:30")
    assert world.alarms()[-1] == "not_flat"
    assert world.position().state is HoldingState.AWAITING_SETTLEMENT
    assert not world.day.is_finished()
    world.restart()
    world.market.settle(DAY, "6900")
    world.day()
    assert world.day.is_finished()


def test_an_order_without_an_answer_delays_no_other_position() -> None:
    """CS-535: a working entry and a stop in the same cycle."""
    plans = (a_scripted_plan(1), a_scripted_plan(1, "p2", scheduled="10:00:30"))
    world = a_world(*plans, closes={"p1": "10:00:40"})
    world.exchange.next_submit()
    world.exchange.next_submit(never=True)
    world.day.once()
    world.cycle(10)

    assert world.position("p1").state is HoldingState.CLOSED
    assert world.states("p2") == [OrderState.ACCEPTED]


def test_a_market_that_cannot_be_read_stops_neither_the_loop_nor_a_time_exit() -> None:
    """CS-504, CS-522: no quote is needed to leave at the hard close."""
    world = a_world_holding()
    world.clock.set(at("15:55"))
    world.market.fails(1)
    world.day.once()

    assert [event.reason for event in world.all(CloseDecided)] == ["hard_close"]


def test_an_unreadable_market_enters_nothing() -> None:
    """CS-103, CS-343: what is not seen is not sold."""
    world = a_world(a_scripted_plan())
    world.exchange.queries_fail(9)
    world.market.fails(9)
    world.day.once()

    assert [event.reason for event in world.all(EntryJudged)] == ["buying_power_unknown"]


def test_a_restart_in_every_gap_between_cycles_changes_nothing() -> None:
    """R2: start-up and recovery are one path."""
    undisturbed, restarted = a_day(), a_day()
    undisturbed.day()
    while not restarted.day.is_finished():
        restarted.day.once()
        restarted.restart()
        restarted.clock.wait_until(restarted.market.next_at(restarted.clock.now()))

    assert encoded(restarted) == encoded(undisturbed)


def encoded(world: World) -> list[str]:
    return [encode(event) for event in world.events]


def test_the_same_inputs_give_the_same_ledger_byte_for_byte() -> None:
    """R14."""
    first, second = a_day(), a_day()
    first.day()
    second.day()

    assert encoded(first) == encoded(second)
    assert len(first.events) > 10

"""A credit spread of ours at the broker beside the delta-hedge desk: alerted once, closed. CS-574, CS-413, DH-520."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import evolve

from builders import DAY, a_plan, a_put_spread, a_session, at
from builders_delta_hedge import straddle_legs
from builders_desk import a_contract
from builders_exchange import an_entry, put
from builders_holdings import spread_adopted
from builders_world import World
from fakes import NO_FEES, BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.book.book import Book
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.desks.flattening import close_spreads
from gammacore.domain.holding_events import CloseDecided, HoldingAdopted, HoldingClosed
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import AlarmRaised, Event, OrderIntended
from gammacore.domain.legs import Leg
from gammacore.domain.orders import OrderState, Purpose, lineage_mark
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.strategy import Close, Repair, Warn

SHORT, LONG = put(590, "SPY"), put(580, "SPY")
OURS, SPREAD = f"gc-{lineage_mark('f00d')}" + "0" * 17, "SPY-20260105-orphan-1"


def shown(when: dt.datetime) -> Mapping[OptionContract, BidAsk]:
    """The straddle of 600 and the spread of 590/580, which is sold for 0.96 and bought for 1.04."""
    legs = straddle_legs("600", f"{when.astimezone(NEW_YORK):%H:%M:%S}")
    straddle = {a_contract(leg, "SPY"): (str(bid), str(ask)) for leg, (bid, ask) in legs.items()}
    return {**straddle, SHORT: ("1.50", "1.54"), LONG: ("0.50", "0.54")}


def show(world: World, seconds: float) -> None:
    world.show(shown(world.clock.now()), seconds=seconds, spot="600")


def cycle(world: World, times: int = 1, seconds: float = 10) -> None:
    for _ in range(times):
        show(world, seconds)
        world.day.once()


def a_world_with_a_lost_spread(order_id: str = OURS, start: str = "09:30:50") -> World:
    """Two put spreads were sold by an order of ours that this ledger knows nothing of, before the desk began."""
    clock, market = FakeClock(at(start)), FakeMarket("SPY", step=10)
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=NO_FEES, starting_cash=Decimal(20_000))
    world = World(clock, market, exchange, a_session(), cast(Any, DeltaHedgeDesk()), underlying="SPY")
    show(world, 0)
    sold = an_entry(order_id, a_put_spread(590, 580, "SPY"), limit="0.90", contracts=2)
    exchange.submit(evolve(sold, holding="lost"))
    show(world, 10)
    return world


def test_a_spread_of_ours_is_reported_once_and_closed() -> None:
    """Nobody's stops watch it: it goes at once, at market, and is booked once."""
    world = a_world_with_a_lost_spread()
    cycle(world, 8)

    (adopted,), (decided,) = world.all(HoldingAdopted), world.all(CloseDecided)
    assert (adopted.holding, adopted.contracts, decided.at) == (SPREAD, 2, adopted.at)
    (alarm,) = [event for event in world.all(AlarmRaised) if event.code == "leftover"]
    assert (alarm.holding, alarm.detail) == (
        SPREAD, "a credit spread of 2 contracts that this strategy does not watch: closed now"
    )  # fmt: skip
    assert [(order.ticket.purpose, order.ticket.limit, order.state) for order in world.orders(SPREAD)] == [
        (Purpose.EMERGENCY, None, OrderState.FILLED)
    ]
    (booked,) = world.all(HoldingClosed)
    assert (booked.holding, booked.reason, booked.contracts) == (SPREAD, "leftover_exit", 2)
    assert dict(world.exchange.holdings()) == {}
    assert not world.book.live_spreads


def test_the_desk_goes_on_as_if_it_had_not_been() -> None:
    """The straddle is bought at its time."""
    world = a_world_with_a_lost_spread()
    cycle(world, 100)

    assert [event.holding for event in world.all(HoldingAdopted)] == [SPREAD]
    begun = [event.opens.owner for event in world.all(OrderIntended) if event.opens is not None]
    assert begun == ["delta-hedge"]
    assert len(world.all(HoldingClosed)) == 1


@pytest.mark.parametrize(
    "trouble", [{"rejects": "not now"}, {"unavailable": True}, {"times_out": True, "accepts": False}]
)
def test_a_close_that_was_not_taken_goes_leg_by_leg_shorts_first(trouble: Mapping[str, object]) -> None:
    """CS-416."""
    world = a_world_with_a_lost_spread()
    world.exchange.next_submit(**trouble)
    cycle(world, 12)

    legs = [[(leg.side, leg.symbol) for leg in order.ticket.legs] for order in world.orders(SPREAD)[1:]]
    assert legs == [[(Side.BUY, SHORT.occ)], [(Side.SELL, LONG.occ)]]
    assert dict(world.exchange.holdings()) == {}
    assert len(world.all(HoldingClosed)) == 1
    assert world.alarms().count("leftover") == 1


def test_a_restart_between_any_two_cycles_sends_nothing_twice() -> None:
    """R2."""
    world = a_world_with_a_lost_spread()
    cycle(world, 2)
    for _ in range(8):
        world.restart()
        cycle(world)

    assert [order.state for order in world.orders(SPREAD)] == [OrderState.FILLED]
    assert (len(world.all(HoldingClosed)), world.alarms().count("leftover")) == (1, 1)


def test_what_is_found_as_the_session_ends_is_settled() -> None:
    """No order for a contract that trades no more; out of the money the credit stays."""
    world = a_world_with_a_lost_spread(start="15:59:40")
    cycle(world)
    world.market.settle(world.session.date, "600")
    for seconds in (0, 10, 20):
        world.clock.set(world.session.close + dt.timedelta(seconds=seconds))
        world.day.once()

    assert world.orders(SPREAD) == ()
    assert not [event for event in world.all(AlarmRaised) if event.code == "leftover"]


def test_other_people_s_spreads_are_left_alone() -> None:
    """CS-574: quarantined, never traded."""
    world = a_world_with_a_lost_spread("by-hand")
    cycle(world, 6)

    assert dict(world.book.quarantined) == {SHORT.occ: -2, LONG.occ: 2}
    assert len(world.exchange.every_order) == 1


def left(short: int = 590, *, days: int = 0, held: tuple[int, int] = (-2, 2)) -> HoldingAdopted:
    """A spread in the ledger of the desk: its contracts expire so many days from today."""
    expiry = DAY + dt.timedelta(days=days)
    spread = a_put_spread(short, short - 10, "SPY", expiry)
    holdings = {put(short, "SPY", expiry).occ: held[0], put(short - 10, "SPY", expiry).occ: held[1]}
    plan = a_plan(spread, contracts=2, position=SPREAD)
    return spread_adopted(at("09:31"), plan, 2, Decimal("0.96"), holdings, at("09:31"), SpreadWatch(), orphan=False)


@pytest.mark.parametrize(
    ("days", "time", "goes"),
    [
        (0, "09:29:59.999", False), (0, "09:30", True), (0, "15:59:59.999", True), (0, "16:00", False),
        (-3, "09:30", False), (1, "09:30", True),
    ],
)  # fmt: skip
def test_it_goes_while_the_exchange_is_open_and_its_contracts_trade(days: int, time: str, goes: bool) -> None:
    """Friday's are settlement's on Monday; tomorrow's are watched by nobody today."""
    steps = list(close_spreads(Book.of([left(days=days)]), a_session(), at(time)))

    assert [type(step) for step in steps] == ([Warn, Close] if goes else [])


def test_a_short_without_its_cover_is_bought_back() -> None:
    """CS-413: whatever order was tried before."""
    events: list[Event] = [left(held=(-2, 1)), CloseDecided(at("09:31"), SPREAD, "leftover_exit", None, "")]

    (repair,) = close_spreads(Book.of(events), a_session(), at("09:32"))
    assert repair == Repair(SPREAD, Leg(SHORT, Side.BUY), 1)

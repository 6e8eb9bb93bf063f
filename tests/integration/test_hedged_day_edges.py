"""Whole days of the hedging desk at their edges: a slow market, a bad minute at the purchase, a night, another desk."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, cast

import pytest

from builders import DAY, a_session, at
from builders_delta_hedge import straddle_legs
from builders_desk import a_contract
from builders_world import World, a_desk_without_entries
from fakes import FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.order import Behaviour
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.holding_events import HedgeDecided, HoldingClosed
from gammacore.domain.ledger import AlarmRaised, DayFinished, EntryJudged, OrderIntended
from gammacore.domain.orders import Purpose
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import ConfigurationError

NEXT_DAY = DAY + dt.timedelta(days=1)


def clock_of(at: dt.datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M:%S}"


def a_hedged_world(step: int = 60, start: str = "09:44", minutes: int = 376, lost: tuple[str, ...] = ()) -> World:
    """From 10:00 SPY climbs by 40 cents to 601.60, falls back and begins anew; nothing is read at the `lost` times."""
    market, clock = FakeMarket("SPY", step=step), FakeClock(at(start))
    for number in range(minutes * 60 // step + 1):
        now = at(start) + dt.timedelta(seconds=number * step)
        spot = Decimal(600) + (Decimal(number % 5) * 2 / 5 if now >= at("10:00") else 0)
        time = clock_of(now)
        legs = straddle_legs(str(spot), time, strikes=(599, 600, 601, 602)) if now < a_session().close else {}
        shown = {} if time in lost else {
            a_contract(leg, "SPY"): (str(bid), str(ask)) for leg, (bid, ask) in legs.items()
        }  # fmt: skip
        market.show(now, shown, spot=None if time in lost else spot, vix=Decimal(15))
    market.settle(DAY, "600.20")
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=FeeSchedule(), starting_cash=Decimal(20_000))
    return World(clock, market, exchange, a_session(), cast(Any, DeltaHedgeDesk()), underlying="SPY")


def hedges(world: World) -> list[HedgeDecided]:
    return [one for one in world.all(HedgeDecided) if one.shares]


def entries(world: World) -> list[OrderIntended]:
    return [event for event in world.all(OrderIntended) if event.ticket.purpose is Purpose.ENTRY]


# -- the rate window: DH-306 -------------------------------------------------------------------------------------------


def test_a_breach_that_was_refused_is_hedged_at_the_end_of_its_window_not_at_the_next_look() -> None:
    """DH-306: the market is looked at every 45 s; the windows end between two looks."""
    world = a_hedged_world(step=45)
    world.day.run_until(lambda _book: world.clock.now() >= at("12:00"))
    decided = world.all(HedgeDecided)
    waited = [(one, decided[number + 1]) for number, one in enumerate(decided[:-1]) if one.reason == "rate_limited"]
    assert waited

    for refused, then in waited:
        last = max(one.at for one in hedges(world) if one.at < refused.at)
        assert then.at == last + dt.timedelta(seconds=60), f"refused {clock_of(refused.at)}"


# -- the purchase ------------------------------------------------------------------------------------------------------


def test_a_bad_minute_at_the_slot_costs_a_minute_and_no_day() -> None:
    world = a_hedged_world(lost=("09:45:00", "09:46:00"))
    book = world.day()

    assert [(one.reason, clock_of(one.at)) for one in world.all(EntryJudged)] == [
        ("no_quotes", "09:45:00"), (None, "09:47:00"),
    ]  # fmt: skip
    assert [clock_of(order.at) for order in entries(world)] == ["09:47:00"]
    assert hedges(world)
    assert book.balance == world.exchange.account().balance


def test_an_entry_that_never_left_is_sent_again_and_one_that_did_is_not() -> None:
    """The broker could not be reached for a moment: nothing is held, nothing works, the day is not lost."""
    world = a_hedged_world()
    world.exchange.faults.next_submit(Behaviour(unavailable=True))
    book = world.day()
    first, second = entries(world)

    assert (clock_of(first.at), clock_of(second.at)) == ("09:45:00", "09:46:00")
    assert first.ticket.id != second.ticket.id
    assert [one.reason for one in world.all(EntryJudged)] == [None, "not_sent", None]
    assert book.balance == world.exchange.account().balance
    assert dict(world.exchange.holdings()) == {}


@pytest.mark.parametrize("fate", [Behaviour(times_out=True, accepts=True), Behaviour(rejects="no")])
def test_an_entry_that_left_is_bought_once(fate: Behaviour) -> None:
    """R4: an order of unknown fate is looked up, a refused one stays refused."""
    world = a_hedged_world()
    world.exchange.faults.next_submit(fate)
    world.day()

    assert len(entries(world)) == 1


# -- a night, and another strategy: DH-520 -----------------------------------------------------------------------------


def left_over_night(world: World) -> None:
    """Killed at noon with hedge shares held; the options expire, and nobody is there."""
    world.day.run_until(lambda book: any("SPY" in one.quantities for one in book.live_holdings)
                        and world.clock.now() >= at("12:00"))  # fmt: skip
    held = world.book.live_holdings[0].quantities["SPY"]
    world.restart()
    for minute in range(390):
        now = at("09:30", NEXT_DAY) + dt.timedelta(minutes=minute)
        world.market.show(now, {}, spot=Decimal("601.30"), vix=Decimal(15))
    world.market.settle(NEXT_DAY, "601.30")
    world.session = a_session(date=NEXT_DAY)
    world.clock.set(at("09:30", NEXT_DAY))
    assert held != 0


@pytest.mark.parametrize("strategy", [DeltaHedgeDesk(), a_desk_without_entries()], ids=["itself", "another"])
def test_what_was_left_over_night_is_reported_and_closed_at_the_open_under_every_strategy(strategy: Any) -> None:
    """DH-520: hedge shares without their options are a bet nobody made."""
    world = a_hedged_world()
    left_over_night(world)
    world.strategy = strategy
    book = world.day()

    (alarm,) = [event for event in world.all(AlarmRaised) if event.code == "leftover"]
    assert "SPY" in alarm.detail
    (sent,) = [event for event in world.all(OrderIntended) if event.at >= at("09:30", NEXT_DAY)]
    assert (sent.ticket.reason, clock_of(sent.at)) == ("leftover_flatten", "09:30:00")
    assert [day.date for day in world.all(DayFinished)] == [NEXT_DAY]
    assert len(world.all(HoldingClosed)) == 1
    assert dict(world.exchange.holdings()) == {} == book.expected_holdings()
    assert book.balance == world.exchange.account().balance


def test_a_day_goes_on_under_the_strategy_it_was_begun_with() -> None:
    """Another one would watch nothing of what is held."""
    world = a_hedged_world()
    world.day.run_until(lambda _book: world.clock.now() >= at("10:30"))
    world.restart()
    world.strategy = cast(Any, a_desk_without_entries())

    with pytest.raises(ConfigurationError, match="trades delta-hedge on 2026-01-05; give --strategy delta-hedge"):
        world.day()

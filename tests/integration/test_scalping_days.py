"""Each scalping mode through whole simulated days of every mood, fair ones and bad ones. SC-1301..1308, SC-1311.

One day a mode, looked at every minute; in `make sweep` ten seeds of every mood, looked at every second.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

import pytest
from attrs import define

from builders_modes import (
    CALENDAR,
    MODES,
    Keys,
    a_mode_world,
    check_day,
    check_dollars,
    check_ended_flat,
    check_halts,
    check_never_oversold,
    check_sent_once,
    cycles,
)
from builders_world import World
from crash_child import Boundaries, Scenario, dies, trade
from extent import WHOLE, many
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.simulated.feed_faults import FaultKind, FeedFault
from gammacore.adapters.simulated.moods import Mood
from gammacore.configuration import StrategyName
from gammacore.domain.desks.st0cka_figures import TARGET
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import DayHalted, OrderFilled, OrderIntended, OrderWasRejected
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.sessions import new_york_time
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.wiring import days

STEP = many(60, 1)
SMALL_TREE: Keys = {"scalping.gamma.tree_steps": 20}
"""A straddle is priced at every look: a tree of a hundred steps would take five times as long, and hedge the same."""
ONE_MOOD = {
    StrategyName.ST0CKA: Mood.VOLATILE, StrategyName.ST0CKG: Mood.TRENDING, StrategyName.GAMMA_SCALPING: Mood.GAPPING,
    StrategyName.HYBRID: Mood.SPIKE,
}  # fmt: skip
DAYS = (
    [(mode, mood, seed) for mode in MODES for mood in Mood for seed in range(10)]
    if WHOLE
    else [(mode, mood, 0) for mode, mood in ONE_MOOD.items()]
)
FLAT_AT = {
    StrategyName.ST0CKA: "10:00", StrategyName.ST0CKG: "15:50", StrategyName.GAMMA_SCALPING: "15:45",
    StrategyName.HYBRID: "15:45",
}  # fmt: skip
"""From when on a mode sells what it holds; it is given ten looks for both legs, the hedge and what is refused."""
LOOKS_TO_LEAVE = 10


def traded(world: World) -> World:
    for _ in cycles(world):
        pass
    return world


def check_flat_in_time(world: World, mode: StrategyName) -> None:
    """SC-614: where the mode says flat, flat."""
    closed = [event for event in world.events if isinstance(event, HoldingClosed)]
    latest = dt.timedelta(seconds=LOOKS_TO_LEAVE * STEP)
    hour, minute = map(int, FLAT_AT[mode].split(":"))
    due = world.session.open + dt.timedelta(hours=hour - 9, minutes=minute - 30)
    late = [f"{new_york_time(event.at)} {event.reason}" for event in closed if event.at > due + latest]
    assert not late


@pytest.mark.parametrize(("mode", "mood", "seed"), DAYS, ids=str)
def test_a_day_adds_up_keeps_its_halts_and_ends_flat(mode: StrategyName, mood: Mood, seed: int) -> None:
    """SC-450, SC-604..611, SC-614, SC-017: to the cent, nothing oversold, no resting share order above its limit."""
    world = traded(a_mode_world(mode, mood, seed, STEP, SMALL_TREE))

    check_day(world)
    check_flat_in_time(world, mode)
    check_sent_once(world.exchange.received)


def test_in_a_market_of_seconds_a_fill_is_known_at_the_look_that_fills_it() -> None:
    """SC-016, SC-017: a target that rests is gone when the bid is there, not when orders are looked at again."""
    world = a_mode_world(StrategyName.ST0CKA, Mood.NORMAL, 101, 1)
    crossed = None
    for now in cycles(world):
        resting = next((one for one in world.book.orders.values() if one.ticket.reason == TARGET), None)
        share, limit = world.market.snapshot(now).share, None if resting is None else resting.ticket.limit
        if resting is not None and limit is not None and share is not None and now > resting.intended_at:
            crossed = crossed or (now if share.bid >= limit else None)
        if len(world.all(OrderFilled)) > 1:
            break

    _, sold = world.all(OrderFilled)
    assert world.book.orders[sold.id].ticket.reason == TARGET
    assert sold.at == crossed


def test_the_loss_of_a_day_is_reached_and_respected() -> None:
    """SC-604, SC-611: all is sold at once and nothing is bought any more."""
    world = traded(a_mode_world(StrategyName.ST0CKA, Mood.VOLATILE, 0, 30, {"limits.daily_loss": 3, **LIVELY_DAY}))

    halts = [event for event in world.events if isinstance(event, DayHalted)]
    assert "daily_loss" in [event.reason for event in halts]
    check_day(world)


def test_three_losses_in_a_row_are_reached_and_respected() -> None:
    """SC-608, SC-610: nothing is bought any more; what is held is managed on."""
    world = traded(a_mode_world(StrategyName.ST0CKA, Mood.VOLATILE, 2, 30, LOSING_DAY))

    halts = [event for event in world.events if isinstance(event, DayHalted)]
    assert [event.reason for event in halts] == ["loss_streak"]
    check_day(world)
    check_halts(world.events, world.book)


LIVELY_DAY: Keys = {"scalping.st0cka.all_day": True}
LOSING_DAY: Keys = {**LIVELY_DAY, "scalping.st0cka.stop_per_share": Decimal("0.05"),
                    "scalping.st0cka.profit_target": Decimal(2)}  # fmt: skip


KILLED = [
    Scenario(mode.value, scalps={
        "trade.strategy": mode.value, "market.mood": ONE_MOOD[mode].value, "market.seed": 0, **SMALL_TREE,
        "market.step_seconds": 120,
        "scalping.gamma.straddle_order": "market",
    })
    for mode in MODES
]  # fmt: skip
"""Half days looked at every two minutes, each with its entries and exits."""

# -- bad days ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_feed_that_stops_for_90_seconds_costs_no_invariant(mode: StrategyName) -> None:
    """SC-008, SC-1008, SC-1311: nothing is bought while it is silent, and the day ends as it should."""
    begins = 47 * 60 if mode is StrategyName.ST0CKG else 8 * 60
    silent = FeedFault(FaultKind.SILENCE, begins, 90)
    world = traded(a_mode_world(mode, ONE_MOOD[mode], 0, 15, SMALL_TREE, faults=(silent,)))

    check_day(world)
    since = world.session.open + dt.timedelta(seconds=begins)
    old, over = since + dt.timedelta(seconds=30), since + dt.timedelta(seconds=90)
    bought = [event for event in world.events if isinstance(event, OrderIntended)
              and event.ticket.purpose is Purpose.ENTRY and old < event.at < over]  # fmt: skip
    assert not bought


@define(eq=False)
class EverySecondRefused(BrokerDecorator):
    """Refuses every second order that is sent."""

    inner: FakeExchange
    sent: Iterator[int]

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if next(self.sent) % 2 == 0:
            self.inner.next_submit(rejects="every second one")
        return self.inner.submit(ticket, gate)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_day_on_which_every_second_order_is_refused_ends_as_it_should(mode: StrategyName) -> None:
    """SC-1311: a refusal frees what it must, and is answered by another order where one is needed."""
    numbers = iter(range(1, 10_000))

    def refusing(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return EverySecondRefused(broker, numbers)

    at_market: Keys = {**SMALL_TREE, "scalping.gamma.straddle_order": "market"}
    world = traded(a_mode_world(mode, ONE_MOOD[mode], 0, 60, at_market, wrap_broker=refusing))

    refused = Counter(event.reason for event in world.events if isinstance(event, OrderWasRejected))
    assert refused["every second one"] > 1
    assert any(isinstance(event, HoldingClosed) for event in world.events)
    check_dollars(world)
    check_halts(world.events, world.book)
    check_ended_flat(world)
    check_never_oversold(world.exchange.every_order)


@pytest.mark.parametrize("scenario", KILLED, ids=lambda scenario: scenario.name)
def test_a_day_on_which_the_process_is_killed_again_and_again_is_the_undisturbed_day(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SC-1311, R2: by SIGKILL, anywhere: the same orders, fills and dollars. Twenty times in the sweep."""
    monkeypatch.setattr(days, "NyseCalendar", lambda: CALENDAR)
    rng, counted = Random(scenario.name), Boundaries()
    undisturbed = trade(tmp_path / "undisturbed.ledger", scenario, counted)
    ledger, last_words, died_at = tmp_path / "day.ledger", tmp_path / "died-at", None
    kills = many(8, 20)
    for _ in range(kills):
        fatal = Boundaries(rng.randint(1, 5 * len(counted.passed) // (3 * kills)), last_words)
        if not dies(partial(trade, ledger, scenario, fatal, died_at)):
            break
        died_at = dt.datetime.fromisoformat(last_words.read_text())
    ending = trade(ledger, scenario, Boundaries(), died_at)

    assert died_at is not None
    assert ending.is_finished
    assert ending.orders == undisturbed.orders
    assert (ending.holdings, ending.cash, ending.balance) == ({}, undisturbed.cash, undisturbed.balance)

"""Broker failures in a row stop entries, never exits, and clear by a person or by time. Rule: CS-630."""

from __future__ import annotations

import pytest

from builders_world import World, a_world
from gammacore.domain.ledger import BreakerCleared, BreakerTripped
from gammacore.domain.risk.pause import CircuitBreaker, judge_breaker
from gammacore.errors import BrokerUnavailable


def failing(world: World, times: int) -> None:
    for _ in range(times):
        world.exchange.queries_fail(1)
        with pytest.raises(BrokerUnavailable):
            world.day.broker.account()


def test_two_failures_and_an_answer_are_nothing() -> None:
    world = a_world()
    world.day.begin()

    failing(world, 2)
    world.day.broker.account()
    failing(world, 2)

    assert world.day.ledger.book.breaker_tripped_at is None


def test_the_third_failure_in_a_row_trips_it_once() -> None:
    world = a_world()
    world.day.begin()

    failing(world, 5)

    assert [type(event) for event in world.events if isinstance(event, BreakerTripped)] == [BreakerTripped]
    assert judge_breaker(world.day.ledger.book.breaker_tripped_at).reason == "circuit_breaker"


def test_a_success_clears_it_only_five_minutes_later() -> None:
    world = a_world()
    world.day.begin()
    failing(world, 3)

    world.clock.advance(299)
    world.day.broker.account()
    assert not [event for event in world.events if isinstance(event, BreakerCleared)]

    world.clock.advance(1)
    world.day.broker.account()
    assert isinstance(world.events[-1], BreakerCleared)


def test_the_bars_of_the_rule() -> None:
    assert [CircuitBreaker().trips(count) for count in (2, 3, 4)] == [False, True, True]


def test_an_answer_of_one_question_does_not_clear_the_failures_of_another() -> None:
    """CS-630: positions that fail all day beside a clock that answers trip it, and keep it tripped."""
    world = a_world()
    world.day.begin()
    for _ in range(3):
        failing(world, 1)
        world.day.broker.clock()
    assert world.day.ledger.book.breaker_tripped_at is not None

    for _ in range(40):
        world.clock.advance(10)
        failing(world, 1)
        world.day.broker.clock()

    assert not [event for event in world.events if isinstance(event, BreakerCleared)]
    world.day.broker.account()
    assert isinstance(world.events[-1], BreakerCleared)


def test_a_question_that_is_not_asked_any_more_does_not_keep_it_tripped() -> None:
    """CS-630: a cancel that failed is not asked again once its order is over."""
    world = a_world()
    world.day.begin()
    failing(world, 3)

    world.clock.advance(299)
    world.day.broker.clock()
    assert not [event for event in world.events if isinstance(event, BreakerCleared)]
    world.clock.advance(1)
    world.day.broker.clock()
    assert isinstance(world.events[-1], BreakerCleared)

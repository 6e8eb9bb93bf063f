"""We stay below Tradier's limits, class by class, and every wait goes through the clock."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from builders_tradier import ACCOUNT, NOON, ScriptedWire, a_put_spread, answered, broker_of, client_of
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import Patience
from gammacore.adapters.tradier.pacing import SANDBOX_LIMITS, Lane, PacingLimits
from gammacore.errors import BrokerUnavailable

QUOTES, ORDERS = "markets/quotes", f"accounts/{ACCOUNT}/orders"
IN_20_SECONDS = NOON + dt.timedelta(seconds=20)


def headers(available: int, expiry: object) -> dict[str, str]:
    return {"X-Ratelimit-Allowed": "120", "X-Ratelimit-Available": str(available), "X-Ratelimit-Expiry": str(expiry)}


def test_without_headers_no_more_leave_in_a_minute_than_the_limit_less_the_spare() -> None:
    clock = FakeClock(NOON)
    times: list[dt.datetime] = []

    def wire(_: httpx.Request) -> httpx.Response:
        times.append(clock.now())
        return answered({})

    client = client_of(wire, clock, limits=PacingLimits(market=10, spare=2))
    for _ in range(20):
        client.get(QUOTES)

    minutes = [(time - NOON) // dt.timedelta(minutes=1) for time in times]
    assert [minutes.count(minute) for minute in range(3)] == [8, 8, 4]


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
def test_the_brokers_own_count_and_end_of_window_are_believed(unit: int) -> None:
    clock = FakeClock(NOON)
    quota = headers(2, int(IN_20_SECONDS.timestamp()) * unit)
    client = client_of(ScriptedWire({"GET": [answered({}, headers=quota)]}), clock)

    client.get(QUOTES)
    assert clock.now() == NOON
    client.get(QUOTES)
    assert clock.now() == IN_20_SECONDS


@pytest.mark.parametrize(
    "expiry",
    [int(NOON.timestamp()) + 86_400, int(NOON.timestamp()) - 86_400, "soon", "", -1, 10**30],
    ids=["a day ahead", "a day ago", "text", "empty", "negative", "absurd"],
)
def test_an_end_of_window_that_cannot_be_makes_us_wait_a_minute_at_most(expiry: object) -> None:
    clock = FakeClock(NOON)
    client = client_of(ScriptedWire({"GET": [answered({}, headers=headers(0, expiry))]}), clock)

    client.get(QUOTES)
    client.get(QUOTES)

    assert NOON < clock.now() <= NOON + dt.timedelta(minutes=1)


def test_the_classes_of_call_are_counted_apart() -> None:
    """A chain asked for too often never holds an order back."""
    clock = FakeClock(NOON)
    used_up = answered({"orders": "null"}, headers=headers(0, int(IN_20_SECONDS.timestamp())))
    wire = ScriptedWire({"GET": [used_up], "POST": [answered({"order": {"id": 7, "status": "ok"}})]})
    client = client_of(wire, clock)

    client.get(QUOTES)
    client.get(ORDERS)
    client.post(ORDERS, {})
    assert clock.now() == NOON


def test_orders_wait_for_their_own_window() -> None:
    clock = FakeClock(NOON)
    taken = answered({"order": {"id": 7, "status": "ok"}}, headers=headers(1, int(IN_20_SECONDS.timestamp())))
    client = client_of(ScriptedWire({"POST": [taken]}), clock)

    client.post(ORDERS, {})
    client.post(ORDERS, {})
    assert clock.now() == IN_20_SECONDS


def test_a_question_turned_away_is_asked_again_when_the_window_is_over() -> None:
    clock = FakeClock(NOON)
    over = answered("Quota Violation", 429, headers(0, int(IN_20_SECONDS.timestamp()) * 1000))
    wire = ScriptedWire({"GET": [over, answered({"positions": "null"})]})

    assert broker_of(wire, clock).holdings() == {}
    assert clock.now() == IN_20_SECONDS


def test_without_headers_a_question_turned_away_waits_for_the_next_minute() -> None:
    clock = FakeClock(NOON)
    wire = ScriptedWire({"GET": [answered("", 429), answered({"positions": "null"})]})

    broker_of(wire, clock).holdings()
    assert clock.now() == NOON + dt.timedelta(minutes=1)


def test_an_order_turned_away_is_answered_at_once_as_not_taken() -> None:
    clock = FakeClock(NOON)
    wire = ScriptedWire({"GET": [answered({"orders": "null"})], "POST": [answered("", 429)]})

    with pytest.raises(BrokerUnavailable):
        broker_of(wire, clock).submit(a_put_spread())
    assert clock.now() == NOON


def test_questions_are_repeated_with_a_growing_pause_on_the_clock() -> None:
    clock = FakeClock(NOON)
    times: list[float] = []

    def wire(_: httpx.Request) -> httpx.Response:
        times.append((clock.now() - NOON).total_seconds())
        raise httpx.ReadTimeout("late")

    client = client_of(wire, clock, patience=Patience(attempts=5, pause_seconds=0.5, longest_pause_seconds=3.0))
    with pytest.raises(BrokerUnavailable):
        client.get(QUOTES)

    assert times == [0, 0.5, 1.5, 3.5, 6.5]


def test_the_sandbox_allows_half_the_questions() -> None:
    assert [SANDBOX_LIMITS.of(lane) for lane in Lane] == [60, 60, 60]
    assert [PacingLimits().of(lane) for lane in Lane] == [120, 120, 60]

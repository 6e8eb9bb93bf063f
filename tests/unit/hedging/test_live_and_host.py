"""Freshness, timers by the wall clock, silence, and the host's three methods. DH-150, DH-151, DH-260, DH-1006."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from builders_hedging import CALENDAR, CALL, Desk, instant, market, sides
from gammacore.adapters.fake.clock import FakeClock
from gammacore.domain.hedging.settings import Freshness, HedgingSettings, LineMode
from gammacore.errors import InvalidInput
from gammacore.wiring.hedging import hedging_host


def live(**options: Any) -> tuple[Desk, FakeClock]:
    clock = FakeClock(instant("15:00:30"))
    return Desk(clock=clock, freshness=Freshness.LIVE, **options), clock


@pytest.mark.parametrize(
    ("time", "code"),
    [("14:59:59.999", "stale"), ("15:00:00", None), ("15:00:35", None), ("15:00:35.001", "stale")],
)
def test_an_event_may_be_30_seconds_old_and_5_ahead(time: str, code: str | None) -> None:
    """DH-151: the bounds pass; a stale event is not remembered."""
    desk, _ = live()
    desk(market(time, CALL, event_id="x", delta=0.5, quantity=10, underlying_price=500))
    assert desk.code == code
    assert ("x" in desk.book.seen) == (code is None)


def test_live_timers_run_by_the_wall_clock_at_the_real_now() -> None:
    """DH-260: the end of a rate window."""
    desk, clock = live()
    desk(market("15:00:10", CALL, delta=0.5, quantity=10, underlying_price=500), market("15:00:20", CALL, delta=0.9))
    clock.set(instant("15:01:09"))
    desk.stream.tick()
    assert len(desk.lines) == 1
    clock.set(instant("15:01:12"))
    desk.stream.tick()
    assert len(desk.lines) == 2
    assert '"ts":"2025-12-30T15:01:12Z"' in desk.lines[-1]
    assert '"event_id":"tick-20251230T150110Z"' in desk.lines[-1]


def test_silence_with_a_position_in_the_session_is_an_alarm_once() -> None:
    """DH-1006: 120 s without an accepted event."""
    desk, clock = live()
    desk(market("15:00:30", CALL, delta=0.5, quantity=10, underlying_price=500))
    for seconds in (1, 120, 121, 300):
        clock.set(instant("15:00:31") + dt.timedelta(seconds=seconds))
        desk.stream.tick()
    assert desk.codes().count("data_silent") == 1


def test_at_the_end_of_a_replay_no_timer_runs_and_what_is_open_is_said() -> None:
    """DH-260."""
    desk = Desk()
    desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    desk.stream.finish()
    assert desk.codes() == ["open_at_end"]
    flat = Desk()
    flat(market("15:00:00", "SPY", price=500))
    flat.stream.finish()
    assert flat.codes() == []


def test_a_host_calls_methods_and_gets_dicts_or_none() -> None:
    """DH-150: no shared state between two hosts."""
    logs: list[Any] = []
    host = hedging_host(HedgingSettings(), logs.append, calendar=CALENDAR)
    other = hedging_host(HedgingSettings(), logs.append, calendar=CALENDAR)
    event = market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500)
    [intent] = host.on_market_event(event) or []
    assert sides([intent]) == [("sell", 500, "SPY")]
    assert host.on_market_event(event) is None
    assert len(other.on_market_event(event) or []) == 1
    update = {
        "protocol": "v1", "type": "order_update", "intent_id": intent["intent_id"], "ts": "2025-12-30T15:00:05Z",
        "status": "rejected",
    }  # fmt: skip
    assert host.on_order_update(update) is None
    assert host.on_tick(instant("15:30:00")) is None
    assert len(host.on_tick(instant("20:45:00")) or []) == 1


def test_a_lenient_host_logs_what_a_strict_one_raises() -> None:
    """DH-142, DH-150: as `mode` of its settings says."""
    logs: list[Any] = []
    bad = market("15:00:00", CALL, delta=7)
    lenient = hedging_host(HedgingSettings(mode=LineMode.LENIENT), logs.append, calendar=CALENDAR)
    assert lenient.on_market_event(bad) is None
    assert [log.code for log in logs] == ["invalid"]
    strict = hedging_host(HedgingSettings(), logs.append, calendar=CALENDAR)
    with pytest.raises(InvalidInput, match=r"payload\.delta"):
        strict.on_market_event(bad)

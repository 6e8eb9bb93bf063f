"""Freshness, timers by the wall clock, silence, and the host's three methods. DH-150, DH-151, DH-260, DH-1006."""

from __future__ import annotations

import datetime as dt
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders_hedging import CALENDAR, CALL, Desk, instant, market, sides, update
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.in_memory import FakeClock
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


def test_at_the_end_of_a_replay_no_timer_runs_and_what_is_open_is_reported() -> None:
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


def test_a_hosts_own_decimal_context_does_not_round_our_sums() -> None:
    """DH-150: same rules, whoever calls."""
    event = market("15:00:00", "SPXW251230C06900000", delta="0.65432", quantity=37, underlying_price="6912.25")
    [wanted] = hedging_host(HedgingSettings(), lambda _: None, calendar=CALENDAR).on_market_event(event) or []
    with localcontext(Context(prec=3)):
        host = hedging_host(HedgingSettings(), lambda _: None, calendar=CALENDAR)
        assert host.on_market_event(event) == [wanted]
    assert wanted["qty"] == 24210


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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")])
@pytest.mark.parametrize(
    "field", ["delta", "quantity", "qty", "price", "mid", "bid", "underlying_price", "gamma", "vega", "volume"]
)
def test_a_hosts_numbers_are_finite_or_refused_before_anything_changed(field: str, value: object) -> None:
    """DH-102, DH-110, DH-150: in Python, NaN is a float like any other."""
    host = hedging_host(HedgingSettings(), lambda _: None, calendar=CALENDAR)
    good: dict[str, Any] = {"delta": 0.5, "quantity": 10, "underlying_price": 500}
    with pytest.raises(InvalidInput) as refusal:
        host.on_market_event(market("15:00:00", CALL, event_id="x", **{**good, field: value}))
    assert refusal.value.field == f"payload.{field}"
    assert len(host.on_market_event(market("15:00:00", CALL, event_id="x", **good)) or []) == 1


def test_numpys_numbers_count_as_what_they_are() -> None:
    """DH-101: hosts measure with numpy."""
    host = hedging_host(HedgingSettings(), lambda _: None, calendar=CALENDAR)
    event = market("15:00:00", CALL, delta=np.float64(0.1), quantity=np.int64(3), underlying_price=np.float64(495.5))
    [intent] = host.on_market_event(event) or []
    assert (intent["qty"], intent["metadata"]["underlying_price"]) == (30, "495.5")


@pytest.mark.parametrize("event", [None, [], "x", 3, {}, {"protocol": "v1", "type": "shutdown"}])
def test_what_is_no_message_is_invalid_whatever_it_is(event: Any) -> None:
    """DH-130, DH-150: logged by a lenient host, raised by a strict one, a crash of neither."""
    logs: list[Any] = []
    assert hedging_host(HedgingSettings(mode=LineMode.LENIENT), logs.append).on_market_event(event) is None
    assert [log.code for log in logs] == ["invalid"]
    with pytest.raises(InvalidInput):
        hedging_host(HedgingSettings(), logs.append).on_market_event(event)


@pytest.mark.parametrize("now", [instant("15:30:00").replace(tzinfo=None), "2025-12-30T15:30:00Z", None])
def test_a_tick_needs_an_instant(now: Any) -> None:
    """DH-150: a time without its offset is nobody's time."""
    host = hedging_host(HedgingSettings(), lambda _: None, calendar=CALENDAR)
    host.on_market_event(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    with pytest.raises(InvalidInput, match="now"):
        host.on_tick(now)


def test_a_host_that_died_before_it_was_handed_an_intent_gets_it_again_with_its_first_call(tmp_path: Path) -> None:
    """DH-711: until a call returned it, a recorded intent counts as unwritten."""
    event = market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500)
    parts: dict[str, Any] = {"calendar": CALENDAR, "ledger": tmp_path / "ledger.sqlite"}
    died = hedging_host(HedgingSettings(), lambda _: None, **parts)
    [intent] = died.on_market_event(event) or []
    died._stream._journal._waiting.clear()  # killed before the mark was on disk
    died.close()

    hedging_host(HedgingSettings(), lambda _: None, **parts).close()  # and once more, before any call
    with hedging_host(HedgingSettings(), lambda _: None, **parts) as again:
        assert again.on_market_event(event) == [intent]
        assert again.on_market_event(event) is None
    with hedging_host(HedgingSettings(), lambda _: None, **parts) as third:
        assert third.on_market_event(event) is None


def test_news_dated_ahead_of_us_counts_as_of_now() -> None:
    """DH-151, DH-703: a broker's clock must not move ours past the close."""
    desk, clock = live()
    [hedge] = desk(market("15:00:30", CALL, delta=0.5, quantity=10, underlying_price=500))
    desk(update("22:00:00", hedge, "filled", filled_qty=500, avg_price=500))
    assert desk.book.hedge_book("SPY").shares.filled == -500
    clock.set(instant("15:02:00"))
    assert len(desk(market("15:02:00", CALL, delta=0.9))) == 1


def test_a_date_beyond_the_calendar_is_an_invalid_ts_and_changes_nothing() -> None:
    """DH-102, DH-142: the stream goes on after it."""
    desk = Desk(strict=False, calendar=NyseCalendar(2025, 2026))  # type: ignore[arg-type]  # the real one
    desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    with pytest.raises(InvalidInput, match=r"ts: .*calendar covers 2025 to 2026"):
        desk(market("15:00:00", "SPY", event_id="far", day="2045-06-01", price=500))
    assert "far" not in desk.book.seen
    assert len(desk(market("15:02:00", CALL, delta=0.9))) == 1

"""Phases, the exit batch, its retries, leftovers; half days and DST. Section 5."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from builders_hedging import CALENDAR, CALL, PUT, Desk, instant, market, sides, update
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.hedging.decision import HedgingDay, Phase
from gammacore.domain.hedging.settings import Freshness


@pytest.mark.parametrize(
    ("date", "cutoff"),
    [
        ("2025-12-30", "2025-12-30T20:45:00+00:00"),
        ("2026-07-01", "2026-07-01T19:45:00+00:00"),
        ("2026-03-06", "2026-03-06T20:45:00+00:00"),
        ("2026-03-09", "2026-03-09T19:45:00+00:00"),
        ("2025-10-31", "2025-10-31T19:45:00+00:00"),
        ("2025-11-03", "2025-11-03T20:45:00+00:00"),
        ("2025-12-24", "2025-12-24T17:45:00+00:00"),
        ("2025-11-28", "2025-11-28T17:45:00+00:00"),
    ],
)
def test_the_cut_off_is_15_minutes_before_the_close_of_its_day(date: str, cutoff: str) -> None:
    """DH-501: DST and half days come from the calendar."""
    day = dt.date.fromisoformat(date)
    found = HedgingDay.of(day, NyseCalendar(2025, 2026).session(day), 900)
    assert found.cutoff is not None
    assert found.cutoff.isoformat() == cutoff


@pytest.mark.parametrize(
    ("time", "phase"),
    [
        ("05:00:00", Phase.PREOPEN), ("14:29:59.999", Phase.PREOPEN), ("14:30:00", Phase.OPEN),
        ("20:44:59.999", Phase.OPEN), ("20:45:00", Phase.EXITING), ("20:59:59.999", Phase.EXITING),
        ("21:00:00", Phase.CLOSED),
    ],
)  # fmt: skip
def test_phases_are_half_open(time: str, phase: Phase) -> None:
    """DH-502."""
    day = HedgingDay.of(dt.date(2025, 12, 30), CALENDAR.session(dt.date(2025, 12, 30)), 900)
    assert day.phase(dt.datetime.fromisoformat(f"2025-12-30T{time}+00:00")) is phase
    holiday = HedgingDay.of(dt.date(2025, 12, 25), None, 900)
    assert holiday.phase(dt.datetime(2025, 12, 25, 15, tzinfo=dt.UTC)) is Phase.CLOSED


def test_hedging_waits_for_the_open_unless_the_gate_is_off() -> None:
    """DH-503: state is kept up to date meanwhile."""
    event = market("14:29:59", delta=0.5, quantity=1, underlying_price=500)
    desk = Desk()
    assert desk.refusal(event) == "session_closed"
    assert sides(desk(market("14:30:00", "SPY", price=500))) == [("sell", 50, "SPY")]
    assert len(Desk(session_gate=False)(event)) == 1


def a_day(**options: Any) -> tuple[Desk, list[dict[str, Any]]]:
    """A desk with 10 calls, 5 puts and hedged shares, fills still out."""
    desk = Desk(**options)
    intents = desk(
        market("15:00:00", CALL, delta=0.5, quantity=10, price=2.5, underlying_price=500),
        market("15:01:00", PUT, delta=-0.2, quantity=-5, price=1.5, underlying_price=500),
    )
    return desk, intents


def test_the_exit_closes_options_as_born_and_then_flattens_once() -> None:
    """DH-510: at the first event in EXITING, before its position update."""
    desk, _ = a_day(assume_fills=True)
    found = desk(market("20:45:00", CALL, event_id="close", quantity=4, price=3))
    assert sides(found) == [("sell", 10, CALL), ("buy", 5, PUT), ("buy", 600, "SPY")]
    assert [intent["metadata"]["reason"] for intent in found] == ["market_close_exit"] * 2 + ["daily_flatten"]
    assert [intent["metadata"]["attempt"] for intent in found] == [1, 1, 1]
    assert found[0]["metadata"]["exit_time_et"] == "2025-12-30T15:45:00-05:00"
    assert found[2]["metadata"]["hedge_shares_before"] == "-600"
    assert desk.book.is_flat()
    assert desk.refusal(market("20:46:00", CALL, delta=0.5, quantity=4)) == "session_closed"


def test_the_cut_off_comes_by_itself_when_no_event_does() -> None:
    """DH-260: a timer, before the next event, with the clock at its due time."""
    desk, _ = a_day(assume_fills=True)
    found = desk(market("20:50:00", "SPY", price=501))
    assert {(intent["ts"], intent["event_id"]) for intent in found} == {
        ("2025-12-30T20:45:00Z", "tick-20251230T204500Z")
    }
    assert len(found) == 3


def test_on_a_half_day_the_desk_goes_flat_at_a_quarter_to_one() -> None:
    desk = Desk(assume_fills=True)
    desk(market("15:00:00", "SPY251224C00500000", day="2025-12-24", delta=0.5, quantity=1, underlying_price=500))
    assert desk(market("17:44:59.999", "SPY", day="2025-12-24", price=500)) == []
    found = desk(market("17:45:00", "SPY", day="2025-12-24", price=500))
    assert sides(found) == [("sell", 1, "SPY251224C00500000"), ("buy", 50, "SPY")]


@pytest.mark.parametrize(
    ("payload", "applies"),
    [
        ({"quantity": 4}, True), ({"quantity": 0}, True), ({"quantity": 10}, False), ({"quantity": 11}, False),
        ({"quantity": -4}, False), ({"delta": 0.9}, False), ({"quantity": 4, "delta": 0.9}, True),
    ],
)  # fmt: skip
def test_after_the_cut_off_a_position_only_moves_towards_zero(payload: dict[str, Any], applies: bool) -> None:
    """DH-504: prices are taken all the same."""
    desk, _ = a_day()
    desk(market("20:45:00", "SPY", price=500))
    desk(market("20:45:30", CALL, price=9, **payload))
    held = desk.book.holdings.get(CALL)
    assert (0 if held is None else held.contracts) == (payload.get("quantity", 10) if applies else 10)
    assert desk.code == "session_closed"
    assert desk.refusal(market("20:45:31", "SPY251230C00501000", delta=0.5, quantity=1)) == "session_closed"
    assert "SPY251230C00501000" not in desk.book.holdings


def test_a_refused_exit_is_sent_anew_for_what_remains() -> None:
    """DH-511: attempt 2, a new id."""
    desk, hedges = a_day()
    for hedge in hedges:
        desk(update("15:02:00", hedge, "filled", filled_qty=hedge["qty"], avg_price=500))
    call, put, flatten = desk(market("20:45:00", "SPY", price=500))
    desk(
        update("20:45:10", call, "partially_filled", filled_qty=6, avg_price=3),
        update("20:45:11", call, "canceled", filled_qty=6, avg_price=3),
        update("20:45:12", put, "filled", filled_qty=5, avg_price=1),
        update("20:45:13", flatten, "rejected"),
    )
    again = desk(market("20:46:01", "SPY", price=500))
    assert sides(again) == [("sell", 4, CALL), ("buy", 600, "SPY")]
    assert [intent["metadata"]["attempt"] for intent in again] == [2, 2]
    assert not {call["intent_id"], flatten["intent_id"]} & {intent["intent_id"] for intent in again}


def test_an_exit_without_news_is_repeated_three_times_under_its_id_and_then_alarmed() -> None:
    """DH-511; at the close: not_flat."""
    desk, _ = a_day()
    batch = [intent["intent_id"] for intent in desk(market("20:45:00", "SPY", price=500))]
    found = desk(market("20:59:00", "SPY", price=500))
    assert [intent["intent_id"] for intent in found] == batch * 3
    assert desk.codes().count("exit_unconfirmed") == 3
    assert "not_flat" not in desk.codes()
    assert desk(market("21:00:01", "SPY", price=500)) == []
    assert desk.codes().count("not_flat") == 1


def test_the_hosts_quantity_ends_an_exit_too_and_a_later_fill_opens_nothing() -> None:
    """DH-511."""
    desk, _ = a_day(assume_fills=False)
    call, put, flatten = desk(market("20:45:00", "SPY", price=500))
    desk(market("20:45:05", CALL, quantity=0))
    desk(update("20:45:06", call, "filled", filled_qty=10, avg_price=3))
    assert CALL not in desk.book.holdings
    assert desk.book.holdings[PUT].contracts == -5
    assert flatten["qty"] == 600
    assert put["side"] == "buy"


LATER = "2025-12-31"


def overnight(**options: Any) -> Desk:
    """A desk that could not get flat: one option expires that day, one the next week."""
    desk = Desk(**options)
    [hedge] = desk(
        market("15:00:00", CALL, delta=0.5, quantity=10, price=2.5, underlying_price=500),
        market("15:00:01", "SPY260105C00500000", delta=0, quantity=2, price=4, underlying_price=500),
    )
    desk(update("15:00:02", hedge, "filled", filled_qty=500, avg_price=500))
    for intent in desk(market("20:59:59", "SPY", price=500)):
        desk(update("20:59:59", intent, "rejected"))
    return desk


def test_leftovers_are_named_at_the_first_input_and_closed_at_the_open() -> None:
    """DH-520: what expired goes to settlement, the rest out by timer at 14:30Z; no hedge until flat."""
    desk = overnight()
    before = desk.codes().count("leftover")
    assert desk(market("13:00:00", "SPY", day=LATER, price=501)) == []
    assert desk.codes().count("leftover") == before + 1
    assert CALL not in desk.book.holdings

    found = desk(market("15:00:00", "SPY", day=LATER, price=501))

    assert sides(found[:2]) == [("sell", 2, "SPY260105C00500000"), ("buy", 500, "SPY")]
    assert [intent["metadata"]["reason"] for intent in found[:2]] == ["leftover_exit", "leftover_flatten"]
    assert found[0]["event_id"] == "tick-20251231T143000Z"
    new = "SPY251231C00500000"
    assert desk.refusal(market("15:01:00", new, day=LATER, delta=0.5, quantity=1, underlying_price=501)) == "leftover"
    for intent in found[:2]:
        desk(update("15:02:00", intent, "filled", day=LATER, filled_qty=intent["qty"], avg_price=3))
    assert sides(desk(market("15:03:00", "SPY", day=LATER, price=501))) == [("sell", 50, "SPY")]


def test_leftovers_go_at_once_when_the_first_input_is_in_the_session() -> None:
    desk = overnight(assume_fills=False)
    found = desk(market("15:00:00", "QQQ", day=LATER, event_id="first", price=600))
    assert {intent["event_id"] for intent in found} == {"first"}
    assert len(found) == 2


def test_leftovers_go_by_timer_when_the_first_input_of_the_session_is_news_of_an_order() -> None:
    """DH-520: no market event needs to come first."""
    desk = overnight()
    hedge = next(iter(desk.book.intents.values()))
    assert desk(update("15:00:00", {"intent_id": hedge.intent_id}, "accepted", day=LATER)) == []
    desk.stream.tick_at(instant("15:00:01", LATER))
    found = [json.loads(line) for line in desk.lines[-2:]]
    assert [intent["metadata"]["reason"] for intent in found] == ["leftover_exit", "leftover_flatten"]
    assert found[0]["ts"] == "2025-12-31T15:00:01Z"


def test_a_weekend_is_no_session() -> None:
    """DH-502, DH-520: Saturday is CLOSED, nothing is closed, Monday's open is."""
    desk = Desk()
    desk(market("15:00:00", "SPY260105C00500000", day="2026-01-02", delta=0.5, quantity=2, underlying_price=500))
    for intent in desk(market("20:59:59", "SPY", day="2026-01-02", price=500)):
        desk(update("20:59:59", intent, "rejected", day="2026-01-02"))
    assert desk.refusal(market("15:00:00", "SPY", day="2026-01-03", price=500)) == "session_closed"
    assert "leftover" not in desk.codes()
    assert len(desk(market("14:30:00", "SPY", day="2026-01-05", price=500))) == 2


def test_the_comparison_profiles_keep_or_forget_what_is_left() -> None:
    """DH-520, section 0."""
    for profile, shares in (("source", 0), ("shares_v2", 0)):
        desk = Desk(profile)
        desk(market("15:00:00", CALL, delta=0.5, quantity=10, price=2.5, underlying_price=500))
        desk(market("15:00:00", "SPY", day=LATER, price=501))
        assert desk.codes().count("leftover") == 1
        assert CALL in desk.book.holdings
        assert desk.book.hedge_book("SPY").shares.filled in (shares, -500 if profile == "shares_v2" else 0)


def test_source_sells_the_options_alone_and_clears_them_on_emission() -> None:
    """DH-909, DH-512: the smoke example."""
    desk = Desk("source")
    [hedge] = desk(market("15:00:00", "SPY_CALL", delta=0.65, quantity=10, underlying_price=500))
    assert sides([hedge]) == [("sell", 7.0, "SPY")]
    assert hedge["metadata"]["net_delta_before"] == "6.50"
    assert sides(desk(market("20:45:00", "SPY_CALL", delta=0.65, quantity=10))) == [("sell", 10.0, "SPY_CALL")]
    assert desk.book.holdings == {}
    assert desk(market("20:46:00", "SPY_CALL", delta=0.65, quantity=10)) == []


def test_shares_v2_forgets_its_options_when_the_share_ticks_at_the_exit() -> None:
    """DH-510: alarm dropped; on an event of an option both go."""
    desk = Desk("shares_v2")
    desk(market("15:00:00", CALL, delta=0.65, quantity=10, underlying_price=500))
    assert sides(desk(market("20:45:00", "SPY", price=500))) == [("buy", 650.0, "SPY")]
    assert "dropped" in desk.codes()
    both = Desk("shares_v2")
    both(market("15:00:00", CALL, delta=0.65, quantity=10, underlying_price=500))
    assert sides(both(market("20:45:00", CALL, price=3))) == [("sell", 10.0, CALL), ("buy", 650.0, "SPY")]


def test_shares_v2_hedges_once_a_session() -> None:
    desk = Desk("shares_v2")
    desk(market("15:00:00", CALL, delta=0.65, quantity=10, underlying_price=500))
    assert desk.refusal(market("15:10:00", CALL, delta=0.9, underlying_price=500)) == "day_cap"


def test_what_the_hosts_quantity_has_shown_of_an_exit_its_fill_does_not_close_again() -> None:
    """DH-511: six sold and shown as a position of four, then reported; the last four are not forgotten."""
    desk, _ = a_day()
    call, *_ = desk(market("20:45:00", "SPY", price=500))
    desk(market("20:45:05", CALL, quantity=4))
    desk(update("20:45:06", call, "partially_filled", filled_qty=6, avg_price=3))
    assert desk.book.holdings[CALL].contracts == 4
    desk(update("20:45:07", call, "canceled"))
    assert ("sell", 4, CALL) in sides(desk(market("20:46:01", "SPY", price=500)))


@pytest.mark.parametrize("news", [True, False])
def test_an_exit_that_was_slept_through_sends_nothing_after_the_close_but_says_so(news: bool) -> None:
    """DH-511, DH-260: live, late timers run at the real now; an order then would be tomorrow's."""
    clock = FakeClock(instant("15:00:00"))
    desk = Desk(clock=clock, freshness=Freshness.LIVE)
    [hedge] = desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    if news:
        desk(update("15:00:00", hedge, "filled", filled_qty=500, avg_price=500))
    before = len(desk.lines)
    for late in ("21:05:00", "21:10:00"):
        clock.set(instant(late))
        desk.stream.tick()
    assert desk.lines[before:] == []
    assert desk.codes().count("not_flat") == 1


def test_a_flatten_is_marked_at_the_newest_price_when_the_shares_own_is_old() -> None:
    """DH-232: SPY last printed in the morning, SPX a moment ago."""
    desk = Desk(assume_fills=True)
    spx = "SPXW251230C06900000"
    desk(market("15:00:00", "SPY", price=690), market("15:00:00", spx, delta=0.5, quantity=1, underlying_price=6900))
    desk(market("20:45:00", spx, underlying_price=7000))
    assert desk.book.hedge_book("SPY").shares.realised == (690 - 700) * 500

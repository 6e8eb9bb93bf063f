"""Dealer gamma and macro events: documents, chain of sources, ages, effects. Section 4."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from builders_hedging import Desk, FakeSource, instant, market
from gammacore.application.watch_regime import GexFeed, WatchRegime
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.regime.documents import GexCause, GexFigure, GexShape, RegimeDocument, UnreadDocument, read_gex
from gammacore.domain.regime.regime import NO_EVENT, GexStatus, MacroState, read_macro

THREE = instant("15:00:00")
PATH = "market_regime/SPX_GEX"


def at(time: str) -> dt.datetime:
    return instant(time)


@pytest.mark.parametrize(
    ("fields", "expected", "threshold"),
    [
        ({"gex_value": -15000.0, "last_update": at("14:56:00")}, "known", "0.10"),
        ({"gex_value": "-15000", "last_update": "2025-12-30T14:56:00Z"}, "known", "0.10"),
        ({"gex_value": 0}, "known", "0.15"),
        ({"gex_value": 10000}, "known", "0.15"),
        ({}, "missing_field", "0.15"),
        (None, "missing", "0.15"),
        ({"gex_value": float("nan")}, "invalid_value", "0.15"),
        ({"gex_value": float("-inf")}, "invalid_value", "0.15"),
        ({"gex_value": True}, "invalid_value", "0.15"),
        ({"gex_value": "low"}, "invalid_value", "0.15"),
        ({"gex_value": None}, "invalid_value", "0.15"),
        ({"gex_value": -15000, "last_update": at("14:55:00")}, "known", "0.10"),
        ({"gex_value": -15000, "last_update": at("14:54:59")}, "stale", "0.15"),
        ({"gex_value": -15000, "last_update": at("14:00:00")}, "stale", "0.15"),
        ({"gex_value": -15000, "last_update": at("15:00:05")}, "known", "0.10"),
        ({"gex_value": -15000, "last_update": at("15:00:05.001")}, "future", "0.15"),
        ({"gex_value": -15000, "last_update": "yesterday"}, "invalid_value", "0.15"),
        ({"gex_value": -15000, "symbol": "NDX"}, "wrong_symbol", "0.15"),
        ({"net_gex": -15000}, "wrong_shape", "0.15"),
        ({"spy": {"net_gex": -15000}}, "wrong_shape", "0.15"),
    ],
)
def test_what_a_document_leads_to(fields: dict[str, Any] | None, expected: str, threshold: str) -> None:
    """The table of section 4, at 15:00:00Z."""
    answer = UnreadDocument(GexCause.MISSING) if fields is None else RegimeDocument(PATH, fields)
    desk = Desk(feeds=[GexFeed(FakeSource(answer), GexShape.SPX_GEX)])

    [intent] = desk(market("15:00:00", delta=0.5, quantity=10, underlying_price=500))

    assert intent["metadata"]["hedging_threshold"] == threshold
    assert intent["metadata"]["gex_status"] == ("known" if expected == "known" else "unknown")
    regime = desk.stream._regime("SPY", THREE)
    assert (regime.gex.cause or regime.gex.status) == expected


@pytest.mark.parametrize(
    ("shape", "symbol", "fields", "value"),
    [
        (GexShape.MARKET_REGIME, "SPX", {"spy": {"net_gex": "-9000.00"}}, "-9000.00"),
        (GexShape.MARKET_REGIME, "NDX", {"qqq": {"net_gex": 5}, "spy": {"net_gex": 7}}, "5"),
        (GexShape.CALCULATOR, "SPY", {"spy": {"gex": 1.5, "price": 500}}, "1.5"),
        (GexShape.SYNC, "SPX", {"net_gex": -1, "symbol": "SPY"}, "-1"),
        (GexShape.SPX_GEX, "SPX", {"gex_value": 3, "symbol": "SPX"}, "3"),
    ],
)
def test_the_four_shapes(shape: GexShape, symbol: str, fields: dict[str, Any], value: str) -> None:
    """DH-410: SPX, SPY and XSP are under spy, NDX and QQQ under qqq."""
    found = read_gex(RegimeDocument(shape.path(symbol), fields), shape, symbol, THREE)
    assert isinstance(found, GexFigure)
    assert found.value == Decimal(value)


@pytest.mark.parametrize(
    ("shape", "fields", "cause"),
    [
        (GexShape.SYNC, {"net_gex": -1}, GexCause.MISSING_FIELD),
        (GexShape.SYNC, {"net_gex": -1, "symbol": "QQQ"}, GexCause.WRONG_SYMBOL),
        (GexShape.MARKET_REGIME, {"spy": {"gex": 1}}, GexCause.WRONG_SHAPE),
        (GexShape.MARKET_REGIME, {"spy": {"net_gex": 0.0, "volatility_bias": "Unknown"}}, GexCause.INVALID_VALUE),
        (
            GexShape.MARKET_REGIME,
            {"spy": {"net_gex": 0.0}, "market_volatility_bias": "Unknown"},
            GexCause.INVALID_VALUE,
        ),
        (GexShape.CALCULATOR, {"version": 2}, GexCause.MISSING_FIELD),
    ],
)
def test_what_a_shape_refuses(shape: GexShape, fields: dict[str, Any], cause: GexCause) -> None:
    """DH-410, DH-411: a failed run wrote 0.00, which is not calm."""
    assert read_gex(RegimeDocument("", fields), shape, "SPX", THREE) is cause


def test_the_time_of_a_document_is_its_own_else_the_stores_else_the_reads() -> None:
    """DH-405."""
    stamped = RegimeDocument(PATH, {"gex_value": 1}, updated_at=at("14:50:00"))
    assert read_gex(stamped, GexShape.SPX_GEX, "SPX", THREE) == GexFigure(Decimal(1), at("14:50:00"))
    assert read_gex(RegimeDocument(PATH, {"gex_value": 1}), GexShape.SPX_GEX, "SPX", THREE) == GexFigure(
        Decimal(1), THREE
    )


def watch(*sources: FakeSource, **settings: Any) -> WatchRegime:
    feeds = [GexFeed(source, GexShape.SPX_GEX) for source in sources]
    return WatchRegime(HedgingSettings(**settings), lambda _: feeds)


def good(value: int, as_of: str = "14:57:00") -> RegimeDocument:
    return RegimeDocument(PATH, {"gex_value": value, "last_update": at(as_of)})


def test_the_first_source_that_knows_wins_and_those_behind_it_are_not_asked() -> None:
    """DH-402."""
    silent, knows, behind = FakeSource(UnreadDocument(GexCause.UNREACHABLE)), FakeSource(good(-1)), FakeSource(good(1))
    reading = watch(silent, knows, behind)("SPY", THREE).gex
    assert (reading.value, reading.status) == (Decimal(-1), GexStatus.KNOWN)
    assert behind.reads == []


def test_override_before_every_source_and_fallback_behind_them() -> None:
    """DH-402: GEX_VALUE is a fallback, not an override."""
    source = FakeSource(good(-1))
    forced = watch(source, gex_override=Decimal(5), gex_fallback=Decimal(7))("SPY", THREE).gex
    assert (forced.value, forced.status, source.reads) == (Decimal(5), GexStatus.OVERRIDE, [])
    assert watch(source, gex_fallback=Decimal(7))("SPY", THREE).gex.status is GexStatus.KNOWN
    gone = watch(FakeSource(UnreadDocument(GexCause.UNREACHABLE)), gex_fallback=Decimal(7))("SPY", THREE).gex
    assert (gone.value, gone.status) == (Decimal(7), GexStatus.FALLBACK)


def test_a_good_read_serves_for_60_seconds_the_bound_included() -> None:
    """DH-403."""
    source = FakeSource(good(-1))
    regime = watch(source)
    for seconds in (0, 30, 60, 60.001):
        regime("SPY", THREE + dt.timedelta(seconds=seconds))
    assert len(source.reads) == 2


def test_failed_reads_wait_5_10_20_40_and_then_60_seconds() -> None:
    """DH-404: inside the wait no read is tried; success resets."""
    source = FakeSource(UnreadDocument(GexCause.UNREACHABLE))
    regime = watch(source)
    for second in range(200):
        regime("SPY", THREE + dt.timedelta(seconds=second))
    assert [round((read - THREE).total_seconds()) for read in source.reads] == [0, 5, 15, 35, 75, 135, 195]


@pytest.mark.parametrize(
    ("as_of", "status", "cause"), [("14:57:00", "known", None), ("14:50:00", "unknown", "unreachable")]
)
def test_a_store_out_of_reach_keeps_its_last_good_value_while_it_is_fresh(
    as_of: str, status: str, cause: str | None
) -> None:
    """DH-403: -15000 of 14:57 still counts at 15:00, that of 14:50 does not."""
    source = FakeSource(good(-15000, as_of))
    regime = watch(source)
    regime("SPY", at("14:57:00"))
    source.answer = UnreadDocument(GexCause.UNREACHABLE)
    reading = regime("SPY", THREE).gex
    assert (reading.status, reading.cause) == (status, cause)


def test_every_change_of_sign_source_or_status_is_journaled_once() -> None:
    """DH-406."""
    source = FakeSource(good(-1, "15:00:00"))
    regime = watch(source)
    regime("SPY", THREE)
    source.answer = good(-2, "15:01:30")
    regime("SPY", at("15:01:30"))
    source.answer = good(3, "15:03:00")
    regime("SPY", at("15:03:00"))
    changes = [(event.before, event.after) for event in regime.events]
    assert changes == [("", "negative known firestore"), ("negative known firestore", "positive known firestore")]


def test_a_book_may_have_its_own_gamma() -> None:
    """DH-407."""
    ndx, spx = FakeSource(RegimeDocument("", {"gex_value": 1})), FakeSource(good(-1))
    sources = {"NDX": ndx, "SPX": spx}
    regime = WatchRegime(
        HedgingSettings(gex_symbols={"QQQ": "NDX"}), lambda symbol: [GexFeed(sources[symbol], GexShape.SPX_GEX)]
    )
    assert (regime("QQQ", THREE).gex.value, regime("SPY", THREE).gex.value) == (Decimal(1), Decimal(-1))


# -- macro -------------------------------------------------------------------------------------------------------------


def macro_of(**fields: Any) -> tuple[MacroState, tuple[str, ...]]:
    return read_macro(RegimeDocument("", {"macro_event_detected": True, **fields}), NO_EVENT, THREE)


@pytest.mark.parametrize(
    ("fields", "stop", "size", "warnings"),
    [
        ({"macro_event_status": "High_Volatility"}, "2.0", "0.50", 0),
        ({"macro_event_status": "Extreme_Volatility"}, "2.5", "0.25", 0),
        ({"macro_event_status": "Volatility_Event"}, "1.5", "0.75", 0),
        ({"macro_event_status": "Normal"}, "1.5", "0.75", 0),
        ({}, "1.5", "0.75", 0),
        ({"stop_loss_multiplier": 3, "position_size_multiplier": "0.4"}, "3", "0.4", 0),
        ({"stop_loss_multiplier": 0.1, "position_size_multiplier": 1}, "0.1", "1", 0),
        ({"stop_loss_multiplier": 11, "position_size_multiplier": 0}, "1.5", "0.75", 2),
        ({"macro_event_status": "High_Volatility", "stop_loss_multiplier": 0.05}, "2.0", "0.50", 1),
    ],
)
def test_the_multipliers_given_win_and_missing_ones_come_by_status(
    fields: dict[str, Any], stop: str, size: str, warnings: int
) -> None:
    """DH-451."""
    state, said = macro_of(**fields)
    assert (state.stop, state.size, len(said)) == (Decimal(stop), Decimal(size), warnings)


@pytest.mark.parametrize("odd", ["true", 1, None])
def test_a_detection_that_is_neither_true_nor_false_keeps_the_last_state(odd: object) -> None:
    before = MacroState(detected=True, started_at=THREE)
    state, warnings = read_macro(RegimeDocument("", {"macro_event_detected": odd}), before, THREE)
    assert (state, len(warnings)) == (before, 1)


TTL = dt.timedelta(minutes=240)


def test_an_event_ends_after_240_minutes_or_when_it_is_cleared() -> None:
    """DH-450: the bound belongs to it; a clearing before the start is of another event."""
    state, _ = macro_of(macro_event_time="2025-12-30T13:30:00Z")
    assert state.is_active(at("17:30:00"), TTL)
    assert not state.is_active(at("17:30:00.001"), TTL)
    cleared, _ = macro_of(macro_event_time=at("13:30:00"), cleared_at=at("13:30:00"))
    assert not cleared.is_active(THREE, TTL)
    earlier, _ = macro_of(macro_event_time=at("13:30:00"), cleared_at=at("13:29:59"))
    assert earlier.is_active(THREE, TTL)


@pytest.mark.parametrize(
    ("fields", "updated", "started"),
    [
        ({"macro_event_time": at("13:00:00"), "last_updated": at("14:00:00")}, at("14:30:00"), at("13:00:00")),
        ({"last_updated": at("14:00:00")}, at("14:30:00"), at("14:00:00")),
        ({}, at("14:30:00"), at("14:30:00")),
        ({}, None, THREE),
    ],
)
def test_when_an_event_began(fields: dict[str, Any], updated: dt.datetime | None, started: dt.datetime) -> None:
    state, _ = read_macro(RegimeDocument("", {"macro_event_detected": True, **fields}, updated), NO_EVENT, THREE)
    assert state.started_at == started


def test_an_undated_event_does_not_take_its_start_from_one_that_is_over() -> None:
    over = MacroState(detected=False, started_at=at("13:00:00"))
    state, _ = read_macro(RegimeDocument("", {"macro_event_detected": True}), over, THREE)
    assert state.started_at == THREE


def test_an_event_without_any_time_began_when_it_was_first_seen() -> None:
    source = FakeSource(RegimeDocument("", {"macro_event_detected": True}))
    regime = WatchRegime(HedgingSettings(), macro_source=source)
    assert regime("SPY", THREE).macro_active
    assert regime("SPY", THREE + TTL).macro_active
    assert not regime("SPY", THREE + TTL + dt.timedelta(seconds=1)).macro_active
    assert [event.after[:6] for event in regime.events if event.subject == "macro"] == ["active", "none"]


@pytest.mark.parametrize(
    ("action", "pauses"),
    [("widen_stops", False), ("tighten_stops", False), ("reduce_size", False), ("normal", False),
     ("pause_trading", True), ("dance", True)],
)  # fmt: skip
def test_a_pause_or_an_unknown_action_stops_openings_and_hedges_only_where_that_is_set(
    action: str, pauses: bool
) -> None:
    """DH-453."""
    document = RegimeDocument("", {"macro_event_detected": True, "macro_events": [{"recommended_action": action}]})
    event = market("15:00:00", delta=0.5, quantity=10, underlying_price=500)
    assert len(Desk(macro=FakeSource(document))(event)) == 1
    desk = Desk(macro=FakeSource(document), pause_blocks_hedges=True)
    desk(event)
    assert desk.code == ("paused" if pauses else None)


@pytest.mark.parametrize(("scale", "quantity", "stop"), [(False, 650, "510.36500"), (True, 488, "510.36500")])
def test_an_event_widens_the_threshold_and_the_stop_and_scales_only_where_that_is_set(
    scale: bool, quantity: int, stop: str
) -> None:
    """DH-452, DH-904."""
    document = RegimeDocument("", {"macro_event_detected": True})
    desk = Desk(macro=FakeSource(document), scale_hedges=scale)
    [intent] = desk(market("15:00:00", delta="0.65", quantity=10, underlying_price="495.50"))
    metadata = intent["metadata"]
    assert (intent["qty"], metadata["hedging_threshold"], metadata["stop_loss_price"]) == (quantity, "0.1875", stop)
    assert (metadata["adjusted_stop_loss_pct"], metadata["macro_event_active"]) == ("0.030", True)


def test_what_is_odd_about_a_document_is_reported_once_until_it_changes() -> None:
    """Section 4: the same document is read every minute, for hours."""
    odd = RegimeDocument("", {"macro_event_detected": True, "stop_loss_multiplier": 99})
    source = FakeSource(odd)
    watch = WatchRegime(HedgingSettings(), macro_source=source)

    def warnings(time: str) -> int:
        watch("SPY", instant(time))
        return sum(note.level.value == "warn" for note in watch.drain()[1])

    assert [warnings(time) for time in ("15:00:00", "15:02:00", "15:04:00")] == [1, 0, 0]
    source.answer = UnreadDocument(GexCause.UNREACHABLE, "down")
    assert [warnings(time) for time in ("15:06:00", "15:08:00")] == [1, 0]
    source.answer = odd
    assert warnings("15:12:00") == 1

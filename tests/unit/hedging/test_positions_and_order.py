"""Positions as events change them; duplicates, late events, days. Section 2, DH-504, DH-701..704."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_hedging import CALL, PUT, Desk, market, sides
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.errors import InvalidInput


def holding(desk: Desk, symbol: str = CALL) -> tuple[int, Decimal | None] | None:
    found = desk.book.holdings.get(symbol)
    return None if found is None else (found.contracts, found.delta)


KNOWN: dict[str, Any] = {"delta": "0.5", "quantity": 10}


@pytest.mark.parametrize(
    ("payload", "known", "unknown"),
    [
        ({"delta": "0.6", "quantity": 4}, (4, Decimal("0.6")), (4, Decimal("0.6"))),
        ({"delta": "0.6"}, (10, Decimal("0.6")), None),
        ({"quantity": 4}, (4, Decimal("0.5")), (4, None)),
        ({"quantity": -4}, (-4, Decimal("0.5")), (-4, None)),
        ({"quantity": 0, "delta": "0.6"}, None, None),
        ({"price": 3}, (10, Decimal("0.5")), None),
        ({"delta": 0}, (10, Decimal(0)), None),
        ({"greeks": {"delta": "0.6"}}, (10, Decimal("0.6")), None),
    ],
)
def test_what_an_event_does_to_a_position(payload: dict[str, Any], known: object, unknown: object) -> None:
    """The table of section 2: quantity is absolute, a delta alone makes no phantom contract (DH-203)."""
    desk = Desk()
    desk(market("15:00:00", **KNOWN), market("15:00:01", **payload))
    assert holding(desk) == known
    new = Desk()
    new(market("15:00:01", **payload))
    assert holding(new) == unknown


def test_a_delta_of_an_unknown_option_is_no_position() -> None:
    desk = Desk()
    assert desk.refusal(market("15:00:00", delta=0.5, underlying_price=500)) == "no_position"


def test_padded_and_compact_symbols_are_one_and_intents_echo_what_was_received() -> None:
    """Section 1.1, DH-705: no id is built from raw text."""
    desk = Desk()
    desk(market("15:00:00", "SPY   251230C00500000", **KNOWN), market("15:00:01", CALL, quantity=4))
    assert holding(desk) == (4, Decimal("0.5"))
    desk(market("15:00:02", "SPY   251230C00500000", price=2))
    desk(market("15:00:03", "SPY   251230C00500000", quantity=5))
    [intent] = desk(market("20:45:00", "SPY", price=500))
    assert intent["symbol"] == "SPY   251230C00500000"
    assert intent["intent_id"].startswith("exit_SPY251230C00500000_")


def test_a_book_with_an_unknown_delta_is_not_hedged() -> None:
    """DH-204."""
    desk = Desk()
    assert desk.refusal(market("15:00:00", CALL, quantity=3, underlying_price=500)) == "missing_delta"
    assert desk.refusal(market("15:00:01", PUT, delta=-0.5, quantity=3, underlying_price=500)) == "missing_delta"
    assert sides(desk(market("15:00:02", CALL, delta=0.9))) == [("sell", 120, "SPY")]


def test_an_underlying_without_a_book_is_stored_and_exited_and_never_hedged() -> None:
    """DH-204."""
    desk = Desk()
    option = "GOOG251230C00180000"
    event = market("15:00:00", option, delta=0.5, quantity=3, underlying_price=180)
    assert desk.refusal(event) == "unmapped_underlying"
    assert desk.refusal(market("15:00:01", "GOOG", price=180)) == "unmapped_underlying"
    assert sides(desk(market("20:45:00", "GOOG", price=180))) == [("sell", 3, option)]


def test_shares_held_elsewhere_are_not_this_desks_book() -> None:
    """DH-205."""
    desk = Desk()
    assert desk.refusal(market("15:00:00", "SPY", delta=1, quantity=500, price=500)) == "below_threshold"
    assert desk.book.holdings == {}


def test_an_expired_option_is_refused() -> None:
    """DH-203: expiry before the clock's NY date; the day itself is fine."""
    desk = Desk()
    assert desk.refusal(market("15:00:00", "SPY251229C00500000", delta=0.5, quantity=1)) == "expired"
    assert len(desk(market("15:00:01", CALL, delta=0.5, quantity=1, underlying_price=500))) == 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.none() | st.integers(-9, 9),
            st.none() | st.decimals(-1, 1, places=8),
        ),
        max_size=30,
    )
)
def test_the_running_totals_are_the_sums_over_the_positions(updates: list[Any]) -> None:
    """DH-206: whatever the order of updates, and exactly."""
    desk = Desk(max_hedges_per_session=None)
    for number, (which, quantity, delta) in enumerate(updates):
        payload: dict[str, Any] = {"quantity": quantity, "delta": None if delta is None else str(delta)}
        root, strike = ("SPXW", 6900 + which) if which % 2 else ("SPY", 500 + which)
        symbol = f"{root}251230C{strike * 1000:08d}"
        desk(market(f"15:00:{number:02d}", symbol, underlying_price=500, **payload))
    held = list(desk.book.holdings.values())
    net = sum((h.delta * h.contracts * h.listing.shares_per_contract for h in held if h.delta is not None), Decimal(0))
    book = desk.book.hedge_book("SPY")
    assert book.options_shares() == net
    assert book.contracts == sum(abs(h.contracts) for h in held)
    assert book.unknown_deltas == sum(h.delta is None for h in held)
    if held:
        assert book.unit == min(h.listing.shares_per_contract for h in held)


# -- order -------------------------------------------------------------------------------------------------------------


def test_an_id_seen_is_ignored_and_one_with_other_content_is_an_error() -> None:
    """DH-701."""
    desk = Desk()
    event = market("15:00:00", event_id="same", delta=0.5, quantity=1, underlying_price=500)
    desk(event)
    assert desk.refusal(event) == "duplicate"
    reordered = {**event, "payload": dict(reversed(event["payload"].items())), "unknown": 1}
    assert desk.refusal(reordered) == "duplicate"
    assert desk.codes() == []
    assert desk.refusal({**event, "payload": {"delta": 0.6}}) == "duplicate_conflict"
    assert desk.codes() == ["duplicate_conflict"]
    assert holding(desk) == (1, Decimal("0.5"))


def test_only_so_many_ids_are_remembered_and_the_watermark_catches_older_ones() -> None:
    """DH-701, DH-702."""
    desk = Desk(seen_ids=2)
    events = [market(f"15:00:0{n}", "SPY", event_id=f"id{n}", price=500) for n in range(4)]
    desk(*events)
    assert list(desk.book.seen) == ["id2", "id3"]
    assert desk.refusal(events[0]) == "out_of_order"


def test_an_event_older_than_the_newest_of_its_symbol_is_ignored_and_an_equal_one_is_not() -> None:
    """DH-702, DH-703."""
    desk = Desk()
    desk(market("15:00:05", **KNOWN))
    assert desk.refusal(market("15:00:04.999", quantity=3)) == "out_of_order"
    desk(market("15:00:05", quantity=3))
    assert holding(desk) == (3, Decimal("0.5"))


def test_a_late_event_of_another_symbol_counts_at_the_desks_clock() -> None:
    """DH-703: the rate and the intent's ts use the greatest time accepted."""
    desk = Desk()
    desk(market("15:10:00", "QQQ", price=600))
    [intent] = desk(market("15:08:00", delta=0.5, quantity=1, underlying_price=500))
    assert intent["ts"] == "2025-12-30T15:10:00Z"


def test_an_event_of_an_earlier_new_york_date_is_ignored() -> None:
    """DH-702: 04:59Z is still the day before."""
    desk = Desk()
    desk(market("15:00:00", "SPY", day="2025-12-30", price=500))
    assert desk.refusal(market("04:59:59", "QQQ", day="2025-12-30", price=600)) == "out_of_order"


def test_a_refused_event_runs_no_timer_and_moves_no_clock() -> None:
    """DH-704."""
    desk = Desk()
    desk(market("15:00:00", event_id="x", delta=0.5, quantity=1, underlying_price=500), market("15:00:10", delta=0.9))
    clock = desk.book.clock
    assert desk(market("15:05:00", event_id="x", delta=0.5, quantity=1, underlying_price=500)) == []
    assert desk.book.clock == clock


def test_the_same_id_in_the_next_session_is_another_event() -> None:
    """DH-701: seen in this session."""
    desk = Desk()
    desk(market("15:00:00", "SPY", event_id="daily", price=500))
    desk(market("15:00:00", "SPY", event_id="daily", day="2025-12-31", price=500))
    assert desk.code == "below_threshold"


@pytest.mark.parametrize(
    ("text", "underlying", "book", "shares"),
    [
        ("SPY251230C00500000", "SPY", "SPY", 100),
        ("SPXW251230P06900000", "SPX", "SPY", 1000),
        ("SPX251219P06900000", "SPX", "SPY", 1000),
        ("NDXP251230C25000000", "NDX", "QQQ", 4250),
        ("XSP251230C00690000", "XSP", "SPY", 100),
        ("RUTW251230C02500000", "RUT", "IWM", 1000),
        ("IWM251230C00250000", "IWM", "IWM", 100),
        ("GOOG251230C00180000", "GOOG", None, 100),
        ("SPX", "SPX", "SPY", 1000),
        ("SPY", "SPY", "SPY", 100),
        ("GOOG", "GOOG", None, 100),
        ("SPY_CALL", "SPY_CALL", None, 100),
    ],
)
def test_what_a_symbol_is_to_the_desk(text: str, underlying: str, book: str | None, shares: int) -> None:
    """DH-202, DH-220."""
    listing = Universe(HedgingSettings()).listing(text)
    assert (listing.underlying, listing.book, listing.shares_per_contract) == (underlying, book, Decimal(shares))


def test_the_silent_registry_multiplier_is_a_setting() -> None:
    """Section 1.5: OPTIONS_CONTRACT_MULTIPLIER."""
    universe = Universe(HedgingSettings(multiplier_default=10))
    assert universe.listing("GOOG251230C00180000").multiplier == 10
    assert universe.listing("SPY251230C00500000").multiplier == 100


def test_the_same_content_in_other_digits_is_a_duplicate_with_and_without_a_ledger() -> None:
    """DH-701: 0.5 is 0.50, qty is quantity; another figure is a conflict."""
    for storage in (None, MemoryStorage(MemoryLedger())):
        desk = Desk(storage=storage)
        desk(market("15:00:00", CALL, event_id="x", delta="0.50", quantity=10, underlying_price="500.0"))
        assert desk.refusal(market("15:00:00", event_id="x", delta=0.5, qty=10, underlying_price=500)) == "duplicate"
        conflict = market("15:00:00", event_id="x", delta=0.51, qty=10, underlying_price=500)
        assert desk.refusal(conflict) == "duplicate_conflict"


@pytest.mark.parametrize(
    "symbol",
    ["O:SPY251230C00500000", ".SPY251230C500", "SPY_123025C500", " -SPY251230C500", "spy 12/30/2025 500.00 c",
     "SPY US 12/30/25 C500 Equity", "SPY:2025:12:30:CALL:500.00"],
)  # fmt: skip
def test_an_option_under_a_vendors_spelling_is_hedged_and_closed_like_any_other(symbol: str) -> None:
    """DH-202: the key is the contract, the exit's symbol the text received."""
    desk = Desk()
    event = market("15:00:00", symbol, delta=0.65, quantity=10, underlying_price=500)
    assert sides(desk(event)) == [("sell", 650, "SPY")]
    assert list(desk.book.holdings) == [CALL]

    desk(market("15:01:00", CALL, quantity=6))
    desk(market("15:02:00", symbol, quantity=4))
    assert sides(desk(market("20:45:00", "SPY", price=500))) == [("sell", 4, symbol), ("buy", 260, "SPY")]


def test_an_adjusted_contract_is_never_hedged_as_the_standard_one() -> None:
    """CS-014, DH-204: SPY1 delivers something else than 100 shares of SPY; it is closed, with an alarm before."""
    desk = Desk()
    assert desk.refusal(market("15:00:00", ".SPY1251230C500", delta=0.65, quantity=10, underlying_price=500)) == (
        "unmapped_underlying"
    )
    assert [log.code for log in desk.logs if log.level == "warn"] == ["unhedged"]
    assert sides(desk(market("20:45:00", "SPY", price=500))) == [("sell", 10, ".SPY1251230C500")]


def test_an_option_that_no_book_hedges_is_an_alarm_once() -> None:
    """DH-204: nothing but the exit protects it."""
    desk = Desk()
    for second in range(3):
        desk(market(f"15:00:0{second}", "GOOG251230C00180000", delta=0.5, quantity=3, underlying_price=180))
    [alarm] = [log for log in desk.logs if log.code == "unhedged"]
    assert "no hedge share is configured for GOOG" in alarm.message


@pytest.mark.parametrize("symbol", ["SPY_CALL", "SPYC500", "SPY_251230C500", "2SPY251230C00500000", "/ESZ5"])
def test_a_quantity_of_what_is_neither_option_nor_share_is_refused(symbol: str) -> None:
    """DH-205: it could be neither hedged nor closed; the event changes nothing and its id is not remembered."""
    desk = Desk()
    with pytest.raises(InvalidInput, match=r"symbol: .*give an OCC option symbol.*neither hedged nor closed"):
        desk(market("15:00:00", symbol, event_id="e", delta=0.65, quantity=10, underlying_price=500))
    assert not desk.book.seen
    desk(market("15:00:01", symbol, delta=0.65, underlying_price=500))  # without a quantity nothing is held
    desk(market("15:00:02", symbol, quantity=0))


def test_a_share_under_any_ticker_is_no_fault() -> None:
    """DH-205: its holder has it elsewhere."""
    desk = Desk()
    for second, ticker in enumerate(["TSLA", "BRK.B", "spy", "SPX"]):
        desk(market(f"15:00:0{second}", ticker, quantity=100, price=300))
    assert desk.book.holdings == {}


def test_the_profiles_of_comparison_keep_their_plain_symbols() -> None:
    """DH-909: SPY_CALL forms a position in `source`."""
    desk = Desk("source")
    assert sides(desk(market("15:00:00", "SPY_CALL", delta=0.65, quantity=10, underlying_price=500))) == [
        ("sell", 7, "SPY")
    ]

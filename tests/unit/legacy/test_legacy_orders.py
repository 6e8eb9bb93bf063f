"""Old open positions come over whole, or are refused with the field that is wrong. Section 4, legacy order record."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_legacy import a_condor_order, an_order, write_orders
from gammacore.adapters.legacy.orders import LegacyOrder, read_orders
from gammacore.adapters.legacy.records import Refusal
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.words import StrategyTag
from gammacore.errors import MissingData


def the_order(folder: Path, record: Any) -> LegacyOrder:
    (order,), refused = read_orders(write_orders(folder, record))
    assert not refused
    return order


def the_refusal(folder: Path, record: Any) -> Refusal:
    orders, (refusal,) = read_orders(write_orders(folder, record))
    assert not orders
    return refusal


def test_a_vertical_is_read_with_its_legs_by_role(tmp_path: Path) -> None:
    order = the_order(tmp_path, an_order())

    assert order.spread.strikes == "6955/6945"
    assert order.strategy is StrategyTag.PUT_SPREAD
    assert order.credit == Decimal("2.35")
    assert order.opened_at == dt.datetime(2026, 1, 12, 15, 0, 1, tzinfo=dt.UTC)
    assert order.spread.distance(order.price) == Decimal("16.5")


def test_a_condor_s_short_indices_point_into_the_symbols_not_into_the_strikes(tmp_path: Path) -> None:
    """CS-204; must-not-regress 26."""
    order = the_order(tmp_path, a_condor_order())

    assert order.spread.strikes == "6990/7000/6950/6940"
    assert [leg.contract.strike for leg in order.spread.opening_legs if leg.side == "sell"] == [6990, 6950]
    assert order.contracts == 3


def test_a_missing_size_is_one_contract_and_a_missing_index_code_is_spx(tmp_path: Path) -> None:
    """CS-017 and the legacy record of section 4."""
    order = the_order(tmp_path, an_order())

    assert (order.contracts, order.spread.underlying, order.unknown_underlying) == (1, "SPX", False)


def test_what_the_rules_remembered_comes_with_it(tmp_path: Path) -> None:
    flags = {"best_profit_pct": 0.35, "trailing_stop_active": True, "hold_to_expiry": True, "otm_lock_in_active": True}

    order = the_order(tmp_path, an_order(**flags))

    assert order.watch == SpreadWatch(Decimal("0.35"), trailing_armed=True, hold=True, lock_in_armed=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"index_code": "DJX"},
        {"option_symbols": ["DJX260112P00490000", "DJX260112P00485000"], "strikes": "490/485", "index_entry": 495},
    ],
)
def test_an_underlying_that_is_unknown_is_taken_over_and_marked(tmp_path: Path, changes: dict[str, Any]) -> None:
    """CS-017: at exit it never stops the exit."""
    assert the_order(tmp_path, an_order(**changes)).unknown_underlying


@pytest.mark.parametrize("spell", ["{0[0]:<6}{0[1]}", "O:{0[0]}{0[1]}", " {0[0]}{0[1]} "])
def test_legs_are_read_under_their_brokers_spelling(tmp_path: Path, spell: str) -> None:
    """CS-013."""
    symbols = [spell.format((symbol[:-15], symbol[-15:])) for symbol in an_order()["option_symbols"]]

    assert the_order(tmp_path, an_order(option_symbols=symbols)).spread == the_order(tmp_path, an_order()).spread


@pytest.mark.parametrize(
    ("time", "opened"),
    [
        ("2026-01-12 10:00:01", "2026-01-12T15:00:01+00:00"),
        ("2026-07-13 10:00:01", "2026-07-13T14:00:01+00:00"),
        ("2026-01-12T15:00:01+00:00", "2026-01-12T15:00:01+00:00"),
        ("2026-01-12T10:00:01.500000-05:00", "2026-01-12T15:00:01.500000+00:00"),
    ],
)
def test_entry_times_are_new_york_or_carry_an_offset(tmp_path: Path, time: str, opened: str) -> None:
    symbols = [symbol.replace("260112", "261231") for symbol in an_order()["option_symbols"]]

    assert the_order(tmp_path, an_order(entry_time=time, option_symbols=symbols)).opened_at.isoformat() == opened


def test_an_unknown_entry_time_leaves_no_grace(tmp_path: Path) -> None:
    """CS-506."""
    record = an_order()
    del record["entry_time"]

    order = the_order(tmp_path, record)

    assert order.opened_at == dt.datetime(2026, 1, 12, 5, tzinfo=dt.UTC)
    assert "grace" in order.notes[0]


@pytest.mark.parametrize(
    ("flags", "closing"),
    [
        ({}, ""),
        ({"pending_closure": True, "closure_exit_reason": "STOP_LOSS", "closure_attempts": 4}, "STOP_LOSS"),
        ({"pending_closure": True}, "pending_closure"),
        ({"abandoned": True, "abandoned_time": "2026-01-12 11:31:00"}, "abandoned"),
    ],
)
def test_a_pending_or_abandoned_close_is_still_a_position(tmp_path: Path, flags: dict[str, Any], closing: str) -> None:
    """CS-563: nothing but the broker removes it."""
    order = the_order(tmp_path, an_order(**flags))

    assert order.closing == closing
    assert not order.notes


def test_an_orphan_has_no_distance_and_is_never_held(tmp_path: Path) -> None:
    """CS-575."""
    order = the_order(tmp_path, an_order(orphan_recovery=True))

    assert order.orphan
    assert order.spread.distance(order.price) == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entry_credit": 0}, "entry_credit"),
        ({"entry_credit": 10}, "entry_credit"),
        ({"entry_credit": "2.35"}, "entry_credit"),
        ({"entry_credit": True}, "entry_credit"),
        ({"entry_credit": None}, "entry_credit"),
        ({"order_id": ""}, "order_id"),
        ({"strategy": "BUTTERFLY"}, "strategy"),
        ({"strategy": "CALL"}, "strategy"),
        ({"strategy": "SKIP"}, "strategy"),
        ({"strikes": "6945/6955"}, "strikes"),
        ({"strikes": "near the money"}, "strikes"),
        ({"direction": "BEARISH"}, "direction"),
        ({"confidence": "SURE"}, "confidence"),
        ({"option_symbols": []}, "option_symbols"),
        ({"option_symbols": ["SPXW260112P06955000"]}, "option_symbols"),
        ({"option_symbols": ["SPXW260112P06955000", "SPXW260112P06955000"]}, "option_symbols"),
        ({"option_symbols": ["SPXW260112P06955000", "SPXW260113P06945000"]}, "option_symbols"),
        ({"option_symbols": ["SPXW260112P06955000", 6945]}, "option_symbols"),
        ({"short_indices": [1]}, "option_symbols"),
        ({"short_indices": [6955]}, "short_indices"),
        ({"short_indices": [0, 1]}, "short_indices"),
        ({"short_indices": [True]}, "short_indices"),
        ({"position_size": 0}, "position_size"),
        ({"position_size": 1.5}, "position_size"),
        ({"best_profit_pct": 35}, "best_profit_pct"),
        ({"trailing_stop_active": "false"}, "trailing_stop_active"),
        ({"entry_time": "2026-01-12T10:00:01"}, "entry_time"),
        ({"entry_time": "2026-01-13 10:00:01"}, "entry_time"),
        ({"entry_time": "10 o'clock"}, "entry_time"),
        ({"index_code": "NDX"}, "index_code"),
        ({"index_entry": -1}, "index_entry"),
        ({"vix_entry": 0}, "vix_entry"),
    ],
)
def test_a_record_that_cannot_be_is_refused_with_its_field_and_fix(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    refusal = the_refusal(tmp_path, an_order(**changes))

    assert (refusal.file, refusal.index, refusal.field) == ("orders.json", 0, field)
    assert "; " in refusal.reason


def test_one_bad_record_does_not_hide_the_others(tmp_path: Path) -> None:
    path = write_orders(tmp_path, "not a record", an_order(), an_order(), a_condor_order())

    orders, refused = read_orders(path)

    assert [order.order_id for order in orders] == ["24001", "24002"]
    assert [(refusal.index, refusal.field) for refusal in refused] == [(0, "record"), (2, "order_id")]


def test_an_old_otm_condor_that_no_broker_filled_is_refused(tmp_path: Path) -> None:
    """CS-228: such records were written without an order, and so without symbols."""
    record = a_condor_order(strategy="OTM_IRON_CONDOR", option_symbols=[], short_indices=[0, 2])

    assert "CS-228" in the_refusal(tmp_path, record).reason


@pytest.mark.parametrize("text", ["", "{}", '[{"entry_credit": NaN}]', '[{"a": 1, "a": 2}]', "[" * 100_000])
def test_a_damaged_file_is_refused_whole(tmp_path: Path, text: str) -> None:
    """CS-609: never replaced by defaults."""
    path = tmp_path / "orders.json"
    path.write_text(text)

    orders, (refusal,) = read_orders(path)

    assert not orders
    assert (refusal.index, refusal.field) == (None, "orders.json")


def test_unknown_fields_are_named(tmp_path: Path) -> None:
    assert the_order(tmp_path, an_order(mood="hopeful")).notes == ("not read: mood",)


def test_a_missing_file_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="cannot be read"):
        read_orders(tmp_path / "orders.json")

"""Intents on the wire: the worked example, metadata by profile, ids. Sections 6 and 9."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from builders_hedging import CALL, Desk, market
from gammacore.domain.hedging.settings import HedgingSettings, Profile, hedging_profile
from gammacore.errors import GammacoreError, InvalidInput


def test_the_worked_example_of_the_source() -> None:
    """DH-901, word for word."""
    desk = Desk("source")
    event = market("14:30:00", "SPY251230C00500000", event_id="evt_12345", delta=Decimal("0.65"),
                   price=Decimal("2.50"), quantity=10, underlying_price=Decimal("495.50"))  # fmt: skip
    [intent] = desk(event)
    assert intent.pop("intent_id").startswith("hedge_SPY_")
    assert intent == {
        "protocol": "v1", "type": "order_intent", "event_id": "evt_12345", "ts": "2025-12-30T14:30:00Z",
        "symbol": "SPY", "side": "sell", "qty": 7.0, "order_type": "market", "time_in_force": "day",
        "client_tag": "0dte_gamma_scalper_hedge",
        "metadata": {
            "reason": "delta_hedge", "net_delta_before": "6.50", "hedge_qty": "-7", "underlying_price": "495.50",
            "hedging_threshold": "0.15", "strategy": "0dte_gamma_scalper",
        },
    }  # fmt: skip
    assert isinstance(intent["qty"], float)


COMMON = {"reason", "strategy", "net_delta_before", "hedge_qty", "underlying_price", "hedging_threshold"}
STANDARD = COMMON | {
    "gex_value", "macro_event_active", "net_shares_before", "hedge_shares_before", "gex_status", "gex_source",
    "gex_unit", "trigger", "profile", "decision_id", "config_hash",
}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "gex", "keys"),
    [
        ("standard", None, STANDARD),
        ("standard", "-1", STANDARD),
        ("source", None, COMMON),
        ("source", "-1", COMMON | {"gex_value"}),
        ("shares_v2", None, COMMON | {"gex_value", "macro_event_active"}),
    ],
)
def test_the_metadata_of_a_hedge_by_profile(profile: str, gex: str | None, keys: set[str]) -> None:
    """DH-610."""
    desk = Desk(profile, gex_override=None if gex is None else Decimal(gex))
    [intent] = desk(market("15:00:00", delta=0.65, quantity=10, underlying_price=495.5))
    assert set(intent["metadata"]) == keys
    if "gex_value" in keys:
        assert intent["metadata"]["gex_value"] == gex


def test_quantities_are_whole_json_numbers_in_standard() -> None:
    desk = Desk()
    [intent] = desk(market("15:00:00", delta=0.65, quantity=10, underlying_price=495.5))
    assert isinstance(intent["qty"], int)


def test_ids_name_symbol_settings_session_event_kind_and_attempt() -> None:
    """DH-612, DH-705."""
    event = market("15:00:00", CALL, event_id="fixed", delta=0.65, quantity=10, underlying_price=495.5)
    [one], [two] = Desk()(event), Desk()(event)
    assert one == two
    [other] = Desk(threshold=Decimal("0.2"))(event)
    assert other["intent_id"] != one["intent_id"]
    prefix, symbol, digest = one["intent_id"].split("_")
    assert (prefix, symbol, len(digest)) == ("hedge", "SPY", 24)
    assert one["metadata"]["config_hash"] == HedgingSettings().config_hash
    assert one["metadata"]["decision_id"].startswith("dec_")


@pytest.mark.parametrize("symbol", ["BRK.B CALL", "a/b\\c", "..."])
def test_a_symbol_with_dots_or_blanks_still_makes_a_valid_id(symbol: str) -> None:
    """DH-131: older code stopped the host."""
    desk = Desk("source")
    desk(market("15:00:00", symbol, delta=0.9, quantity=10, underlying_price=500))
    [intent] = desk(market("20:45:00", "SPY", price=500))
    assert intent["symbol"] == symbol


@pytest.mark.parametrize(
    ("row", "standard", "source", "shares_v2"),
    [
        ("multiplier", None, 1, 100),
        ("any_symbol", False, True, True),
        ("one_book", "", "SPY", "SPY"),
        ("delta_unit", None, 1, 100),
        ("count_hedges", True, False, False),
        ("hedge_ledger", "fills", "none", "emitted"),
        ("max_hedges_per_session", None, None, 1),
        ("scale_hedges", False, True, True),
        ("raise_small_hedges", False, False, True),
        ("session_gate", True, False, False),
        ("timers", True, False, False),
        ("exit_batch", "all", "options", "split"),
        ("exit_on_emission", False, True, True),
        ("leftovers", "close", "keep", "keep_options"),
        ("float_quantities", False, True, True),
        ("threshold", Decimal("0.15"), Decimal("0.15"), Decimal("0.15")),
    ],
)
def test_the_table_of_profiles(row: str, standard: object, source: object, shares_v2: object) -> None:
    """Section 0, DH-002."""
    found = [getattr(hedging_profile(name), row) for name in Profile]
    assert found == [standard, source, shares_v2]


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="standard, source, shares_v2"):
        hedging_profile("seed")


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": Decimal(0)}, {"min_interval": Decimal(-1)}, {"exit_before_close": Decimal(59)}, {"seen_ids": 0}],
)
def test_settings_outside_their_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        HedgingSettings(**wrong)


def test_an_intent_that_would_break_the_protocol_is_a_fault_of_ours_not_of_the_line() -> None:
    """DH-120, DH-152: never written, never skipped as a bad input."""
    desk = Desk(strategy_name="x" * 17_000, strict=False)
    with pytest.raises(GammacoreError, match="was not written") as fault:
        desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    assert not isinstance(fault.value, InvalidInput)
    assert desk.lines == []

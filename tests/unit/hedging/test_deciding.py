"""Thresholds, units, quantities, rate and prices: when the desk hedges and how much. Sections 2 and 3."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from builders_hedging import CALL, PUT, Desk, instant, market, sides
from gammacore.errors import ConfigurationError

SPX = "SPXW251230C06900000"


def hedge_of(delta: str, quantity: int = 1, symbol: str = CALL, price: float = 500, **settings: Any) -> list[Any]:
    """Side, quantity and symbol of what one position leads to."""
    return sides(Desk(**settings)(market("15:00:00", symbol, delta=delta, quantity=quantity, underlying_price=price)))


@pytest.mark.parametrize(
    ("delta", "gex", "expected"),
    [
        ("0.15", None, []),
        ("0.15000001", None, [("sell", 15, "SPY")]),
        ("-0.15000001", None, [("buy", 15, "SPY")]),
        ("0.12", "-15000", [("sell", 12, "SPY")]),
        ("0.12", None, []),
        ("0.12", "0", []),
        ("0.12", "10000", []),
        ("0.10", "-1", []),
        ("0.10000001", "-1", [("sell", 10, "SPY")]),
    ],
)
def test_a_hedge_needs_strictly_more_than_the_threshold_of_its_regime(
    delta: str, gex: str | None, expected: list[Any]
) -> None:
    """DH-301, DH-302, DH-905."""
    assert hedge_of(delta, gex_override=None if gex is None else Decimal(gex)) == expected


def test_unknown_gamma_may_be_held_to_the_tighter_threshold() -> None:
    """DH-301: unknown_regime_policy."""
    from gammacore.domain.hedging.settings import UnknownRegime

    assert hedge_of("0.12", unknown_regime_policy=UnknownRegime.TIGHT) == [("sell", 12, "SPY")]


def test_one_spx_contract_is_ten_spy_contracts() -> None:
    """DH-221: 650 SPY shares against 65."""
    assert hedge_of("0.65", symbol=SPX, price=6900) == [("sell", 650, "SPY")]
    assert hedge_of("0.65") == [("sell", 65, "SPY")]


def test_the_unit_is_that_of_the_smallest_open_contract() -> None:
    """DH-222: with SPX alone the threshold is 150 shares, with a SPY contract beside it 15."""
    assert hedge_of("0.15", symbol=SPX, price=6900) == []
    desk = Desk()
    desk(market("15:00:00", SPX, delta="0.15", quantity=1, underlying_price=6900))
    assert desk.book.hedge_books["SPY"].unit == 1000

    assert sides(desk(market("15:01:00", CALL, delta="0.0", quantity=1, underlying_price=690))) == [
        ("sell", 150, "SPY")
    ]
    desk(market("15:02:00", CALL, quantity=0), market("15:02:00", SPX, quantity=0))
    assert desk.book.hedge_books["SPY"].unit == 1000, "with nothing open the last unit stays"


@pytest.mark.parametrize(
    ("net", "shares"),
    [("0.065", [("sell", 7, "SPY")]), ("-0.065", [("buy", 7, "SPY")]), ("0.125", [("sell", 13, "SPY")])],
)
def test_halves_are_rounded_away_from_zero(net: str, shares: list[Any]) -> None:
    """DH-304: 6.5 sells 7, -6.5 buys 7, 12.5 sells 13."""
    assert hedge_of(net, threshold=Decimal("0.01")) == shares


def test_less_than_half_a_share_is_no_hedge_unless_it_is_raised_to_one() -> None:
    """DH-304, section 0."""
    desk = Desk(threshold=Decimal("0.001"))
    assert desk.refusal(market("15:00:00", delta="0.004", quantity=1, underlying_price=500)) == "below_one_share"
    assert hedge_of("0.004", threshold=Decimal("0.001"), raise_small_hedges=True) == [("sell", 1, "SPY")]


def test_the_band_by_contracts_widens_the_threshold() -> None:
    """DH-303."""
    assert hedge_of("0.02", 10, band_per_contract=Decimal("0.02")) == []
    assert hedge_of("0.021", 10, band_per_contract=Decimal("0.02")) == [("sell", 21, "SPY")]


@pytest.mark.parametrize(("second", "code"), [("15:00:59.999", "rate_limited"), ("15:01:00", None)])
def test_the_rate_window_is_60_seconds_and_its_end_belongs_to_the_next(second: str, code: str | None) -> None:
    """DH-305."""
    desk = Desk()
    desk(market("15:00:00", delta=0.5, quantity=1, underlying_price=500))
    desk(market(second, delta=0.9, underlying_price=500))
    assert desk.code == code


def test_a_refused_breach_is_decided_anew_when_its_window_ends() -> None:
    """DH-306, DH-260: before the next event, with the clock at the due time, on the state of then."""
    desk = Desk()
    desk(market("15:00:00", delta=0.5, quantity=1, underlying_price=500))
    desk(market("15:00:20", delta=0.9, underlying_price=500), market("15:00:30", delta=0.8))

    [intent] = desk(market("15:02:00", "SPY", price=501))

    assert sides([intent]) == [("sell", 30, "SPY")]
    assert (intent["ts"], intent["event_id"]) == ("2025-12-30T15:01:00Z", "tick-20251230T150100Z")
    assert intent["metadata"]["trigger"] == "timer"


def test_a_timer_due_at_an_events_time_yields_to_the_event() -> None:
    """DH-260."""
    desk = Desk()
    desk(market("15:00:00", delta=0.5, quantity=1, underlying_price=500), market("15:00:20", delta=0.9))

    [intent] = desk(market("15:01:00", "SPY", event_id="on-time", price=501))

    assert (intent["event_id"], intent["qty"]) == ("on-time", 40)


def test_each_book_has_its_own_rate() -> None:
    """DH-305, DH-1008."""
    desk = Desk()
    found = desk(
        market("15:00:00", CALL, delta=0.5, quantity=1, underlying_price=500),
        market("15:00:01", "QQQ251230C00600000", delta=0.5, quantity=1, underlying_price=600),
    )
    assert sides(found) == [("sell", 50, "SPY"), ("sell", 50, "QQQ")]


def test_ndx_options_are_hedged_in_qqq_at_their_ratio() -> None:
    """DH-220: 0.5 × 100 × 42.5; the price of the share is P_u / R until one is seen (DH-232)."""
    desk = Desk()
    [intent] = desk(market("15:00:00", "NDXP251230C25000000", delta="0.5", quantity=1, underlying_price=25500))
    assert sides([intent]) == [("sell", 2125, "QQQ")]
    assert intent["metadata"]["hedge_ratio"] == "42.5"
    assert intent["metadata"]["underlying_price"] == "25500"
    assert desk.book.intents[intent["intent_id"]].price == Decimal(600)


def test_a_live_ratio_is_index_price_over_share_price_while_both_are_fresh() -> None:
    """DH-220."""
    from gammacore.domain.hedging.settings import HedgeRatio

    desk = Desk(hedge_ratio=HedgeRatio.LIVE)
    desk(market("15:00:00", "SPY", price=690))
    assert sides(desk(market("15:00:01", SPX, delta="0.5", quantity=1, underlying_price=6969))) == [
        ("sell", 505, "SPY")
    ]
    late = Desk(hedge_ratio=HedgeRatio.LIVE)
    late(market("14:40:00", "SPY", price=690))
    assert sides(late(market("15:00:01", SPX, delta="0.5", quantity=1, underlying_price=6969))) == [
        ("sell", 500, "SPY")
    ]


def test_a_large_hedge_is_cut_and_the_rest_waits_for_the_next_window() -> None:
    """DH-308."""
    desk = Desk(max_hedge_shares=30)
    assert sides(desk(market("15:00:00", delta=0.5, quantity=1, underlying_price=500))) == [("sell", 30, "SPY")]
    assert desk.codes() == ["size_capped"]
    assert sides(desk(market("15:01:30", "SPY", price=500))) == [("sell", 20, "SPY")]


@pytest.mark.parametrize(("age", "code"), [(300, None), (300.001, "no_underlying_price")])
def test_a_price_serves_for_300_seconds(age: float, code: str | None) -> None:
    """DH-231: the bound passes."""
    desk = Desk()
    desk(market("15:00:00", "SPY", price=500))
    later = (instant("15:00:00") + dt.timedelta(seconds=age)).isoformat().removesuffix("+00:00")[11:]
    desk(market(later, delta=0.5, quantity=1))
    assert desk.code == code


def test_an_options_own_price_is_never_the_underlyings() -> None:
    """DH-230."""
    assert Desk().refusal(market("15:00:00", delta=0.5, quantity=1, price=2.5)) == "no_underlying_price"


@pytest.mark.parametrize("price", [0, -5])
def test_an_impossible_price_blocks_the_decision_and_uses_nothing_up(price: int) -> None:
    """DH-231: it does not replace the last one, and no rate window is spent."""
    desk = Desk()
    desk(market("15:00:00", "SPY", price=500))
    event = market("15:00:01", delta=0.5, quantity=1, underlying_price=price)
    assert desk.refusal(event) == "no_underlying_price"
    assert desk.book.prices["SPY"][0] == 500
    assert len(desk(market("15:00:02", delta=0.5))) == 1


def test_the_share_prices_the_hedge_and_the_index_the_decision() -> None:
    """DH-231, DH-232."""
    desk = Desk()
    desk(market("15:00:00", "SPY", price=690))
    [intent] = desk(market("15:00:01", SPX, delta="0.5", quantity=1, underlying_price=6969))
    assert intent["metadata"]["underlying_price"] == "6969"
    assert desk.book.intents[intent["intent_id"]].price == 690


def test_a_tick_of_the_share_alone_does_nothing() -> None:
    """DH-906: a flat book is below its threshold."""
    assert Desk().refusal(market("15:00:00", "SPY", price=500)) == "below_threshold"


def test_calls_and_puts_net() -> None:
    """DH-906: 10 × 0.65 and 5 × -0.35 net 475 shares."""
    desk = Desk(assume_fills=True)
    desk(market("15:00:00", CALL, delta=0.65, quantity=10, underlying_price=495.5))
    desk(market("15:01:00", PUT, delta=-0.35, quantity=5, underlying_price=495.5))
    assert desk.book.hedge_books["SPY"].options_shares() == 475
    assert desk.book.hedge_books["SPY"].shares.filled == -475


def test_the_metadata_shows_why_a_hedge_was_sent() -> None:
    """DH-611: |net_delta_before| > hedging_threshold can be read off every hedge."""
    desk = Desk()
    [first] = desk(market("15:00:00", delta=0.65, quantity=10, underlying_price=495.5))
    assert (first["metadata"]["net_delta_before"], first["metadata"]["hedge_shares_before"]) == ("6.50", "0")
    [second] = desk(market("15:01:00", delta="0.70", underlying_price=495.5))
    assert second["metadata"]["hedge_shares_before"] == "-650"
    assert (second["metadata"]["net_shares_before"], second["metadata"]["net_delta_before"]) == ("50.00", "0.50")


def test_the_kill_switch_blocks_hedges_and_stays(tmp_path: Any) -> None:
    """DH-1001: read before each decision, latched, unreadable is halted; exits run."""
    file = tmp_path / "halted"
    file.write_text("no\n")
    desk = Desk(environment={"EXECUTION_HALTED_FILE": str(file)})
    assert len(desk(market("15:00:00", delta=0.5, quantity=1, underlying_price=500))) == 1
    file.write_text("YES\nbecause")
    assert desk.refusal(market("15:10:00", delta=0.9, underlying_price=500)) == "halted"
    file.write_text("off")
    assert desk.refusal(market("15:20:00", delta=0.9, underlying_price=500)) == "halted"
    assert sides(desk(market("20:45:00", "SPY", price=500))) == [("sell", 1, CALL), ("buy", 50, "SPY")]
    gone = Desk(environment={"EXECUTION_HALTED_FILE": str(tmp_path / "nowhere")})
    assert gone.refusal(market("15:00:00", delta=0.5, quantity=1, underlying_price=500)) == "halted"
    plain = Desk(environment={"EXECUTION_HALTED": "on"})
    assert plain.refusal(market("15:00:00", delta=0.5, quantity=1, underlying_price=500)) == "halted"


def test_a_mistyped_kill_switch_does_not_read_as_off() -> None:
    """Section 1.5, DH-1001: neither on nor off stops the start."""
    for word in ("halt", "y", "2"):
        with pytest.raises(ConfigurationError, match="EXECUTION_HALTED"):
            Desk(environment={"EXECUTION_HALTED": word})
    for word in ("", " ", "0", "False", "no", "OFF"):
        desk = Desk(environment={"EXECUTION_HALTED": word})
        assert len(desk(market("15:00:00", delta=1, quantity=1, underlying_price=500))) == 1


def test_a_net_far_beyond_the_threshold_for_long_is_an_alarm_once_an_episode() -> None:
    """DH-1005: ten thresholds for 120 seconds without a break."""
    desk = Desk(max_hedge_shares=1)
    for time in ("15:00:00", "15:01:59", "15:02:00", "15:05:00"):
        desk(market(time, delta=0.9, quantity=10, underlying_price=500))
    assert desk.codes().count("unusual_delta") == 1
    desk(market("15:06:00", quantity=1), market("15:07:00", quantity=10, underlying_price=500))
    desk(market("15:09:00", quantity=10, underlying_price=500))
    assert desk.codes().count("unusual_delta") == 2

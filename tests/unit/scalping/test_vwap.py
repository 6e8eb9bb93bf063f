"""VWAP, and trades that bet on a return to it. Rules: SC-012, SC-221..224."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from builders_scalping import a_minute, in_a_row, minutes
from gammacore.domain.instruments import Side
from gammacore.domain.market import Bar
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.vwap import MeanReversion, is_back_at_vwap, is_replaced, session_vwap, target_at_vwap

ON = MeanReversion(use_mean_reversion=True)
AT_600 = minutes(*[600] * 5)
CENT = Decimal("0.01")


def test_vwap_weighs_typical_prices_by_volume() -> None:
    """SC-221."""
    bars = in_a_row([a_minute(600, high=603, low=597, volume=1), *[a_minute(606, volume=2)] * 4])
    assert session_vwap(bars) == Fraction(600 + 8 * 606, 9)


@pytest.mark.parametrize(
    "bars",
    [
        minutes(*[600] * 4),
        in_a_row([*minutes(*[600] * 5), a_minute(600, volume=None)]),
        minutes(*[600] * 5, volume=0),
        (),
    ],
)
def test_vwap_is_missing_never_invented(bars: tuple[Bar, ...]) -> None:
    """SC-221: too few bars, a missing volume, no volume at all."""
    assert session_vwap(bars) is None
    assert ON.judge(Decimal(590), bars).reason == "vwap_missing"


def test_the_least_number_of_bars_is_a_setting() -> None:
    four = MeanReversion(use_mean_reversion=True, vwap_min_bars=4)
    assert four.judge(Decimal(590), minutes(*[600] * 4)).passed


@pytest.mark.parametrize(("ask", "reason"), [("597.00", None), ("597.01", "not_below_vwap")])
def test_a_purchase_is_at_the_deviation_or_below(ask: str, reason: str | None) -> None:
    """SC-222: inclusive."""
    assert ON.judge(Decimal(ask), AT_600).reason == reason


@pytest.mark.parametrize(("bid", "reason"), [("603.00", None), ("602.99", "not_above_vwap")])
def test_a_short_mirrors_it(bid: str, reason: str | None) -> None:
    """SC-224."""
    assert ON.judge(Decimal(bid), AT_600, Side.SELL).reason == reason


def test_off_it_asks_nothing() -> None:
    assert MeanReversion().judge(Decimal(700), ()).passed


def test_the_rsi_is_asked_where_it_is_set() -> None:
    """SC-223: below 30, not at it."""
    rule = MeanReversion(use_mean_reversion=True, reversion_rsi=Decimal(30))
    falls = [600 - number for number in range(14)]  # 13 losses of 1
    assert rule.judge(Decimal(500), minutes(*falls)).reason == "indicator_missing"
    assert rule.judge(Decimal(500), minutes(*falls, 586)).passed
    seven_to_three = minutes(*_rising_and_falling(gains=3, losses=7))
    assert rule.judge(Decimal(500), seven_to_three).reason == "rsi_high"  # exactly 30
    assert rule.judge(Decimal(700), minutes(*range(600, 614), 615), Side.SELL).passed
    assert rule.judge(Decimal(700), minutes(*falls, 586), Side.SELL).reason == "rsi_low"


def _rising_and_falling(gains: int, losses: int) -> list[str]:
    """15 closes whose gains and losses add up to so many points."""
    return [*["600"] * 5, *(str(600 + gain) for gain in range(1, gains + 1)),
            *(str(600 + gains - loss) for loss in range(1, losses + 1))]  # fmt: skip


def test_the_band_is_asked_where_it_is_set() -> None:
    """SC-223: at or below the lower band of the closes."""
    rule = MeanReversion(use_mean_reversion=True, reversion_band=True)
    assert rule.judge(Decimal(500), minutes(*[600] * 19)).reason == "indicator_missing"
    assert rule.judge(Decimal(500), minutes(*[600] * 20)).passed  # at the band, which is 600
    assert rule.judge(Decimal(500), minutes(*[599, 601] * 10)).reason == "above_band"
    assert rule.judge(Decimal(500), minutes(*[600] * 19, 590)).passed
    assert rule.judge(Decimal(700), minutes(*[599, 601] * 10), Side.SELL).reason == "below_band"
    assert rule.judge(Decimal(700), minutes(*[600] * 19, 610), Side.SELL).passed


@pytest.mark.parametrize(
    ("vwap", "side", "price"),
    [
        ("590.123", Side.BUY, "590.13"),
        ("590.12", Side.BUY, "590.12"),
        ("589", Side.BUY, "590.01"),
        ("589.877", Side.SELL, "589.87"),
        ("591", Side.SELL, "589.99"),
    ],
)
def test_a_target_at_vwap_gains_a_tick_at_least(vwap: str, side: Side, price: str) -> None:
    """SC-006, SC-224."""
    assert target_at_vwap(Fraction(vwap), Decimal(590), CENT, side) == Decimal(price)


@pytest.mark.parametrize(
    ("wanted", "seconds", "scale", "moved"),
    [
        ("590.05", 60, "1", True),
        ("590.04", 60, "1", False),
        ("590.05", 59, "1", False),
        ("589.95", 60, "1", True),
        ("590.05", 60, "1.25", False),
        ("590.07", 60, "1.25", True),
    ],
)
def test_a_target_at_vwap_is_replaced_seldom(wanted: str, seconds: int, scale: str, moved: bool) -> None:
    """SC-224."""
    assert is_replaced(Decimal(590), Decimal(wanted), seconds, Decimal(scale)) is moved


def test_the_vwap_exit_is_at_vwap() -> None:
    """SC-224."""
    assert is_back_at_vwap(Decimal(590), Fraction(590))
    assert not is_back_at_vwap(Decimal("589.99"), Fraction(590))
    assert is_back_at_vwap(Decimal(590), Fraction(590), Side.SELL)
    assert not is_back_at_vwap(Decimal("590.01"), Fraction(590), Side.SELL)


def test_dollars_of_spy_are_scaled_by_the_previous_close() -> None:
    """SC-012."""
    assert dollar_scale("SPY", Decimal(300)) == 1
    assert dollar_scale("GOOG", Decimal("750.31")) == Decimal("1.250517")
    assert dollar_scale("GOOG", None) is None

"""OTM single-sided fallback: only when too far, only in its hours, a standard deviation out."""

from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve

from gammacore.domain.entries.otm_single_sided import DEFAULT_OTM_RULES, expected_move, select_otm_single_sided
from gammacore.domain.entries.setup import DEFAULT_RULES, Refinement, select_setup
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.words import Confidence, Direction, Setup, StrategyTag

SPX = REGISTRY["SPX"]


def a_setup(symbol: str = "SPX", pin: str = "6800", price: str = "6900", vix: str = "15") -> Setup:
    return select_setup(REGISTRY[symbol], Decimal(pin), Decimal(price), Decimal(vix), DEFAULT_RULES)


def single_sided(
    setup: Setup, symbol: str = "SPX", price: str = "6900", *, since_open: float = 90, hours: float = 5
) -> Refinement:
    return select_otm_single_sided(
        setup, REGISTRY[symbol], Decimal(price), Decimal(15), minutes_since_open=since_open, hours_to_close=hours
    )


def test_one_standard_deviation_counts_trading_hours() -> None:
    """CS-224: 252 × 6.5 hours a year; 252 × 24 was 1.92 times too small."""
    assert expected_move(Decimal(6900), Decimal(15), 5) == pytest.approx(57.18, abs=0.01)


def test_above_the_pin_a_call_spread_is_sold_a_deviation_out() -> None:
    """CS-223..225: 57.2 → 55 points out, 20 wide."""
    setup = single_sided(a_setup()).setup

    assert (setup.tag, setup.direction) == (StrategyTag.OTM_SINGLE_SIDED, Direction.BEARISH)
    assert [int(leg.strike) for leg in setup.legs] == [6955, 6975]
    assert setup.width == 20
    assert setup.confidence is Confidence.MEDIUM
    assert setup.reason is None


def test_below_the_pin_a_put_spread_is_sold() -> None:
    """CS-223."""
    setup = single_sided(a_setup(pin="7000")).setup

    assert setup.direction is Direction.BULLISH
    assert [int(leg.strike) for leg in setup.legs] == [6845, 6825]


@pytest.mark.parametrize(
    ("symbol", "pin", "price", "short", "width"),
    [("NDX", "21000", "21500", 21750, 100), ("SPY", "680", "690", 696, 2), ("RUT", "2300", "2350", 2370, 5)],
)
def test_width_and_least_distance_scale_with_the_index(
    symbol: str, pin: str, price: str, short: int, width: int
) -> None:
    """CS-224, CS-225: at least 50k out, R(20k) wide and never less than a strike."""
    setup = single_sided(a_setup(symbol, pin, price), symbol, price, hours=2 if symbol == "NDX" else 5).setup

    assert [int(leg.strike) for leg in setup.legs] == [short, short + width]


def test_a_side_is_never_narrower_than_a_strike() -> None:
    """CS-225: 20k of a share at k = 1/50 is 0.4 points, which rounds to nothing."""
    share = evolve(REGISTRY["SPY"], k=Fraction(1, 50))
    too_far = select_setup(share, Decimal(100), Decimal(104), Decimal(15))
    setup = select_otm_single_sided(
        too_far, share, Decimal(104), Decimal(15), minutes_since_open=90, hours_to_close=5
    ).setup

    assert setup.width == 1
    assert [int(leg.strike) for leg in setup.legs] == [105, 106]


@pytest.mark.parametrize(
    ("since_open", "hours", "reason"),
    [
        (29.9, 6.0, "otm_window"),
        (30, 6.0, None),
        (270, 2.0, None),
        (270.1, 2.0, "otm_window"),
        (90, 1.99, "otm_hours_to_close"),
        (90, 6.01, "otm_hours_to_close"),
    ],
)
def test_the_window_is_inclusive_on_both_sides(since_open: float, hours: float, reason: str | None) -> None:
    """CS-222."""
    setup = a_setup()

    answer = single_sided(setup, since_open=since_open, hours=hours)

    assert answer.kept_because == reason
    assert (answer.setup == setup) is (reason is not None)


@pytest.mark.parametrize(("price", "vix"), [("6800", "15"), ("6900", "20")])
def test_only_a_setup_that_is_too_far_falls_back(price: str, vix: str) -> None:
    """CS-221: never beside a setup, never at VIX >= 20."""
    setup = a_setup(price=price, vix=vix)

    assert single_sided(setup) == Refinement(setup, "not_too_far")


def test_missing_vix_is_missing_never_a_guess() -> None:
    """CS-225."""
    answer = select_otm_single_sided(a_setup(), SPX, Decimal(6900), None, minutes_since_open=90, hours_to_close=5)

    assert answer.kept_because == "vix_missing"


def test_the_minimum_credit_scales_with_the_base_width() -> None:
    """CS-226: 0.30 × s; SPX 0.30, NDX 1.80, SPY 0.06."""
    least = [DEFAULT_OTM_RULES.minimum_credit(REGISTRY[symbol]) for symbol in ("SPX", "NDX", "SPY")]

    assert least == [Fraction("0.30"), Fraction("1.80"), Fraction("0.06")]

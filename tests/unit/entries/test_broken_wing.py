"""Broken-wing condor: eligibility in order, the rounding table, which wing is narrow."""

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.entries.setup import (
    DEFAULT_RULES,
    BrokenWingRules,
    Refinement,
    Wings,
    break_wings,
    broken_wings,
    select_setup,
    unrounded_wings,
)
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.words import Setup, StrategyTag
from gammacore.errors import InvalidInput

SPX, NDX = REGISTRY["SPX"], REGISTRY["NDX"]


def a_condor(price: int = 6050, *, competing: bool = False) -> Setup:
    return select_setup(SPX, Decimal(6050), Decimal(price), Decimal(16), DEFAULT_RULES, competing=competing)


def broken(setup: Setup, gpi: float = 0.7, magnitude: float = 6e9, vix: str = "16", price: str = "6050") -> Refinement:
    return break_wings(setup, SPX, Decimal(price), Decimal(vix), gpi=gpi, magnitude=magnitude)


@pytest.mark.parametrize(
    ("width", "gpi", "narrow", "wide"),
    [
        (10, 0.45, 8, 12),
        (10, 0.7, 7, 13),
        (10, 1.0, 5, 15),
        (5, 1.0, 3, 7),
        (10, 0.6, 7, 13),
        (10, 0.2, 9, 11),
        (5, 0.2, 4, 6),
    ],
)
def test_wings_before_rounding(width: int, gpi: float, narrow: int, wide: int) -> None:
    """CS-212: 0.6 is the float whose naive product truncates to 2; a wing moves a point at least."""
    assert [int(wing) for wing in unrounded_wings(Decimal(width), gpi, SPX)] == [narrow, wide]


@pytest.mark.parametrize(
    ("symbol", "width", "gpi", "narrow", "wide"),
    [
        ("SPX", 10, 0.45, 10, 10),
        ("SPX", 10, 0.7, 5, 10),
        ("SPX", 10, 1.0, 5, 10),
        ("SPX", 5, 1.0, 5, 5),
        ("NDX", 60, 0.45, 50, 70),
    ],
)
def test_wings_on_strikes_with_the_wide_one_capped(symbol: str, width: int, gpi: float, narrow: int, wide: int) -> None:
    """CS-213."""
    wings = broken_wings(Decimal(width), gpi, REGISTRY[symbol])

    assert [int(wings.narrow), int(wings.wide)] == [narrow, wide]


def test_no_wing_is_narrower_than_two_points_nor_than_a_strike() -> None:
    """CS-212, CS-213: with nine tenths of 5 points moved a wing of 1 is left, which is 2, on strikes 5."""
    leaning = BrokenWingRules(lean=Decimal("0.9"))

    assert [int(wing) for wing in unrounded_wings(Decimal(5), 1.0, SPX, leaning)] == [2, 9]
    assert broken_wings(Decimal(5), 1.0, SPX, leaning) == Wings(Decimal(5), Decimal(10))


@pytest.mark.parametrize(("gpi", "call_long", "put_long"), [(0.7, 6075, 6020), (-0.7, 6080, 6025)])
def test_the_narrow_wing_is_on_the_side_of_the_polarity(gpi: float, call_long: int, put_long: int) -> None:
    """CS-214; the width that counts for risk is the wider wing (CS-215)."""
    setup = broken(a_condor(), gpi).setup

    assert setup.tag is StrategyTag.BROKEN_WING_CONDOR
    assert [int(leg.strike) for leg in setup.legs] == [6070, call_long, 6030, put_long]
    assert setup.width == 10


def test_a_polarity_of_exactly_a_fifth_is_on_its_own_side() -> None:
    """CS-214: GPI = +0.20 once fell on the bearish side. NDX 60 wide: wings 54 / 66 → 50 / 70."""
    condor = select_setup(NDX, Decimal(21500), Decimal(21500), Decimal(16), DEFAULT_RULES)

    setup = break_wings(condor, NDX, Decimal(21500), Decimal(16), gpi=0.20, magnitude=5e9).setup

    assert [int(leg.strike) for leg in setup.legs] == [21600, 21600 + 50, 21400, 21400 - 70]


@pytest.mark.parametrize(
    ("gpi", "magnitude", "competing", "vix", "reason"),
    [
        (0.19, 1e9, True, "26", "polarity_weak"),
        (0.7, 4.9e9, True, "26", "magnitude_weak"),
        (0.7, 5e9, True, "26", "competing"),
        (0.7, 5e9, False, "25.1", "vix_high"),
        (0.45, 5e9, False, "25", "wings_equal"),
        (0.7, 5e9, False, "25", None),
    ],
)
def test_the_first_condition_that_fails_is_the_reason(
    gpi: float, magnitude: float, competing: bool, vix: str, reason: str | None
) -> None:
    """CS-211, CS-213: in the order polarity, magnitude, competing, VIX, centre."""
    condor = a_condor(competing=competing)

    answer = broken(condor, gpi, magnitude, vix)

    assert answer.kept_because == reason
    assert (answer.setup == condor) is (reason is not None)


@pytest.mark.parametrize(("distance", "reason"), [(10, None), (-10, None), (11, "off_centre"), (-11, "off_centre")])
def test_only_near_the_pin(distance: int, reason: str | None) -> None:
    """CS-211: |distance| <= 10k."""
    assert broken(evolve(a_condor(), distance=Decimal(distance))).kept_because == reason


@pytest.mark.parametrize("beyond", ["-1", "0", "1"])
def test_a_condor_with_a_short_at_or_in_the_money_stays_symmetric(beyond: str) -> None:
    """CS-215."""
    condor, step = a_condor(), Decimal(beyond)
    assert condor.call_short is not None
    assert condor.put_short is not None

    reason = None if step < 0 else "short_in_the_money"

    assert broken(condor, price=str(condor.call_short + step)).kept_because == reason
    assert broken(condor, price=str(condor.put_short - step)).kept_because == reason


def test_only_condors_have_wings_to_break() -> None:
    vertical = a_condor(6057)

    assert broken(vertical) == Refinement(vertical, "no_condor")


@pytest.mark.parametrize("gpi", [1.01, float("nan"), float("inf")])
def test_a_polarity_outside_its_range_is_refused(gpi: float) -> None:
    with pytest.raises(InvalidInput, match="gpi"):
        broken(a_condor(), gpi)


@given(symbol=st.sampled_from(sorted(REGISTRY)), widths=st.integers(1, 4), gpi=st.floats(-1, 1, allow_subnormal=False))
def test_wings_stay_on_strikes_and_within_a_ratio_of_two(symbol: str, widths: int, gpi: float) -> None:
    """CS-213, CS-215."""
    underlying = REGISTRY[symbol]
    wings = broken_wings(widths * underlying.base_width, gpi, underlying)

    assert 0 < wings.narrow <= wings.wide <= 2 * wings.narrow
    assert wings.narrow % underlying.strike_increment == wings.wide % underlying.strike_increment == 0

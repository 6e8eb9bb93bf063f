"""The pin: vectors, ties, competing peaks, the fallback, polarity. Rules: CS-101..111."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.gex.pin import (
    Lean,
    Pin,
    PinFallback,
    PinPolarity,
    PinRule,
    PolarityConfidence,
    PolarityRule,
    find_pin,
    measure_polarity,
)
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.errors import InvalidInput

SPX, SPY = REGISTRY["SPX"], REGISTRY["SPY"]


def pin_of(peaks: dict[float, float], price: str, underlying: Underlying = SPX, rule: PinRule = PinRule()) -> Any:  # noqa: B008
    return find_pin(list(peaks), list(peaks.values()), Decimal(price), underlying, rule)


def read(shared_data: Path, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((shared_data / "credit_spreads" / "vectors.json").read_text())[key]
    return rows


def test_scores_of_the_worked_vectors(shared_data: Path) -> None:
    """CS-105."""
    for case in read(shared_data, "peak_scores"):
        underlying = evolve(SPX, pin_radius=Decimal("0.05"))  # scores are reported of strikes out of reach as well
        peaks = dict(case["peaks"])
        ranked = PinRule().candidates(list(peaks), list(peaks.values()), Decimal(case["price"]), underlying)
        expected = {Decimal(k): score for (k, _), score in zip(case["peaks"], case["scores"], strict=True)}

        assert {one.strike: one.score for one in ranked} == pytest.approx(expected, rel=1e-9)


def test_pins_of_the_worked_vectors(shared_data: Path) -> None:
    """CS-107, CS-108."""
    for case in read(shared_data, "competing_expected"):
        pin = pin_of(dict(case["peaks"]), str(case["price"]))

        assert (pin.strike, pin.competing) == (Decimal(case["pin"]), case["competing"])


@pytest.mark.parametrize(
    ("price", "peaks", "strike", "competing"),
    [
        ("5920", {5950: 100e9, 6000: 150e9, 5900: 80e9}, 5900, False),  # a published log has 5950
        ("5920", {5950: 100e9, 6000: 120e9}, 5950, False),
        ("5950", {5900: 120e9, 6000: 100e9}, 5950, True),
        ("5950", {5900: 50e9, 6000: 200e9}, 6000, False),
        ("5900", {5900: 120e9, 6000: 100e9}, 5900, False),
        ("5950", {5900: 100e9, 6000: 50e9}, 5900, False),  # the ratio must be above one half, not at it
        ("5957.5", {5945: 100e9, 5970: 99e9}, 5960, True),  # 5957.5 is the midpoint and goes to the even multiple
    ],
)
def test_proximity_decides_and_like_peaks_compete(
    price: str, peaks: dict[float, float], strike: int, competing: bool
) -> None:
    pin = pin_of(peaks, price)

    assert (pin.strike, pin.competing, pin.polarity) == (strike, competing, PinPolarity.POSITIVE)


@pytest.mark.parametrize(("farther", "competing"), [(6025, False), (6020, True)])
def test_peaks_whose_distances_are_as_four_to_ten_do_not_compete(farther: int, competing: bool) -> None:
    """CS-107, strict: 10 below and 25 above, each as strong for its distance as the other."""
    near, far = ((distance / 6000) ** 5 + 1e-12 for distance in (10, farther - 6000))
    pin = pin_of({5990: 5e9, farther: 5e9 * far / near}, "6000")

    assert pin.competing is competing


def test_the_three_best_are_reported_best_first() -> None:
    pin = pin_of({5990: 1e9, 6000: 1e9, 6010: 1e9, 6020: 1e9}, "6000")

    assert [one.strike for one in pin.candidates] == [6000, 5990, 6010]


@pytest.mark.parametrize(("strike", "found"), [(6089, True), (6090, False), (6091, False)])
def test_the_radius_is_strict(strike: int, found: bool) -> None:
    """CS-104: 1.5 % of 6000 is 90."""
    assert (pin_of({strike: 1e9}, "6000") is not None) == found


@pytest.mark.parametrize(("price", "found"), [("6000.5", False), ("6000.51", True)])
def test_price_is_rounded_half_to_even_before_any_distance(price: str, found: bool) -> None:
    """CS-010: 6000.5 is 6000, and 6090 is then out of reach."""
    assert (pin_of({6090: 1e9}, price) is not None) == found


def test_ties_go_to_the_larger_then_the_nearer_then_the_lower_strike() -> None:
    """CS-105: equal scores of equal exposure either side of price: the lower one leads."""
    pin = pin_of({5990: 7e9, 6010: 7e9}, "6000")

    assert pin.candidates[0].strike == 5990
    assert (pin.strike, pin.competing) == (Decimal(6000), True)


def test_of_like_scores_the_larger_exposure_is_first() -> None:
    """CS-105: 10 at a tenth of the price and 20 at two tenths score the same where distance counts once."""
    rule, wide = PinRule(distance_power=1, score_floor=1e-300), evolve(SPX, pin_radius=Decimal("0.5"))
    found = rule.candidates([900, 1200], [10e9, 20e9], Decimal(1000), wide)

    assert found[0].score == found[1].score
    assert [int(one.strike) for one in found] == [1200, 900]


def test_without_positive_exposure_the_strongest_strike_near_is_neutral() -> None:
    """CS-106."""
    peaks = {5960.0: -3e9, 6030.0: -9e9, 6050.0: -50e9}

    pin = pin_of(peaks, "6000")

    assert (pin.strike, pin.polarity, pin.competing) == (Decimal(6030), PinPolarity.NEUTRAL, False)
    assert pin_of(peaks, "6000", rule=PinRule(pin_fallback=PinFallback.NONE)) is None


def test_fallback_ties_go_to_the_nearer_then_the_lower_strike() -> None:
    assert pin_of({5960.0: -3e9, 6030.0: -3e9}, "6000").strike == 6030
    assert pin_of({5970.0: -3e9, 6030.0: -3e9}, "6000").strike == 5970


@pytest.mark.parametrize("peaks", [{}, {6000.0: 0.0}, {6050.0: -1e9}, {7000.0: 1e9}])
def test_a_pin_is_never_invented(peaks: dict[float, float]) -> None:
    """CS-103, CS-106: pin_missing."""
    assert pin_of(peaks, "6000") is None


def test_distances_are_the_underlying_s_own() -> None:
    """CS-009: 50k is 5 points on SPY; a penny counts there."""
    assert pin_of({646.0: -1e9}, "641.0", SPY) is None
    assert pin_of({645.0: -1e9}, "641.0", SPY).strike == 645


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput, match="net_per_100pct"):
        pin_of({6000.0: float("nan")}, "6000")
    with pytest.raises(InvalidInput, match="net_per_100pct"):
        find_pin([6000.0], [], Decimal(6000), SPX)


@given(
    st.dictionaries(
        st.integers(5900, 6100).map(float),
        st.floats(-1e11, 1e11).filter(lambda exposure: abs(exposure) > 1e-3 or exposure == 0),
        max_size=20,
    )
)
def test_a_pin_is_a_listed_strike_or_the_rounded_middle_of_two(peaks: dict[float, float]) -> None:
    pin: Pin | None = pin_of(peaks, "6003")

    if pin is None:
        assert not any(exposure > 0 and abs(strike - 6003) < 90 for strike, exposure in peaks.items())
        return
    assert pin.competing or float(pin.strike) in peaks
    assert not pin.competing or pin.strike % 5 == 0
    assert (pin.polarity is PinPolarity.POSITIVE) == (pin.candidates[0].exposure > 0)


@pytest.mark.parametrize(
    ("net", "index", "lean", "confidence"),
    [
        ([30e9, -10e9], 0.5, Lean.BULL, PolarityConfidence.MEDIUM),  # 0.5 is not above 0.5
        ([31e9, -9e9], 0.55, Lean.BULL, PolarityConfidence.HIGH),
        ([-31e9, 9e9], -0.55, Lean.BEAR, PolarityConfidence.HIGH),
        ([24e9, -16e9], 0.2, Lean.NEUTRAL, PolarityConfidence.LOW),  # nor is 0.2 above 0.2
        ([-24e9, 16e9], -0.2, Lean.NEUTRAL, PolarityConfidence.LOW),
        ([30e9, 0.0], 1.0, Lean.BULL, PolarityConfidence.MEDIUM),  # magnitude 15e9 is not above 15e9
        ([10e9, 0.0], 1.0, Lean.BULL, PolarityConfidence.LOW),
        ([0.0, 0.0], 0.0, Lean.NEUTRAL, PolarityConfidence.LOW),
    ],
)
def test_polarity_thresholds_are_strict(
    net: list[float], index: float, lean: Lean, confidence: PolarityConfidence
) -> None:
    """CS-109, CS-110; magnitude is per strike inside the radius, both signs."""
    polarity = measure_polarity([5990, 6010], net, Decimal(6000), SPX)

    assert polarity.index == pytest.approx(index)
    assert polarity.magnitude == sum(abs(value) for value in net) / 2
    assert (polarity.direction, polarity.confidence) == (lean, confidence)


def test_polarity_of_nothing_is_nothing() -> None:
    """CS-110: and strikes outside the radius are nothing."""
    for strikes, net in (([], []), ([7000.0], [5e12])):
        polarity = measure_polarity(strikes, net, Decimal(6000), SPX, PolarityRule())
        assert (polarity.index, polarity.magnitude) == (0.0, 0.0)
        assert (polarity.direction, polarity.confidence) == (Lean.NEUTRAL, PolarityConfidence.LOW)

"""Setup selection around the pin: bands, strikes, widths, ties and refusals."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.entries.setup import (
    DEFAULT_RULES,
    SetupRules,
    judge_strikes,
    select_setup,
    shorts_out_of_the_money,
    width_for,
)
from gammacore.domain.instruments import REGISTRY, Right, Side, Underlying
from gammacore.domain.words import Confidence, Direction, Setup, StrategyTag
from gammacore.errors import InvalidInput

SPX, NDX, SPY = REGISTRY["SPX"], REGISTRY["NDX"], REGISTRY["SPY"]
TAGS = {
    "IC": StrategyTag.IRON_CONDOR,
    "CALL": StrategyTag.CALL_SPREAD,
    "PUT": StrategyTag.PUT_SPREAD,
    "SKIP": StrategyTag.SKIP,
}


def select(underlying: Underlying, pin: str, price: str, vix: str | None, *, competing: bool = False) -> Setup:
    known_vix = None if vix is None else Decimal(vix)
    return select_setup(underlying, Decimal(pin), Decimal(price), known_vix, DEFAULT_RULES, competing=competing)


def strikes(setup: Setup) -> list[int]:
    return [int(leg.strike) for leg in setup.legs]


def test_the_reference_setups_of_spx(shared_data: Path) -> None:
    """CS-202, CS-204: all rows of spx_setups, strikes in the order of records."""
    rows = json.loads((shared_data / "credit_spreads" / "vectors.json").read_text())["spx_setups"]
    assert len(rows) == 12
    for row in rows:
        setup = select(SPX, str(row["pin"]), str(row["px"]), str(row["vix"]))
        found = (setup.tag, strikes(setup), setup.confidence.value)
        assert found == (TAGS[row["strategy"]], row["strikes"], row["confidence"]), row


@pytest.mark.parametrize(
    ("symbol", "pin", "price", "vix", "tag", "legs", "confidence"),
    [
        ("SPX", "6050", "6056", "16", "IRON_CONDOR", [6070, 6080, 6030, 6020], "HIGH"),
        ("SPX", "6050", "6057", "14", "CALL_SPREAD", [6065, 6070], "HIGH"),
        ("SPX", "6050", "6066", "16", "CALL_SPREAD", [6080, 6090], "MEDIUM"),
        ("NDX", "21500", "21500", "14", "IRON_CONDOR", [21600, 21630, 21400, 21370], "HIGH"),
        ("SPY", "640", "641.7", "16", "CALL_SPREAD", [643, 645], "MEDIUM"),
        ("SPY", "641", "641.7", "16", "CALL_SPREAD", [643, 645], "HIGH"),
        ("SPY", "641", "640.3", "16", "PUT_SPREAD", [639, 637], "HIGH"),
    ],
)
def test_the_setups_of_the_rule_book(
    symbol: str, pin: str, price: str, vix: str, tag: str, legs: list[int], confidence: str
) -> None:
    """CS-202, CS-207: the last two SPY shorts lie 0.3 out of the money after rounding and move one strike."""
    setup = select(REGISTRY[symbol], pin, price, vix)

    assert (setup.tag.value, strikes(setup), setup.confidence.value) == (tag, legs, confidence)
    assert setup.reason is None


@pytest.mark.parametrize(
    ("pin", "price", "vix", "reason", "detail"),
    [
        ("6050", "6101", "16", "too_far", "price 51 points from the pin > 50"),
        ("6050", "6050", "20.0", "vix_ceiling", "VIX 20.0 >= 20.0"),
        ("6050", "6101", "20", "vix_ceiling", "VIX 20 >= 20.0"),  # tested first
        ("6050", "6050", None, "vix_missing", "VIX is not known"),
    ],
)
def test_a_skip_names_its_rule_and_numbers(pin: str, price: str, vix: str | None, reason: str, detail: str) -> None:
    """CS-201, CS-202, CS-205."""
    setup = select(SPX, pin, price, vix)

    assert (setup.reason, setup.detail, setup.legs) == (reason, detail, ())
    assert (setup.tag, setup.confidence) == (StrategyTag.SKIP, Confidence.LOW)


@pytest.mark.parametrize("price", ["6050", "6043"])
def test_setup_selection_itself_answers_below_the_floor_of_vix(price: str) -> None:
    """CS-201: VIX < 13 is an entry filter's business."""
    assert not select(SPX, "6050", price, "12").is_skip


@pytest.mark.parametrize(
    ("gap", "tag", "confidence"),
    [
        (0, "IRON_CONDOR", "HIGH"),
        (30, "IRON_CONDOR", "HIGH"),
        (31, "SPREAD", "HIGH"),
        (34, "SPREAD", "HIGH"),
        (75, "SPREAD", "HIGH"),
        (76, "SPREAD", "MEDIUM"),
        (79, "SPREAD", "MEDIUM"),
        (250, "SPREAD", "MEDIUM"),
        (251, "SKIP", "LOW"),
    ],
)
def test_ndx_band_limits_are_inclusive(gap: int, tag: str, confidence: str) -> None:
    """CS-203: 30 / 75 / 250 points, without the gaps at 31-34 and 76-79 of an earlier document."""
    for sign, side in ((1, "CALL_"), (-1, "PUT_")):
        setup = select(NDX, "21500", str(21500 + sign * gap), "16")
        assert setup.tag.value == (side + tag if tag == "SPREAD" else tag)
        assert setup.confidence.value == confidence


def test_ndx_has_a_band_and_a_width_at_every_distance() -> None:
    """CS-202, must-not-regress 3 and 4."""
    for gap in range(-260, 261):
        setup = select(NDX, "21500", str(21500 + gap), "16")
        assert setup.is_skip is (abs(gap) > 250), gap
        assert setup.width == 60, gap
        by_side: dict[Right, list[Decimal]] = {}
        for leg in setup.legs:
            by_side.setdefault(leg.right, []).append(leg.strike)
        assert all(abs(short - long) == 60 for short, long in by_side.values())


@pytest.mark.parametrize(
    ("vix", "spx", "ndx"), [("14.99", 5, 30), ("15", 10, 60), ("19.99", 10, 60), ("20", 15, 90), ("25", 20, 120)]
)
def test_width_grows_with_vix_in_base_widths(vix: str, spx: int, ndx: int) -> None:
    """CS-021."""
    assert [int(width_for(Decimal(vix), underlying)) for underlying in (SPX, NDX)] == [spx, ndx]


def test_a_width_that_is_no_multiple_of_the_increment_never_leaves_the_domain() -> None:
    """CS-022."""
    rules = SetupRules(usual_width=Decimal("1.5"))

    setup = select_setup(SPX, Decimal(6050), Decimal(6050), Decimal(16), rules)

    assert (setup.tag, setup.reason, setup.legs) == (StrategyTag.SKIP, "bad_width", ())


@pytest.mark.parametrize(
    ("price", "distance"), [("6056.5", 6), ("6057.5", 8), ("6055.5", 6), ("6056.51", 7), ("6043.5", -6)]
)
def test_price_is_rounded_half_to_even_before_the_distance(price: str, distance: int) -> None:
    """CS-010."""
    assert select(SPX, "6050", price, "16").distance == distance


@pytest.mark.parametrize(
    ("pin", "price", "short"),
    [
        ("6057.5", "6058", 6080),  # the pin rounds to 6058, the condor's call 6078 to 6080
        ("6047", "6065.5", 6080),  # the price rounds to 6066, 12 above it is 6078; 25 above the pin only 6072
    ],
)
def test_shorts_are_measured_from_the_rounded_numbers(pin: str, price: str, short: int) -> None:
    """CS-010, CS-011."""
    assert strikes(select(SPX, pin, price, "16"))[0] == short


def test_strike_ties_go_to_the_even_multiple() -> None:
    """CS-011: 642.5 → 642 on SPY before CS-207 moves it; 6072.5 → 6070 on SPX."""
    assert SPY.strike(Decimal("642.5")) == 642
    assert SPY.strike(Decimal("643.5")) == 644
    assert SPX.strike(Decimal("6072.5")) == 6070
    assert SPX.strike(Decimal("6077.5")) == 6080
    assert SPX.strike(Fraction(12145, 2)) == 6070


def test_legs_are_in_the_order_of_records() -> None:
    """CS-204, CS-402: condor call short, call long, put short, put long; vertical short, long."""
    condor, vertical = select(SPX, "6050", "6050", "16"), select(SPX, "6050", "6043", "14")

    assert [(leg.side, leg.right) for leg in condor.legs] == [
        (Side.SELL, Right.CALL),
        (Side.BUY, Right.CALL),
        (Side.SELL, Right.PUT),
        (Side.BUY, Right.PUT),
    ]
    assert vertical.legs == ((Side.SELL, Right.PUT, Decimal(6035)), (Side.BUY, Right.PUT, Decimal(6030)))
    assert (vertical.direction, condor.direction) == (Direction.BULLISH, Direction.NEUTRAL)


@pytest.mark.parametrize(
    ("price", "confidence"), [("6056", "HIGH"), ("6057", "MEDIUM"), ("6065", "MEDIUM"), ("6035", "MEDIUM")]
)
def test_competing_peaks_sell_a_condor_while_both_shorts_are_a_strike_out(price: str, confidence: str) -> None:
    """CS-206."""
    setup = select(SPX, "6050", price, "16", competing=True)

    assert (setup.tag, setup.confidence.value, setup.competing) == (StrategyTag.IRON_CONDOR, confidence, True)
    assert strikes(setup) == [6070, 6080, 6030, 6020]


@pytest.mark.parametrize("price", ["6066", "6034", "6101"])
def test_competing_peaks_skip_when_a_short_is_too_near(price: str) -> None:
    """CS-206, CS-326."""
    setup = select(SPX, "6050", price, "16", competing=True)

    assert (setup.tag, setup.reason, setup.competing) == (StrategyTag.SKIP, "competing_off_centre", True)


@pytest.mark.parametrize(
    ("field", "pin", "price", "vix"),
    [
        ("pin", "NaN", "6050", "16"),
        ("pin", "-5", "6050", "16"),
        ("price", "6050", "Infinity", "16"),
        ("price", "6050", "0", "16"),
        ("price", "6050", "1e-999999999", "16"),
        ("price", "6050", "1e999999999", "16"),
        ("vix", "6050", "6050", "NaN"),
        ("vix", "6050", "6050", "-1"),
    ],
)
def test_what_is_no_price_is_refused_by_name(field: str, pin: str, price: str, vix: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        select(SPX, pin, price, vix)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("name", "value"), [("near_limit", "5"), ("far_limit", "14"), ("usual_vix", "14"), ("tense_vix", "19")]
)
def test_rules_that_overlap_are_refused(name: str, value: str) -> None:
    changed: dict[str, Any] = {name: Decimal(value)}
    with pytest.raises(InvalidInput):
        evolve(DEFAULT_RULES, **changed)


@given(
    symbol=st.sampled_from(sorted(REGISTRY)),
    pin=st.decimals(180, 30_000, places=2),
    away=st.decimals("-0.02", "0.02", places=5),
    vix=st.decimals(10, "19.99", places=2),
    competing=st.booleans(),
)
def test_whatever_is_sold_is_covered_and_on_strikes(
    symbol: str, pin: Decimal, away: Decimal, vix: Decimal, competing: bool
) -> None:
    """CS-022, CS-207, CS-326: shorts inside longs, verticals a strike out of the money, multiples throughout."""
    underlying = REGISTRY[symbol]
    price = pin * (1 + away)
    setup = select_setup(underlying, pin, price, vix, DEFAULT_RULES, competing=competing)

    assert setup.width is not None
    assert setup.width > 0
    assert all(leg.strike % underlying.strike_increment == 0 for leg in setup.legs)
    if setup.call_short is not None and setup.call_long is not None:
        assert setup.call_long - setup.call_short == setup.width
    if setup.put_short is not None and setup.put_long is not None:
        assert setup.put_short - setup.put_long == setup.width
    if len(setup.legs) == 2 or (competing and setup.legs):
        gaps = shorts_out_of_the_money(setup, price, underlying)
        assert min(gaps.values()) >= underlying.strike_increment


@given(gap=st.integers(7, 50), symbol=st.sampled_from(["SPX", "NDX"]), pin=st.integers(1200, 1300))
def test_calls_above_the_pin_mirror_puts_below_it(gap: int, symbol: str, pin: int) -> None:
    """CS-202, CS-203."""
    underlying = REGISTRY[symbol]
    centre, far = Decimal(pin * 10), Decimal(gap) * int(underlying.k)
    above = select_setup(underlying, centre, centre + far, Decimal(16), DEFAULT_RULES)
    below = select_setup(underlying, centre, centre - far, Decimal(16), DEFAULT_RULES)

    assert (above.direction, below.direction) == (Direction.BEARISH, Direction.BULLISH)
    assert above.call_short is not None
    assert below.put_short is not None
    assert above.call_short - centre == centre - below.put_short


@pytest.mark.parametrize(
    ("price", "bad"), [(300, None), (295, "call 325 > 10% from 295"), (20, "call 40 > 10% from 20")]
)
def test_strikes_are_listed_and_within_a_tenth_of_the_price(price: int, bad: str | None) -> None:
    """CS-016, inclusive: around 300 the far legs are 30 points away, exactly a tenth; below nothing nobody lists."""
    setup = select_setup(SPX, Decimal(price), Decimal(price), Decimal(16))
    verdict = judge_strikes(setup, Decimal(price), Decimal("0.10"))

    assert verdict.reason == (None if bad is None else "bad_strike")
    assert bad is None or f"{verdict.value} {verdict.limit}" == bad


def test_a_strike_of_nothing_is_none_however_far_one_may_go() -> None:
    """CS-016."""
    setup = select_setup(SPX, Decimal(20), Decimal(20), Decimal(16))

    assert judge_strikes(setup, Decimal(20), Decimal(5)).reason == "bad_strike"
    assert setup.refused(judge_strikes(setup, Decimal(20), Decimal(5))).reason == "bad_strike"

"""Prices and greeks against vollib and against their own identities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black_scholes_merton import black_scholes_merton
from vollib.black_scholes_merton.greeks import analytical

from gammacore.domain.pricing import black_scholes as bs
from gammacore.domain.pricing.black_scholes import SECONDS_PER_YEAR, Terms, years_from_seconds
from gammacore.errors import InvalidInput

MINUTE = 60 / SECONDS_PER_YEAR
CASES = [
    (right, spot, strike, years, rate, dividend, volatility)
    for right in "cp"
    for spot, strike in ((6000.0, 6000.0), (6000.0, 6030.0), (6000.0, 5400.0), (450.0, 500.0))
    for years, volatility in ((MINUTE, 0.12), (6.5 / 8760, 0.15), (30 / 365, 0.2), (2.0, 0.35))
    for rate, dividend in ((0.0, 0.0), (0.053, 0.015), (-0.01, 0.0))
]


def terms(right: str, spot: float, strike: float, years: float, rate: float, dividend: float) -> Terms:
    return Terms.from_rates(spot, strike, right == "c", years, rate, dividend)


@pytest.mark.parametrize("case", CASES)
def test_price_and_greeks_agree_with_vollib(case: tuple[str, float, float, float, float, float, float]) -> None:
    right, spot, strike, years, rate, dividend, volatility = case
    ours = terms(right, spot, strike, years, rate, dividend)
    theirs = (right, spot, strike, years, rate, volatility, dividend)

    assert bs.price(ours, volatility) == pytest.approx(black_scholes_merton(*theirs), rel=1e-9, abs=1e-10)
    assert bs.delta(ours, volatility) == pytest.approx(analytical.delta(*theirs), rel=1e-9, abs=1e-10)
    assert bs.gamma(ours, volatility) == pytest.approx(analytical.gamma(*theirs), rel=1e-9, abs=1e-10)
    assert bs.vega(ours, volatility) == pytest.approx(analytical.vega(*theirs), rel=1e-9, abs=1e-10)
    assert bs.theta(ours, volatility) == pytest.approx(analytical.theta(*theirs), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("right", ["c", "p"])
@pytest.mark.parametrize("strike", [5900.0, 6000.0, 6150.0])
def test_vanna_and_charm_are_the_slopes_of_delta(right: str, strike: float) -> None:
    years, step, hour = 20 / 365, 1e-5, 1 / 8760
    now = terms(right, 6000.0, strike, years, 0.05, 0.013)
    sooner, later = (terms(right, 6000.0, strike, years + shift, 0.05, 0.013) for shift in (-hour / 50, hour / 50))

    by_volatility = (bs.delta(now, 0.2 + step) - bs.delta(now, 0.2 - step)) / (2 * step) * 0.01
    by_time = (bs.delta(sooner, 0.2) - bs.delta(later, 0.2)) * 25

    assert bs.vanna(now, 0.2) == pytest.approx(by_volatility, rel=1e-6)
    assert bs.charm(now, 0.2) == pytest.approx(by_time, rel=1e-6)


@given(
    strike=st.floats(1.0, 20000.0),
    years=st.floats(MINUTE, 5.0),
    volatility=st.floats(0.005, 5.0),
    rate=st.floats(-0.02, 0.1),
)
def test_call_minus_put_is_the_discounted_forward_minus_strike(
    strike: float, years: float, volatility: float, rate: float
) -> None:
    both = Terms.from_rates(6000.0, strike, np.array([True, False]), years, rate, 0.01)

    call, put = bs.price(both, volatility)
    upper, lower = bs.delta(both, volatility)

    assert call - put == pytest.approx(float(both.discount * (both.forward - strike)), rel=1e-12, abs=1e-8)
    assert upper - lower == pytest.approx(float(both.dividend_discount), rel=1e-12)
    assert 0 <= put <= both.discount * strike * (1 + 1e-12)
    assert call >= 0


def test_a_minute_before_the_bell_far_strikes_are_worth_intrinsic_and_nothing_is_nan() -> None:
    far = Terms.from_rates(6000.0, [1000.0, 6000.0, 12000.0], True, MINUTE)

    assert bs.price(far, 0.1)[[0, 2]].tolist() == [5000.0, 0.0]
    for greek in (bs.delta, bs.gamma, bs.vega, bs.theta, bs.vanna, bs.charm):
        assert np.isfinite(greek(far, 0.1)).all()
        assert np.isfinite(greek(far, 1e-12)).all()


def test_no_volatility_is_the_limit_and_an_unknown_one_is_unknown() -> None:
    put = Terms.from_rates(100.0, [90.0, 110.0], False, 1.0)

    assert bs.price(put, 0.0).tolist() == [0.0, 10.0]
    assert bs.delta(put, 0.0).tolist() == [0.0, -1.0]
    assert bs.gamma(put, 0.0).tolist() == [0.0, 0.0]
    assert np.isnan(bs.price(put, math.nan)).all()
    assert np.isnan(bs.gamma(put, -0.2)).all()


def test_time_left_is_at_least_a_minute() -> None:
    assert (years_from_seconds([-5, 0, 60, 3600]) * SECONDS_PER_YEAR).round(6).tolist() == [60, 60, 60, 3600]


@pytest.mark.parametrize(("field", "value"), [("strike", 0.0), ("spot", -1.0), ("years", math.nan)])
def test_terms_refuse_what_is_no_price_and_name_it(field: str, value: float) -> None:
    given_terms = {"spot": 100.0, "strike": 100.0, "is_call": True, "years": 1.0} | {field: value}

    with pytest.raises(InvalidInput) as refusal:
        Terms.from_rates(**given_terms)
    assert refusal.value.field == field

"""Implied volatility: against vollib, back from our own prices, and where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from gammacore.domain.pricing.black_scholes import SECONDS_PER_YEAR, Terms, price
from gammacore.domain.pricing.implied_volatility import implied_volatility


def test_a_smile_from_a_minute_to_two_years_agrees_with_vollib() -> None:
    random = np.random.default_rng(7)
    strike = np.round(6000 * np.exp(random.normal(0, 0.1, 1500)) / 5) * 5
    years = np.exp(random.uniform(np.log(60 / SECONDS_PER_YEAR), np.log(2), 1500))
    smile = 0.15 + 0.3 * np.abs(np.log(strike / 6000))
    terms = Terms.from_rates(6000.0, strike, strike > 6000, years, 0.04)
    prices = price(terms, smile)
    seen = prices > 0.05

    ours = implied_volatility(prices, terms)[seen]
    theirs = [
        vollib_volatility(p, 6000.0, k, t, 0.04, "c" if k > 6000 else "p")
        for p, k, t in zip(prices[seen], strike[seen], years[seen], strict=True)
    ]

    assert seen.sum() > 500
    assert np.abs(ours - theirs).max() < 1e-10
    assert np.abs(ours - smile[seen]).max() < 1e-10


@given(moneyness=st.floats(-2.0, 0.0), root_variance=st.floats(1e-4, 3.0), is_call=st.booleans())
def test_every_out_of_the_money_price_leads_back_to_its_volatility(
    moneyness: float, root_variance: float, is_call: bool
) -> None:
    forward = 100.0 * np.exp(moneyness if is_call else -moneyness)
    terms = Terms(forward, 100.0, is_call, 1.0, forward, 1.0)
    quoted = price(terms, root_variance)
    if quoted < 1e-290:
        return

    assert float(implied_volatility(quoted, terms)) == pytest.approx(root_variance, rel=5e-11)


@given(root_variance=st.floats(0.05, 2.0), strike=st.floats(60.0, 150.0), is_call=st.booleans())
def test_an_in_the_money_price_tells_as_much_as_its_time_value_holds(
    root_variance: float, strike: float, is_call: bool
) -> None:
    terms = Terms.from_rates(100.0, strike, is_call, 1.0)
    other = Terms.from_rates(100.0, strike, not is_call, 1.0)
    if min(price(terms, root_variance), price(other, root_variance)) < 1e-3:
        return

    assert float(implied_volatility(price(terms, root_variance), terms)) == pytest.approx(root_variance, rel=1e-7)


def test_no_solution_is_nan_and_nothing_is_raised() -> None:
    call = Terms.from_rates(100.0, 90.0, True, 1.0)
    impossible = [-1.0, 0.0, 9.99, 10.0, 100.0, 250.0, np.nan, np.inf]

    assert np.isnan(implied_volatility(impossible, call)).all()
    assert implied_volatility(10.5, call) > 0


def test_prices_next_to_their_bounds_still_have_a_volatility() -> None:
    call = Terms.from_rates(100.0, 100.0, True, 1.0)

    assert float(implied_volatility(100.0 * (1 - 1e-9), call)) == pytest.approx(12.2, abs=0.1)
    assert float(implied_volatility(1e-7, call)) == pytest.approx(1e-9 * np.sqrt(2 * np.pi), rel=1e-6)
    assert implied_volatility(1e-200, Terms.from_rates(100.0, 150.0, True, 1.0)) > 0


@pytest.mark.parametrize("widths", [0.0, 1e-12, 1e-9, 1e-8, 1e-4, 0.5, 2.0, 10.0, 37.0])
def test_the_first_guess_holds_from_at_the_money_to_where_prices_end(widths: float) -> None:
    """So many widths out of the money, where the table of guesses begins and ends as well."""
    root_variance = 0.01
    forward = 100.0 * np.exp(-widths * root_variance)
    call = Terms(forward, 100.0, True, 1.0, forward, 1.0)

    assert float(implied_volatility(price(call, root_variance), call)) == pytest.approx(root_variance, rel=1e-11)

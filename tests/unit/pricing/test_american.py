"""The tree: the vectors of SC-420..422, its inversion, its peers, and where there is no answer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.columns import Floats
from gammacore.domain.pricing import black_scholes
from gammacore.domain.pricing.american import tree_greeks, tree_price, tree_volatility, volatility_bracket
from gammacore.domain.pricing.black_scholes import Terms, years_from_seconds

DAYS_DROPPED_BY_QUANTLIB = {
    19, 21, 38, 42, 76, 84, 149, 152, 161, 168, 171, 175, 298, 299, 303, 304, 317, 322, 323, 336, 337, 341, 342, 350,
    355, 361,
}  # fmt: skip
"""Whole days at which its grid of times ends after expiry, so that exercise at expiry is lost. Rule: SC-423."""
A, B, C = (590, 590, 45, 0.05, 0.012, 0.18), (590, 600, 60, 0.043, 0.012, 0.16), (100, 100, 30, 0.05, 0.0, 0.20)
TABLE = [
    (A, True, (16.197444, 0.541202, 0.010705, -0.196415), (16.234569, 0.541299, 0.010623, -0.195153)),
    (A, False, (13.668366, -0.467335, 0.011091, -0.140783), (13.481001, -0.457222, 0.010623, -0.134196)),
    (B, True, (12.129872, 0.440121, 0.010324, -0.146651), (12.106713, 0.440264, 0.010289, -0.146241)),
    (B, False, (19.440466, -0.573288, 0.010864, -0.101597), (19.043260, -0.557765, 0.010289, -0.095413)),
    (C, True, (2.487660, 0.539864, 0.069758, -0.045278), (2.493377, 0.539964, 0.069228, -0.044988)),
    (C, False, (2.109725, -0.469399, 0.072054, -0.032762), (2.083261, -0.460036, 0.069228, -0.031346)),
]


def terms(case: tuple[float, ...], is_call: bool) -> Terms:
    spot, strike, days, rate, dividend, _ = case
    return Terms.from_rates(spot, strike, is_call, days / 365, rate, dividend)


@pytest.mark.parametrize(("case", "is_call", "american_row", "european_row"), TABLE)
def test_the_table_of_prices_and_greeks(
    case: tuple[float, ...], is_call: bool, american_row: tuple[float, ...], european_row: tuple[float, ...]
) -> None:
    """SC-414, SC-416, SC-417, SC-420."""
    given_terms, volatility = terms(case, is_call), case[-1]
    ours = tree_greeks(given_terms, volatility)
    closed = (black_scholes.price, black_scholes.delta, black_scholes.gamma, black_scholes.theta)

    assert [ours.price[0], ours.delta[0], ours.gamma[0], ours.theta[0]] == pytest.approx(american_row, abs=6e-7)
    assert [float(one(given_terms, volatility)) for one in closed] == pytest.approx(european_row, abs=6e-7)


@pytest.mark.parametrize(
    ("case", "is_call", "price", "volatility"),
    [
        (A, True, 16.00, 0.177588),
        (A, False, 13.40, 0.176715),
        (C, True, 2.50, 0.201087),
        (C, False, 2.09, 0.198259),
        ((612.37, 615, 37, 0.0432, 0.0119, 0.0), True, 10.55, 0.139728),
    ],
)
def test_the_volatilities_of_the_table(case: tuple[float, ...], is_call: bool, price: float, volatility: float) -> None:
    """SC-418, SC-421."""
    assert tree_volatility(price, terms(case, is_call))[0] == pytest.approx(volatility, abs=1.5e-6)


@pytest.mark.parametrize(
    ("seconds", "is_call", "price", "delta"),
    [
        (60, True, 0.058315, 0.500165),
        (60, False, 0.058274, -0.499852),
        (3600, True, 0.452820, 0.501280),
        (3600, False, 0.450383, -0.498873),
    ],
)
def test_a_minute_and_an_hour_before_expiry(seconds: float, is_call: bool, price: float, delta: float) -> None:
    """SC-422: the time is counted in seconds."""
    ours = tree_greeks(Terms.from_rates(590, 590, is_call, years_from_seconds(seconds), 0.05, 0.012), 0.18)

    assert (ours.price[0], ours.delta[0]) == pytest.approx((price, delta), abs=6e-7)


@pytest.mark.parametrize(
    ("spot", "strike", "days", "is_call", "price"),
    [
        (600, 580, 45, True, 0.50),  # SC-421: below intrinsic
        (590, 590, 45, True, 0.0),
        (590, 590, 45, True, -1.0),
        (590, 590, 45, True, np.nan),
        (748.40, 790, 85, False, 41.60),  # SC-419: at parity exactly
        (590, 590, 45, True, 590.5),  # above the share itself
        (590, 590, 45, False, 590.5),
    ],
)
def test_no_root_is_no_number(spot: float, strike: float, days: float, is_call: bool, price: float) -> None:
    """SC-419: missing, never 0, and nothing is raised."""
    found = tree_volatility(price, Terms.from_rates(spot, strike, is_call, days / 365, 0.05, 0.012))

    assert np.isnan(found[0])


def test_a_probability_outside_0_and_1_has_no_value_and_moves_the_lower_bracket() -> None:
    """SC-414, SC-418: 1 % volatility cannot follow a rate of 10 % on a step of a hundredth of a year."""
    year = Terms.from_rates(100, 100, True, 1.0, rate=0.10)
    low, high = volatility_bracket(year, 100)

    assert np.isnan(tree_greeks(year, 0.005).price[0])
    assert np.isnan(tree_price(year, low * 0.999)[0])
    assert not np.isnan(tree_price(year, low)[0])
    assert 0.0099 < float(low) < 0.0101
    assert float(high) == 4.0
    assert tree_volatility(tree_price(year, 0.011), year)[0] == pytest.approx(0.011, abs=1e-6)


def test_a_share_that_falls_faster_than_any_tree_has_no_volatility() -> None:
    falling = Terms.from_rates(100, 100, False, 1.0, dividend=60.0)

    assert np.isnan(tree_volatility(50.0, falling)[0])


@given(
    moneyness=st.floats(-0.15, 0.15), days=st.floats(0.01, 120), volatility=st.floats(0.05, 1.5), is_call=st.booleans(),
    rate=st.floats(-0.01, 0.08), dividend=st.floats(0, 0.05),
)  # fmt: skip
def test_a_price_with_time_value_leads_back_to_its_volatility(
    moneyness: float, days: float, volatility: float, is_call: bool, rate: float, dividend: float
) -> None:
    """SC-418: to 1e-6."""
    one = Terms.from_rates(600, 600 * np.exp(moneyness), is_call, days / 365, rate, dividend)
    quoted = tree_price(one, volatility)
    if quoted[0] - tree_price(one, volatility_bracket(one, 100)[0])[0] < 1e-4:
        return

    assert tree_volatility(quoted, one)[0] == pytest.approx(volatility, abs=1.1e-6)


def test_many_contracts_at_once_are_the_same_as_one_by_one() -> None:
    """More than a block of them, calls and puts and expiries mixed: no row knows its neighbours."""
    random = np.random.default_rng(3)
    count = 250
    strike, days = random.uniform(500, 700, count), random.uniform(1, 90, count)
    chain = Terms.from_rates(600, strike, random.random(count) < 0.5, days / 365, 0.04, 0.01)
    price = tree_price(chain, random.uniform(0.1, 0.5, count))
    together = tree_volatility(price, chain)

    for row in range(0, count, 25):
        alone = Terms.from_rates(600, strike[row], chain.is_call[row], days[row] / 365, 0.04, 0.01)
        assert tree_volatility(price[row], alone)[0] == pytest.approx(together[row], abs=1e-12, nan_ok=True)


# -- against QuantLib --------------------------------------------------------------------------------------------------


def peer() -> Any:
    return pytest.importorskip("QuantLib", reason="QuantLib is not installed: pip install --group test")


Columns = tuple[Any, ...]


def drawn(count: int) -> Columns:
    """Days to expiry (whole, none that QuantLib gets wrong), strike, is call, rate, dividend yield, volatility."""
    random = np.random.default_rng(423)
    days = random.choice([day for day in range(1, 400) if day not in DAYS_DROPPED_BY_QUANTLIB], count).astype(float)
    strike = np.round(590 * np.exp(random.normal(0, 0.06, count)))
    is_call = random.random(count) < 0.5
    return (
        days, strike, is_call, random.uniform(0, 0.06, count), random.uniform(0, 0.03, count),
        random.uniform(0.12, 0.6, count),
    )  # fmt: skip


def quantlib_prices(ql: Any, columns: Columns, exercise: str, engine: str) -> Floats:
    """Null calendar, Actual/365, as SC-423 says."""
    today, count, none = ql.Date(1, 6, 2026), ql.Actual365Fixed(), ql.NullCalendar()
    ql.Settings.instance().evaluationDate = today
    prices = []
    for days, strike, is_call, rate, dividend, volatility in zip(*columns, strict=True):
        flat = [ql.YieldTermStructureHandle(ql.FlatForward(today, float(one), count)) for one in (dividend, rate)]
        smile = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, none, float(volatility), count))
        process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(590.0)), *flat, smile)
        end = today + int(days)
        how = ql.AmericanExercise(today, end) if exercise == "american" else ql.EuropeanExercise(end)
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, float(strike))
        option = ql.VanillaOption(payoff, how)
        closed = engine == "closed"
        option.setPricingEngine(
            ql.AnalyticEuropeanEngine(process) if closed else ql.BinomialVanillaEngine(process, "crr", 100)
        )
        prices.append(option.NPV())
    return np.array(prices)


def drawn_terms(columns: Columns) -> Terms:
    days, strike, is_call, rate, dividend, _ = columns
    return Terms.from_rates(590, strike, is_call, days / 365, rate, dividend)


def test_a_thousand_european_contracts_agree_with_quantlib() -> None:
    """SC-423, SC-1301: in closed form to 1e-6, on the tree without early exercise to 1e-8."""
    ql, columns = peer(), drawn(1000)
    ours = black_scholes.price(drawn_terms(columns), columns[-1])
    tree = tree_greeks(drawn_terms(columns), columns[-1], early=False).price

    assert np.abs(ours - quantlib_prices(ql, columns, "european", "closed")).max() < 1e-6
    assert np.abs(tree - quantlib_prices(ql, columns, "european", "tree")).max() < 1e-8


def test_a_thousand_american_contracts_agree_with_quantlib() -> None:
    """SC-423, SC-1301: on every maturity at which its grid of times ends at expiry."""
    ql, columns = peer(), drawn(1000)

    assert (
        np.abs(tree_price(drawn_terms(columns), columns[-1]) - quantlib_prices(ql, columns, "american", "tree")).max()
        < 1e-8
    )


def test_the_days_left_out_are_those_at_which_quantlib_drops_the_exercise_at_expiry() -> None:
    """SC-423: at 341 days it is wrong, at 340 right; the tree here is steady between them."""
    ql = peer()
    one = np.ones(2)
    columns = (np.array([340.0, 341.0]), 620 * one, np.zeros(2, dtype=bool), 0.05 * one, 0.012 * one, 0.18 * one)
    theirs, ours = quantlib_prices(ql, columns, "american", "tree"), tree_price(drawn_terms(columns), 0.18)

    assert abs(theirs[0] - ours[0]) < 1e-8
    assert 0.0 < ours[1] - ours[0] < 0.05
    assert abs(theirs[1] - ours[1]) > 1e-3

"""Flips: every root, refined; none invented; the fast profile equal to the plain sum."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders_gex import TODAY, Row, a_chain
from gammacore.domain.gex.contracts import PricedContracts, live_contracts, price_contracts
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.flips import FlipGrid, GammaCurve, find_flips
from gammacore.domain.gex.survey import measure_drift, survey_gamma
from gammacore.domain.gex.units import ALL, GreeksSource, Rates, SignModel, regular_settlement
from gammacore.domain.pricing.black_scholes import SECONDS_PER_YEAR, charm, gamma, vanna
from gammacore.domain.sessions import new_york

NO_RATES = Rates(0.0, 0.0)
SPOT = Decimal(6000)
ROWS = st.lists(
    st.builds(
        Row,
        strike=st.integers(40, 80).map(lambda hundreds: hundreds * 100.0),
        is_call=st.booleans(),
        open_interest=st.integers(1, 9000).map(float),
        iv=st.floats(0.05, 0.9),
        expiry=st.sampled_from([TODAY, TODAY + dt.timedelta(days=2), TODAY + dt.timedelta(days=120)]),
    ),
    min_size=1,
    max_size=20,
)


def priced(rows: list[Row], rates: Rates = NO_RATES, spot: Decimal = SPOT) -> PricedContracts:
    return price_contracts(live_contracts(a_chain(rows), ALL, regular_settlement), spot, rates)


def plain_net(rows: list[Row], level: float) -> float:
    """The exposure formula, row by row, with the spot at `level`."""
    as_of = a_chain(rows).as_of
    total = 0.0
    for row in rows:
        years = (new_york(row.expiry, dt.time(16)) - as_of).total_seconds() / SECONDS_PER_YEAR
        width = row.iv * math.sqrt(years)
        d1 = math.log(level / row.strike) / width + width / 2
        per_share = math.exp(-d1 * d1 / 2) / (math.sqrt(2 * math.pi) * level * width)
        total += (1 if row.is_call else -1) * per_share * row.open_interest * level * level
    return total


@given(ROWS)
def test_the_profile_is_the_plain_sum_at_every_level(rows: list[Row]) -> None:
    profile = find_flips(priced(rows)).profile
    expected = [plain_net(rows, level) for level in profile.levels]
    one_sided = [evolve(row, is_call=True) for row in rows]  # calls and puts may cancel, their rounding errors do not
    mass = max(plain_net(one_sided, level) for level in profile.levels)

    assert profile.levels[0] == pytest.approx(4800)
    assert profile.levels[-1] == pytest.approx(7200)
    assert len(profile.levels) >= 60
    assert profile.net.tolist() == pytest.approx(expected, rel=1e-8, abs=max(mass, 1e-30) * 1e-11)


@given(ROWS)
def test_every_root_is_a_sign_change_and_flip_is_the_nearest(rows: list[Row]) -> None:
    found = find_flips(priced(rows))

    for root in found.roots:
        assert plain_net(rows, root * (1 - 1e-6)) * plain_net(rows, root * (1 + 1e-6)) <= 0
    assert list(found.roots) == sorted(found.roots)
    assert found.flip == min(found.roots, key=lambda root: abs(root - 6000), default=None)


@given(ROWS, st.integers(2, 40))
def test_flips_stay_when_open_interest_scales_or_the_sign_model_turns(rows: list[Row], times: int) -> None:
    roots = pytest.approx(list(find_flips(priced(rows)).roots), rel=1e-6)
    more = [evolve(row, open_interest=row.open_interest * times) for row in rows]

    assert list(find_flips(priced(more)).roots) == roots
    assert list(find_flips(priced(rows), SignModel.INVERTED).roots) == roots
    assert find_flips(priced(rows), SignModel.UNSIGNED).roots == ()


def test_one_put_below_and_one_call_above_flip_half_way() -> None:
    week = TODAY + dt.timedelta(days=7)
    found = find_flips(priced([Row(5800, False, iv=0.2, expiry=week), Row(6200, True, iv=0.2, expiry=week)]))

    variance = 0.2**2 * 7.25 / 365
    assert found.flip == pytest.approx(math.sqrt(5800 * 6200) * math.exp(-variance / 2), rel=1e-6)
    assert len(found.roots) == 1


def test_all_calls_have_no_flip() -> None:
    found = find_flips(priced([Row(6000, True, iv=0.2)]))

    assert (found.roots, found.flip) == ((), None)
    assert find_flips(priced([])).flip is None


def test_roots_a_coarse_grid_would_step_over_are_found() -> None:
    """Three sharp peaks ten points apart, minutes before the close: a 60-point grid has steps of forty."""
    late = new_york(TODAY, dt.time(15, 50))
    rows = [Row(6005, False, iv=0.12), Row(6015, True, iv=0.12), Row(6025, False, iv=0.12)]
    contracts = price_contracts(live_contracts(a_chain(rows, late), ALL, regular_settlement), SPOT, NO_RATES)

    found = find_flips(contracts)

    assert found.roots == pytest.approx((6010, 6020), abs=0.2)


def test_the_curve_at_spot_is_the_exposure_and_carry_is_kept() -> None:
    rows = [Row(6000, True, iv=0.2, expiry=TODAY + dt.timedelta(days=60)), Row(5900, False, iv=0.25)]
    rates = Rates(0.05, 0.01)

    curve = GammaCurve(priced(rows, rates), SignModel.NAIVE)

    assert curve.at(6000.0) == pytest.approx(measure_exposure(a_chain(rows), SPOT, rates=rates).net_total, rel=1e-12)
    moved = priced(rows, rates, Decimal(6060))
    total = float(gamma(moved.terms, moved.volatility) @ np.array([1.0, -1.0])) * 100 * 100 * 6060**2 * 0.01
    assert curve.at(6060.0) == pytest.approx(total, rel=1e-12)


def test_the_grid_is_never_coarser_than_sixty_levels_nor_finer_than_it_can_afford() -> None:
    grid = FlipGrid()

    assert grid.spaced(0.5, 20_000)[1] == 60
    assert grid.spaced(1e-6, 20_000)[1] == 120
    assert grid.spaced(1e-6, 100)[1] == 2000


def test_a_survey_prices_flips_with_the_model_whatever_the_greeks() -> None:
    rows = [Row(5950, False, iv=0.2, gamma=0.004), Row(6050, True, iv=0.2, gamma=0.004)]
    feed, model = (survey_gamma(a_chain(rows), SPOT, rates=NO_RATES, greeks=source) for source in GreeksSource)

    assert feed.flips.roots == model.flips.roots
    assert feed.exposure.net_total != model.exposure.net_total


def test_drift_is_dollars_of_delta_a_volatility_point_and_an_hour() -> None:
    contracts = priced([Row(6050, True, 500, iv=0.2)])
    inputs = contracts.terms, contracts.volatility

    drift = measure_drift(contracts)

    assert drift.vanna == pytest.approx(float(vanna(*inputs)[0]) * 500 * 100 * 6000)
    assert drift.charm == pytest.approx(float(charm(*inputs)[0]) * 500 * 100 * 6000)
    assert measure_drift(contracts, SignModel.INVERTED).charm == -drift.charm
    assert drift.vanna > 0 > drift.charm  # out of the money: volatility brings the call nearer, time takes it away


def test_the_profile_counts_the_shares_of_a_contract() -> None:
    """Exposure and profile of one survey are in the same dollars, whatever the multiplier."""
    rows = [Row(5950, False, iv=0.2), Row(6050, True, iv=0.2)]
    full, mini = (survey_gamma(a_chain(rows), SPOT, rates=NO_RATES, multiplier=shares) for shares in (100, 10))

    assert mini.flips.profile.net == pytest.approx(full.flips.profile.net / 10)
    assert mini.flips.roots == pytest.approx(full.flips.roots, rel=1e-9)

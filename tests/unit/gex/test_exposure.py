"""Exposure: units, identities, what counts and what is skipped, and why."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders_gex import NAN, TEN_O_CLOCK, TODAY, Row, a_chain
from gammacore.domain.gex.contracts import live_contracts, price_contracts
from gammacore.domain.gex.exposure import GammaExposure, measure_exposure
from gammacore.domain.gex.units import ALL, ExposureUnit, GreeksSource, Rates, Scope, SignModel, regular_settlement
from gammacore.domain.gex.units import TODAY as ZERO_DTE
from gammacore.domain.instruments import SettlementTime
from gammacore.domain.pricing.black_scholes import Terms, price
from gammacore.domain.sessions import new_york
from gammacore.errors import InvalidInput

SPOT = Decimal(6000)
NO_RATES = Rates(0.0, 0.0)
ROWS = st.lists(
    st.builds(
        Row,
        strike=st.sampled_from([5950.0, 5975.0, 6000.0, 6025.0, 6050.0]),
        is_call=st.booleans(),
        open_interest=st.integers(1, 5000).map(float),
        iv=st.floats(0.05, 0.6),
    ),
    min_size=1,
    max_size=12,
)


def measured(rows: list[Row], spot: Decimal = SPOT, **how: object) -> GammaExposure:
    return measure_exposure(a_chain(rows), spot, **({"rates": NO_RATES} | how))  # type: ignore[arg-type]  # mixed


def test_the_reference_engine_s_vector_in_both_units() -> None:
    """DH-907: $ per point, and per 1 % = S/100 of it."""
    calls = [(445, 1000, 0.05), (450, 5000, 0.08), (455, 2000, 0.04)]
    puts = [(445, 2000, 0.06), (450, 3000, 0.07), (455, 1000, 0.03)]
    rows = [Row(k, True, oi, gamma=g) for k, oi, g in calls] + [Row(k, False, oi, gamma=g) for k, oi, g in puts]

    per_point = measured(rows, Decimal(450), greeks=GreeksSource.FEED, unit=ExposureUnit.PER_POINT)

    assert per_point.call_total == pytest.approx(23_850_000, rel=1e-12)
    assert per_point.put_total == pytest.approx(-16_200_000, rel=1e-12)
    assert per_point.net_total == pytest.approx(7_650_000, rel=1e-12)
    assert per_point.converted(ExposureUnit.PER_1PCT).net_total == pytest.approx(34_425_000, rel=1e-12)


def test_units_convert_exactly_and_back() -> None:
    spot = Decimal("4505.1001")

    assert ExposureUnit.PER_1PCT.factor(spot) == ExposureUnit.PER_POINT.factor(spot) * Fraction(spot) / 100
    assert ExposureUnit.PER_100PCT.factor(spot) == 100 * ExposureUnit.PER_1PCT.factor(spot)
    exposure = measured([Row(6000, True, iv=0.2)])
    back = exposure.converted(ExposureUnit.SHARES).converted(ExposureUnit.PER_1PCT)
    assert back.net.tolist() == pytest.approx(exposure.net.tolist(), rel=1e-15)
    assert back.unit is ExposureUnit.PER_1PCT


@given(ROWS)
def test_net_is_calls_plus_puts_and_inverting_the_sign_model_negates_it(rows: list[Row]) -> None:
    naive, inverted, mass = (measured(rows, sign=sign) for sign in SignModel)

    assert naive.net_total == naive.call_total + naive.put_total
    assert (naive.call >= 0).all()
    assert (naive.put <= 0).all()
    assert inverted.net.tolist() == (-naive.net).tolist()
    assert mass.net_total == pytest.approx(naive.call_total - naive.put_total)


@given(ROWS, st.integers(2, 50))
def test_exposure_is_linear_in_open_interest(rows: list[Row], times: int) -> None:
    more = [evolve(row, open_interest=row.open_interest * times) for row in rows]

    assert measured(more).net.tolist() == pytest.approx((measured(rows).net * times).tolist(), rel=1e-12, abs=1e-6)


@given(ROWS)
def test_splitting_rows_changes_nothing(rows: list[Row]) -> None:
    halves = [evolve(row, open_interest=row.open_interest / 2) for row in rows for _ in range(2)]

    whole, split = measured(rows), measured(halves)

    assert split.strikes.tolist() == whole.strikes.tolist()
    assert split.net.tolist() == pytest.approx(whole.net.tolist(), rel=1e-12, abs=1e-6)


@given(ROWS, st.sampled_from([0.1, 0.5, 3.0]))
def test_scaling_spot_and_strikes_scales_gamma_down_and_exposure_up(rows: list[Row], scale: float) -> None:
    """XSP against SPX at K/10: gamma × 10, exposure per 1 % / 10."""
    scaled = [evolve(row, strike=row.strike * scale) for row in rows]
    spot = SPOT * Decimal(str(scale))

    assert measured(scaled, spot).net.tolist() == pytest.approx((measured(rows).net * scale).tolist(), rel=1e-9, abs=1)
    assert (measured(scaled, spot, unit=ExposureUnit.SHARES).call * scale).tolist() == pytest.approx(
        measured(rows, unit=ExposureUnit.SHARES).call.tolist(), rel=1e-9, abs=1e-9
    )


def test_zero_dte_is_the_new_york_date_and_both_roots_count() -> None:
    rows = [
        Row(6000, True, iv=0.2),
        Row(6000, True, iv=0.2, root="SPX"),
        Row(6000, True, iv=0.2, expiry=TODAY + dt.timedelta(days=1)),
        Row(6000, True, iv=0.2, expiry=TODAY + dt.timedelta(days=7)),
    ]
    late = dt.datetime(2026, 8, 20, 0, 30, tzinfo=dt.UTC)  # still the 19th in New York, and today has settled

    used = {str(scope): measured(rows, scope=scope).used for scope in (ZERO_DTE, Scope(1), Scope(7), ALL)}

    assert used == {"0dte": 1, "1d": 2, "7d": 3, "all": 3}
    evening = measure_exposure(a_chain(rows, late), SPOT, scope=ZERO_DTE, rates=NO_RATES)
    assert (evening.used, evening.skipped) == (0, {"expired": 2})


@pytest.mark.parametrize(
    ("left", "used"), [(dt.timedelta(seconds=1), 1), (dt.timedelta(0), 0), (dt.timedelta(seconds=-1), 0)]
)
def test_a_contract_lives_until_the_very_instant_of_its_settlement(left: dt.timedelta, used: int) -> None:
    half_day = new_york(TODAY, dt.time(13))
    chain = a_chain([Row(6000, True, iv=0.2)], half_day - left)

    exposure = measure_exposure(chain, SPOT, rates=NO_RATES, settles_at=lambda _day, _when: half_day)

    assert exposure.used == used
    assert np.isfinite(exposure.net).all()


def test_am_contracts_settle_at_the_open_and_pm_contracts_at_the_close() -> None:
    assert regular_settlement(TODAY, SettlementTime.AM) == new_york(TODAY, dt.time(9, 30))
    assert regular_settlement(TODAY, SettlementTime.PM) == new_york(TODAY, dt.time(16))
    rows = [Row(6000, True, iv=0.2, root="SPX"), Row(6000, True, iv=0.2)]

    exposure = measured(rows)

    assert (exposure.used, exposure.skipped) == (1, {"expired": 1})


def test_every_contract_left_out_is_counted_by_reason() -> None:
    """CS-102; an IV of 0 is missing: asked of the quotes out of the money, skipped in the money."""
    rows = [
        Row(6050, True, iv=0.2),
        Row(6050, True, open_interest=0, iv=0.2),
        Row(6050, True, iv=0.0),  # no quote to ask
        Row(6050, True, iv=NAN, bid=0.0, ask=0.1),
        Row(5950, True, iv=0.0, bid=50.0, ask=52.0),
        Row(5950, False, iv=NAN, bid=5.0, ask=4.0),
        Row(6050, True, iv=0.2, expiry=TODAY - dt.timedelta(days=1)),
    ]

    exposure = measured(rows)

    assert exposure.used == 2
    assert exposure.skipped == {"expired": 1, "zero_oi": 1, "no_iv": 1, "bad_quote": 2}


def test_with_greeks_from_the_feed_a_row_without_gamma_is_counted() -> None:
    rows = [Row(6000, True, gamma=0.01), Row(6000, True, gamma=0.0), Row(6000, True, iv=0.2)]

    exposure = measured(rows, greeks=GreeksSource.FEED)

    assert (exposure.used, exposure.skipped) == (1, {"no_gamma": 2})
    assert exposure.net_total == pytest.approx(0.01 * 100 * 100 * 6000**2 * 0.01)


def test_a_missing_volatility_comes_from_the_quotes() -> None:
    hours = 6 / 8760
    put = float(price(Terms.from_rates(6000.0, 5950.0, False, hours), 0.23))
    asked = measured([Row(5950, False, bid=put - 0.01, ask=put + 0.01)])

    assert asked.net_total == pytest.approx(measured([Row(5950, False, iv=0.23)]).net_total, rel=1e-9)


def test_the_implied_forward_serves_until_a_rate_is_named() -> None:
    expiry, years = TODAY + dt.timedelta(days=60), 60.25 / 365  # 10:00 to 16:00, 60 days on
    rows = []
    for strike in np.arange(5000.0, 7001.0, 25.0):
        for right in (True, False):
            mid = float(price(Terms.from_rates(6000.0, strike, right, years, 0.05, 0.01), 0.2))
            rows.append(Row(strike, right, iv=0.2, bid=mid, ask=mid, expiry=expiry))
    by_quotes = measured(rows, rates=Rates())
    by_hand = measured(rows, rates=Rates(0.05, 0.01))

    assert (by_quotes.implied_forwards, by_quotes.series) == (1, 1)
    assert (by_hand.implied_forwards, by_hand.series) == (0, 1)
    assert by_quotes.net.tolist() == pytest.approx(by_hand.net.tolist(), rel=1e-6)
    only_rate = price_contracts(live_contracts(a_chain(rows), ALL, regular_settlement), SPOT, Rates(rate=0.05))
    assert only_rate.terms.forward[0] == pytest.approx(6000 * np.exp(0.05 * years))


def test_each_series_implies_its_own_forward() -> None:
    forwards = {30: 6050.0, 60: 5900.0}
    rows = []
    for days, forward in forwards.items():
        years = (days + 0.25) / 365
        for strike in np.arange(5700.0, 6301.0, 25.0):
            for right in (True, False):
                mid = float(price(Terms(6000.0, strike, right, years, forward, 1.0), 0.2))
                rows.append(Row(strike, right, iv=0.2, bid=mid, ask=mid, expiry=TODAY + dt.timedelta(days=days)))

    found = price_contracts(live_contracts(a_chain(rows), ALL, regular_settlement), SPOT, Rates())

    implied = dict(zip(found.terms.years.tolist(), found.terms.forward.tolist(), strict=True))
    assert [implied[years] for years in sorted(implied)] == pytest.approx(list(forwards.values()), rel=1e-4)


@pytest.mark.parametrize("text", ["", "0", "-1d", "week", "1.5d", "999999d"])
def test_a_scope_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="scope"):
        Scope.parse(text)


@pytest.mark.parametrize("text", ["0dte", "1d", "45d", "all"])
def test_a_scope_prints_as_it_is_written(text: str) -> None:
    assert str(Scope.parse(text.upper())) == text


def test_an_empty_chain_is_no_exposure_and_no_fault() -> None:
    nothing = measure_exposure(a_chain([]), SPOT)

    assert (nothing.used, nothing.net_total, len(nothing.strikes)) == (0, 0.0, 0)


@pytest.mark.parametrize("spot", ["0", "-1", "NaN", "Infinity"])
def test_a_spot_that_is_no_price_is_refused(spot: str) -> None:
    with pytest.raises(InvalidInput, match="spot"):
        measure_exposure(a_chain([Row(6000, True, iv=0.2)], TEN_O_CLOCK), Decimal(spot))

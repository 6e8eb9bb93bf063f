"""A chain without volatility, or with some of it, is measured on both sides of every strike. CS-101, CS-014."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from builders_gex import NAN, TEN_O_CLOCK, Row, a_chain
from builders_quotes_only import quotes_alone
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.domain.columns import Bools, Floats
from gammacore.domain.gex.contracts import PricedContracts, live_contracts, price_contracts
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.pin import find_pin
from gammacore.domain.gex.units import (
    ALL,
    IMPLIED_FORWARD,
    ExposureUnit,
    GreeksSource,
    Rates,
    SettlesAt,
    regular_settlement,
)
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot, OptionChain
from gammacore.domain.pricing.black_scholes import Terms
from gammacore.domain.pricing.black_scholes import price as value
from gammacore.domain.sessions import TradingSession

SPX = REGISTRY["SPX"]
SESSION = TradingSession.of(dt.date(2026, 3, 3))


def simulated(minutes: float = 60, seed: int = 1) -> tuple[OptionChain, MarketSnapshot]:
    snapshot = SimulatedMarket(SPX, SESSION, seed=seed).snapshot(SESSION.after_open(minutes))
    assert snapshot.chain is not None
    return snapshot.chain, snapshot


def spot_of(snapshot: MarketSnapshot) -> Decimal:
    assert snapshot.spot is not None
    return snapshot.spot


def priced(
    chain: OptionChain, spot: Decimal, settles_at: SettlesAt = regular_settlement, rates: Rates = IMPLIED_FORWARD
) -> PricedContracts:
    return price_contracts(live_contracts(chain, ALL, settles_at), spot, rates)


def with_open_interest(chain: OptionChain) -> OptionChain:
    return evolve(chain, open_interest=np.ones(len(chain)))


def pin(chain: OptionChain, spot: Decimal) -> Decimal | None:
    exposure = measure_exposure(chain, spot, unit=ExposureUnit.PER_100PCT)
    found = find_pin(exposure.strikes, exposure.net, spot, SPX)
    return None if found is None else found.strike


def blank(chain: OptionChain, rows: Bools) -> OptionChain:
    return evolve(chain, iv=np.where(rows, 0.0, chain.iv))


def in_the_money(chain: OptionChain, spot: Decimal) -> Bools:
    return np.where(chain.is_call, chain.strike < float(spot), chain.strike > float(spot))


def test_the_volatility_behind_the_quotes_is_found_for_both_sides_of_a_strike() -> None:
    chain, snapshot = simulated()
    chain, spot = with_open_interest(chain), spot_of(snapshot)

    known, found = priced(chain, spot), priced(quotes_alone(chain), spot)

    assert len(found) > len(known) * 0.9
    volatility: dict[float, set[float]] = {}
    for strike, volatility_found in zip(found.terms.strike.tolist(), found.volatility.tolist(), strict=True):
        volatility.setdefault(strike, set()).add(volatility_found)
    assert {len(each) for each in volatility.values()} == {1}
    near = {
        strike: volatility_found
        for strike, volatility_found in zip(known.terms.strike.tolist(), known.volatility.tolist(), strict=True)
        if abs(strike - float(spot)) < 50
    }
    np.testing.assert_allclose([min(volatility[strike]) for strike in near], list(near.values()), rtol=0.03)


@pytest.mark.parametrize("minutes", range(0, 390, 39))
@pytest.mark.parametrize("lacking", ["all", "in the money", "out of the money", "every third"])
def test_the_pin_is_that_of_a_chain_which_knows_its_volatility(minutes: int, lacking: str) -> None:
    """CS-101: contracts of one side alone would show another one."""
    chain, snapshot = simulated(minutes)
    spot = spot_of(snapshot)
    inside = in_the_money(chain, spot)
    rows = {
        "all": np.ones(len(chain), dtype=bool),
        "in the money": inside,
        "out of the money": ~inside,
        "every third": np.arange(len(chain)) % 3 == 0,
    }[lacking]

    assert pin(blank(chain, rows), spot) == pin(chain, spot)


def test_rows_that_have_the_vendor_s_volatility_keep_it() -> None:
    """And a contract in the money takes it from the other side of its strike, not from that side's quotes."""
    rows = [
        Row(6050, True, iv=0.2, bid=1.0, ask=1.1),
        Row(6050, False, iv=0.0, bid=50.0, ask=52.0),
        Row(5950, True, iv=0.35),
        Row(5950, False, iv=0.25, bid=1.0, ask=1.1),
    ]

    found = priced(a_chain(rows), Decimal(6000))

    assert found.volatility.tolist() == [0.2, 0.2, 0.35, 0.25]


def test_an_unquoted_contract_out_of_the_money_takes_the_volatility_in_the_data_for_its_strike() -> None:
    rows = [Row(6050, True), Row(6050, False, iv=0.22), Row(5950, False)]

    found = priced(a_chain(rows), Decimal(6000))

    assert found.volatility.tolist() == [0.22, 0.22]
    assert found.skipped == {"bad_quote": 1}


def test_the_contract_that_is_asked_may_have_no_open_interest() -> None:
    rows = [Row(6050, True, bid=1.0, ask=1.1, open_interest=0), Row(6050, False, bid=50.0, ask=52.0)]

    found = priced(a_chain(rows), Decimal(6000))

    assert len(found) == 1
    assert found.volatility[0] > 0
    assert found.skipped == {"zero_oi": 1}


@pytest.mark.parametrize("rates", [IMPLIED_FORWARD, Rates(0.0, 0.0), Rates(rate=0.05)])
def test_a_chain_of_quotes_is_measured_on_both_sides_at_any_rates(rates: Rates) -> None:
    strikes = np.repeat(np.arange(5900.0, 6101.0, 10.0), 2)
    calls = np.tile([True, False], len(strikes) // 2)
    fair = value(Terms.from_rates(6000, strikes, calls, 6 / 8760, *rates.figures), 0.15)
    rows = [
        Row(strike, call, bid=price, ask=price)
        for strike, call, price in zip(strikes.tolist(), calls.tolist(), fair.tolist(), strict=True)
        if price > 0
    ]

    exposure = measure_exposure(a_chain(rows), Decimal(6000), rates=rates)
    known = measure_exposure(a_chain([evolve(row, iv=0.15) for row in rows]), Decimal(6000), rates=rates)

    np.testing.assert_allclose(exposure.net, known.net, rtol=1e-6, atol=1e-6 * np.abs(known.call).max())


def test_at_an_explicit_rate_a_zero_beside_a_volatility_in_the_data_stays_out() -> None:
    """So were the reference figures of gex.md made. What is not given at all is found at any rate."""
    none_found, not_given = (
        a_chain([Row(6050, True, iv=0.2), Row(6050, False, iv=iv, bid=50.0, ask=52.0)]) for iv in (0.0, NAN)
    )

    assert priced(none_found, Decimal(6000), rates=Rates(0.0, 0.0)).skipped == {"no_iv": 1}
    assert [len(priced(chain, Decimal(6000))) for chain in (none_found, not_given)] == [2, 2]
    assert len(priced(not_given, Decimal(6000), rates=Rates(0.0, 0.0))) == 2


def test_settled_contracts_are_not_asked_and_an_empty_chain_has_nothing() -> None:
    chain, snapshot = simulated()
    spot = spot_of(snapshot)

    settled = priced(quotes_alone(chain), spot, settles_at=lambda *_: SESSION.open)

    assert (len(settled), settled.skipped) == (0, {"expired": len(chain)})
    assert len(priced(quotes_alone(chain).expiring(dt.date(2026, 3, 4)), spot)) == 0


def test_two_roots_of_one_date_are_distinguished() -> None:
    """Each root and expiry has its own time left: the same quote means less volatility where there is more of it."""
    chain, snapshot = simulated(0)
    unknown = np.full(2 * len(chain), np.nan)
    both = OptionChain(
        "SPX",
        chain.as_of,
        ("SPXW", "SPX"),
        strike=np.tile(chain.strike, 2),
        is_call=np.tile(chain.is_call, 2),
        expiry=np.concatenate((chain.expiry, chain.expiry + 1)),
        root=np.repeat([0, 1], len(chain)),
        bid=np.tile(chain.bid, 2),
        ask=np.tile(chain.ask, 2),
        open_interest=np.ones(2 * len(chain)),
        iv=unknown,
        gamma=unknown,
        quoted_at=np.tile(chain.quoted_at, 2),
    )

    found = priced(both, spot_of(snapshot))

    near = np.abs(found.terms.strike - float(spot_of(snapshot))) < 20
    years: Floats = found.terms.years
    today, tomorrow = near & (years == years.min()), near & (years == years.max())
    assert today.sum() == tomorrow.sum() > 0
    assert (found.volatility[today] > found.volatility[tomorrow]).all()


def test_a_gamma_that_is_not_given_is_that_of_its_strike_s_other_contract() -> None:
    """Not given is not zero: 0 in the data stays out, and so does what neither side of a strike gives."""
    rows = [
        Row(6050, True, gamma=0.01),
        Row(6050, False, gamma=NAN),
        Row(5950, True, gamma=NAN),
        Row(5950, False, gamma=0.0),
        Row(5900, True, gamma=NAN, expiry=dt.date(2026, 8, 20)),
        Row(5900, False, gamma=0.02),
    ]

    exposure = measure_exposure(a_chain(rows, TEN_O_CLOCK), Decimal(6000), greeks=GreeksSource.FEED)

    assert (exposure.used, exposure.skipped) == (3, {"no_gamma": 3})
    assert exposure.net.tolist()[-1] == 0.0

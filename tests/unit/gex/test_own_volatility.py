"""A chain without volatility gets its own: each strike's, from its out-of-the-money quote. CS-101, CS-014."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from gammacore.adapters.simulated import SimulatedMarket
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.own_volatility import with_own_volatility
from gammacore.domain.gex.pin import find_pin
from gammacore.domain.gex.units import ExposureUnit
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot, OptionChain
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


def test_the_volatility_behind_the_quotes_is_found_for_both_sides_of_a_strike() -> None:
    chain, snapshot = simulated()

    ours = with_own_volatility(chain, spot_of(snapshot))

    near = np.abs(chain.strike - float(spot_of(snapshot))) < 50
    np.testing.assert_allclose(ours.iv[near], chain.iv[near], rtol=0.03)
    half = len(chain) // 2  # calls first, then puts, both by strike
    np.testing.assert_array_equal(ours.iv[:half], ours.iv[half:])
    assert np.isnan(ours.gamma).all()


@pytest.mark.parametrize("minutes", range(0, 390, 39))
def test_the_pin_is_that_of_a_chain_which_knows_its_volatility(minutes: int) -> None:
    """CS-101: out-of-the-money contracts alone would show another one."""
    chain, snapshot = simulated(minutes)
    spot = spot_of(snapshot)

    def pin(of: OptionChain) -> Decimal | None:
        exposure = measure_exposure(of, spot, unit=ExposureUnit.PER_100PCT)
        found = find_pin(exposure.strikes, exposure.net, spot, SPX)
        return None if found is None else found.strike

    assert pin(with_own_volatility(chain, spot)) == pin(chain)


def test_a_volatility_that_came_along_is_let_go() -> None:
    chain, snapshot = simulated()
    stale = evolve(chain, iv=np.full(len(chain), 9.9), gamma=np.full(len(chain), 0.5))

    ours, again = (with_own_volatility(each, spot_of(snapshot)) for each in (chain, stale))

    np.testing.assert_array_equal(ours.iv, again.iv)


def test_where_nothing_is_quoted_nothing_is_known_and_nothing_is_counted_twice() -> None:
    chain, snapshot = simulated()
    unquoted = chain.strike == 6000 if (chain.strike == 6000).any() else chain.strike == chain.strike[0]
    bare = evolve(chain, bid=np.where(unquoted, np.nan, chain.bid))

    ours = with_own_volatility(bare, spot_of(snapshot))

    assert np.isnan(ours.iv[unquoted]).all()
    assert ours.defects == bare.defects == {"missing": int(unquoted.sum())}


def test_settled_contracts_have_none() -> None:
    chain, snapshot = simulated()

    ours = with_own_volatility(chain, spot_of(snapshot), settles_at=lambda *_: SESSION.open)

    assert np.isnan(ours.iv).all()
    assert len(with_own_volatility(chain.expiring(dt.date(2026, 3, 4)), spot_of(snapshot))) == 0


def test_two_roots_of_one_date_are_told_apart() -> None:
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
        open_interest=np.tile(chain.open_interest, 2),
        iv=unknown,
        gamma=unknown,
        quoted_at=np.tile(chain.quoted_at, 2),
    )

    ours = with_own_volatility(both, spot_of(snapshot))

    near = np.flatnonzero(np.abs(chain.strike - float(spot_of(snapshot))) < 20)
    assert (ours.iv[near] > ours.iv[near + len(chain)]).all()

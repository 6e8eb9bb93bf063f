"""Quotes of the simulated chain: on ticks, around one fair value, without money for nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.model import SimulationModel
from gammacore.adapters.simulated.quotes import TickRounding, listed_strikes, smile
from gammacore.domain.instruments import REGISTRY, Right, Ticks, Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.pricing.black_scholes import Terms, price, years_from_seconds
from gammacore.domain.sessions import TradingSession

SPX = REGISTRY["SPX"]
SESSION = TradingSession.of(dt.date(2026, 3, 3))


def the_chain(
    minutes: float = 30, seed: int = 33, underlying: Underlying = SPX, vix: Decimal | None = None
) -> tuple[OptionChain, float]:
    """The chain that many minutes after the open, and the spot it was quoted at."""
    snapshot = SimulatedMarket(underlying, SESSION, seed=seed, vix=vix).snapshot(SESSION.after_open(minutes))
    assert snapshot.chain is not None
    assert snapshot.spot is not None
    return snapshot.chain, float(snapshot.spot)


@pytest.mark.parametrize("symbol", ["SPX", "NDX", "SPY"])
def test_quotes_are_on_ticks_and_never_crossed(symbol: str) -> None:
    underlying = REGISTRY[symbol]
    chain, _ = the_chain(underlying=underlying)

    assert (chain.bid >= 0).all()
    assert (chain.ask > chain.bid).all()
    for row in range(len(chain)):
        quote = chain.quote(chain.contract(row, underlying))
        assert quote is not None
        for side in (quote.bid, quote.ask):
            assert side % underlying.ticks.single(side) == 0
        assert quote.ask >= underlying.ticks.single_low


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 389))
def test_verticals_are_worth_between_nothing_and_their_width(seed: int, minutes: int) -> None:
    """CS-002, to a tick: quotes are rounded leg by leg."""
    chain, _ = the_chain(minutes, seed)
    mid = ((chain.bid + chain.ask) / 2).reshape(2, -1)
    tick = float(SPX.ticks.single_high)

    for mids in (-np.diff(mid[0]), np.diff(mid[1])):  # calls fall and puts rise with the strike
        assert (mids >= -1e-9).all()
        assert (mids <= float(SPX.strike_increment) + tick + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 389))
def test_fair_value_is_inside_every_quote_and_put_call_parity_holds(seed: int, minutes: int) -> None:
    chain, spot = the_chain(minutes, seed)
    years = years_from_seconds((390 - minutes) * 60)
    fair = price(Terms.from_rates(spot, chain.strike, chain.is_call, years), chain.iv)

    assert (chain.bid <= fair + 1e-9).all()
    assert (fair <= chain.ask + 1e-9).all()
    (call_bid, put_bid), (call_ask, put_ask) = chain.bid.reshape(2, -1), chain.ask.reshape(2, -1)
    forward = spot - chain.strike[: len(chain) // 2]
    assert (call_bid - put_ask <= forward + 1e-9).all()
    assert (forward <= call_ask - put_bid + 1e-9).all()


def test_the_smile_admits_no_butterfly_for_free() -> None:
    """Call values are convex in the strike, so every terminal price has a probability of at least 0."""
    deviation = 0.0045
    strikes = 6000 * np.exp(np.linspace(-8, 8, 2001) * deviation)
    volatility = smile(SimulationModel(), np.log(strikes / 6000) / deviation) * deviation
    calls = price(Terms.from_rates(6000, strikes, True, 1.0), volatility)
    slopes = np.diff(calls) / np.diff(strikes)

    assert (np.diff(slopes) >= -1e-9).all()
    assert (slopes >= -1).all()
    assert (slopes <= 0).all()


def test_quotes_widen_with_depth_in_the_money_and_with_vix() -> None:
    calm, spot = the_chain(vix=Decimal(14))
    nervous, _ = the_chain(vix=Decimal(30))
    width = calm.ask - calm.bid
    calls = calm.is_call

    assert width[calls & (calm.strike < spot - 150)].mean() > 2 * width[calls & (abs(calm.strike - spot) < 15)].mean()
    assert (nervous.ask - nervous.bid).mean() > width.mean()


def test_a_ten_wide_spread_near_the_money_at_ten_is_worth_what_the_desk_knows() -> None:
    """At VIX 16, short 10 out of the money: about 2 to 4 points, as on real 0DTE mornings."""
    earned = []
    for seed in range(30):
        chain, spot = the_chain(30, seed, vix=Decimal(16))
        short = SPX.strike(Decimal(spot + 10))
        legs = [chain.quote(SPX.contract(SESSION.date, Right.CALL, strike)) for strike in (short, short + 10)]
        earned.append(float(legs[0].mid - legs[1].mid) if legs[0] and legs[1] else 0.0)

    assert 2.0 < float(np.mean(earned)) < 4.0


def test_open_interest_is_fixed_for_the_day_and_peaks() -> None:
    morning, spot = the_chain(0)
    evening, _ = the_chain(389)
    interest, calls = morning.open_interest, morning.is_call
    above, below = morning.strike > spot + 50, morning.strike < spot - 50

    assert (interest == evening.open_interest).all()
    assert (interest == np.rint(interest)).all()
    assert interest[calls].max() > 5 * np.median(interest[calls & (abs(morning.strike - spot) < 50)])
    assert interest[calls & above].sum() > 3 * interest[~calls & above].sum()
    assert interest[~calls & below].sum() > 3 * interest[calls & below].sum()


def test_strikes_reach_past_a_crash_and_never_below_the_first_increment() -> None:
    assert listed_strikes(SimulationModel(), 6000.0, 5.0)[[0, -1]].tolist() == [5760.0, 6240.0]
    assert listed_strikes(SimulationModel(), 3.0, 1.0).tolist() == [float(strike) for strike in range(1, 14)]


@pytest.mark.parametrize(
    ("points", "down", "up"),
    [(0.0, 0.0, 0.05), (0.04, 0.0, 0.05), (0.151, 0.15, 0.2), (2.99, 2.95, 3.0), (3.01, 3.0, 3.1), (-0.2, 0.0, 0.05)],
)
def test_makers_round_away_from_fair_value(points: float, down: float, up: float) -> None:
    rounding, column = TickRounding.of(Ticks()), np.array([points])

    assert (rounding.down(column)[0], rounding.up(column)[0]) == (down, up)

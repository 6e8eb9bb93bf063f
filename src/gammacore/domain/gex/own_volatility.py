"""The volatility a chain's own quotes imply, for feeds whose greeks are missing or an hour old."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from attrs import evolve

from gammacore.domain.gex.contracts import live_contracts, price_contracts
from gammacore.domain.gex.units import ALL, IMPLIED_FORWARD, Rates, SettlesAt, regular_settlement
from gammacore.domain.market import Floats, OptionChain


def with_own_volatility(
    chain: OptionChain, spot: Decimal, settles_at: SettlesAt = regular_settlement, rates: Rates = IMPLIED_FORWARD
) -> OptionChain:
    """The chain with each strike's volatility as the mid of its out-of-the-money contract tells it; gamma unknown.

    The contract in the money has the same volatility, by parity; its own quote is too wide to tell. Without this it
    would not count at all, and a strike above the price would show its calls alone. NaN where nothing is quoted and
    where the contracts have settled. Whatever volatility the chain held is let go. Rules: CS-101, gex.md greeks source.
    """
    volatility = np.full(len(chain), np.nan)
    for code, expiry in sorted({*zip(chain.root.tolist(), chain.expiry.tolist(), strict=True)}):
        rows = (chain.root == code) & (chain.expiry == np.datetime64(expiry, "D"))
        volatility[rows] = _of_series(chain.select(rows), spot, settles_at, rates)
    ours = evolve(chain, iv=volatility, gamma=np.full(len(chain), np.nan))
    ours.defects.clear()  # what was taken out before is not taken out twice
    ours.defects.update(chain.defects)
    return ours


def _of_series(series: OptionChain, spot: Decimal, settles_at: SettlesAt, rates: Rates) -> Floats:
    """The volatility of every row of one root and expiry; open interest has no say in it."""
    unknown, everybody = np.full(len(series), np.nan), np.ones(len(series))
    asked = evolve(series, iv=unknown, open_interest=everybody)
    priced = price_contracts(live_contracts(asked, ALL, settles_at), spot, rates)
    told = dict(zip(priced.terms.strike.tolist(), priced.volatility.tolist(), strict=True))
    return np.array([told.get(strike, np.nan) for strike in series.strike.tolist()])

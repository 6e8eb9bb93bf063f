"""Greeks as Alpaca shows them beside a quote: of the whole chain at once, out of the volatility the market has."""

from __future__ import annotations

from typing import Any

import numpy as np

from gammacore.domain.market import MarketSnapshot
from gammacore.domain.pricing.black_scholes import Terms, delta, gamma, theta, vega, years_from_seconds
from gammacore.ports.clock import Calendar

_GREEKS = {"delta": delta, "gamma": gamma, "theta": theta, "vega": vega}


def greeks_of(seen: MarketSnapshot, calendar: Calendar) -> dict[int, dict[str, Any]]:
    """Greeks and implied volatility by row of the chain; a contract without a volatility has none."""
    chain = seen.chain
    if chain is None or seen.spot is None:
        return {}
    seconds = {}
    for expiry in np.unique(chain.expiry):
        session = calendar.session(expiry.item())
        seconds[expiry] = np.nan if session is None else (session.close - seen.at).total_seconds()
    left = np.array([seconds[expiry] for expiry in chain.expiry])
    rows = np.flatnonzero(np.isfinite(chain.iv) & np.isfinite(left))
    if not rows.size:
        return {}
    terms = Terms.from_rates(seen.spot, chain.strike[rows], chain.is_call[rows], years_from_seconds(left[rows]))
    columns = {name: greek(terms, chain.iv[rows]).tolist() for name, greek in _GREEKS.items()}
    return {
        row: {
            "greeks": {**{name: column[place] for name, column in columns.items()}, "rho": 0.0},
            "impliedVolatility": float(chain.iv[row]),
        }
        for place, row in enumerate(rows.tolist())
    }

"""A whole chain against a loop over contracts: implied volatility, gamma, profile of 60 levels, every flip.

Run with `OPENBLAS_NUM_THREADS=1 python benchmarks/gex_profile.py`. Ratios hold between machines, times do not. The
loop is vollib's, one call a contract and level, timed on a sample and scaled up; rounds alternate, medians count.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np
from vollib.black_scholes.greeks.analytical import gamma as vollib_gamma
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from gammacore.domain.gex.contracts import PricedContracts
from gammacore.domain.gex.flips import FlipGrid, GammaCurve, find_flips
from gammacore.domain.gex.units import ALL, Rates, SignModel
from gammacore.domain.market import Floats
from gammacore.domain.pricing.black_scholes import Terms, delta, gamma, price
from gammacore.domain.pricing.implied_volatility import implied_volatility

CONTRACTS, LEVELS, ROUNDS, SAMPLE = 20_000, 60, 7, 120
SPOT, RATE = 6000.0, 0.04
GRID = FlipGrid(budget=0)  # exactly 60 levels, as the loop has


def listed_chain() -> tuple[Terms, Floats, Floats]:
    """Terms, prices and open interest of 20,000 contracts from hours to two years, with a smile."""
    random = np.random.default_rng(20260819)
    years = np.repeat(np.geomspace(4 / 8760, 2.0, 50), CONTRACTS // 50)
    width = np.maximum(0.02, 0.25 * np.sqrt(years))
    strike = np.round(SPOT * np.exp(random.normal(0.0, 1.0, CONTRACTS) * width) / 5) * 5
    terms = Terms.from_rates(SPOT, strike, random.random(CONTRACTS) < 0.5, years, RATE)
    moneyness = np.log(strike / SPOT)
    smile = 0.16 - 0.10 * np.tanh(moneyness) + 0.25 * moneyness**2
    return terms, price(terms, smile), random.integers(1, 5000, CONTRACTS).astype(float)


def priced(terms: Terms, volatility: Floats, open_interest: Floats) -> PricedContracts:
    at = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
    spot = Decimal(int(SPOT))
    return PricedContracts(spot, at, ALL, Rates(RATE), terms, volatility, open_interest, {}, 0, 50)


def median_seconds(*works: Callable[[], object]) -> list[float]:
    """Median time of each, measured in alternating rounds."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, record in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            record.append(time.perf_counter() - start)
    return [statistics.median(record) for record in times]


def main() -> None:
    terms, prices, held = listed_chain()
    intrinsic = terms.discount * np.maximum(np.where(terms.is_call, 1, -1) * (terms.forward - terms.strike), 0)
    seen = np.flatnonzero(prices - intrinsic >= 0.05)
    shown = Terms(
        SPOT, terms.strike[seen], terms.is_call[seen], terms.years[seen], terms.forward[seen], terms.discount[seen]
    )
    volatility = implied_volatility(prices[seen], shown)
    contracts = priced(shown, volatility, held[seen])
    step, count = GRID.spaced(1.0, CONTRACTS)
    sample = np.random.default_rng(1).choice(seen, SAMPLE, replace=False)
    rows = [
        ("c" if terms.is_call[i] else "p", float(prices[i]), float(terms.strike[i]), float(terms.years[i]))
        for i in sample
    ]

    def whole_chain() -> None:
        found = implied_volatility(prices[seen], shown)
        gamma(shown, found)
        delta(shown, found)
        find_flips(priced(shown, found, held[seen]), SignModel.NAIVE, GRID)

    def loop_volatility() -> None:
        for right, value, strike, years in rows:
            vollib_volatility(value, SPOT, strike, years, RATE, right)

    def loop_gamma() -> None:
        for right, _, strike, years in rows:
            vollib_gamma(right, SPOT, strike, years, RATE, 0.2)

    iv, one_gamma, profile, whole, loop_iv, loop_one = median_seconds(
        lambda: implied_volatility(prices[seen], shown),
        lambda: gamma(shown, volatility),
        lambda: GammaCurve(contracts, SignModel.NAIVE).over(np.log(GRID.low), step, count),
        whole_chain,
        loop_volatility,
        loop_gamma,
    )
    scale = len(seen) / SAMPLE
    loop_iv, loop_one = loop_iv * scale, loop_one * scale
    print(f"{len(seen)} contracts of {CONTRACTS} with time value, {LEVELS} levels; medians of {ROUNDS} rounds")
    print(f"{'':24}{'gammacore':>12}{'vollib loop':>14}{'ratio':>10}")
    for name, ours, theirs in (
        ("implied volatility", iv, loop_iv),
        ("gamma", one_gamma, loop_one),
        ("profile", profile, loop_one * LEVELS),
        ("whole chain with flips", whole, loop_iv + 2 * loop_one + loop_one * LEVELS),
    ):
        print(f"{name:24}{ours * 1e3:9.2f} ms{theirs * 1e3:11.0f} ms{theirs / ours:10.0f}")


if __name__ == "__main__":
    main()

"""P1 to P3: a whole chain against its peers: implied volatility, gamma, profile of 60 levels, every flip.

Run with `OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/gex_profile.py`. Ratios hold between machines,
times do not; a busy machine slows array code more than loops. vollib and QuantLib are called contract by contract, on a
sample scaled up; fast-vollib and QuantLib are peers only where they are installed. Rounds alternate, medians count.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from vollib.black_scholes.greeks.analytical import gamma as vollib_gamma
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from gammacore.domain.columns import Floats
from gammacore.domain.gex.contracts import PricedContracts
from gammacore.domain.gex.flips import FlipGrid, GammaCurve, find_flips
from gammacore.domain.gex.units import ALL, Rates, SignModel
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


def optional(name: str) -> Any | None:
    """A peer that is no dependency of ours."""
    return import_module(name) if find_spec(name) else None


def main() -> None:
    terms, prices, held = listed_chain()
    intrinsic = terms.discount * np.maximum(np.where(terms.is_call, 1, -1) * (terms.forward - terms.strike), 0)
    seen = np.flatnonzero(prices - intrinsic >= 0.05)
    shown = Terms(
        SPOT, terms.strike[seen], terms.is_call[seen], terms.years[seen], terms.forward[seen], terms.discount[seen]
    )
    quoted, volatility = prices[seen], implied_volatility(prices[seen], shown)
    contracts = priced(shown, volatility, held[seen])
    step, count = GRID.spaced(1.0, CONTRACTS)
    sample = np.random.default_rng(1).choice(len(seen), SAMPLE, replace=False)
    scale, flags = len(seen) / SAMPLE, np.where(shown.is_call, "c", "p")
    rows = [(str(flags[i]), float(quoted[i]), float(shown.strike[i]), float(shown.years[i])) for i in sample]

    def whole_chain() -> None:
        found = implied_volatility(quoted, shown)
        gamma(shown, found)
        delta(shown, found)
        find_flips(priced(shown, found, held[seen]), SignModel.NAIVE, GRID)

    def vollib_volatilities() -> None:
        for right, value, strike, years in rows:
            vollib_volatility(value, SPOT, strike, years, RATE, right)

    def vollib_gammas() -> None:
        for right, _, strike, years in rows:
            vollib_gamma(right, SPOT, strike, years, RATE, 0.2)

    works: dict[str, Callable[[], object]] = {
        "implied volatility": lambda: implied_volatility(quoted, shown),
        "gamma": lambda: gamma(shown, volatility),
        "profile": lambda: GammaCurve(contracts, SignModel.NAIVE).over(np.log(GRID.low), step, count),
        "whole chain with flips": whole_chain,
        "vollib volatility": vollib_volatilities,
        "vollib gamma": vollib_gammas,
        **fast_vollib_works(shown, quoted, flags, volatility),
        **quantlib_works(shown, quoted, sample),
    }
    cost = dict(zip(works, median_seconds(*works.values()), strict=True))
    for name in cost.keys() & {"vollib volatility", "vollib gamma", "QuantLib volatility"}:
        cost[name] *= scale
    print(f"{len(seen)} contracts of {CONTRACTS} with time value, {LEVELS} levels; medians of {ROUNDS} rounds")
    print(f"whole chain: volatility, gamma, delta, profile, every flip: {cost['whole chain with flips'] * 1e3:.1f} ms")
    for ours, theirs, times, bar in COMPARED:
        if theirs in cost:
            ratio = cost[theirs] * times / cost[ours]
            print(f"{ours:20}{cost[ours] * 1e3:8.2f} ms   {ratio:7.1f} x {theirs}", f"(bar {bar:g})" if bar else "")


def fast_vollib_works(terms: Terms, quoted: Floats, flags: Any, volatility: Floats) -> dict[str, Callable[[], object]]:
    peer = optional("fast_vollib")
    if peer is None:
        return {}
    spot, rate, levels = np.full(len(quoted), SPOT), np.full(len(quoted), RATE), SPOT * np.geomspace(0.8, 1.2, LEVELS)
    chosen = {"return_as": "numpy"}

    def volatilities(backend: str) -> object:
        return peer.fast_implied_volatility(
            quoted, spot, terms.strike, terms.years, rate, flags, backend=backend, on_error="ignore", **chosen
        )

    def gammas(level: float) -> object:
        return peer.vectorized_gamma(
            flags, spot * (level / SPOT), terms.strike, terms.years, rate, volatility, backend="numba", **chosen
        )

    works: dict[str, Callable[[], object]] = {
        "fast-vollib[numpy] volatility": lambda: volatilities("numpy"),
        "fast-vollib[numba] volatility": lambda: volatilities("numba"),
        "fast-vollib[numba] gamma": lambda: gammas(SPOT),
        "fast-vollib[numba] profile": lambda: [gammas(level) for level in levels.tolist()],
    }
    for compile_once in works.values():
        compile_once()
    return works


def quantlib_works(terms: Terms, quoted: Floats, sample: Any) -> dict[str, Callable[[], object]]:
    peer = optional("QuantLib")
    if peer is None:
        return {}
    columns = (terms.strike, terms.forward, quoted, terms.discount, 0.2 * np.sqrt(terms.years))
    rows = [
        (peer.Option.Call if terms.is_call[i] else peer.Option.Put, *(float(column[i]) for column in columns))
        for i in sample
    ]

    def volatilities() -> None:
        for right, strike, forward, price_, discount, guess in rows:
            peer.blackFormulaImpliedStdDev(right, strike, forward, price_, discount, 0.0, guess, 1e-10, 100)

    return {"QuantLib volatility": volatilities}


COMPARED = (
    ("profile", "fast-vollib[numba] profile", 1, 15), ("profile", "vollib gamma", LEVELS, 500),
    ("implied volatility", "fast-vollib[numpy] volatility", 1, 18),
    ("implied volatility", "fast-vollib[numba] volatility", 1, 3.5),
    ("implied volatility", "vollib volatility", 1, 240), ("implied volatility", "QuantLib volatility", 1, 12),
    ("gamma", "fast-vollib[numba] gamma", 1, 4), ("gamma", "vollib gamma", 1, 150),
)  # fmt: skip
"""Ours, theirs, how many of theirs make one of ours, and the bar."""


if __name__ == "__main__":
    main()

"""600 pairs at 100 steps: greeks of all rows at once against the same tree contract by contract.

Run with `OPENBLAS_NUM_THREADS=1 python benchmarks/score_straddles.py`. Ratios hold between machines, times do not; the
one-by-one side is a sample scaled up. Rounds alternate, medians count; processor time of one thread.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import numpy as np

from gammacore.domain.instruments import Exercise
from gammacore.domain.pricing.american import tree_price
from gammacore.domain.pricing.black_scholes import Terms
from gammacore.domain.pricing.option_model import Carry, ContractColumns, greeks_of

PAIRS, ROUNDS, SAMPLE = 600, 5, 40
SPOT, CARRY, DAY = 590.0, Carry(0.045, 0.012), 86_400
SECONDS_ALLOWED, TIMES_FASTER = 0.5, 8.0


def listed_pairs() -> tuple[ContractColumns, np.ndarray]:
    """100 strikes of 6 expiries, each with a call and a put, and their prices with a smile."""
    strike = np.tile(np.repeat(np.linspace(540, 640, 100), 2), 6)
    seconds = np.repeat(np.array([30, 37, 45, 60, 75, 90]) * DAY, 200).astype(float)
    is_call = np.tile([True, False], PAIRS)
    terms = Terms.from_rates(SPOT, strike, is_call, seconds / (365 * DAY), CARRY.rate, CARRY.dividend)
    return ContractColumns(strike, is_call, seconds), tree_price(terms, 0.18 - 0.1 * np.log(strike / SPOT))


def main() -> int:
    columns, price = listed_pairs()
    sample = np.random.default_rng(1).choice(2 * PAIRS, SAMPLE, replace=False)
    together, apart = [], []
    for _ in range(ROUNDS):
        start = time.process_time()
        greeks_of(Exercise.AMERICAN, columns, price, SPOT, CARRY)
        together.append(time.process_time() - start)
        start = time.process_time()
        for row in sample:
            one = ContractColumns(columns.strike[row], columns.is_call[row], columns.seconds[row])
            greeks_of(Exercise.AMERICAN, one, price[row], SPOT, CARRY)
        apart.append((time.process_time() - start) * 2 * PAIRS / SAMPLE)
    all_at_once, one_by_one = median(together), median(apart)
    ratio = one_by_one / all_at_once
    print(f"{PAIRS} pairs at once {all_at_once:.3f} s, one by one {one_by_one:.2f} s: {ratio:.0f} times")
    return 0 if all_at_once < SECONDS_ALLOWED and ratio > TIMES_FASTER else 1


if __name__ == "__main__":
    sys.exit(main())

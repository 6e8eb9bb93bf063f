"""Records to draw from, and the plain loop that the columns of a Monte Carlo must equal at every step."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
from attrs import evolve

from gammacore.adapters.study_files import read_record
from gammacore.domain.dollars import exact
from gammacore.domain.sizing.on_paths import Codes, PathSizing
from gammacore.domain.study.paths import Outcomes, Paths
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import RiskGiven

GUIDE = RiskGiven(by_strategy={"GEX": Decimal(250), "OTM-SS": Decimal(900)})
"""Maximum risk of the one-year table's strategies."""


def one_year(shared_data: Path) -> tuple[ClosedTrade, ...]:
    """The 437 trades of source 001's table."""
    return read_record(shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv")


def a_record(*profits: int | str, **fields: object) -> tuple[ClosedTrade, ...]:
    """One contract each, three a day from 2 March 2026 on."""
    first = dt.date(2026, 3, 2)
    return tuple(
        evolve(
            ClosedTrade(str(n), Decimal(profit), Decimal(0), 1, date=first + dt.timedelta(days=n // 3)),
            **fields,  # type: ignore[arg-type]
        )
        for n, profit in enumerate(profits)
    )


def averages_of_source_000() -> tuple[ClosedTrade, ...]:
    """1,000 trades with the averages source 000 published: 58.2 % of +266, 41.8 % of -109. Rule: ST-411."""
    return a_record(*[266] * 582, *[-109] * 418)


def looped(outcomes: Outcomes, sizing: PathSizing, codes: Codes, start: Decimal) -> tuple[list[list[int]], list[float]]:
    """Sizes and ends, path by path, in exact arithmetic, each size asked of the policy that trades live. ST-405."""
    every: list[list[int]] = []
    ends: list[float] = []
    for path in range(codes.shape[1]):
        balance, halted = Fraction(start), False
        history: list[Decimal] = []
        sizes: list[int] = []
        for code in codes[:, path].tolist():
            size = 0 if halted else sizing.contracts(exact(balance), history, outcomes.terms[code])
            halted = halted or (size == 0 and sizing.rules.is_halted(exact(balance)))
            sizes.append(size)
            balance += size * (Fraction(outcomes.profits[code]) - Fraction(outcomes.costs[code]))
            if size:
                history.append(outcomes.profits[code])
        every.append(sizes)
        ends.append(float(balance))
    return every, ends


def assert_equal_to_the_loop(
    outcomes: Outcomes, sizing: PathSizing, codes: Codes, start: Decimal, paths: Paths
) -> None:  # fmt: skip
    sizes, ends = looped(outcomes, sizing, codes, start)

    assert paths.sizes.T.tolist() == sizes
    assert np.abs(paths.balances[-1] - ends).max() <= 1e-6

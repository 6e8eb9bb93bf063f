"""Monte Carlo of a record, wired: the file read, the numbers drawn, the terms applied. Rules: ST-004, ST-401..412."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gammacore.application.study.monte_carlo import BLOCK, Draw, band_of, simulate
from gammacore.domain.columns import Floats
from gammacore.domain.sizing.on_paths import PathSizing
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.draws import DrawMode
from gammacore.domain.study.equity import EquityStudy
from gammacore.domain.study.paths import Stress
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import CostGiven, MonteCarloTerms, RiskGiven
from gammacore.domain.study.views import EquityBand
from gammacore.errors import MissingData


def drawing_from(seed: int) -> Draw:
    """Numbers for blocks of 1,000 paths: PCG64 of the seed, a stream of its own for each block. Rule: ST-403."""

    def draw(
        block: int, columns: int, below: int | None, luck: int
    ) -> tuple[NDArray[np.int64] | Floats, Floats]:  # fmt: skip
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block,))))
        shape = (BLOCK, columns)
        first = generator.random(shape) if below is None else generator.integers(0, below, shape)
        return first, generator.random((BLOCK, luck))

    return draw


def simulate_equity(
    record: Path | str | Sequence[ClosedTrade],
    *,
    runs: int = 10_000,
    seed: int = 1,
    trades: int | None = None,
    mode: str = "trade",
    policy: str = "rolling",
    rules: SizingRules | None = None,
    risk: Decimal | Mapping[str, Decimal] | None = None,
    cost: Decimal | None = None,
    stress: Stress | None = None,
) -> EquityStudy:
    """Draw trades from a record and trade them by a sizing policy, `runs` times. Rules: ST-401..412.

    `record` is a table of trades (trades.csv, and all that is read like it) or closed trades in order of closing;
    `trades` a path default to its number. `mode` is trade, block:L, day or regime; `policy` rolling, bootstrap-stats,
    study, off or fixed:N under `rules`, which hold the starting capital; `risk` is dollars a contract where the record
    does not say, for all trades or by strategy; `cost` dollars a contract and trade.

    >>> from decimal import Decimal
    >>> from gammacore.domain.study.record import ClosedTrade
    >>> record = [ClosedTrade(str(n), Decimal(120 if n % 3 else -90), Decimal(0), 1) for n in range(60)]
    >>> study = simulate_equity(record, runs=200, policy="fixed:2")
    >>> float(study.ends[0]), study.found.probabilities["halt"], study.beside.mode
    (28520.0, 0.0, 'block:10')

    Raises:
        InvalidInput: terms out of bounds, or that this record cannot meet.
        MissingData: there is no such file, or no closed trade in it.
    """
    given = RiskGiven(by_strategy=risk) if isinstance(risk, Mapping) else RiskGiven(risk)
    terms = MonteCarloTerms(
        runs=runs, seed=seed, trades=trades, mode=DrawMode.parse(mode), sizing=PathSizing.parse(policy, rules),
        risk=given, cost=CostGiven(cost), stress=stress,
    )  # fmt: skip
    return simulate_record(Path(record) if isinstance(record, str) else record, terms)


def equity_band(record: Sequence[ClosedTrade], start: Decimal, runs: int = 10_000) -> EquityBand | None:
    """The band that the tear sheet draws behind a record's equity; None without trades. Rule: ST-313."""
    return band_of(record, start, drawing_from(1), runs) if record else None


def simulate_record(record: Path | Sequence[ClosedTrade], terms: MonteCarloTerms) -> EquityStudy:
    """Simulate a record, or the table of trades in a file; its warnings join those of the draws. ST-006, ST-214."""
    from gammacore.wiring.study.record_statistics import statistics_of

    if isinstance(record, Path):
        from gammacore.adapters.study_files import read_record

        record = read_record(record)
    try:
        known = statistics_of(record, starting_capital=terms.start, seed=terms.seed).warnings if record else ()
    except MissingData:  # dates that no calendar knows: draws need none
        known = ()
    return simulate(record, terms, drawing_from(terms.seed), known)

"""Monte Carlo of a record, wired: the file read, the numbers drawn, the settings applied. Rules: ST-004, ST-401..412."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gammacore.application.study.monte_carlo import BLOCK, Draw, simulate
from gammacore.domain.market import Floats
from gammacore.domain.study.equity import EquityStudy
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.terms import MonteCarloTerms

if TYPE_CHECKING:
    from decimal import Decimal


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


def simulate_record(record: Path | Sequence[ClosedTrade], terms: MonteCarloTerms) -> EquityStudy:
    """Simulate a record, or the table of trades in a file (trades.csv and all that is read like it: ST-214)."""
    if isinstance(record, Path):
        from gammacore.adapters.study_files import read_record

        record = read_record(record)
    return simulate(record, terms, drawing_from(terms.seed))

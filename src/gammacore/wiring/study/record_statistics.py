"""Statistics of a record, wired: the calendar, draws from PCG64, records from files. Rules: ST-004, ST-802."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.study_files import read_record, record_of_columns
from gammacore.application.study.record_statistics import ComputeStatistics, RecordStatistics
from gammacore.domain.study.record import ClosedTrade, in_order_of_closing
from gammacore.domain.study.statistics import RESAMPLES, SEED, DaysCounted, StatisticsRules
from gammacore.domain.study.warnings import RunFacts
from gammacore.frames import from_frame
from gammacore.ports.clock import Calendar

BLOCK = 1_000
"""Resamples drawn at a time: the numbers are those of one draw after another."""


def statistics_of(
    trades: Path | str | Iterable[ClosedTrade] | Any,
    *,
    starting_capital: Decimal | int | str = 20_000,
    risk_free: Decimal | int | str = 0,
    days: DaysCounted | str = DaysCounted.SESSIONS,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    facts: RunFacts | None = None,
    calendar: Calendar | None = None,
) -> RecordStatistics:
    """The statistics of closed trades, of a file or a frame of them: `to_json()`, `to_frame()`. Rules: ST-301..312.

    `starting_capital` is dollars, `risk_free` a yearly rate as a fraction.

    Raises:
        MissingData: no such file, no trade in it, or a date outside the calendar.
        InvalidInput: a cell that cannot be read (file, line and column are named), or a figure out of bounds.

    >>> import gammacore
    >>> trade = ClosedTrade("a", Decimal(100), Decimal("2.60"), 1)
    >>> gammacore.statistics_of([trade], starting_capital=10_000).net.counted.total
    Decimal('97.40')
    """
    rules = StatisticsRules(
        starting_capital=Decimal(starting_capital),
        risk_free=Decimal(risk_free),
        days=DaysCounted(days),
        resamples=resamples,
        seed=seed,
    )
    return ComputeStatistics(calendar or NyseCalendar(), draws)(_record_of(trades), rules, facts=facts)


def _record_of(trades: Path | str | Iterable[ClosedTrade] | Any) -> tuple[ClosedTrade, ...]:
    if isinstance(trades, str | Path):
        return read_record(Path(trades))
    return record_of_columns(from_frame(trades)) if hasattr(trades, "columns") else in_order_of_closing(trades)


def draws(clusters: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Rows of `integers(0, clusters, size=clusters)`, one generator for all of them. Rules: ST-004, ST-311.

    >>> [block.shape for block in draws(3, 1500, seed=1)]
    [(1000, 3), (500, 3)]
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    for first in range(0, resamples, BLOCK):
        yield generator.integers(0, clusters, size=(min(BLOCK, resamples - first), clusters))

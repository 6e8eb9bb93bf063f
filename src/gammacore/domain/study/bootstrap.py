"""How far the mean could be off: whole dates are drawn, because trades of a day share it. Rule: ST-311."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gammacore.domain.study.daily import results_by_date
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.undefined import Codes, Undefined

Draws = Iterable[NDArray[np.int64]]
"""Blocks of resamples, a row each: as many positions as there are clusters, from `integers(0, D, size=D)`. ST-004."""
Interval = tuple[float, float]
INTERVAL = (0.025, 0.975)


@frozen
class Bootstrap:
    """Intervals of 95 % of the mean P/L a trade, dollars, and of the win rate, and the share of means above 0.

    `clusters` are the dates with trades, or the trades where dates are unknown. None where one date says nothing of
    others; `codes` says why.
    """

    clusters: int
    resamples: int
    seed: int
    mean: Interval | None = None
    win_rate: Interval | None = None
    probability_of_edge: float | None = None
    codes: Codes = field(factory=dict)


def clusters_of(record: Sequence[ClosedTrade], results: Sequence[Decimal]) -> list[list[Decimal]]:
    """The results of each date in order of dates; of each trade by itself where a date is unknown."""
    if any(trade.booked_on is None for trade in record):
        return [[result] for result in results]
    return list(results_by_date(record, results).values())


def bootstrap_of(
    record: Sequence[ClosedTrade], results: Sequence[Decimal], draws: Draws, *, resamples: int, seed: int
) -> Bootstrap:
    """Draw the dates of a record as `draws` says; `resamples` and `seed` are what they were made of.

    >>> from decimal import Decimal
    >>> trade = ClosedTrade("a", Decimal(5), Decimal(0), 1)
    >>> bootstrap_of([trade], [trade.net], (), resamples=0, seed=1).codes["mean"].value
    'one_trade'
    """
    clusters = clusters_of(record, results)
    if len(clusters) < 2:
        return Bootstrap(len(clusters), 0, seed, codes=_why_none(len(record)))
    totals = np.array([float(sum(cluster, Decimal(0))) for cluster in clusters])
    counts = np.array([len(cluster) for cluster in clusters])
    wins = np.array([sum(result > 0 for result in cluster) for cluster in clusters])
    losses = np.array([sum(result < 0 for result in cluster) for cluster in clusters])
    means, rates = [], []
    for block in draws:
        means.append(totals[block].sum(axis=1) / counts[block].sum(axis=1))
        won, decided = wins[block].sum(axis=1), (wins + losses)[block].sum(axis=1)
        rates.append(won[decided > 0] / decided[decided > 0])
    every_mean, every_rate = np.concatenate(means), np.concatenate(rates)
    has_rate = every_rate.size > 0
    return Bootstrap(
        clusters=len(clusters),
        resamples=resamples,
        seed=seed,
        mean=_interval(every_mean),
        win_rate=_interval(every_rate) if has_rate else None,
        probability_of_edge=float(np.count_nonzero(every_mean > 0)) / every_mean.size,
        codes={} if has_rate else {"win_rate": Undefined.NO_WINS},
    )


def _why_none(trades: int) -> Codes:
    code = {0: Undefined.NO_TRADES, 1: Undefined.ONE_TRADE}.get(trades, Undefined.ONE_DAY)
    return dict.fromkeys(("mean", "win_rate", "probability_of_edge"), code)


def _interval(values: NDArray[Any]) -> Interval:
    low, high = np.quantile(values, INTERVAL)
    return float(low), float(high)

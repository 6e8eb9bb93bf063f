"""A sweep as it is shown: the best twenty, each key alone, every pair of keys. Pure. Rule: ST-511."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from attrs import frozen

from gammacore.domain.study.grid import Axis
from gammacore.domain.study.sweep_outcome import SweepOutcome, SweepResult

BEST = 20
COLUMNS = ("trades", "win_rate", "net", "mean", "profit_factor", "sharpe", "drawdown")
"""Figures of a table that has to fit a screen; all stand in results.csv."""


@frozen
class Spread:
    """The objective of every configuration with one value of a key: how many, quartiles; None where none has one."""

    value: str
    count: int
    low: float | None
    median: float | None
    high: float | None


@frozen
class Pair:
    """The median objective by the values of two keys, over all others; `rows` are the first key's values."""

    rows: Axis
    columns: Axis
    medians: tuple[tuple[float | None, ...], ...]


def best_of(outcome: SweepOutcome, count: int = BEST) -> tuple[SweepResult, ...]:
    return outcome.ranked[:count]


def alone(outcome: SweepOutcome) -> dict[str, tuple[Spread, ...]]:
    """Each key by itself: what all configurations with one of its values came to."""
    return {
        axis.key: tuple(_spread(value, _of(outcome.results, {axis.key: value})) for value in axis.values)
        for axis in outcome.grid.axes
    }


def pairs(outcome: SweepOutcome) -> tuple[Pair, ...]:
    """Every two keys."""
    return tuple(_pair(outcome, rows, columns) for rows, columns in combinations(outcome.grid.axes, 2))


def _pair(outcome: SweepOutcome, rows: Axis, columns: Axis) -> Pair:
    medians = tuple(
        tuple(
            _spread("", _of(outcome.results, {rows.key: row, columns.key: column})).median for column in columns.values
        )
        for row in rows.values
    )
    return Pair(rows, columns, medians)


def _of(results: Sequence[SweepResult], settings: dict[str, str]) -> list[float]:
    chosen = (one for one in results if all(one.settings[key] == value for key, value in settings.items()))
    return [one.objective for one in chosen if one.objective is not None]


def _spread(value: str, figures: list[float]) -> Spread:
    """Quartiles, linear.

    >>> _spread("0.10", [1.0, 2.0, 4.0]).median, _spread("0.10", []).median
    (2.0, None)
    """
    if not figures:
        return Spread(value, 0, None, None, None)
    low, median, high = (float(one) for one in np.quantile(figures, (0.25, 0.5, 0.75)))
    return Spread(value, len(figures), low, median, high)


def guard_lines(outcome: SweepOutcome) -> tuple[tuple[str, str, str], ...]:
    """The guards as (name, figure, sentence), for the screen and the page. Section 5.1."""
    guards, best = outcome.guards, outcome.best
    if best is None:
        return ()
    deflated, check, flat, walked = guards.deflated, guards.check, guards.plateau, guards.walked
    lines = [
        ("tried", f"{outcome.tried:,}", "configurations in this folder so far: the more, the better the best by chance")
    ]
    if deflated is not None:
        lines.append((
            "deflated Sharpe", figure(deflated.probability),
            f"chance that the best's Sharpe ratio a session ({deflated.sharpe:.3f}) is more than such a search finds "
            f"in noise ({deflated.expected_maximum:.3f}); from 0.95 on it counts",
        ))  # fmt: skip
    if check is not None:
        lines.append((
            "reality check p", figure(check.p_value),
            f"of {check.resamples:,} searches without any merit, blocks of {check.block} sessions, so many find as "
            "good a best; up to 0.05 it counts",
        ))  # fmt: skip
    if flat is not None:
        words = "one step away in one key, the median of the neighbours against the best"
        lines.append(("plateau", figure(flat.ratio), f"{words}{'; below 0.5: a peak' if flat.is_peak else ''}"))
    if walked is None:
        lines.append(("walk-forward", "-", "too few sessions: give a longer range or shorter --walk-forward windows"))
    else:
        lines.append((
            "walk-forward", f"{walked.total:,.2f}",
            f"dollars out of sample in {len(walked.choices)} windows of {walked.test} sessions, each chosen on "
            f"{walked.train} before it; efficiency {figure(walked.efficiency)}",
        ))  # fmt: skip
    return tuple(lines)


def figure(value: object) -> str:
    """A figure as a table shows it; a dash for one that does not exist.

    >>> figure(0.0005), figure(-0.2)
    ('0.0005', '-0.200')
    >>> figure(0.1334333), figure(None), figure("4320.60"), figure(12)
    ('0.133', '-', '4320.60', '12')
    """
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.1g}"
        case _:
            return str(value)

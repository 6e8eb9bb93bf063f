"""What a finished sweep is said to have found: the best, its guards and draws, warnings. Section 5.1, ST-511."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gammacore.application.study.sweep import Cell, Path, Sweep, SweepFindings, SweepPlan
from gammacore.configuration import Configuration
from gammacore.domain.dollars import CENT
from gammacore.domain.study.bootstrap import Draws
from gammacore.domain.study.grid import Grid
from gammacore.domain.study.overfitting import (
    Verdict,
    deflate,
    first_best,
    reality_check,
    starts_needed,
    totals,
    verdict_of,
    walk_forward,
)
from gammacore.domain.study.statistics import RESAMPLES, SEED, SessionsOfRecord, StatisticsRules, study_statistics
from gammacore.domain.study.sweep_outcome import Guards, SweepResult, judge_sweep
from gammacore.domain.study.warnings import RunFacts, Simulated, StudyWarning
from gammacore.wiring.study.bundles import spread_of

CHECK_RESAMPLES = 2_000
"""Of the reality check (ours). Rule: ST-522."""


def permutation(size: int) -> NDArray[np.int64]:
    """Drawn anew from the seed for each use. Rule: ST-004."""
    return np.random.Generator(np.random.PCG64(SEED)).permutation(size)


def block_starts(sessions: int, resamples: int = CHECK_RESAMPLES, seed: int = SEED) -> NDArray[np.int64]:
    """The draws of the reality check: a row of block starts for each resample. Rules: ST-004, ST-522."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.array([generator.integers(0, sessions, starts_needed(sessions)) for _ in range(resamples)])


def judge_matrix(
    matrix: NDArray[np.float64], *, resamples: int = CHECK_RESAMPLES, seed: int = SEED,
    walk: tuple[int, int] = (60, 20), anchored: bool = False, tried: int | None = None,
) -> tuple[int, Guards, Verdict]:  # fmt: skip
    """The best column by total of P/L in dollars (sessions × configurations), its guards and the verdict. Section 5.1.

    For a search that was made elsewhere; without a grid there is no plateau.

    >>> best, guards, verdict = judge_matrix(np.array([[1.0, 2.0], [0.0, 2.0], [1.0, -1.0]]), resamples=50)
    >>> best, verdict.words
    (1, 'nothing found')
    """
    best = first_best(totals(matrix))
    assert best is not None
    deflated = deflate(matrix, best, tried)
    check = reality_check(matrix, block_starts(len(matrix), resamples, seed))
    walked = walk_forward(matrix, *walk, anchored=anchored)
    return best, Guards(deflated, check, None, walked), verdict_of(deflated, check, walked)


def outcome_of(
    run: Sweep, plan: SweepPlan, walk: tuple[int, int], compared: tuple[SweepResult, ...],
    missing: Mapping[dt.date, str], tried: int, base: Configuration, *, anchored: bool, min_trades: int,
) -> SweepFindings:  # fmt: skip
    grid = plan.grid
    best, guards, verdict = judge_sweep(
        grid, plan.objective, plan.days, compared, tried, block_starts, walk, anchored=anchored,
        min_trades=min_trades,
    )  # fmt: skip
    failed = {_cell_words(grid, cell): error for cell, error in sorted(run.failed.items())}
    simulated = base.settings.market.source == "simulated"
    facts = RunFacts(
        missing_days=sorted(missing),
        failed_days={cell.date: error for cell, error in sorted(run.failed.items())},
        simulated=Simulated() if simulated else None,
    )
    notes = [f"every day went through the loop: {plan.why_loop}"] if plan.why_loop and plan.path is Path.AUTO else []
    by_loop = sum(count for path, count in run.paths.items() if path.startswith("loop: "))
    if plan.takes_columns and by_loop:
        notes.append(f"{by_loop} days under a setting went through the loop, because the columns do not know them")
    return SweepFindings(
        grid=grid,
        objective=plan.objective,
        sessions=plan.days,
        results=compared,
        tried=tried,
        best=best,
        guards=guards,
        verdict=verdict,
        checked_against_loop=len(run.checked),
        paths=_counted(run.paths),
        notes=tuple(notes),
        failed=failed,
        missing=missing,
        warnings=_warnings(best, plan, facts),
        assumptions=_assumptions(base, carries=plan.carries),
    )


def seeds_document(found: Mapping[int, SweepFindings]) -> dict[str, Any]:
    """The answer on each simulated history, how many found more than chance, and the spread of the bests. ST-111.

    They are never added up: each history is another one.
    """
    first = next(iter(found.values()))
    bests = [one.best.objective for one in found.values() if one.best is not None]
    return {
        "kind": "sweep_seeds",
        "objective": first.objective.value,
        "found": sum(one.verdict.found for one in found.values()),
        "spread": spread_of(bests),
        "seeds": {str(seed): one.document() for seed, one in found.items()},
    }


def _counted(paths: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for path, count in paths.items():
        kind = path.partition(":")[0]
        found[kind] = found.get(kind, 0) + count
    return found


def _cell_words(grid: Grid, cell: Cell) -> str:
    words = ", ".join(f"{key} {value}" for key, value in grid.settings(cell.configuration).items())
    return f"{cell.date} with {words}"


def _warnings(best: SweepResult | None, plan: SweepPlan, facts: RunFacts) -> tuple[StudyWarning, ...]:
    """What the figures of the best cannot carry, by the rules of every record."""
    trades = () if best is None else best.trades
    dates = len({trade.booked_on for trade in trades})
    generator = np.random.Generator(np.random.PCG64(SEED))
    draws: Draws = (generator.integers(0, dates, size=(1, dates)) for _ in range(RESAMPLES if dates > 1 else 0))
    rules = StatisticsRules(plan.capital)
    return study_statistics(trades, rules, SessionsOfRecord(plan.days), draws, facts).warnings


def _assumptions(base: Configuration, *, carries: bool) -> tuple[str, ...]:
    broker = base.settings.broker
    fees = f"{broker.fees.option_contract.quantize(CENT)} dollars a contract and leg"
    days = (
        "each day starts alone with the same balance: sums are days, added up, and no equity anybody had"
        if not carries
        else "one account through all days"
    )
    return (
        "Fills: never on the snapshot that decided, at the natural price of the next one (CS-419).",
        f"Fees: {fees}; slippage {broker.slippage} points a leg.",
        f"Days: {days}.",
        "Choice: the best of a search is better than it will be; read the guards before the figures.",
        "Walk-forward: each window chooses by its net P/L.",
    )

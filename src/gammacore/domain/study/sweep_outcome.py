"""What a sweep came to: the figures of each configuration, the best, and how much of it the search itself explains.

Pure: rows in, figures out; the draws of the reality check are made outside. Rules: ST-503, ST-511, ST-521..525.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gammacore.domain.study.figures import Basis, Figures, figures_of
from gammacore.domain.study.grid import Grid
from gammacore.domain.study.overfitting import (
    Deflated,
    Plateau,
    RealityCheck,
    Verdict,
    WalkForward,
    deflate,
    first_best,
    plateau,
    reality_check,
    verdict_of,
    walk_forward,
)
from gammacore.domain.study.record import ClosedTrade, in_order_of_closing
from gammacore.domain.study.undefined import Codes, Undefined
from gammacore.domain.study.warnings import StudyWarning

FEWEST_TRADES = 30
"""Fewer trades cannot win (ours). Rule: ST-503."""
NO_WARNINGS: tuple[StudyWarning, ...] = ()


class Objective(StrEnum):
    """What the best configuration is best at; net of fees. Rule: ST-503."""

    NET = "net"
    MEAN = "mean"
    SHARPE = "sharpe"
    SORTINO = "sortino"
    CALMAR = "calmar"
    PROFIT_FACTOR = "profit_factor"
    NET_PER_DRAWDOWN = "net_per_drawdown"

    def of(self, figures: Figures) -> float | None:
        """The figure; None where it does not exist, which loses to any number."""
        match self:
            case Objective.NET:
                return float(figures.counted.total)
            case Objective.MEAN:
                return None if figures.counted.mean is None else float(figures.counted.mean)
            case Objective.SHARPE:
                return figures.daily.sharpe
            case Objective.SORTINO:
                return figures.daily.sortino
            case Objective.CALMAR:
                return figures.daily.calmar
            case Objective.PROFIT_FACTOR:
                return figures.counted.profit_factor
            case Objective.NET_PER_DRAWDOWN:
                return net_per_drawdown(figures)
            case _:
                assert_never(self)


def net_per_drawdown(figures: Figures) -> float | None:
    """Dollars won for each dollar of the deepest fall; None without one."""
    fall = figures.drawdown.dollars.dollars
    return float(figures.counted.total / fall) if fall else None


@frozen
class SweepRow:
    """What one configuration did on one day, or (mode carry) on all: known by its key. Rule: ST-504.

    `acting` is the hash of every setting that acts, `settings` are those swept.
    """

    key: str
    date: dt.date
    acting: str
    settings: Mapping[str, str]
    trades: tuple[ClosedTrade, ...]


@frozen(eq=False)
class SweepResult:
    """One configuration over all days: its number in the grid, its key, what was set, its trades and figures."""

    index: int
    key: str
    settings: Mapping[str, str]
    trades: tuple[ClosedTrade, ...]
    figures: Figures
    objective: float | None
    daily: NDArray[np.float64]

    def may_win(self, min_trades: int) -> bool:
        return self.figures.counted.trades >= min_trades

    def shown(self) -> dict[str, Any]:
        """Its figures by name: money as text, what does not exist null."""
        counted, daily, falls = self.figures.counted, self.figures.daily, self.figures.drawdown
        return {
            "trades": counted.trades,
            "wins": counted.wins,
            "losses": counted.losses,
            "win_rate": counted.win_rate,
            "net": _money(counted.total),
            "mean": None if counted.mean is None else _money(counted.mean),
            "profit_factor": counted.profit_factor,
            "sharpe": daily.sharpe,
            "sortino": daily.sortino,
            "calmar": daily.calmar,
            "drawdown": _money(falls.dollars.dollars),
            "net_per_drawdown": net_per_drawdown(self.figures),
        }

    def undefined(self) -> dict[str, str]:
        """Why a figure is null."""
        codes: Codes = {**self.figures.daily.codes, **self.figures.codes}
        found = {name: codes[name].value for name, value in self.shown().items() if value is None and name in codes}
        if self.shown()["net_per_drawdown"] is None:
            found["net_per_drawdown"] = (Undefined.NO_DRAWDOWN if self.trades else Undefined.NO_TRADES).value
        return found


def _plain(value: Any) -> Any:
    """Numbers of a warning as JSON values: money and dates as text."""
    match value:
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def result_of(
    index: int, settings: Mapping[str, str], rows: Sequence[SweepRow], sessions: Sequence[dt.date], capital: Decimal,
    objective: Objective,
) -> SweepResult:  # fmt: skip
    """The figures of one configuration from its rows."""
    ordered = sorted(rows, key=lambda row: row.date)
    trades = in_order_of_closing(trade for row in ordered for trade in row.trades)
    figures = figures_of(trades, Basis.NET, capital, sessions, 0.0)
    booked: dict[dt.date, Decimal] = {}
    for trade in trades:
        if trade.booked_on is not None:
            booked[trade.booked_on] = booked.get(trade.booked_on, Decimal(0)) + trade.net
    daily = np.array([float(booked.get(session, 0)) for session in sessions])
    key = hashlib.sha256("\n".join(row.key for row in ordered).encode()).hexdigest()
    return SweepResult(index, key, settings, trades, figures, objective.of(figures), daily)


@frozen(eq=False)
class Guards:
    """What speaks for and against the best; parts that do not exist are None. Section 5.1."""

    deflated: Deflated | None
    check: RealityCheck | None
    plateau: Plateau | None
    walked: WalkForward | None

    def document(self) -> dict[str, Any]:
        """The guards as plain values."""
        walked, deflated = self.walked, self.deflated
        return {
            "deflated_sharpe": None if deflated is None else deflated.probability,
            "sharpe_per_session": None if deflated is None else deflated.sharpe,
            "expected_maximum": None if deflated is None else deflated.expected_maximum,
            "p_value": None if self.check is None else self.check.p_value,
            "block": None if self.check is None else self.check.block,
            "resamples": None if self.check is None else self.check.resamples,
            "plateau": None if self.plateau is None else self.plateau.ratio,
            "peak": self.plateau is not None and self.plateau.is_peak,
            "walk_forward": None if walked is None else {
                "train": walked.train, "test": walked.test, "anchored": walked.anchored,
                "choices": list(walked.choices), "total": round(walked.total, 2),
                "equity": [round(point, 2) for point in walked.equity], "efficiency": walked.efficiency,
            },
        }  # fmt: skip


@frozen(eq=False, repr=False)
class SweepOutcome:
    """A finished sweep. `tried` counts configurations tried in this folder so far, `results` those compared at the end.

    `checked_against_loop` are cells (a day under a configuration) of the columns that were traded by the loop too;
    `paths` counts cells by how they were computed, `notes` says why a path was not taken.
    """

    grid: Grid
    objective: Objective
    sessions: tuple[dt.date, ...]
    results: tuple[SweepResult, ...]
    tried: int
    best: SweepResult | None
    guards: Guards
    verdict: Verdict
    checked_against_loop: int = 0
    paths: Mapping[str, int] = field(factory=dict)
    notes: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(factory=dict)
    missing: Mapping[dt.date, str] = field(factory=dict)
    warnings: tuple[StudyWarning, ...] = NO_WARNINGS
    assumptions: tuple[str, ...] = ()

    @property
    def ranked(self) -> tuple[SweepResult, ...]:
        """Best first; undefined last, ties in grid order."""
        return tuple(sorted(self.results, key=lambda one: (one.objective is None, -(one.objective or 0.0), one.index)))

    def document(self) -> dict[str, Any]:
        """The document of result.json: the keys of ST-801, and what a reader needs besides."""
        best = self.best
        return {
            "warnings": [
                {"code": one.code, "text": one.text, "numbers": _plain(one.numbers)} for one in self.warnings
            ],
            "assumptions": list(self.assumptions),
            "tried": self.tried,
            "objective": self.objective.value,
            "days": [date.isoformat() for date in self.sessions],
            "missing": {date.isoformat(): why for date, why in sorted(self.missing.items())},
            "failed": dict(sorted(self.failed.items())),
            "results": [
                {"key": one.key, "index": one.index, "settings": dict(one.settings), "figures": one.shown(),
                 "undefined": one.undefined()}
                for one in self.results
            ],
            "best": None if best is None else {
                "key": best.key, "index": best.index, "settings": dict(best.settings), "figures": best.shown(),
                "undefined": best.undefined(),
            },
            "guards": self.guards.document(),
            "verdict": self.verdict.words,
            "verdict_reasons": list(self.verdict.reasons),
            "checked_against_loop": self.checked_against_loop,
            "paths": dict(sorted(self.paths.items())),
            "notes": list(self.notes),
        }  # fmt: skip

    def table(self) -> dict[str, list[Any]]:
        """Every result as columns: the swept keys, then the figures; for a frame or a CSV."""
        columns: dict[str, list[Any]] = {key: [one.settings[key] for one in self.results] for key in self.grid.keys}
        shown = [one.shown() for one in self.results]
        names = list(shown[0]) if shown else []
        return columns | {name: [row[name] for row in shown] for name in names}

    def __repr__(self) -> str:
        lines = [str(warning) for warning in self.warnings]
        best = "no configuration can win" if self.best is None else f"best {dict(self.best.settings)}"
        return "\n".join((*lines, f"SweepOutcome({len(self.results)} results, {best}: {self.verdict.words})"))


def judge_sweep(
    grid: Grid, objective: Objective, sessions: Sequence[dt.date], results: Sequence[SweepResult], tried: int,
    draws: Callable[[int], NDArray[np.int64]], walk: tuple[int, int], *, anchored: bool = False,
    min_trades: int = FEWEST_TRADES,
) -> tuple[SweepResult | None, Guards, Verdict]:  # fmt: skip
    """The best, its guards and the verdict. `draws` gives the block starts for so many sessions. Section 5.1."""
    figures = np.array([np.nan if one.objective is None else one.objective for one in results], dtype=float)
    may_win = np.array([one.may_win(min_trades) for one in results], dtype=bool)
    place = first_best(figures, may_win) if results else None
    if place is None:
        few = Verdict(False, "nothing found", (f"no configuration has {min_trades} trades and a {objective}",))
        return None, Guards(None, None, None, None), few
    best = results[place]
    matrix = np.column_stack([one.daily for one in results])
    deflated = deflate(matrix, place, tried) if len(sessions) > 1 else None
    check = reality_check(matrix, draws(len(sessions))) if len(sessions) else None
    by_index = {one.index: one.objective for one in results}
    flat = plateau(best.objective or 0.0, [by_index.get(index) for index in grid.neighbours(best.index)])
    walked = walk_forward(matrix, *walk, anchored=anchored)
    return best, Guards(deflated, check, flat, walked), verdict_of(deflated, check, walked, flat)

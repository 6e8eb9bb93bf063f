"""What many paths came to: percentiles, chances, drawdowns, sizes, fan, what they cannot say. ST-006, ST-408..412."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from attrs import asdict, frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.study.documents import canonical, warning_document
from gammacore.domain.study.draws import DrawMode
from gammacore.domain.study.paths import Paths, Stress, drawdowns
from gammacore.domain.study.undefined import Codes, Undefined
from gammacore.domain.study.warnings import StudyWarning
from gammacore.frames import Columns, Framed

PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
FAN = (5, 25, 50, 75, 95)
FIRST = 5
"""Paths and trades whose draws and ends are named, so that another program can be compared with this one."""


@frozen(eq=False)
class Ended:
    """Some paths at their end, a figure a path: dollars, part of the peak, and whether they halted or were ruined."""

    ends: Floats
    deepest: Floats
    part: Floats
    halted: NDArray[np.bool_]
    ruined: NDArray[np.bool_]
    sizes: Counter[int]

    @classmethod
    def of(cls, paths: Paths) -> Ended:
        deepest, part = drawdowns(paths.balances)
        tally = np.bincount(paths.sizes.ravel().astype(np.intp))
        sizes = Counter({size: int(times) for size, times in enumerate(tally) if times})
        return cls(paths.balances[-1].copy(), deepest, part, paths.halted, paths.balances.min(axis=0) <= 0, sizes)

    @classmethod
    def together(cls, parts: Sequence[Ended]) -> Ended:
        return cls(
            ends=np.concatenate([part.ends for part in parts]),
            deepest=np.concatenate([part.deepest for part in parts]),
            part=np.concatenate([part.part for part in parts]),
            halted=np.concatenate([part.halted for part in parts]),
            ruined=np.concatenate([part.ruined for part in parts]),
            sizes=sum((part.sizes for part in parts), Counter()),
        )


@frozen
class Distribution:
    """What the paths of one mode came to: dollars, chances as parts of all paths, contracts by how often. Rule: ST-408.

    `sd` is that of a sample and None of one path. Drawdowns are of the running peak; those in percent stand by
    themselves (ST-303).
    """

    mode: str
    percentiles: Mapping[int, float]
    mean: float
    sd: float | None
    probabilities: Mapping[str, float]
    drawdown: Mapping[str, float]
    sizes: Mapping[int, int]

    @classmethod
    def of(cls, mode: DrawMode, ended: Ended, start: Decimal) -> Distribution:
        ends, begun = ended.ends, float(start)
        return cls(
            mode=str(mode),
            percentiles=_percentiles(ends, PERCENTILES),
            mean=math.fsum(ends) / len(ends),
            sd=float(ends.std(ddof=1)) if len(ends) > 1 else None,
            probabilities={
                "profit": _share(ends > begun),
                "double": _share(ends > 2 * begun),
                "triple": _share(ends > 3 * begun),
                "loss": _share(ends < begun),
                "halt": _share(ended.halted),
                "ruin": _share(ended.ruined),
            },
            drawdown={
                "mean": math.fsum(ended.deepest) / len(ends),
                "median": float(np.median(ended.deepest)),
                "p95": float(np.percentile(ended.deepest, 95)),
                "worst": float(ended.deepest.max()),
                "percent_median": 100 * float(np.median(ended.part)),
                "percent_p95": 100 * float(np.percentile(ended.part, 95)),
            },
            sizes=dict(sorted(ended.sizes.items())),
        )

    def document(self) -> dict[str, Any]:
        return {
            "mode": self.mode,
            "percentiles": {str(rank): dollars for rank, dollars in self.percentiles.items()},
            "mean": self.mean,
            "sd": self.sd,
            "probabilities": dict(self.probabilities),
            "drawdown": dict(self.drawdown),
            "sizes": {str(size): times for size, times in self.sizes.items()},
        }


@frozen
class Rung:
    """One rung of the ladder: the same draws with costs, stress, neither or both. Dollars. Rule: ST-412.

    `cost` and `mean_per_contract` are means a contract; the latter is the closed form, which needs no path.
    """

    name: str
    cost: float
    stressed: bool
    mean_per_contract: float
    p5: float
    p50: float
    p95: float
    mean: float
    profit: float
    halt: float
    drawdown_p95: float

    @classmethod
    def of(cls, name: str, cost: Decimal, stressed: bool, mean_per_contract: Decimal, found: Distribution) -> Rung:
        ranks, chances = found.percentiles, found.probabilities
        return cls(
            name, float(cost), stressed, float(mean_per_contract), ranks[5], ranks[50], ranks[95], found.mean,
            chances["profit"], chances["halt"], found.drawdown["p95"],
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        return asdict(self)


@frozen(eq=False)
class Fan:
    """Percentiles 5, 25, 50, 75 and 95 of the balances before the first and after each step, dollars: a row a step."""

    rows: Floats

    @classmethod
    def of(cls, groups: Sequence[Floats]) -> Fan:
        """`groups` are balances, steps × paths each."""
        steps = len(groups[0])
        return cls(
            np.array([np.percentile(np.concatenate([part[step] for part in groups]), FAN) for step in range(steps)])
        )

    def document(self) -> list[dict[str, float | int]]:
        return [
            {"step": step, **dict(zip(map(str, FAN), row, strict=True))} for step, row in enumerate(self.rows.tolist())
        ]


@frozen(eq=False, repr=False)
class EquityStudy(Framed):
    """Simulated equity of a record under a sizing policy; `warnings` come first wherever it is shown. ST-006, ST-408.

    `ends` are the last balances of all paths in the order drawn; `first_trades` are the numbers, from 0, of the first
    trades of the first path. `beside` is the same by whole days, or by blocks of 10. `cost` is the mean charged,
    dollars a contract and trade; a path halts below `halt_at` dollars. `own` is the record's own equity in its own
    sizes, and `rank` the percent of paths that end below it, None for paths of another length. `settled` sizes were
    decided in exact arithmetic.
    """

    warnings: tuple[StudyWarning, ...]
    assumptions: tuple[str, ...]
    runs: int
    seed: int
    trades: int
    policy: str
    starting_capital: Decimal
    halt_at: float
    cost: float
    found: Distribution
    beside: Distribution
    fan: Fan
    rank: float | None
    own: Floats
    ladder: tuple[Rung, ...]
    stress: Stress | None
    ends: Floats
    first_trades: tuple[int, ...]
    settled: int
    undefined: Codes

    def document(self) -> dict[str, Any]:
        """Warnings first, then the keys of ST-801; dollars as numbers: they are estimates, not money."""
        return {
            "warnings": [warning_document(one) for one in self.warnings],
            "assumptions": list(self.assumptions),
            "runs": self.runs,
            "seed": self.seed,
            "trades": self.trades,
            "policy": self.policy,
            "starting_capital": float(self.starting_capital),
            "cost": self.cost,
            **self.found.document(),
            "beside": self.beside.document(),
            "rank": self.rank,
            "own_end": float(self.own[-1]),
            "ladder": [rung.document() for rung in self.ladder],
            "first_ends": self.ends[:FIRST].tolist(),
            "first_trades": list(self.first_trades),
            "undefined": {name: code.value for name, code in self.undefined.items()},
            "fan": self.fan.document(),
        }

    def to_json(self) -> str:
        """The document as canonical JSON. Rule: ST-802."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """The fan by column: step, p5, p25, p50, p75, p95, dollars. Rule: ST-802."""
        columns = {f"p{rank}": self.fan.rows[:, place] for place, rank in enumerate(FAN)}
        return {"step": np.arange(len(self.fan.rows)), **columns}

    def __repr__(self) -> str:
        ranks = self.found.percentiles
        lines = [f"warning: {one}" for one in self.warnings]
        lines.append(
            f"EquityStudy(runs={self.runs}, trades={self.trades}, policy={self.policy}, mode={self.found.mode}, "
            f"p5={ranks[5]:,.2f}, p50={ranks[50]:,.2f}, p95={ranks[95]:,.2f}, halt={self.found.probabilities['halt']})"
        )
        return "\n".join(lines)


def undefined_of(found: Distribution, rank: float | None) -> dict[str, Undefined]:
    """Why a figure is null. Rule: ST-005."""
    absent = {"sd": Undefined.ONE_RUN} if found.sd is None else {}
    return absent if rank is not None else {**absent, "rank": Undefined.OTHER_HORIZON}


def what_draws_cannot_say(record_trades: int, runs: int) -> tuple[StudyWarning, ...]:
    """Said on every result. Rule: ST-409."""
    wider = math.sqrt(10_000 / runs)
    outer, inner = 0.4 * wider, 0.2 * wider
    return (
        StudyWarning(
            "draws_repeat_the_record",
            f"every path is made of the {record_trades:,} trades of this record: what it lacks, no path contains; a "
            "gap, a crash or a worse year than it has seen is in none of them",
            {"trades": record_trades},
        ),
        StudyWarning(
            "independent_draws",
            "trades drawn one by one have no losing spells beyond chance; real losses cluster, so that real drawdowns "
            "are deeper: read the line by days or blocks beside it",
        ),
        StudyWarning(
            "percentiles_have_errors",
            f"with {runs:,} paths p1 and p99 are good to ± {outer:.1f} %, p5 to p95 to ± {inner:.1f} %, and one in "
            "twenty is further off: another seed gives other figures",
            {"runs": runs, "outer_percent": outer, "inner_percent": inner},
        ),
    )


def _percentiles(values: Floats, ranks: Sequence[int]) -> dict[int, float]:
    return dict(zip(ranks, np.percentile(values, ranks).tolist(), strict=True))


def _share(which: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(which)) / len(which)

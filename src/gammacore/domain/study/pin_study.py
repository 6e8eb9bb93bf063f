"""Whether price goes to the pin: what was seen at a mark of many days, and what chance alone would show.

Nothing here draws: permutations are handed in, rows of the numbers 0..D-1. Rules: ST-701..705.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import ArrayLike, NDArray

from gammacore.domain.columns import Codes, Floats
from gammacore.domain.study.binomial import clopper_pearson
from gammacore.errors import InvalidInput

Permutations = NDArray[np.int64]
"""(B, D): each row holds 0..D-1 in a drawn order."""

ONE_SIDED = 0.8
"""Pins on one side of price on more than this part of the days test the market's drift. Rule: ST-702."""
SAME = 1e-12
"""Distances this near to each other, in expected moves, are the same: only their sums were rounded differently."""
_CHUNK = 512


def _column(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


@frozen(eq=False)
class MarkDays:
    """What was seen at one mark: arrays (D,), one figure a day, in points; `dates` ascending.

    `price` S and `pin` P as known at the mark, `close` C the settlement, `move` one expected move EM > 0. `by_chance`
    is the part of the strikes listed near price that are further from the close than the pin is (NaN: not known).
    """

    mark: dt.time
    dates: tuple[dt.date, ...]
    price: Floats = field(converter=_column)
    pin: Floats = field(converter=_column)
    close: Floats = field(converter=_column)
    move: Floats = field(converter=_column)
    by_chance: Floats = field(converter=_column, factory=lambda: np.empty(0))

    def __attrs_post_init__(self) -> None:
        for name in ("price", "pin", "close", "move"):
            values = getattr(self, name)
            if values.shape != (len(self.dates),):
                raise InvalidInput(name, f"{values.size} values", f"give {len(self.dates)}, one a date")
            if not np.isfinite(values).all():
                raise InvalidInput(name, "a value that is not finite", "leave such days out (ST-701)")
        if (self.move <= 0).any():
            raise InvalidInput("move", float(self.move.min()), "give expected moves above 0 points")

    @property
    def offset(self) -> Floats:
        """How far the pin lies above the price, in expected moves: o. Rule: ST-703."""
        return np.asarray((self.pin - self.price) / self.move)

    @property
    def drift(self) -> Floats:
        """How far the close lay above the price, in expected moves."""
        return np.asarray((self.close - self.price) / self.move)


@frozen
class PinMark:
    """What one mark shows of the pin; what does not exist is None, and `undefined` has its code. Rules: ST-005, ST-702.

    `toward` of the `of` days with a direction closed on the pin's side of the price; `interval` is the Clopper-Pearson
    95 % of that share. `points` and `moves` are the quartiles of |C - P| in points and expected moves. `nearness` is
    the mean of |C - P|/EM and `rho` the rank correlation of the pin's offset and the move to the close, each with the
    share p of permutations that do as well; `p_holm` is the corrected p of `rho` at all marks but the first.
    `nearer_than_random` is the share of days and strikes near price that lay further from the close than the pin: no
    fair comparison.
    """

    mark: dt.time
    days: int
    toward: int
    of: int
    interval: tuple[float, float] | None
    points: tuple[float, float, float] | None
    moves: tuple[float, float, float] | None
    nearness: float | None
    p_nearness: float | None
    rho: float | None
    p_rho: float | None
    above: int
    below: int
    nearer_than_random: float | None = None
    p_holm: float | None = None
    undefined: Mapping[str, str] = field(factory=dict)

    @property
    def known_to(self) -> float | None:
        """To how much the share toward the pin is known, a part of 1; None without a day. Rule: ST-705."""
        return share_known_to(self.of)

    @property
    def one_sided(self) -> bool:
        """Whether the pin lay on one side of price on more than 80 % of the days. Rule: ST-702."""
        return max(self.above, self.below) > ONE_SIDED * self.days


def share_known_to(days: int) -> float | None:
    """Half the width of a share's 95 % interval near one half: .98/√n. Rule: ST-705.

    >>> [round(share_known_to(n), 3) for n in (23, 250)], share_known_to(0)
    ([0.204, 0.062], None)
    """
    return None if days < 1 else 0.98 / math.sqrt(days)


def study_mark(seen: MarkDays, permutations: ArrayLike) -> PinMark:
    """The figures of one mark. Rules: ST-702..704.

    >>> days = tuple(dt.date(2026, 3, day) for day in (2, 3, 4))
    >>> seen = MarkDays(dt.time(10), days, [100, 100, 100], [102, 99, 101], [101, 98, 99], [2, 2, 2])
    >>> mark = study_mark(seen, [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
    >>> mark.toward, mark.of, round(mark.nearness, 4), mark.p_nearness
    (2, 3, 0.6667, 0.75)
    """
    days = len(seen.dates)
    dealt = np.asarray(permutations, dtype=np.int64)
    side = np.sign(seen.close - seen.price) * np.sign(seen.pin - seen.price)
    toward, of = int((side > 0).sum()), int((side != 0).sum())
    above, below = int((seen.pin > seen.price).sum()), int((seen.pin < seen.price).sum())
    if not days:
        return PinMark(
            seen.mark, 0, 0, 0, None, None, None, None, None, None, None, 0, 0,
            undefined=dict.fromkeys(("interval", "points", "moves", "nearness", "p_nearness", "rho", "p_rho"), NO_DAYS),
        )  # fmt: skip
    if dealt.ndim != 2 or dealt.shape[1] != days:
        raise InvalidInput("permutations", f"shape {dealt.shape}", f"give rows of {days}, one number a day")
    points = np.abs(seen.close - seen.pin)
    nearness, p_nearness = _nearness(seen.offset, seen.drift, dealt)
    rho, p_rho = _association(seen.offset, seen.drift, dealt)
    undefined = {} if of else {"interval": NO_DAYS}
    if rho is None:
        undefined |= dict.fromkeys(("rho", "p_rho"), "one_day" if days == 1 else "zero_variance")
    known = seen.by_chance[np.isfinite(seen.by_chance)]
    return PinMark(
        seen.mark, days, toward, of, clopper_pearson(toward, of), _quartiles(points), _quartiles(points / seen.move),
        nearness, p_nearness, rho, p_rho, above, below, float(known.mean()) if known.size else None,
        undefined=undefined,
    )  # fmt: skip


NO_DAYS = "no_days"
"""Code of a figure that does not exist because no day has it."""


def study_marks(marks: Sequence[MarkDays], permutations: Sequence[ArrayLike]) -> tuple[PinMark, ...]:
    """The figures of every mark, the first as it is, the others with Holm's correction besides. Rule: ST-704."""
    found = [study_mark(seen, dealt) for seen, dealt in zip(marks, permutations, strict=True)]
    corrected = holm([one.p_rho for one in found[1:]])
    return (*found[:1], *(evolve(one, p_holm=p) for one, p in zip(found[1:], corrected, strict=True)))


def _quartiles(values: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    return low, middle, high


def _nearness(offset: Floats, drift: Floats, dealt: Permutations) -> tuple[float, float]:
    """T = mean |C - P|/EM, and p = (1 + #{T* <= T})/(1 + B) with offsets dealt to other days. Rule: ST-703."""
    observed = float(np.abs(drift - offset).mean())
    as_near = 0
    for start in range(0, len(dealt), _CHUNK):
        means = np.abs(drift - offset[dealt[start : start + _CHUNK]]).mean(axis=1)
        as_near += int((means <= observed + SAME).sum())
    return observed, (1 + as_near) / (1 + len(dealt))


def _association(offset: Floats, drift: Floats, dealt: Permutations) -> tuple[float | None, float | None]:
    """Spearman's ρ of offset and drift, and p = (1 + #{ρ* >= ρ})/(1 + B); None where either never varies. Rule: ST-704.

    Compared by the sums of products of doubled ranks, which are whole numbers: ties are ties.
    """
    one, other = _doubled_ranks(offset), _doubled_ranks(drift)
    rho = spearman(offset, drift)
    if rho is None:
        return None, None
    observed, as_much = int(one @ other), 0
    for start in range(0, len(dealt), _CHUNK):
        as_much += int((one[dealt[start : start + _CHUNK]] @ other >= observed).sum())
    return rho, (1 + as_much) / (1 + len(dealt))


def average_ranks(values: ArrayLike) -> Floats:
    """Ranks from 1; equal values share the mean of theirs.

    >>> average_ranks([30, 10, 20, 20]).tolist()
    [4.0, 1.0, 2.5, 2.5]
    """
    return _doubled_ranks(_column(values)) / 2


def _doubled_ranks(values: Floats) -> Codes:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((2 * last - counts + 1)[place], dtype=np.int64)


def spearman(one: ArrayLike, other: ArrayLike) -> float | None:
    """Spearman's rank correlation by average ranks; None where either has one value only. Rule: ST-704.

    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30]), spearman([1, 1], [2, 3])
    (0.8, None)
    """
    ranks = [_doubled_ranks(_column(values)) for values in (one, other)]
    (a, b), n = ranks, len(ranks[0])
    mean = n * (n + 1)  # of doubled ranks, times n
    spread = [int(n * (r @ r)) - mean * mean for r in (a, b)]
    if not all(spread):
        return None
    return (int(n * (a @ b)) - mean * mean) / math.sqrt(spread[0] * spread[1])


def holm(probabilities: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm's correction: of m tests the k-th smallest p times m - k + 1, never falling, at most 1. Rule: ST-704.

    >>> holm([0.01, 0.04, None, 0.03])
    (0.03, 0.06, None, 0.06)
    """
    known = sorted((p, place) for place, p in enumerate(probabilities) if p is not None)
    corrected: list[float | None] = [None] * len(probabilities)
    floor = 0.0
    for rank, (p, place) in enumerate(known):
        floor = max(floor, min(1.0, (len(known) - rank) * p))
        corrected[place] = floor
    return tuple(corrected)

"""How much of the best of many configurations is the search itself.

The best of a hundred settings without any merit looks like a strategy. Deflated Sharpe, reality check, walk-forward and
plateau say what a search of this size finds in noise; `verdict_of` says it in words. The matrix is P/L in dollars, one
row a session, one column a configuration in grid order; draws are made outside and handed in (ST-004).
Rules: ST-521..525.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.pricing.normal import cumulative
from gammacore.errors import InvalidInput

EULER_GAMMA = 0.5772156649
LEAST_DEFLATED = 0.95
MOST_P = 0.05
LEAST_PLATEAU = 0.5

Matrix = NDArray[np.float64]
Objective = Callable[[Matrix], NDArray[np.float64]]
"""The figure of each column of a matrix; NaN where it does not exist, which loses to any number."""


@frozen
class Deflated:
    """Sharpe ratio a session of the best, what the best of so many tries has by chance, and the chance it is more.

    `sharpe`, `expected_maximum` a session, not a year; `probability` 0..1.
    """

    sharpe: float
    expected_maximum: float
    probability: float | None


@frozen
class RealityCheck:
    """White's reality check: `p_value` of the best mean against none being above 0; `block` in sessions."""

    p_value: float
    block: int
    resamples: int


@frozen
class WalkForward:
    """What choosing in one window and trading the choice in the next would have come to. Rule: ST-523.

    `choices` are columns, one a window, None where nothing could be chosen and nothing was traded; `equity` the P/L so
    far after each session out of sample, dollars; `efficiency` the mean out of sample over the mean in sample of the
    chosen, None without a choice or with a mean of 0 in sample.
    """

    train: int
    test: int
    anchored: bool
    choices: tuple[int | None, ...]
    total: float
    equity: tuple[float, ...]
    efficiency: float | None


def expected_maximum(variance: float, tried: int) -> float:
    """The Sharpe ratio the best of `tried` configurations without merit is expected to have. Rule: ST-521.

    `variance` is that of their Sharpe ratios.

    >>> round(expected_maximum(1 / 500, 100), 6)
    0.113172
    >>> expected_maximum(1 / 500, 1)
    0.0
    """
    if tried < 1:
        raise InvalidInput("tried", tried, "count the configurations tried, 1 or more")
    if tried == 1:
        return 0.0
    quantile = NormalDist().inv_cdf
    mixed = (1 - EULER_GAMMA) * quantile(1 - 1 / tried) + EULER_GAMMA * quantile(1 - 1 / (tried * math.e))
    return math.sqrt(variance) * mixed


def deflated_sharpe(sharpe: float, threshold: float, sessions: int, skew: float, kurtosis: float) -> float | None:
    """The chance that the true Sharpe ratio a session is above `threshold`; None where the formula has no value.

    >>> round(deflated_sharpe(2.5 / 250**0.5, expected_maximum(1 / 500, 100), 1250, -3, 10), 6)
    0.900397
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if sessions < 2 or spread <= 0:
        return None
    return float(cumulative((sharpe - threshold) * math.sqrt(sessions - 1) / math.sqrt(spread)))


def sharpe_ratios(matrix: Matrix) -> NDArray[np.float64]:
    """Mean over standard deviation (n - 1) of each column, a session; NaN for a column that does not vary.

    >>> sharpe_ratios(np.array([[1.0, 2.0], [3.0, 2.0]])).tolist()
    [1.414213562373095, nan]
    """
    if len(matrix) < 2:
        return np.full(matrix.shape[1], np.nan)
    spread = matrix.std(axis=0, ddof=1)
    varies = matrix.max(axis=0) > matrix.min(axis=0)
    return np.where(varies, matrix.mean(axis=0) / np.where(varies, spread, 1.0), np.nan)


def totals(matrix: Matrix) -> NDArray[np.float64]:
    """The sum of each column, correctly rounded: the same in whatever order numpy would add.

    >>> totals(np.array([[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]])).tolist()
    [0.6, 6.0]
    """
    return np.array([math.fsum(column) for column in matrix.T], dtype=float)


def first_best(figures: NDArray[np.float64], may_win: NDArray[np.bool_] | None = None) -> int | None:
    """The column of the largest figure, the first of equals; an undefined one never wins. Rule: ST-503.

    >>> first_best(np.array([np.nan, 2.0, 3.0, 3.0])), first_best(np.array([np.nan]))
    (2, None)
    """
    stands = ~np.isnan(figures) if may_win is None else ~np.isnan(figures) & may_win
    if not stands.any():
        return None
    return int(np.argmax(np.where(stands, figures, -np.inf)))


def deflate(matrix: Matrix, best: int, tried: int | None = None) -> Deflated | None:
    """The best column's Sharpe ratio, deflated by the number of configurations tried. Rule: ST-521.

    `tried` counts what was tried in this folder so far, by default the columns. None where the best does not vary.
    """
    ratios = sharpe_ratios(matrix)
    own = float(ratios[best])
    if math.isnan(own):
        return None
    known = ratios[~np.isnan(ratios)]
    variance = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    threshold = expected_maximum(variance, max(tried or 0, matrix.shape[1]))
    away = matrix[:, best] - matrix[:, best].mean()
    second = float(np.mean(away**2))
    skew, kurtosis = float(np.mean(away**3)) / second**1.5, float(np.mean(away**4)) / second**2
    return Deflated(own, threshold, deflated_sharpe(own, threshold, len(matrix), skew, kurtosis))


def block_length(sessions: int) -> int:
    """Sessions of a block of the reality check: the cube root, rounded. Rule: ST-522.

    >>> block_length(250), block_length(1)
    (6, 1)
    """
    return max(1, round(math.cbrt(sessions)))


def starts_needed(sessions: int) -> int:
    """How many block starts one resample draws.

    >>> starts_needed(250)
    42
    """
    return math.ceil(sessions / block_length(sessions))


def reality_check(matrix: Matrix, starts: NDArray[np.int64]) -> RealityCheck:
    """White's reality check over circular blocks. `starts` has one row a resample. Rule: ST-522."""
    sessions = len(matrix)
    block = block_length(sessions)
    means = matrix.mean(axis=0)
    best = math.sqrt(sessions) * float(means.max())
    as_good = 0
    steps = np.arange(block)
    for row in starts:
        drawn = ((row[:, None] + steps) % sessions).reshape(-1)[:sessions]
        counts = np.bincount(drawn, minlength=sessions).astype(float)
        as_good += math.sqrt(sessions) * float((counts @ matrix / sessions - means).max()) >= best
    return RealityCheck((1 + as_good) / (1 + len(starts)), block, len(starts))


def walk_forward(
    matrix: Matrix, train: int, test: int, *, anchored: bool = False, objective: Objective = totals
) -> WalkForward | None:
    """The best of each training window, traded in the window after it; None where the sessions do not reach.

    Windows step by `test`; an unfinished one is left out. `anchored`: every training window begins at the first
    session. Rule: ST-523.
    """
    for name, length in (("train", train), ("test", test)):
        if length < 1:
            raise InvalidInput(name, length, "give 1 session or more")
    choices: list[int | None] = []
    outside: list[float] = []
    inside: list[float] = []
    traded = 0
    for start in range(train, len(matrix) - test + 1, test):
        window = matrix[0 if anchored else start - train : start]
        choice = first_best(objective(window))
        choices.append(choice)
        if choice is None:
            outside.extend([0.0] * test)
            continue
        outside.extend(matrix[start : start + test, choice].tolist())
        inside.append(float(np.mean(window[:, choice])))
        traded += test
    if not choices:
        return None
    equity = tuple(math.fsum(outside[: end + 1]) for end in range(len(outside)))
    chosen_mean = math.fsum(inside) / len(inside) if inside else 0.0
    efficiency = math.fsum(outside) / traded / chosen_mean + 0.0 if chosen_mean else None
    return WalkForward(train, test, anchored, tuple(choices), math.fsum(outside), equity, efficiency)


@frozen
class Plateau:
    """The neighbours' median objective over the best's; a `peak` where it is below a half. Rule: ST-524.

    `ratio` is None without a neighbour or where the best is not above 0.
    """

    ratio: float | None
    neighbours: int

    @property
    def is_peak(self) -> bool:
        return self.ratio is not None and self.ratio < LEAST_PLATEAU


def plateau(best: float, neighbours: Sequence[float | None]) -> Plateau:
    """How much of the best is left one step away in one key; an undefined neighbour is none.

    >>> plateau(2.0, [1.5, None, 1.0, 0.2]).ratio, plateau(2.0, [0.8]).is_peak, plateau(-1.0, [2.0]).ratio
    (0.5, True, None)
    """
    known = [figure for figure in neighbours if figure is not None]
    if not known or best <= 0:
        return Plateau(None, len(known))
    return Plateau(float(np.median(known)) / best, len(known))


@frozen
class Verdict:
    """What a search may be said to have found; `reasons` are what speaks against it, in words. Rule: ST-525."""

    found: bool
    words: str
    reasons: tuple[str, ...]


NOTHING_FOUND = "nothing found"
FOUND = "more than chance explains"


def verdict_of(
    deflated: Deflated | None, check: RealityCheck | None, walked: WalkForward | None, plateau: Plateau | None = None
) -> Verdict:
    """Nothing found, unless all three hold: p, deflated Sharpe, a gain out of sample. Rule: ST-525.

    A peak does not undo the verdict, but it is said.

    >>> verdict_of(None, None, None).words
    'nothing found'
    """
    against = []
    if check is None:
        against.append("the reality check could not be made")
    elif check.p_value > MOST_P:
        share = f"as good a best comes up by chance in {check.p_value:.0%} of searches"
        against.append(f"p {check.p_value:.3f} is above {MOST_P}: {share}")
    probability = None if deflated is None else deflated.probability
    if probability is None:
        against.append("the deflated Sharpe ratio does not exist")
    elif probability < LEAST_DEFLATED:
        against.append(f"the deflated Sharpe ratio is {probability:.3f}, below {LEAST_DEFLATED}")
    if walked is None:
        against.append("there are too few sessions to walk forward")
    elif walked.total <= 0:
        against.append(f"out of sample the choices come to {walked.total:,.2f} dollars")
    found = not against
    if plateau is not None and plateau.is_peak:
        against.append("the best is a peak: one step away less than half of it is left")
    return Verdict(found, FOUND if found else NOTHING_FOUND, tuple(against))

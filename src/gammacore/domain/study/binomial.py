"""The exact interval of a share of successes, and the incomplete beta function it is made of. Rule: ST-702."""

from __future__ import annotations

import math

from gammacore.errors import InvalidInput

_TINY = 1e-300
_PRECISION = 1e-15
_MOST_TERMS = 10_000


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction; relative error about 1e-13.

    >>> round(incomplete_beta(2, 3, 0.5), 12), incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)
    (0.6875, 0.0, 1.0)
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):  # where the fraction of the mirrored function converges faster
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b), evaluated from the front (Lentz)."""
    above, below = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    total = below
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        step = 1.0
        for term in (even, odd):
            below = 1.0 / _away_from_zero(1.0 + term * below)
            above = _away_from_zero(1.0 + term / above)
            step = below * above
            total *= step
        if abs(step - 1.0) < _PRECISION:
            break
    return total


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float] | None:
    """The exact interval of a probability of which `successes` of `trials` were seen; None without a trial.

    Its ends are the probabilities at which so many, or so few, would be seen in half of 1 - level of all samples. It
    never promises more than it holds, also for few trials. Rule: ST-702.

    >>> low, high = clopper_pearson(4, 20)
    >>> round(low, 6), round(high, 6)
    (0.057334, 0.436614)
    >>> clopper_pearson(0, 10)[0], clopper_pearson(10, 10)[1]
    (0.0, 1.0)
    """
    if not 0 <= successes <= trials:
        raise InvalidInput("successes", successes, f"give 0 to {trials}, the number of trials")
    if not 0.0 < level < 1.0:
        raise InvalidInput("level", level, "give a part between 0 and 1, like 0.95")
    if not trials:
        return None
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else _quantile(tail, successes, trials - successes + 1)
    high = 1.0 if successes == trials else _quantile(1.0 - tail, successes + 1, trials - successes)
    return low, high


def _quantile(probability: float, a: float, b: float) -> float:
    """Where I_x(a, b) reaches the probability, by halving until two neighbouring floats are left."""
    low, high = 0.0, 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        if incomplete_beta(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return high

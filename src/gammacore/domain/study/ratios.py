"""Ratios of daily returns: Sharpe, Sortino, skewness, kurtosis, CAGR. Rules: ST-304..306.

Sums are exact to the last digit (`math.fsum`), so that no order of adding changes a figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

A_YEAR = 252
"""Sessions."""
FEWEST_SESSIONS = 20
"""Below so many sessions a yearly rate is not computed. Ours. Rule: ST-306."""


def mean(values: Sequence[float]) -> float:
    """Of one value or more.

    >>> mean([0.5, 0.25])
    0.375
    """
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation with n - 1; None below two values.

    >>> deviation([1.0, 3.0]), deviation([1.0])
    (1.4142135623730951, None)
    """
    if len(values) < 2:
        return None
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) * (value - middle) for value in values) / (len(values) - 1))


def sharpe(returns: Sequence[float], risk_free: float = 0.0) -> float | None:
    """Yearly Sharpe ratio of daily returns; `risk_free` a year, a fraction. None without variance. Rule: ST-305.

    >>> round(sharpe([0.01, -0.005, 0.002]), 6)
    4.935082
    """
    spread = deviation(returns)
    if spread is None or spread == 0 or is_constant(returns):
        return None
    return (mean(returns) - risk_free / A_YEAR) / spread * math.sqrt(A_YEAR)


def sortino(returns: Sequence[float], risk_free: float = 0.0) -> float | None:
    """Yearly Sortino ratio: the mean excess over the root mean square of the days below it, of all days. Rule: ST-305.

    None without a day below the risk-free rate.

    >>> round(sortino([0.01, -0.005, 0.002]), 6)
    12.831212
    """
    if not returns:
        return None
    excess = [value - risk_free / A_YEAR for value in returns]
    down = math.sqrt(mean([value * value if value < 0 else 0.0 for value in excess]))
    return None if down == 0 else mean(excess) / down * math.sqrt(A_YEAR)


def skewness(returns: Sequence[float]) -> float | None:
    """m3/m2^1.5, of the population; None without variance. Rule: ST-305.

    >>> skewness([1.0, 2.0, 3.0])
    0.0
    """
    second = _moment(returns, 2)
    return None if not second else _moment(returns, 3) / (second * math.sqrt(second))


def kurtosis(returns: Sequence[float]) -> float | None:
    """m4/m2², 3 for a normal distribution; None without variance. Rule: ST-305.

    >>> round(kurtosis([1.0, 2.0, 3.0]), 6)
    1.5
    """
    second = _moment(returns, 2)
    return None if not second else _moment(returns, 4) / (second * second)


def cagr(start: float, end: float, sessions: int) -> float | None:
    """Yearly growth, (end/start)^(252/D) - 1; None below 20 sessions and on equity at or below 0. Rule: ST-306.

    Rounded to 12 digits: the last ones of a power differ between machines.

    >>> cagr(100.0, 121.0, 504), cagr(100.0, 121.0, 19)
    (0.1, None)
    """
    if sessions < FEWEST_SESSIONS or start <= 0 or end <= 0:
        return None
    try:
        return round(math.pow(end / start, A_YEAR / sessions) - 1, 12)
    except OverflowError:
        return None


def is_constant(values: Sequence[float]) -> bool:
    """Whether no value differs from another."""
    return all(value == values[0] for value in values)


def _moment(values: Sequence[float], power: int) -> float:
    if not values or is_constant(values):
        return 0.0
    middle = mean(values)
    return mean([math.prod([value - middle] * power) for value in values])

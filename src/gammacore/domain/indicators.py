"""Measures of what bars and closes did: Wilder's average directional index, Cutler's RSI, the lower Bollinger band.

Pure numbers; the rules judge them. Rules: CS-316, CS-355, CS-357, SC-223.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from gammacore.domain.dollars import EXACTLY, exact_sum
from gammacore.domain.market import Bar
from gammacore.errors import InvalidInput

STANDARD_PERIOD = 14
_NOTHING = 1e-14  # TA-Lib's own bound below which a divisor counts as zero

Move = tuple[float, float, float]
"""Upward move, downward move and true range of one bar against the bar before, points."""


def bars_needed(period: int = STANDARD_PERIOD) -> int:
    """How many bars the first reading takes: 28 for the usual 14."""
    return 2 * period


def wilder_adx(bars: Sequence[Bar], period: int = STANDARD_PERIOD) -> float | None:
    """ADX after the last of the bars, oldest first; None with fewer than 2 × period bars.

    As in TA-Lib every bar given counts: the smoothing never forgets, so the same figure takes the same bars.
    """
    if period < 2:
        raise InvalidInput("period", period, "give at least 2 bars")
    if len(bars) < bars_needed(period):
        return None
    moves = [_move(before, bar) for before, bar in pairwise(bars)]
    strengths = list(_strengths(moves, period))
    adx = sum(strength or 0.0 for strength in strengths[:period]) / period
    for strength in strengths[period:]:
        if strength is not None:
            adx = (adx * (period - 1) + strength) / period
    return adx


def _move(before: Bar, bar: Bar) -> Move:
    up, down = float(bar.high - before.high), float(before.low - bar.low)
    true_range = float(max(bar.high, before.close) - min(bar.low, before.close))
    return (up if up > max(down, 0.0) else 0.0), (down if down > max(up, 0.0) else 0.0), true_range


def _strengths(moves: Sequence[Move], period: int) -> Iterator[float | None]:
    """Directional strength (DX) of each bar after the first period - 1 moves; None where nothing moved."""
    up, down, span = (sum(part) for part in zip(*moves[: period - 1], strict=True))
    for plus, minus, true_range in moves[period - 1 :]:
        up = up - up / period + plus
        down = down - down / period + minus
        span = span - span / period + true_range
        yield _strength(up, down, span)


def _strength(up: float, down: float, span: float) -> float | None:
    if abs(span) < _NOTHING:
        return None
    plus, minus = 100 * up / span, 100 * down / span
    return None if plus + minus < _NOTHING else 100 * abs(plus - minus) / (plus + minus)


def cutler_rsi(closes: Sequence[Decimal], period: int = STANDARD_PERIOD) -> Fraction | None:
    """RSI of the last `period` changes, 0 to 100, exact; None with fewer than period + 1 closes (oldest first).

    Unlike Wilder's (TA-Lib's `RSI`) it forgets: older closes change nothing. Closes that did not move at all know no
    loss, so they read 100.

    >>> cutler_rsi([Decimal(100), Decimal(103), Decimal(102)], period=2)
    Fraction(75, 1)
    """
    if period < 1:
        raise InvalidInput("period", period, "give at least 1 change")
    if len(closes) < period + 1:
        return None
    changes = [EXACTLY.subtract(later, earlier) for earlier, later in pairwise(closes[-period - 1 :])]
    gained = Fraction(exact_sum(change for change in changes if change > 0))
    lost = -Fraction(exact_sum(change for change in changes if change < 0))
    if lost == 0:
        return Fraction(100)
    return 100 * gained / (gained + lost)


BAND_PERIOD = 20
BAND_DEVIATIONS = 2.0


def bollinger_band(
    closes: Sequence[Decimal], deviations: float = -BAND_DEVIATIONS, period: int = BAND_PERIOD
) -> float | None:
    """Mean of the last `period` closes plus so many of their deviations (divisor n), points; by default the lower band.

    None with fewer closes (oldest first).

    >>> bollinger_band([Decimal(99), Decimal(101)], -2.0, period=2)
    98.0
    """
    if period < 1:
        raise InvalidInput("period", period, "give at least 1 close")
    if len(closes) < period:
        return None
    used = [Fraction(close) for close in closes[-period:]]
    mean = sum(used, Fraction(0)) / period
    variance = sum(((close - mean) ** 2 for close in used), Fraction(0)) / period
    return float(mean) + deviations * math.sqrt(variance)

"""Cutler's RSI: simple averages, exact, forgetting."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.indicators import cutler_rsi
from gammacore.errors import InvalidInput


def closes(*levels: int | str) -> list[Decimal]:
    return [Decimal(level) for level in levels]


def test_gains_and_losses_are_simply_averaged() -> None:
    """CS-357: gains 3 + 2, losses 1 + 4 over 4 changes."""
    assert cutler_rsi(closes(100, 103, 102, 104, 100), period=4) == Fraction(50)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((100, 101, 102), 100), ((102, 101, 100), 0), ((100, 100, 100), 100)],
    ids=["no loss", "no gain", "no change"],
)
def test_without_a_loss_it_is_100_without_a_gain_0(levels: tuple[int, ...], expected: int) -> None:
    """CS-357."""
    assert cutler_rsi(closes(*levels), period=2) == expected


def test_fifteen_closes_are_needed() -> None:
    """CS-357."""
    assert cutler_rsi(closes(*range(100, 114))) is None
    assert cutler_rsi(closes(*range(100, 115))) == 100


def test_it_is_not_wilders() -> None:
    """CS-357: the last 14 changes gain 18 and lose 15; Wilder's, TA-Lib's RSI(14), reads 53.59 of the same closes."""
    zigzag = closes(*(100 + i * 7 % 5 for i in range(20)))

    assert cutler_rsi(zigzag) == Fraction(1800, 33)


@given(st.lists(st.integers(1, 10_000), min_size=15, max_size=40), st.lists(st.integers(1, 10_000), max_size=20))
def test_older_closes_change_nothing(known: list[int], older: list[int]) -> None:
    """A law of CS-357: only the last 15 closes count."""
    assert cutler_rsi(closes(*older, *known)) == cutler_rsi(closes(*known))


def test_a_period_below_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match="period"):
        cutler_rsi(closes(1, 2), period=0)

"""Wilder's ADX as TA-Lib computes it: expected figures are those of TA-Lib 0.8.1, `ADX(high, low, close, 14)`."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from gammacore.domain.indicators import bars_needed, wilder_adx
from gammacore.domain.market import Bar
from gammacore.errors import InvalidInput


def a_walk(count: int, drift: int = 0) -> list[Bar]:
    """Bars of a walk in hundredths of a point from a fixed linear congruence: the same wherever they are made."""
    state, price, bars = 7, 690_000, []
    for _ in range(count):
        path = [price]
        for _ in range(3):
            state = (state * 1_103_515_245 + 12_345) % 2**31
            path.append(path[-1] + (state >> 16) % 301 - 150 + drift)
        bars.append(a_bar_of(path[0], max(path), min(path), path[-1]))
        price = path[-1]
    return bars


def a_bar_of(*cents: int) -> Bar:
    first, high, low, last = (Decimal(each).scaleb(-2) for each in cents)
    return Bar(at("10:00"), 300, first, high, low, last)


@pytest.mark.parametrize(
    ("bars", "drift", "expected"),
    [
        (28, 0, 13.664178506358184),
        (29, 0, 13.572374514739579),
        (60, 0, 38.78305971468687),
        (156, 0, 19.569013611306183),
        (60, 40, 98.58742107559985),
    ],
)
def test_adx_is_that_of_ta_lib(bars: int, drift: int, expected: float) -> None:
    """CS-355."""
    assert wilder_adx(a_walk(bars, drift)) == pytest.approx(expected, rel=1e-12)


def test_adx_needs_28_bars() -> None:
    """CS-355."""
    assert bars_needed() == 28
    assert wilder_adx(a_walk(27)) is None
    assert wilder_adx([]) is None


def test_bars_that_never_move_do_not_trend() -> None:
    assert wilder_adx([a_bar_of(100, 100, 100, 100)] * 30) == 0


def test_bars_that_only_rise_trend_fully() -> None:
    rising = [a_bar_of(100 + i, 200 + i, 100 + i, 200 + i) for i in range(40)]

    assert wilder_adx(rising) == pytest.approx(100)


def test_a_period_below_two_is_refused() -> None:
    with pytest.raises(InvalidInput, match="period"):
        wilder_adx(a_walk(30), period=1)


@given(st.lists(st.tuples(st.integers(-300, 300), st.integers(0, 200), st.integers(0, 200)), min_size=28, max_size=90))
def test_adx_stays_between_0_and_100_and_does_not_know_up_from_down(moves: list[tuple[int, int, int]]) -> None:
    """A law: turned upside down, the same bars trend as much."""
    price, bars, mirrored = 600_000, [], []
    for move, above, below in moves:
        last = price + move
        high, low = max(price, last) + above, min(price, last) - below
        bars.append(a_bar_of(price, high, low, last))
        mirrored.append(a_bar_of(*(1_200_000 - each for each in (price, low, high, last))))
        price = last
    adx, upside_down = wilder_adx(bars), wilder_adx(mirrored)

    assert adx is not None
    assert 0 <= adx <= 100 + 1e-9
    assert upside_down == pytest.approx(adx)

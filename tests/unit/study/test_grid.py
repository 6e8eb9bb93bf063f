"""Grids of settings: ranges in exact decimals, what is refused before the first day, halving. ST-501..503, ST-803."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.study.grid import Axis, Grid, axes_of_table, kept_of, parse_axis, rungs
from gammacore.errors import InvalidInput


def test_a_range_has_both_ends_and_no_rounding() -> None:
    assert parse_axis("a=0.1..0.7:0.1").values == ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7")
    assert parse_axis("a=-1..1").values == ("-1", "0", "1")
    assert parse_axis("a=5..5").values == ("5",)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("stops.stop", "write KEY=a,b,c"),
        ("=1,2", "write KEY=a,b,c"),
        ("a=", "write values"),
        ("a=1,,2", "write values"),
        ("a=1,1", "give each value once"),
        ("a=0..1:0", "give a step above 0"),
        ("a=0..1:-1", "give a step above 0"),
        ("a=1..0", "give the smaller end first"),
        ("a=0..1:0.3", "end on a step, such as 0.9"),
        ("a=0..1e9:1", "a grid holds 100,000 at most"),
        ("a=x..y", "in figures"),
        ("a=nan..1", "in figures"),
    ],
)
def test_what_is_no_axis_is_refused_with_its_fix(written: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_axis(written)


def test_the_first_key_varies_slowest() -> None:
    grid = Grid((Axis("a", ("1", "2")), Axis("b", ("x", "y"))))

    assert [tuple(grid.settings(number).values()) for number in range(4)] == [
        ("1", "x"), ("1", "y"), ("2", "x"), ("2", "y"),
    ]  # fmt: skip


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_places_and_numbers_of_a_grid_are_each_others_inverse(sizes: list[int], data: st.DataObject) -> None:
    grid = Grid(tuple(Axis(str(at), tuple(map(str, range(size)))) for at, size in enumerate(sizes)))
    number = data.draw(st.integers(0, math.prod(sizes) - 1))

    assert grid.index(grid.place(number)) == number
    assert all(number in grid.neighbours(other) for other in grid.neighbours(number))


def test_a_grid_of_more_than_100_000_is_refused() -> None:
    axes = tuple(Axis(name, tuple(map(str, range(47)))) for name in "abc")

    with pytest.raises(InvalidInput, match="103,823 configurations is not valid; try 100,000 at most"):
        Grid(axes)


@pytest.mark.parametrize("axes", [(), (Axis("a", ("1",)), Axis("a", ("2",)))])
def test_a_grid_without_a_key_or_with_one_twice_is_refused(axes: tuple[Axis, ...]) -> None:
    with pytest.raises(InvalidInput):
        Grid(axes)


def test_a_random_part_is_the_first_of_a_permutation_in_grid_order() -> None:
    grid = Grid((Axis("a", ("1", "2", "3", "4")),))

    assert grid.chosen([3, 0, 2, 1], 2) == (0, 3)
    assert grid.chosen([3, 0, 2, 1], 9) == (0, 1, 2, 3)


def test_a_table_is_an_axis_a_key_and_lists_within_are_values() -> None:
    axes = axes_of_table({"stops": {"stop": "0.1..0.2:0.1"}, "a": [True, 3], "entries.schedule.times": [["10:00"]]})

    assert [(axis.key, axis.values) for axis in axes] == [
        ("stops.stop", ("0.1", "0.2")), ("a", ("true", "3")), ("entries.schedule.times", ('["10:00"]',)),
    ]  # fmt: skip


@given(st.integers(1, 300), st.integers(1, 500), st.integers(2, 6))
def test_the_last_rung_has_all_days_and_no_rung_fewer_than_the_one_before(days: int, tried: int, eta: int) -> None:
    found = rungs(days, tried, eta)

    assert found[-1].days == days
    assert [rung.days for rung in found] == sorted(rung.days for rung in found)
    assert found[-1].keeps == 1


def test_halving_keeps_the_best_and_of_equals_the_first() -> None:
    assert kept_of({4: 1.0, 7: 2.0, 8: 2.0, 9: None}, 2) == (7, 8)
    assert kept_of({4: None, 7: None}, 1) == (4,)


def test_halving_by_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match="keep one configuration in 2 or more"):
        rungs(10, 10, 1)

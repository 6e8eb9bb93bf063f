"""Which numbers a mode wants, and which trades it makes of them. ST-403, ST-404, ST-803."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve

from builders_paths import a_record
from gammacore.domain.study.draws import Drawing, DrawMode
from gammacore.errors import InvalidInput
from gammacore.wiring.study.monte_carlo import drawing_from

RECORD = a_record(1, 2, 3, 4, 5, 6, 7)
"""Dates of three, three and one trades."""


def test_a_block_of_1000_paths_is_drawn_row_by_row_from_its_own_generator() -> None:
    """ST-403: block 2 of seed 5, indices first, then the luck of the stress."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5, spawn_key=(2,))))
    indices, luck = generator.integers(0, 7, (1000, 9)), generator.random(size=(1000, 9))

    drawn = drawing_from(5)(2, 9, 7, 9)

    assert np.array_equal(drawn[0], indices)
    assert np.array_equal(drawn[1], luck)


def test_blocks_go_around_the_end_of_the_record_and_are_cut_at_the_steps() -> None:
    drawing = Drawing.of(DrawMode.parse("block:3"), RECORD, 7)

    assert (drawing.columns, drawing.below) == (3, 7)
    assert drawing.trades(np.array([[5, 0, 6], [1, 2, 3]])).T.tolist() == [
        [5, 6, 0, 0, 1, 2, 6],
        [1, 2, 3, 2, 3, 4, 3],
    ]


def test_days_bring_their_trades_in_order_until_there_are_enough() -> None:
    drawing = Drawing.of(DrawMode.parse("day"), RECORD, 5)

    assert (drawing.columns, drawing.below) == (5, 3)
    assert drawing.trades(np.array([[2, 0, 1, 0, 0], [1, 1, 0, 2, 2], [2, 2, 2, 2, 2]])).T.tolist() == [
        [6, 0, 1, 2, 3],
        [3, 4, 5, 3, 4],
        [6, 6, 6, 6, 6],
    ]


def test_dates_count_in_order_of_appearance_and_need_not_stand_together() -> None:
    mixed = (RECORD[6], RECORD[0], RECORD[3], RECORD[1])
    drawing = Drawing.of(DrawMode.parse("day"), mixed, 3)

    assert drawing.below == 3
    assert drawing.trades(np.array([[1, 0, 0], [0, 2, 1]])).T.tolist() == [[1, 3, 0], [0, 2, 1]]


def test_a_regime_draws_from_the_band_of_the_record_s_own_trade_at_that_step() -> None:
    """ST-404: bands of CS-021; step j has that of record trade j mod n."""
    vix = ["14.99", "15", "14", "21", "19"]
    record = [evolve(trade, vix=Decimal(level)) for trade, level in zip(RECORD, vix, strict=False)]
    drawing = Drawing.of(DrawMode.parse("regime"), record, 7)

    assert drawing.below is None
    top = np.nextafter(1.0, 0.0)
    assert drawing.trades(np.array([[0.0] * 7, [top] * 7, [0.49, 0.5] * 3 + [0.49]])).T.tolist() == [
        [0, 1, 0, 3, 1, 0, 1],
        [2, 4, 2, 3, 4, 2, 4],
        [0, 4, 0, 3, 1, 2, 1],
    ]


@pytest.mark.parametrize("wrong", ["blok", "block:0", "block:x", "day:3", "trade:1", ""])
def test_an_unknown_mode_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="mode"):
        DrawMode.parse(wrong)


def test_what_the_record_lacks_is_refused_by_the_trade_that_lacks_it() -> None:
    """ST-803: L > n, day without dates, regime without VIX."""
    undated = [evolve(RECORD[0], date=None)]

    with pytest.raises(InvalidInput, match=r"block:8 is not valid; give blocks of at most the 7 trades"):
        Drawing.of(DrawMode.parse("block:8"), RECORD, 7)
    with pytest.raises(InvalidInput, match="trade 0 has no date"):
        Drawing.of(DrawMode.parse("day"), undated, 1)
    with pytest.raises(InvalidInput, match="trade 0 has no VIX"):
        Drawing.of(DrawMode.parse("regime"), RECORD, 7)
    with pytest.raises(InvalidInput, match="trade 0 has no VIX"):  # 0 was never recorded
        Drawing.of(DrawMode.parse("regime"), [evolve(RECORD[0], vix=Decimal(0))], 1)

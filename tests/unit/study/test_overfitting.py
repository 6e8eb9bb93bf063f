"""What a search finds by chance: figures computed without gammacore, and the edges. Check 14; ST-521..525."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gammacore.domain.study.overfitting import (
    NOTHING_FOUND,
    Deflated,
    RealityCheck,
    WalkForward,
    deflate,
    deflated_sharpe,
    expected_maximum,
    first_best,
    plateau,
    reality_check,
    starts_needed,
    totals,
    verdict_of,
    walk_forward,
)
from gammacore.errors import InvalidInput
from gammacore.wiring.study.sweep_verdicts import judge_matrix


def drawn(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.fixture(scope="module")
def noise() -> NDArray[np.float64]:
    """250 sessions of 40 configurations without any merit, dollars."""
    return np.round(drawn(11).standard_normal((250, 40)) * 100, 2)


def starts(seed: int, resamples: int, sessions: int) -> NDArray[np.int64]:
    generator = drawn(seed)
    return np.array([generator.integers(0, sessions, starts_needed(sessions)) for _ in range(resamples)])


def test_the_best_of_noise_is_the_one_computed_elsewhere(noise: NDArray[np.float64]) -> None:
    best = first_best(totals(noise))

    assert best == 4
    assert totals(noise)[best] == pytest.approx(4_320.60, abs=0.005)


def test_deflated_sharpe_agrees_with_figures_computed_elsewhere(noise: NDArray[np.float64]) -> None:
    found = deflate(noise, 4)

    assert found is not None
    assert found.sharpe == pytest.approx(0.171522219, rel=1e-6)
    assert found.expected_maximum == pytest.approx(0.138998240, rel=1e-6)
    assert found.probability == pytest.approx(0.695362676, rel=1e-6)


def test_the_published_example_of_a_deflated_sharpe() -> None:
    threshold = expected_maximum(1 / 500, 100)

    assert threshold == pytest.approx(0.113172, abs=1e-6)
    assert deflated_sharpe(2.5 / 250**0.5, threshold, 1250, -3, 10) == pytest.approx(0.900397, abs=1e-6)


def test_reality_check_agrees_with_figures_computed_elsewhere(noise: NDArray[np.float64]) -> None:
    check = reality_check(noise, starts(5, 2_000, 250))

    assert check.block == 6
    assert check.p_value == pytest.approx(0.133433283, rel=1e-6)


def test_walk_forward_agrees_with_figures_computed_elsewhere(noise: NDArray[np.float64]) -> None:
    walked = walk_forward(noise, 60, 20)

    assert walked is not None
    assert walked.choices == (37, 1, 1, 1, 32, 29, 10, 4, 4)
    assert walked.total == pytest.approx(235.37, abs=0.005)
    assert walked.equity[-1] == walked.total
    assert walked.efficiency == pytest.approx(0.040076, rel=1e-4)


def test_noise_is_called_nothing_found(noise: NDArray[np.float64]) -> None:
    verdict = verdict_of(deflate(noise, 4), reality_check(noise, starts(5, 2_000, 250)), walk_forward(noise, 60, 20))

    assert verdict.words == NOTHING_FOUND
    assert len(verdict.reasons) == 2


def test_a_matrix_of_another_search_is_judged_in_one_call(noise: NDArray[np.float64]) -> None:
    best, guards, verdict = judge_matrix(noise, seed=5)

    assert (best, verdict.words) == (4, NOTHING_FOUND)
    assert guards.document()["p_value"] == pytest.approx(0.133433283, rel=1e-6)


GOOD = (Deflated(0.2, 0.1, 0.95), RealityCheck(0.05, 6, 2_000), WalkForward(60, 20, False, (1,), 0.01, (0.01,), 1.0))


@pytest.mark.parametrize(
    ("deflated", "check", "walked", "found"),
    [
        (*GOOD, True),
        (Deflated(0.2, 0.1, 0.9499), *GOOD[1:], False),
        (GOOD[0], RealityCheck(0.0501, 6, 2_000), GOOD[2], False),
        (*GOOD[:2], WalkForward(60, 20, False, (1,), 0.0, (0.0,), 0.0), False),
        (None, *GOOD[1:], False),
        (GOOD[0], None, GOOD[2], False),
        (*GOOD[:2], None, False),
    ],
)
def test_something_is_found_only_when_all_three_guards_hold(deflated, check, walked, found) -> None:  # type: ignore[no-untyped-def]
    assert verdict_of(deflated, check, walked).found is found


def test_a_peak_is_said_and_does_not_undo_what_was_found() -> None:
    verdict = verdict_of(*GOOD, plateau(2.0, [0.9, 0.1]))

    assert verdict.found
    assert "peak" in verdict.reasons[0]


def test_more_configurations_tried_before_make_the_same_best_worth_less(noise: NDArray[np.float64]) -> None:
    now, later = deflate(noise, 4, 40), deflate(noise, 4, 4_000)

    assert now is not None
    assert later is not None
    assert (later.probability or 0) < (now.probability or 0)


def test_one_configuration_is_not_deflated_by_a_search() -> None:
    assert expected_maximum(0.5, 1) == 0.0


@pytest.mark.parametrize(
    ("matrix", "best"),
    [(np.zeros((10, 3)), 0), (np.full((10, 2), 5.0), 1), (np.array([[1.0], [2.0]]), 0), (np.ones((1, 1)), 0)],
)
def test_no_matrix_raises_or_gives_a_figure_that_is_none(matrix: NDArray[np.float64], best: int) -> None:
    found = deflate(matrix, best)
    check = reality_check(matrix, starts(1, 50, len(matrix)))

    assert found is None or found.probability is None or 0 <= found.probability <= 1
    assert 0 < check.p_value <= 1
    assert walk_forward(matrix, 60, 20) is None


def test_windows_step_by_the_test_length_and_an_unfinished_one_is_left_out() -> None:
    matrix = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 8)

    walked = walk_forward(matrix, 4, 3)
    anchored = walk_forward(matrix, 4, 3, anchored=True)

    assert walked is not None
    assert anchored is not None
    assert (walked.choices, walked.total) == ((0, 1), 3.0)
    assert (anchored.choices, anchored.total) == ((0, 0), 0.0)


@pytest.mark.parametrize(("train", "test"), [(0, 20), (60, 0)])
def test_a_window_of_nothing_is_refused(train: int, test: int) -> None:
    with pytest.raises(InvalidInput, match="give 1 session or more"):
        walk_forward(np.zeros((10, 1)), train, test)


def test_undefined_loses_to_any_number_and_ties_go_to_the_first() -> None:
    assert first_best(np.array([np.nan, -5.0, -5.0])) == 1
    assert first_best(np.array([3.0, 2.0]), np.array([False, True])) == 1
    assert first_best(np.array([3.0]), np.array([False])) is None

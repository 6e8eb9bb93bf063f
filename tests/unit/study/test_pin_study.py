"""Whether price goes to the pin: counts, intervals and permutations of arrays. Rules: ST-702..705."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest

from extent import many
from gammacore.domain.columns import Floats
from gammacore.domain.study.binomial import clopper_pearson, incomplete_beta
from gammacore.domain.study.pin_study import (
    MarkDays,
    PinMark,
    average_ranks,
    holm,
    share_known_to,
    spearman,
    study_mark,
    study_marks,
)
from gammacore.errors import InvalidInput

TEN = dt.time(10)


def dates(count: int) -> tuple[dt.date, ...]:
    return tuple(dt.date(2025, 1, 1) + dt.timedelta(days=day) for day in range(count))


def drawn_days(pull: float, seed: int = 3, days: int = 250) -> MarkDays:
    """Check 16 of the study's rules: offsets and moves drawn, price pulled to the pin by a part of the offset."""
    draws = np.random.Generator(np.random.PCG64(seed))
    offset = np.round(0.5 * draws.standard_normal(days), 3)
    rest = np.round(0.6 * draws.standard_normal(days), 3)
    price, move = np.full(days, 6000.0), np.full(days, 40.0)
    return MarkDays(TEN, dates(days), price, price + move * offset, price + move * (pull * offset + rest), move)


def permutations(days: int, times: int, seed: int = 1) -> np.ndarray:
    draws = np.random.Generator(np.random.PCG64(seed))
    return np.array([draws.permutation(days) for _ in range(times)])


def studied(seen: MarkDays, times: int = 2000) -> PinMark:
    return study_mark(seen, permutations(len(seen.dates), times))


def test_without_pull_nothing_is_found() -> None:
    """Check 16."""
    mark = studied(drawn_days(pull=0))

    assert (mark.toward, mark.of) == (127, 250)
    assert mark.rho == pytest.approx(0.017068, abs=5e-7)
    assert mark.p_rho == pytest.approx(0.394303, abs=5e-7)


def test_a_pull_of_a_third_is_found() -> None:
    """Check 16."""
    mark = studied(drawn_days(pull=0.3))

    assert (mark.toward, mark.of) == (146, 250)
    assert mark.nearness == pytest.approx(0.5513016, rel=1e-9)
    assert mark.rho == pytest.approx(0.268538, abs=5e-7)
    assert [mark.p_nearness, mark.p_rho] == pytest.approx([1 / 2001] * 2)


@pytest.mark.parametrize("figure", ["p_nearness", "p_rho"])
def test_chance_is_taken_for_a_pull_once_in_twenty(figure: str) -> None:
    """Check 16: 4 to 18 of 200 sets without pull; a smoke draws fewer."""
    sets, most = many(40, 200), many(7, 18)
    found = sum(
        getattr(studied(drawn_days(0, seed), many(400, 2000)), figure) <= 0.05 for seed in range(100, 100 + sets)
    )

    assert many(0, 4) <= found <= most


def test_identical_days_are_as_near_as_themselves() -> None:
    """The smallest p is the share of deals that change nothing: ties count, however their sums are rounded."""
    rng = np.random.Generator(np.random.PCG64(8))
    pins = np.round(rng.normal(740, 3, 5), 0)
    price, move = np.round(rng.normal(740, 1, 5), 2), rng.uniform(5, 7, 5)
    every = np.array(list(itertools.permutations(range(5))))

    near = study_mark(MarkDays(TEN, dates(5), price, pins, pins, move), every)
    assert near.nearness is not None
    assert near.nearness == pytest.approx(0, abs=1e-12)
    assert near.p_nearness == pytest.approx(2 / 121)
    assert near.p_rho == pytest.approx(2 / 121)


def test_a_shift_of_every_close_changes_no_association() -> None:
    """Drift drops out of ρ; it does not drop out of the share. Rule: ST-704."""
    seen = drawn_days(pull=0.3)
    shifted = MarkDays(seen.mark, seen.dates, seen.price, seen.pin, seen.close + 20, seen.move)

    assert (studied(shifted).rho, studied(shifted).p_rho) == (studied(seen).rho, studied(seen).p_rho)
    assert studied(shifted).toward != studied(seen).toward


def test_a_day_without_a_direction_is_not_counted() -> None:
    at_pin = MarkDays(TEN, dates(3), [100, 100, 100], [100, 101, 99], [101, 100, 98], [2, 2, 2])
    mark = study_mark(at_pin, [[0, 1, 2]])

    assert (mark.days, mark.toward, mark.of) == (3, 1, 1)


def test_what_does_not_exist_is_none_with_its_code() -> None:
    """Rule: ST-005."""
    none = study_mark(MarkDays(TEN, (), [], [], [], []), np.empty((10, 0)))
    one = study_mark(MarkDays(TEN, dates(1), [100], [101], [102], [2]), [[0]])
    flat = study_mark(MarkDays(TEN, dates(2), [100, 100], [101, 101], [102, 99], [2, 2]), [[0, 1], [1, 0]])

    assert (none.interval, none.nearness, none.undefined["rho"]) == (None, None, "no_days")
    assert (one.rho, one.undefined["rho"], one.nearness) == (None, "one_day", 0.5)
    assert (flat.rho, flat.undefined["p_rho"]) == (None, "zero_variance")


def test_pins_on_one_side_are_reported_above_four_in_five() -> None:
    def sides(above: int, below: int) -> bool:
        n = above + below
        pins = [101] * above + [99] * below
        return study_mark(MarkDays(TEN, dates(n), [100] * n, pins, [100] * n, [2] * n), [list(range(n))]).one_sided

    assert (sides(4, 1), sides(5, 1), sides(1, 9)) == (False, True, True)


def test_marks_after_the_first_carry_holms_correction() -> None:
    marks = [drawn_days(0.3, seed) for seed in (3, 4, 5)]
    found = study_marks(marks, [permutations(250, 200)] * 3)

    assert found[0].p_holm is None
    assert [one.p_holm for one in found[1:]] == list(holm([one.p_rho for one in found[1:]]))
    assert holm([0.5, 0.6]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.30849710781876083),
        (1, 10, 0.0025285785444617848, 0.4450161174867018),
        (4, 20, 0.057333997050530405, 0.4366140029654474),
        (10, 10, 0.6915028921812392, 1.0),
        (50, 100, 0.39832112950330106, 0.601678870496699),
    ],
)
def test_exact_intervals_are_the_published_ones(successes: int, trials: int, low: float, high: float) -> None:
    """0 of n ends at 1 - 0.025^(1/n); the others as published for these samples."""
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), abs=1e-9)


def test_the_ends_of_an_interval_are_the_tails_they_promise() -> None:
    """Independent of any table: the binomial sums at both ends are 2.5 %."""
    from math import comb

    for successes, trials in ((3, 23), (14, 23), (127, 250), (146, 250)):
        interval = clopper_pearson(successes, trials)
        assert interval is not None
        low, high = interval
        at_least = sum(comb(trials, k) * low**k * (1 - low) ** (trials - k) for k in range(successes, trials + 1))
        at_most = sum(comb(trials, k) * high**k * (1 - high) ** (trials - k) for k in range(successes + 1))
        assert [at_least, at_most] == pytest.approx([0.025] * 2, rel=1e-9)


def test_the_incomplete_beta_function_has_its_closed_forms() -> None:
    for x in (0.01, 0.3, 0.5, 0.97):
        assert incomplete_beta(1, 7, x) == pytest.approx(1 - (1 - x) ** 7, rel=1e-12)
        assert incomplete_beta(5, 1, x) == pytest.approx(x**5, rel=1e-12)
        assert incomplete_beta(3, 9, x) + incomplete_beta(9, 3, 1 - x) == pytest.approx(1, rel=1e-12)


def test_ranks_share_the_mean_of_ties() -> None:
    assert average_ranks([2, 1, 2, 2]).tolist() == [3.0, 1.0, 3.0, 3.0]
    assert spearman([1, 2, 3], [3, 2, 1]) == -1.0


def test_power_is_said_in_points() -> None:
    """20 points at 23 days, 6 at 250. Rule: ST-705."""
    known: list[Floats | float | None] = [share_known_to(23), share_known_to(250)]
    assert known == [pytest.approx(0.204, abs=5e-4), pytest.approx(0.062, abs=5e-4)]


def test_bad_figures_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one a date"):
        MarkDays(TEN, dates(2), [1], [1, 2], [1, 2], [1, 2])
    with pytest.raises(InvalidInput, match="not finite"):
        MarkDays(TEN, dates(1), [float("nan")], [1], [1], [1])
    with pytest.raises(InvalidInput, match="above 0"):
        MarkDays(TEN, dates(1), [1], [1], [1], [0])
    with pytest.raises(InvalidInput, match="one number a day"):
        study_mark(MarkDays(TEN, dates(2), [1, 1], [1, 2], [1, 2], [1, 2]), [[0, 1, 2]])

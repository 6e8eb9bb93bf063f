"""One model for all desks: by exercise style, by seconds to expiry, and what is missing is never 0."""

from decimal import Decimal

import numpy as np
import pytest

from gammacore.domain.instruments import Exercise
from gammacore.domain.pricing.black_scholes import Terms
from gammacore.domain.pricing.option_model import (
    DELTA_STEP,
    Carry,
    ContractColumns,
    GreekColumns,
    NoGreeks,
    OptionGreeks,
    greeks_of,
    model_greeks,
    volatility_of,
)

DAY = 86_400
CARRY = Carry(0.05, 0.012)


def pair(strike: float, seconds: float) -> ContractColumns:
    return ContractColumns([strike, strike], np.array([True, False]), [seconds, seconds])


def of(style: Exercise, call: float, put: float, strike: float = 590, seconds: float = 45 * DAY) -> GreekColumns:
    return greeks_of(style, pair(strike, seconds), [call, put], 590, CARRY)


@pytest.mark.parametrize("style", list(Exercise))
def test_a_volatility_and_its_greeks_are_of_one_model(style: Exercise) -> None:
    """SC-418: the tree inverts itself, the closed form itself."""
    terms = Terms.from_rates(590, [580, 600], [True, False], 45 / 365, 0.05, 0.012)
    figures = model_greeks(style, terms, 0.18)
    seen = greeks_of(
        style, ContractColumns([580, 600], np.array([True, False]), 45 * DAY), figures.price, 590, CARRY
    )  # fmt: skip

    assert volatility_of(style, figures.price, terms) == pytest.approx([0.18, 0.18], abs=1e-6)
    assert seen.delta == pytest.approx(figures.delta, abs=1e-4)
    assert seen.gamma == pytest.approx(figures.gamma, rel=1e-4)
    assert seen.theta == pytest.approx(figures.theta, rel=1e-4)


def test_an_american_put_is_worth_more_than_a_european_one() -> None:
    """SC-414, SC-417: the same quotes imply another volatility."""
    american, european = of(Exercise.AMERICAN, 16.0, 13.4), of(Exercise.EUROPEAN, 16.0, 13.4)

    assert american.volatility[1] < european.volatility[1]
    assert american.delta[1] < european.delta[1]


@pytest.mark.parametrize("style", list(Exercise))
def test_vega_is_what_a_volatility_point_changes(style: Exercise) -> None:
    seen = of(style, 16.0, 13.4)
    above = model_greeks(style, seen.terms, seen.volatility + 0.005).price
    below = model_greeks(style, seen.terms, seen.volatility - 0.005).price

    assert seen.vega == pytest.approx(above - below, rel=1e-3)


@pytest.mark.parametrize("style", list(Exercise))
@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), 5.0, 700.0])
def test_no_root_is_missing_in_every_greek_and_never_0(style: Exercise, price: float) -> None:
    """SC-419: 5 is below the intrinsic value of 10."""
    seen = of(style, price, 13.4, strike=580)

    assert np.isnan([seen.volatility[0], seen.delta[0], seen.gamma[0], seen.theta[0], seen.vega[0]]).all()
    assert seen.row(0) is NoGreeks.NO_IV
    assert isinstance(seen.row(1), OptionGreeks)
    assert seen.is_known.tolist() == [False, True]


def test_an_unstable_tree_says_so() -> None:
    """SC-414: no volatility up to 4 follows a dividend yield of 6,000 % on a tree."""
    seen = greeks_of(Exercise.AMERICAN, pair(100, 365 * DAY), [1.0, 50.0], 100, Carry(0.0, 60.0))

    assert seen.row(0) is NoGreeks.TREE_UNSTABLE


@pytest.mark.parametrize("style", list(Exercise))
def test_after_the_last_instant_an_option_is_its_intrinsic_value(style: Exercise) -> None:
    """SC-415: delta 1, -1 or 0 (0 at the strike), gamma and theta 0, whatever is quoted."""
    for strike, deltas in ((580, [1.0, 0.0]), (600, [0.0, -1.0]), (590, [0.0, 0.0])):
        seen = of(style, 16.0, 13.4, strike, seconds=-1)

        assert seen.delta.tolist() == deltas
        assert seen.gamma.tolist() == seen.theta.tolist() == seen.vega.tolist() == [0.0, 0.0]
        assert seen.is_known.all()


@pytest.mark.parametrize("style", list(Exercise))
def test_the_last_minute_is_a_minute_long(style: Exercise) -> None:
    """SC-415: T is at least 60 s."""
    last, minute = of(style, 0.06, 0.06, seconds=0), of(style, 0.06, 0.06, seconds=60)

    assert last.delta.tolist() == minute.delta.tolist()


def test_a_row_is_exact_to_eight_digits() -> None:
    """SC-005: a sum of deltas does not depend on its order."""
    row = of(Exercise.AMERICAN, 16.0, 13.4).row(0)

    assert isinstance(row, OptionGreeks)
    assert row.delta == row.delta.quantize(DELTA_STEP)
    assert row.delta == pytest.approx(Decimal("0.541"), abs=Decimal("0.001"))


def test_each_contract_may_have_the_rate_of_its_own_days() -> None:
    """SC-406."""
    mixed = greeks_of(Exercise.AMERICAN, pair(590, 45 * DAY), [16.0, 13.4], 590, Carry([0.05, 0.01], 0.012))
    alone = greeks_of(Exercise.AMERICAN, pair(590, 45 * DAY), [16.0, 13.4], 590, Carry(0.01, 0.012))

    assert mixed.volatility[0] == pytest.approx(of(Exercise.AMERICAN, 16.0, 13.4).volatility[0])
    assert mixed.volatility[1] == pytest.approx(alone.volatility[1])

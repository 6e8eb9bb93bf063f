"""The forward that quotes imply."""

import numpy as np
import pytest

from gammacore.domain.columns import Floats
from gammacore.domain.pricing.black_scholes import Terms, price
from gammacore.domain.pricing.forward import ParityRule

STRIKES = np.arange(4000.0, 8001.0, 25.0)


def quotes(years: float, rate: float, dividend: float) -> tuple[Floats, Floats]:
    call, put = (Terms.from_rates(6000.0, STRIKES, right, years, rate, dividend) for right in (True, False))
    return price(call, 0.2), price(put, 0.2)


@pytest.mark.parametrize(("years", "rate", "dividend"), [(0.25, 0.05, 0.015), (1.5, 0.03, 0.0), (0.5, 0.0, 0.02)])
def test_forward_and_discount_are_those_the_quotes_were_made_of(years: float, rate: float, dividend: float) -> None:
    found = ParityRule().imply(6000.0, years, STRIKES, *quotes(years, rate, dividend))

    assert found is not None
    assert found.forward == pytest.approx(6000 * np.exp((rate - dividend) * years), rel=1e-9)
    assert found.discount == pytest.approx(np.exp(-rate * years), rel=1e-9)
    assert found.pairs == 12


def test_one_wild_quote_does_not_move_the_forward() -> None:
    call, put = quotes(0.25, 0.05, 0.0)
    call[np.argmin(np.abs(STRIKES - 6000))] += 400

    found = ParityRule().imply(6000.0, 0.25, STRIKES, call, put)

    assert found is not None
    assert found.forward == pytest.approx(6000 * np.exp(0.05 * 0.25), rel=2e-5)


def test_within_a_week_the_discount_is_one() -> None:
    found = ParityRule().imply(6000.0, 1 / 365, STRIKES, *quotes(1 / 365, 0.05, 0.0))

    assert found is not None
    assert found.discount == 1.0


def test_too_few_pairs_or_a_forward_nobody_can_believe_imply_nothing() -> None:
    call, put = quotes(0.01, 0.0, 0.0)

    assert ParityRule().imply(6000.0, 0.01, STRIKES[:3], call[:3], put[:3]) is None
    assert ParityRule().imply(6000.0, 0.01, STRIKES[80:82], call[80:82], put[80:82]) is None
    assert ParityRule().imply(6000.0, 0.01, STRIKES, call + 500, put) is None
    assert ParityRule().imply(6000.0, 0.01, *(np.array([]),) * 3) is None


def test_a_slope_that_is_no_discount_leaves_all_carry_to_interest() -> None:
    call, put = quotes(0.5, 0.04, 0.0)
    tilted = put + np.maximum(STRIKES - 6000, 0) * 0.05  # deep puts worth their exercise

    found = ParityRule().imply(6000.0, 0.5, STRIKES, call, tilted)

    assert found is not None
    assert found.discount == pytest.approx(np.exp(-0.04 * 0.5), rel=2e-3)

"""The normal distribution against the standard library's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.pricing.normal import cumulative, density, erfcx


@given(st.floats(-37.0, 8.0))
def test_cumulative_keeps_its_digits_in_the_tail(x: float) -> None:
    # The argument of erfc is rounded: that alone costs x² halves of an ulp.
    assert float(cumulative(x)) == pytest.approx(0.5 * math.erfc(-x / math.sqrt(2)), rel=3e-16 * (x * x + 4))


@given(st.floats(0.0, 25.0))
def test_erfcx_is_erfc_without_its_fall(x: float) -> None:
    assert float(erfcx(x)) * math.exp(-x * x) == pytest.approx(math.erfc(x), rel=3e-16 * (x * x + 6))


def test_far_out_the_tails_are_empty_and_unknown_stays_unknown() -> None:
    assert cumulative([-np.inf, -60.0, 60.0, np.inf]).tolist() == pytest.approx([0, 0, 1, 1], abs=1e-300)
    assert np.isnan(cumulative(np.nan))
    assert density([-np.inf, 50.0]).tolist() == [0.0, 0.0]

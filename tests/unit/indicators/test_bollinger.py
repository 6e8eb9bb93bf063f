"""The lower Bollinger band: 20 closes, 2.0 deviations with divisor n. Rule: SC-223."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gammacore.domain.indicators import bollinger_band
from gammacore.errors import InvalidInput


def test_twenty_closes_are_needed() -> None:
    assert bollinger_band([Decimal(600)] * 19) is None
    assert bollinger_band([Decimal(600)] * 20) == 600.0


def test_the_deviation_is_that_of_the_population() -> None:
    closes = [Decimal(599), Decimal(601)] * 10
    assert bollinger_band(closes) == 598.0
    assert bollinger_band(closes, 2.0) == 602.0


def test_older_closes_change_nothing() -> None:
    assert bollinger_band([Decimal(1), *[Decimal(600)] * 20]) == 600.0


def test_a_period_below_one_is_refused() -> None:
    with pytest.raises(InvalidInput):
        bollinger_band([], period=0)

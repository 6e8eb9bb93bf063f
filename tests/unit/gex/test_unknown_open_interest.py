"""Open interest that is unknown is never 0: its strike is left out, and too much of it leaves no exposure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders_gex import NAN, Row, a_chain
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.units import GreeksSource, Rates

SPOT = Decimal(6000)


def strikes(count: int) -> list[Row]:
    return [Row(5900.0 + 5 * n, call, iv=0.15, gamma=0.001) for n in range(count) for call in (True, False)]


@pytest.mark.parametrize("greeks", list(GreeksSource))
def test_a_strike_with_one_unknown_side_is_left_out_whole_and_counted(greeks: GreeksSource) -> None:
    rows = strikes(10)
    rows[6] = Row(5915.0, True, open_interest=NAN, iv=0.15, gamma=0.001)

    exposure = measure_exposure(a_chain(rows), SPOT, greeks=greeks, rates=Rates(0.0, 0.0))
    without = measure_exposure(a_chain(rows[:6] + rows[8:]), SPOT, greeks=greeks, rates=Rates(0.0, 0.0))

    assert 5915.0 not in exposure.strikes
    assert (exposure.used, exposure.skipped) == (18, {"unknown_oi": 2})
    assert exposure.net_total == without.net_total


@pytest.mark.parametrize(("unknown", "used"), [(1, 38), (2, 36), (3, 0)])
def test_more_than_one_contract_in_twenty_leaves_no_exposure(unknown: int, used: int) -> None:
    rows = strikes(20)
    for n in range(unknown):
        rows[2 * n] = Row(rows[2 * n].strike, True, open_interest=NAN, iv=0.15)

    exposure = measure_exposure(a_chain(rows), SPOT, rates=Rates(0.0, 0.0))

    assert exposure.used == used
    assert exposure.skipped == ({"unknown_oi": 2 * unknown} if used else {"too_many_unknown_oi": 40})

"""What holdings pay at expiry, to the cent and beyond."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.pricing.payoff import intrinsic, payoff

DAY = dt.date(2026, 8, 19)
PRICES = st.decimals(min_value=5000, max_value=7000, places=2)


def contract(right: Right, strike: int) -> OptionContract:
    return REGISTRY["SPX"].contract(DAY, right, Decimal(strike))


CONDOR = [
    (-1, contract(Right.CALL, 6070)),
    (1, contract(Right.CALL, 6080)),
    (-1, contract(Right.PUT, 6030)),
    (1, contract(Right.PUT, 6020)),
]


def test_intrinsic_is_exact_and_never_negative() -> None:
    assert intrinsic(Right.CALL, Decimal(6000), Decimal("6000.01")) == Decimal("0.01")
    assert intrinsic(Right.CALL, Decimal(6000), Decimal(6000)) == 0
    assert intrinsic(Right.PUT, Decimal(6000), Decimal("6000.01")) == 0


@given(PRICES)
def test_a_short_condor_owes_at_most_one_wing(price: Decimal) -> None:
    owed = -payoff(CONDOR, price)

    assert 0 <= owed <= 10
    assert (owed == 0) == (6030 <= price <= 6070)


@given(PRICES)
def test_call_minus_put_is_price_minus_strike(price: Decimal) -> None:
    holding = [(1, contract(Right.CALL, 6000)), (-1, contract(Right.PUT, 6000))]

    assert payoff(holding, price) == price - 6000


def test_holding_nothing_pays_nothing() -> None:
    assert payoff([], Decimal(6000)) == 0

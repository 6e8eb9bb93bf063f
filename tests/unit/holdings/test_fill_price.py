"""At what price a fill is booked: the broker's where it can be, its legs' where the two differ. CS-003, CS-411."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders_exchange import an_entry
from gammacore.domain.holdings.lots import with_price
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution


def filled(price: str | None, short: str, long: str, *, quantity: int = 3, longs: int = 3) -> Execution:
    """An entry's put spread, sold at `short` and covered at `long`, as a broker reports it."""
    sold, bought = an_entry().legs
    legs = (
        LegFill(sold.symbol, Side.SELL, quantity, Decimal(short)),
        LegFill(bought.symbol, Side.BUY, longs, Decimal(long)),
    )
    return Execution(quantity if longs == quantity else 0, None if price is None else Decimal(price), legs=legs)


@pytest.mark.parametrize(
    ("reported", "booked", "is_verified"),
    [
        (filled("2.50", "4.10", "1.60"), "2.50", True),
        (filled("2.48", "4.10", "1.60"), "2.48", True),  # averages are rounded
        (filled(None, "4.10", "1.60"), "2.50", True),
        (filled("-5", "4.10", "1.60"), "2.50", False),
        (filled("250", "4.10", "1.60"), "2.50", False),  # dollars for points
    ],
)
def test_a_net_that_its_own_legs_contradict_is_not_believed(
    reported: Execution, booked: str, is_verified: bool
) -> None:
    """CS-411: what every leg traded at is what the account paid; the net is asked for again."""
    execution, verified = with_price(an_entry(contracts=3), reported, None)

    assert (execution.price, verified) == (Decimal(booked), is_verified)


def test_legs_out_of_ratio_have_no_one_net_to_compare() -> None:
    reported = filled("9.99", "4.10", "1.60", longs=1)

    assert with_price(an_entry(contracts=3), reported, None)[0].price == Decimal("9.99")

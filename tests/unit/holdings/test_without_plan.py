"""What is held under one name: lots first in first out, P/L exact and split by kind. Rules: CS-529, DH-243."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_exchange import call, put
from builders_holdings import a_holding
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.orders import NOTHING_FILLED, Effect, Execution, OrderTicket, Purpose

CALL, PUT = call(6900), put(6900)
EMPTY = a_holding("h1", "delta-hedge", "SPX", at("09:45"))


def straddle(quantity: int = 2, side: Side = Side.BUY) -> OrderTicket:
    effect = Effect.DEBIT if side is Side.BUY else Effect.CREDIT
    return OrderTicket("gc-1", Purpose.ENTRY, "SPX", "h1", (Leg(CALL, side), Leg(PUT, side)), quantity, effect, None)


def legs(call_price: str, put_price: str, quantity: int = 2) -> Execution:
    fills = (
        LegFill(CALL.occ, Side.BUY, quantity, Decimal(call_price)),
        LegFill(PUT.occ, Side.BUY, quantity, Decimal(put_price)),
    )
    return Execution(quantity, Decimal(call_price) + Decimal(put_price), Decimal("1.30") * quantity, fills)


def test_a_straddle_bought_and_sold_earns_what_its_legs_did() -> None:
    held = EMPTY.filled(straddle(), NOTHING_FILLED, legs("10.00", "9.00"))
    sold = held.traded(CALL.occ, -2, Decimal("14.00")).traded(PUT.occ, -2, Decimal("6.50"))

    assert held.quantities == {CALL.occ: 2, PUT.occ: 2}
    assert sold.is_flat
    assert (sold.options_realised, sold.shares_realised, sold.fees) == (Decimal(300), Decimal(0), Decimal("2.60"))


def test_a_second_part_counts_only_what_is_new() -> None:
    first, whole = legs("10.00", "9.00", 1), legs("10.50", "9.00", 2)
    held = EMPTY.filled(straddle(), NOTHING_FILLED, first).filled(straddle(), first, whole)

    assert [lot.price for lot in held.lots[CALL.occ].lots] == [Decimal("10.00"), Decimal("11.00")]
    assert held.fees == Decimal("2.60")


def test_a_net_price_without_legs_keeps_the_sum_exact() -> None:
    held = EMPTY.filled(straddle(3), NOTHING_FILLED, Execution(3, Decimal("19.00")))

    assert sum(holding.cost for holding in held.lots.values()) == 19 * 3 * 100


def test_shares_count_a_dollar_a_point() -> None:
    ticket = OrderTicket(
        "gc-2", Purpose.HEDGE, "SPY", "h1", (ShareLeg("SPY", Side.SELL, False),), 65, Effect.CREDIT, None
    )
    held = EMPTY.filled(ticket, NOTHING_FILLED, Execution(65, Decimal("600.00")))
    covered = held.traded("SPY", 65, Decimal("599.00"))

    assert held.quantities == {"SPY": -65}
    assert held.lots["SPY"].open_profit(Decimal("599.00")) == 65
    assert (covered.shares_realised, covered.options_realised) == (Decimal(65), Decimal(0))


TRADES = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.decimals(min_value="0.05", max_value=900, places=2)), max_size=20
)


@given(TRADES, st.decimals(min_value="0.05", max_value=900, places=2))
def test_realised_and_open_profit_are_the_cash_that_flowed(trades: list[tuple[int, Decimal]], last: Decimal) -> None:
    """Whatever the order of buys and sells: nothing is earned or lost by bookkeeping."""
    held = Lots("SPY", 1)
    for quantity, price in trades:
        held = held.traded(quantity, price)

    cash = sum((-quantity * price for quantity, price in trades), Decimal(0))
    assert held.quantity == sum(quantity for quantity, _ in trades)
    assert held.realised + held.open_profit(last) == cash + held.quantity * last
    assert len({lot.quantity > 0 for lot in held.lots}) <= 1


def test_an_inventory_knows_when_it_began() -> None:
    assert EMPTY.opened_at.tzinfo is not None
    assert isinstance(EMPTY.opened_at, dt.datetime)
    assert EMPTY.is_flat
    assert EMPTY.is_live

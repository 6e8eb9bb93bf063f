"""What somebody else did with our contracts, and what it counts until its price is known. Rules: CS-572, CS-006, R5."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders import a_condor, a_plan, a_position, a_put_spread, at
from builders_exchange import call, put
from gammacore.domain.desks.outside_trades import adjustments, outside_price
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState

SHORT, LONG = put(6880).occ, put(6870).occ


def a_report(time: str, quantity: int, price: str, side: Side = Side.BUY, symbol: str = SHORT) -> OrderReport:
    """A person's order of one leg, filled at a New York time."""
    fill = LegFill(symbol, side, quantity, Decimal(price))
    return OrderReport("by-hand", "7", OrderState.FILLED, Execution(quantity, Decimal(price), legs=(fill,)), at(time))


@pytest.mark.parametrize(
    ("gap", "price"),
    [(2, "3.00"), (3, "3.50"), (1, None), (4, None), (-2, None)],
)
def test_the_newest_fills_that_make_up_the_gap_are_its_price(gap: int, price: str | None) -> None:
    """CS-572: two at 3.00 after one at 4.50; part of a fill explains nothing, nor do fills of the other side."""
    reports = [a_report("10:05", 1, "4.50"), a_report("10:06", 2, "3.00"), a_report("10:07", 5, "1.00", symbol=LONG)]

    assert outside_price(SHORT, gap, reports) == (None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("gap", "changes"), [(1, [("p1", 1)]), (3, [("p1", 3)]), (4, [("p1", 3), ("p2", 1)]), (9, [("p1", 3), ("p2", 2)])]
)
def test_positions_give_up_what_is_gone_oldest_first_and_never_more_than_they_hold(
    gap: int, changes: list[tuple[str, int]]
) -> None:
    positions = [a_position(a_plan(contracts=3)), a_position(a_plan(contracts=2, position="p2"))]

    assert [(e.holding, e.change) for e in adjustments(positions, SHORT, gap, [], at("11:00"))] == changes


def test_more_of_what_we_hold_is_another_traders() -> None:
    assert adjustments([a_position()], SHORT, -1, [], at("11:00")) == ()


def test_only_what_vanished_can_come_back() -> None:
    """CS-565: at the worst it was counted at, so that nothing is left of it in the P/L."""
    for gone in (2, 3):
        position = a_position(a_plan(contracts=3)).adjusted(SHORT, gone, None, at("10:30"), is_guess=False)
        sold_by_hand = a_report("10:59", 5, "4.00", side=Side.SELL)
        (back,) = adjustments([position], SHORT, -5, [sold_by_hand], at("11:00"))

        assert (back.change, back.price) == (-gone, None)
        assert (
            position.adjusted(SHORT, back.change, back.price, at("10:30"), is_guess=False).gross == position.cash == 750
        )


def test_what_went_at_a_known_price_does_not_come_back() -> None:
    position = a_position(a_plan(contracts=3)).adjusted(SHORT, 2, Decimal("3.10"), at("10:30"), is_guess=False)

    assert position.gross == 750 - 620
    assert adjustments([position], SHORT, -2, [], at("11:00")) == ()


@pytest.mark.parametrize(
    ("gone", "cost"),
    [
        ({put(6880): 1}, 1000),
        ({put(6870): -1}, 0),
        ({put(6880): -1}, 0),  # closed twice, held the wrong way round, and sold
        ({put(6870): 1}, 1000),
        ({put(6880): 2, put(6870): -2}, 2000),
        ({call(6980): 1, put(6880): 1}, 1500),
        ({call(6980): 2, put(6880): 1}, 3000),
        ({call(6980): 1, put(6880): 2}, 2500),
    ],
)
def test_what_vanished_counts_at_its_worst(gone: dict[OptionContract, int], cost: int) -> None:
    """CS-006: a short the width of its side, a long nothing; of a condor's two sides the wider one once."""
    position = a_position(a_plan(a_condor((6980, 6995), (6880, 6870)), contracts=2, credit="3.00"))
    for contract, change in gone.items():
        position = position.adjusted(contract.occ, change, None, at("10:30"), is_guess=False)

    assert position.gross == 600 - cost


def test_a_short_left_alone_is_naked() -> None:
    """CS-413: the repair follows from the holdings."""
    position = a_position(a_plan(a_put_spread(), contracts=3)).adjusted(LONG, -3, None, at("10:30"), is_guess=False)

    assert position.naked_shorts() == {SHORT: 3}
    assert [(leg.side, contracts) for leg, contracts in position.excess()] == [(Side.BUY, 3)]

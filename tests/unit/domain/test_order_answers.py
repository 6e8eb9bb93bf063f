"""A report of an order can be the answer to its ticket, or is unreadable. Rules: CS-408, CS-410..412."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from builders_exchange import a_single, an_entry, put
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.order_answers import judge_answer
from gammacore.domain.orders import Execution, Order, OrderReport, OrderState

SHORT, LONG = put(6880).occ, put(6870).occ
ENTRY = Order(an_entry(contracts=3), OrderState.ACCEPTED, at("10:00"), at("10:00"))
HALF = evolve(ENTRY, state=OrderState.PARTIALLY_FILLED, execution=Execution(2, Decimal("2.50")))
SINGLE = Order(a_single(put(6870), Side.SELL), OrderState.ACCEPTED, at("10:00"), at("10:00"))


def reported(
    quantity: int, *legs: tuple[str, Side, int, str], price: str | None = "2.50", order: str = "gc-entry",
    state: OrderState = OrderState.PARTIALLY_FILLED, fees: str = "0",
) -> OrderReport:  # fmt: skip
    fills = tuple(LegFill(symbol, side, count, Decimal(points)) for symbol, side, count, points in legs)
    execution = Execution(quantity, None if price is None else Decimal(price), Decimal(fees), fills)
    return OrderReport(order, "b-1", state, execution, at("10:01"))


def both(short: int, long: int, spelled: Callable[[str], str] = str) -> tuple[tuple[str, Side, int, str], ...]:
    return (spelled(SHORT), Side.SELL, short, "5.00"), (spelled(LONG), Side.BUY, long, "2.50")


@pytest.mark.parametrize(
    ("order", "report", "reason"),
    [
        (ENTRY, reported(2), None),
        (ENTRY, reported(2, *both(2, 2)), None),
        (ENTRY, reported(0, *both(1, 0)[:1], price=None), None),  # one leg alone: CS-412
        (ENTRY, reported(1, *both(3, 1)), None),
        (ENTRY, reported(3, *both(3, 3), state=OrderState.FILLED), None),
        (ENTRY, reported(0, price=None, state=OrderState.CANCELED), None),
        (ENTRY, reported(1, price="-0.40"), None),  # a spread may fill the other way round
        (ENTRY, reported(1, price="12.50"), None),  # no spread brings it: booked and flagged (CS-003)
        (ENTRY, reported(1, price=None), None),  # said later: CS-411
        (ENTRY, reported(1, *both(1, 1, spelled=lambda symbol: f"SPXW  {symbol[4:]}")), None),
        (ENTRY, reported(1, *both(1, 1, spelled=str.lower)), None),
        (SINGLE, reported(1, (LONG, Side.SELL, 1, "2.40"), order="gc-single", price="2.40"), None),
        (ENTRY, reported(1, order="gc-other"), "other_order"),
        (ENTRY, reported(0, state=OrderState.INTENDED), "impossible_state"),
        (ENTRY, reported(0, state=OrderState.NOT_SENT), "impossible_state"),
        (ENTRY, reported(-1), "impossible_quantity"),
        (ENTRY, reported(4), "more_than_ordered"),
        (ENTRY, reported(2, state=OrderState.FILLED), "filled_in_part"),
        (ENTRY, reported(1, ("SPX", Side.SELL, 1, "5.00")), "other_leg"),
        (ENTRY, reported(1, ("", Side.SELL, 1, "5.00")), "other_leg"),
        (ENTRY, reported(1, (put(6860).occ, Side.SELL, 1, "5.00")), "other_leg"),
        (ENTRY, reported(1, *both(1, 1), both(1, 1)[0]), "leg_twice"),
        (ENTRY, reported(1, (SHORT, Side.BUY, 1, "5.00")), "other_side"),
        (ENTRY, reported(0, *both(-1, 0)), "impossible_quantity"),
        (ENTRY, reported(1, *both(4, 1)), "more_than_ordered"),
        (ENTRY, reported(2, *both(2, 1)), "leg_missing"),
        (ENTRY, reported(1, *both(1, 1)[:1]), "leg_missing"),
        (ENTRY, reported(1, price="NaN"), "impossible_price"),
        (ENTRY, reported(1, price="1E+40"), "impossible_price"),
        (ENTRY, reported(1, (SHORT, Side.SELL, 1, "-5.00"), both(1, 1)[1]), "impossible_price"),
        (ENTRY, reported(1, fees="Infinity"), "impossible_fees"),
        (SINGLE, reported(1, order="gc-single", price="-2.40"), "impossible_price"),
        (HALF, reported(1), "less_than_booked"),
        (HALF, reported(0, price=None, state=OrderState.CANCELED), "less_than_booked"),
        (evolve(HALF, execution=reported(1, *both(3, 1)).execution), reported(1), "less_than_booked"),
    ],
)
def test_what_cannot_be_an_answer_to_the_ticket_has_a_reason(
    order: Order, report: OrderReport, reason: str | None
) -> None:
    verdict = judge_answer(order, report)

    assert verdict.reason == reason
    assert verdict.passed is (reason is None)


def test_a_leg_whose_fill_an_answer_without_legs_does_not_show_is_not_taken_back() -> None:
    """CS-412: three shorts and one long filled; "one spread" alone says less."""
    lone = evolve(ENTRY, execution=reported(1, *both(3, 1)).execution)

    assert str(judge_answer(lone, reported(1))) == f"unknown less_than_booked: 1 {SHORT} filled, 3 are booked"

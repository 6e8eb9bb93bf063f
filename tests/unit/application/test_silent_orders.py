"""Orders of which no report comes: when one that was given up is called back after all. Rules: CS-409, R9."""

from __future__ import annotations

import pytest

from builders import a_plan, at
from builders_day import entry_ticket
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.silent_orders import ENDED_UNREPORTED, UNANSWERED, SilentOrders
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import NOTHING_FILLED, Order, OrderReport, OrderState

NOW = at("10:00")


def reported(state: OrderState) -> OrderReport:
    return OrderReport("entry-p1", "7", state, NOTHING_FILLED, NOW)


@pytest.mark.parametrize(
    ("ended", "reason", "now_is", "works"),
    [
        (OrderState.CANCELED, ENDED_UNREPORTED, OrderState.ACCEPTED, True),
        (OrderState.CANCELED, ENDED_UNREPORTED, OrderState.PARTIALLY_FILLED, True),
        (OrderState.CANCELED, ENDED_UNREPORTED, OrderState.CANCELED, False),
        (OrderState.CANCELED, "not filled in 300 s", OrderState.ACCEPTED, False),
        (OrderState.CANCEL_REQUESTED, ENDED_UNREPORTED, OrderState.ACCEPTED, False),
    ],
)
def test_only_an_order_that_was_ended_without_a_report_is_called_back_by_a_report_that_it_works(
    ended: OrderState, reason: str, now_is: OrderState, works: bool
) -> None:
    """R3: a broker that said "canceled" may lag behind itself, and is believed; silence is no cancel."""
    order = Order(entry_ticket(a_plan(contracts=3)), ended, NOW, NOW, "7", reason=reason)
    silent = SilentOrders(FakeClock(NOW), OrderLife(), UNANSWERED)

    assert silent.works_after_all(order, reported(now_is)) is works

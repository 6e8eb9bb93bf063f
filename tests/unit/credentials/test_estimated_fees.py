"""A fill at a broker that names no fee costs what the schedule says. CS-419."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import frozen

from builders_exchange import an_entry
from builders_ledger import at
from counterparts.world import scripted_world
from gammacore.adapters.estimated_fees import EstimatedFees
from gammacore.domain.broker_facts.fees import DEFAULT_FEES, FEE_OF_A_LEG, FeeSchedule
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState
from gammacore.ports.broker import Broker

PUTS = (
    LegFill("SPXW260105P06880000", Side.SELL, 3, Decimal("5.10")),
    LegFill("SPXW260105P06870000", Side.BUY, 3, Decimal("2.60")),
)
SHARES = (LegFill("SPY", Side.BUY, 37, Decimal("600")),)
OWN = FeeSchedule(option_contract=Decimal("0.35"), share=Decimal("0.005"), by_root={"SPXW": Decimal("1.02")})


@frozen
class Telling:
    """A broker with one order, of which it tells this much."""

    execution: Execution

    def order(self, order_id: str) -> OrderReport:
        return OrderReport(order_id, "7", OrderState.FILLED, self.execution, at(1))

    def orders(self) -> Sequence[OrderReport]:
        return [self.order("gc-1")]


@pytest.mark.parametrize(
    ("reported", "schedule", "fees"),
    [
        (Execution(3, Decimal("2.50"), legs=PUTS), FeeSchedule(), "3.90"),
        (Execution(3, Decimal("2.50"), legs=PUTS), OWN, "6.12"),
        (Execution(37, Decimal(600), legs=SHARES), FeeSchedule(), "0"),
        (Execution(37, Decimal(600), legs=SHARES), OWN, "0.185"),
        (Execution(3, Decimal("2.50"), Decimal("1.11"), PUTS), OWN, "1.11"),
        (Execution(3, None), OWN, "0"),
    ],
    ids=[
        "default",
        "entered",
        "shares",
        "shares entered",
        "reported by the broker",
        "legs not shown: which is not known",
    ],
)
def test_what_a_fill_costs(reported: Execution, schedule: FeeSchedule, fees: str) -> None:
    broker = EstimatedFees(Telling(reported), schedule)  # type: ignore[arg-type]  # only what is asked here

    found = broker.order("gc-1")

    assert found is not None
    assert found.execution.fees == broker.orders()[0].execution.fees == Decimal(fees)


def test_of_a_fill_without_its_legs_the_ticket_says_what_was_traded() -> None:
    """CS-419: a row may leave the legs of a filled order out; what was ordered of it is known all the same."""
    ticket = an_entry(contracts=3)
    reported = Telling(Execution(2, Decimal("2.50")))
    broker = EstimatedFees(reported, OWN, lambda order: ticket if order == "gc-1" else None)  # type: ignore[arg-type]

    found = broker.order("gc-1")

    assert found is not None
    assert found.execution == Execution(2, Decimal("2.50"), Decimal("4.08"))


def test_all_else_is_as_the_broker_has_it() -> None:
    world = scripted_world()
    broker: Broker = EstimatedFees(world.exchange, FeeSchedule())
    ticket = an_entry()

    receipt = broker.submit(ticket)

    assert broker.submit(ticket) == receipt
    assert broker.order(ticket.id) == world.exchange.order(ticket.id)
    assert broker.order("gc-none") is None
    assert (broker.clock(), broker.account()) == (world.exchange.clock(), world.exchange.account())
    assert broker.holdings() == world.exchange.holdings()
    broker.cancel(ticket.id)
    assert broker.orders() == list(world.exchange.orders())


def test_the_default_fee_has_one_source() -> None:
    assert FeeSchedule().option_contract == FEE_OF_A_LEG == DEFAULT_FEES[-1].value.dollars

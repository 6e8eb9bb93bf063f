"""What opens counts while it works, under whatever purpose it was sent. Rule: CS-342."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders_exchange import a_single, call
from builders_world import a_world
from gammacore.domain.holdings.plans import Opening
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.risk.guard import Refused


def a_purchase(order: str, contracts: int) -> OrderTicket:
    """Calls for 310 dollars each."""
    bought = a_single(call(6900), Side.BUY, contracts=contracts, limit="3.10")
    return evolve(bought, id=order, holding=order, purpose=Purpose.ENTRY)


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.HEDGE])
def test_a_purchase_at_work_counts_under_whatever_purpose_it_was_sent(purpose: Purpose) -> None:
    """3,100 dollars work already; 30 % of 20,000 may be at risk in all."""
    world = a_world()
    world.day.begin()
    at_work = evolve(a_purchase("gc-first", 10), purpose=purpose)
    world.day.ledger.record(OrderIntended(world.clock.now(), at_work, Opening("own", "SPX")))

    refused = world.day.guard(a_purchase("gc-second", 10))
    assert isinstance(refused, Refused)
    assert (refused.verdict.reason, Decimal(20_000)) == ("concurrent_risk", world.book.balance)
    assert not isinstance(world.day.guard(a_purchase("gc-third", 9)), Refused)

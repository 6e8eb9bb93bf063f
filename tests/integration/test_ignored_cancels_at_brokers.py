"""A broker that ignores cancels, at each dialect: the close is called back until it ends, then another is sent.

Rules: CS-409, CS-410, R2, R9, decision 0051.
"""

from __future__ import annotations

import pytest

from builders_broker_day import a_world, configuration
from builders_days_at_brokers import on_the_fake_exchange, over_the_wire
from counterparts.world import World
from extent import many
from gammacore.domain.orders import OrderState

STEP = many(300, 60)
IGNORED = 3
"""As many as are sent in a row: it is the one a minute, or a look, later that is taken."""


def deaf_to_the_close(underlying: str) -> World:
    """The second order, which is the first close, fills nothing and works on until the fourth cancel."""
    world = a_world(underlying, 57, STEP)
    world.exchange.next_submit()
    world.exchange.next_submit(never=True, ignored_cancels=IGNORED)
    return world


@pytest.mark.parametrize(("broker", "underlying"), [("tradier", "SPX"), ("alpaca", "SPY")])
def test_a_close_that_ignores_three_cancels_is_called_back_by_the_fourth_and_sent_again(
    broker: str, underlying: str
) -> None:
    given = configuration(broker, underlying, "credit-spread", STEP)
    reference, served = (deaf_to_the_close(underlying) for _ in range(2))

    expected, found = on_the_fake_exchange(given, reference), over_the_wire(given, served)

    assert found == expected
    entry, deaf, again, *_ = served.exchange.every_order
    assert [entry.state, deaf.state, again.state] == [OrderState.FILLED, OrderState.CANCELED, OrderState.FILLED]
    assert not served.exchange.holdings()
    assert "cancel_unclear" in found.alarms

"""A ledger that was out of reach while an order was recorded: what was decided then is not sent now. R1."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import frozen

from builders_exchange import an_entry
from builders_holdings import sell
from builders_world import World, a_scripted_plan, a_world
from gammacore.domain.ledger import Event, OrderIntended
from gammacore.domain.orders import OrderState
from gammacore.ports.storage import Storage


@frozen(eq=False)
class SlowIntents:
    """A memory ledger in which recording an order takes a while."""

    world: World
    seconds: float
    inner: Storage

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        version = self.inner.append(events, expected_version)
        if any(isinstance(event, OrderIntended) for event in events):
            self.world.clock.advance(self.seconds)
        return version


@pytest.mark.parametrize(
    ("seconds", "state", "arrived"), [(0, OrderState.ACCEPTED, 1), (30, OrderState.ACCEPTED, 1),
                                      (30.1, OrderState.NOT_SENT, 0)]
)  # fmt: skip
def test_an_order_recorded_too_late_is_not_sent(
    seconds: float, state: OrderState, arrived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world()
    world.day.begin()
    ledger = world.day.ledger
    monkeypatch.setattr(ledger, "_storage", SlowIntents(world, seconds, ledger._storage))

    assert sell(world.day.desk, an_entry("gc-entry", contracts=3), a_scripted_plan(3, "p1")) is state

    assert len(world.exchange.every_order) == arrived
    order = world.book.orders["gc-entry"]
    assert order.state is state
    assert order.reason == ("" if arrived else "30 s old when it was about to leave: to be decided anew")

"""Random fault runs of spreads whose shorts have a stop at the broker, most of which are reached or called back.

The days and the faults are those of `integration/test_random_faults.py`, or of `broker_faults.py`; what is new is the
order that rests beside every other. Rules: R2, R3. Decision 0058. `tests/fault_sweep.py --kind stops` runs many.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from attrs import evolve, frozen

import broker_faults
from builders_world import PATIENT, World
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.configuration import Settings
from gammacore.domain.desks.protective import ProtectiveStop
from gammacore.domain.instruments import Side
from gammacore.domain.orders import OrderState, OrderTicket
from gammacore.ports.broker import BrokerDecorator, Receipt, SendGate, always_open
from integration import test_random_faults as random_faults

AT_WORK = (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED)


@frozen
class NothingBesideAStop(BrokerDecorator):
    """No other order buys a short back while a stop of the same holding works at the exchange."""

    exchange: FakeExchange

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if not ticket.is_stop:
            bought = {leg.symbol for leg in ticket.legs if leg.side is Side.BUY}
            for order in self.exchange.book.orders.values():
                rests = order.ticket.is_stop and order.state in AT_WORK and order.ticket.holding == ticket.holding
                assert not (rests and bought.intersection(order.ticket.symbols)), (
                    f"{ticket.id} beside {order.ticket.id}"
                )
        return self.inner.submit(ticket, gate)


def a_world(rng: Random, seed: int) -> World:
    """Stops near enough that the market reaches many of them."""
    world = random_faults.a_random_world(rng)
    policy = evolve(PATIENT, stop=Decimal(1), emergency=Decimal(1))
    plans = tuple(
        evolve(plan, policy=policy) if plan.policy == PATIENT else plan for plan in world.strategy.plans
    )  # fmt: skip
    world.strategy = evolve(world.strategy, plans=plans)
    world.settings = Settings(protective_stop=ProtectiveStop(on=True, factor=Decimal(rng.choice(["1", "1.2", "1.5"]))))
    return world


def a_strict_world(rng: Random, seed: int) -> World:
    """At an exchange that answers what is true sooner or later no close is ever sent beside a stop."""
    world = a_world(rng, seed)
    exchange = world.exchange
    world.wrap_broker = lambda broker: NothingBesideAStop(broker, exchange)
    return world


def one_run(seed: int, *, at_a_faulty_broker: bool = False) -> World:
    """One day, and what must hold after it."""
    if at_a_faulty_broker:
        world = broker_faults.run(seed, a_world)
        broker_faults.assert_ended_well(world)
    else:
        world = random_faults.run(seed, a_strict_world)
        random_faults.assert_ended_well(world)
    return world

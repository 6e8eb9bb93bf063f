"""A broker whose whole calls can be made to fail, an adapter's own repeats included, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import define

from counterparts.serving import LoopbackServer
from counterparts.world import Asked, Trouble, WireFault, World
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open

Answer = TypeVar("Answer")


@define(eq=False)
class TroubledCalls:
    """Passes all on to an adapter: `refused_submits` of the next with the cable out, `failed_queries` unanswered.

    What happens to them is real: the server does not listen, or hangs up on every request.
    """

    inner: Broker
    server: LoopbackServer
    world: World
    refused_submits: int = 0
    failed_queries: int = 0

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if not self.refused_submits:
            return self.inner.submit(ticket, gate)
        self.refused_submits -= 1
        with self.server.unplugged():
            return self.inner.submit(ticket, gate)

    def cancel(self, order_id: str) -> None:
        self.inner.cancel(order_id)

    def order(self, order_id: str) -> OrderReport | None:
        return self._asked(lambda: self.inner.order(order_id))

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self._asked(lambda: self.inner.order_by_broker_id(order_id, broker_id))

    def orders(self) -> Sequence[OrderReport]:
        return self._asked(self.inner.orders)

    def holdings(self) -> Mapping[str, int]:
        return self._asked(self.inner.holdings)

    def clock(self) -> BrokerClock:
        return self._asked(self.inner.clock)

    def account(self) -> BrokerAccount:
        return self._asked(self.inner.account)

    def _asked(self, question: Callable[[], Answer]) -> Answer:
        if not self.failed_queries:
            return question()
        self.failed_queries -= 1
        self.world.faults.always(Asked.READ, WireFault(Trouble.HANG_UP))
        try:
            return question()
        finally:
            self.world.faults.lift()

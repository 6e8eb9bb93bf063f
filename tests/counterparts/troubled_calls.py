"""A broker whose whole calls can be made to fail, an adapter's own repeats included, whatever their number."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

from counterparts.serving import LoopbackServer
from counterparts.world import Asked, Trouble, WireFault, World
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator, Receipt, SendGate, always_open


@define(eq=False)
class TroubledCalls(BrokerDecorator):
    """Passes all on to an adapter: `refused_submits` of the next with the cable out, `failed_queries` unanswered.

    What happens to them is real: the server does not listen, or hangs up on every request.
    """

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

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if call in (BrokerCall.SUBMIT, BrokerCall.CANCEL) or not self.failed_queries:
            return ask()
        self.failed_queries -= 1
        self.world.faults.always(Asked.READ, WireFault(Trouble.HANG_UP))
        try:
            return ask()
        finally:
            self.world.faults.lift()

"""Commands the Tradier dialect for the broker contract: the adapter under test talks to it over the loopback."""

from __future__ import annotations

from builders_exchange import an_entry, an_exit
from counterparts.serving import LoopbackServer
from counterparts.troubled_calls import TroubledCalls
from counterparts.world import ACCOUNT, LOST_ANSWER, NO_ANSWER, TOKEN, Asked, World
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.client import Patience, TradierClient, TradierHosts
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import Secret

SHORT_PATIENCE = Patience(connect_seconds=1.5, answer_seconds=1.5)
"""Real seconds: long for a loopback, short for a test that waits for them to pass."""


def tradier_client(server: LoopbackServer, clock: Clock, patience: Patience = SHORT_PATIENCE) -> TradierClient:
    hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
    return TradierClient(hosts, Secret(TOKEN), clock, patience=patience)


class TradierControl:
    """A `BrokerControl`: the world decides, the adapter finds out over the wire."""

    def __init__(self, server: LoopbackServer, world: World) -> None:
        self._server = server
        self._world = world
        self._client = tradier_client(server, world)
        self._calls = TroubledCalls(TradierBroker(self._client, ACCOUNT), server, world)

    @property
    def broker(self) -> Broker:
        return self._calls

    def entry(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_entry(order_id, contracts=contracts)

    def exit(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_exit(order_id, contracts=contracts)

    def step(self) -> None:
        self._world.show()

    def rejects(self, reason: str) -> None:
        self._world.exchange.next_submit(rejects=reason)

    def rests(self) -> None:
        self._world.exchange.next_submit(never=True)

    def fills_in_parts(self, *parts: int) -> None:
        self._world.exchange.next_submit(parts=parts)

    def fills_despite_cancel(self) -> None:
        self._world.exchange.next_submit(delay=1, on_cancel="filled_first")

    def loses_answer(self, *, arrives: bool) -> None:
        self._world.faults.plan(Asked.SUBMIT, LOST_ANSWER if arrives else NO_ANSWER)

    def refuses_connection(self) -> None:
        self._calls.refused_submits += 1

    def fails_queries(self, times: int) -> None:
        self._calls.failed_queries += times

    def orders_arrived(self) -> int:
        return len(self._world.exchange.every_order)

    def restart(self) -> None:
        self.close()
        self._client = tradier_client(self._server, self._world)
        self._calls = TroubledCalls(TradierBroker(self._client, ACCOUNT), self._server, self._world)

    def close(self) -> None:
        self._client.close()

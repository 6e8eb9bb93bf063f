"""Commands the Alpaca counterpart for the broker contract: SPY put spreads, for Alpaca has no index options here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from builders import a_put_spread
from builders_exchange import an_entry, an_exit, put
from counterparts.alpaca_dialect import alpaca_app
from counterparts.alpaca_stream import STREAM_PATH
from counterparts.serving import LoopbackServer, serving
from counterparts.troubled_calls import TroubledCalls
from counterparts.world import LOST_ANSWER, NO_ANSWER, SECRET, TOKEN, Asked, World, scripted_world
from fakes import BidAsk
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints, TimeOuts, connect
from gammacore.domain.instruments import OptionContract
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Broker
from gammacore.ports.credentials import Secret

SPY_QUOTES: Mapping[OptionContract, BidAsk] = {put(688, "SPY"): ("0.50", "0.52"), put(687, "SPY"): ("0.24", "0.25")}
"""The 688/687 put spread: entry at 0.50 - 0.25 = 0.25, exit at 0.52 - 0.24 = 0.28."""

SPOT = "690"
SHORT_TIME_OUTS = TimeOuts(connect_seconds=2.0, read_seconds=0.5)


def spy_world() -> World:
    """10:00 of an ordinary Monday, the 688/687 put spread of SPY quoted."""
    world = scripted_world(underlying="SPY")
    world.show(SPY_QUOTES, seconds=0, spot=SPOT)
    return world


def endpoints_of(server: LoopbackServer) -> Endpoints:
    return Endpoints(trading=server.url, data=server.url, stream=server.websocket_url + STREAM_PATH)


def clients_of(server: LoopbackServer, time_outs: TimeOuts = SHORT_TIME_OUTS) -> AlpacaClients:
    """alpaca-py's clients with the keys this server knows."""
    return connect(AlpacaKeys(Secret(TOKEN), Secret(SECRET)), endpoints_of(server), time_outs)


class AlpacaControl:
    """A `BrokerControl` over a served world."""

    def __init__(self, server: LoopbackServer, world: World) -> None:
        self._server = server
        self._world = world
        self._clients = clients_of(server)
        self._calls = self._connected()

    def _connected(self) -> TroubledCalls:
        return TroubledCalls(AlpacaBroker(self._clients, self._world.clock), self._server, self._world)

    @property
    def broker(self) -> Broker:
        return self._calls

    def entry(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_entry(order_id, a_put_spread(688, 687, "SPY"), limit="0.23", contracts=contracts)

    def exit(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_exit(order_id, a_put_spread(688, 687, "SPY"), contracts=contracts)

    def step(self) -> None:
        self._world.show(SPY_QUOTES, spot=SPOT)

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
        self._clients = clients_of(self._server)
        self._calls = self._connected()

    def close(self) -> None:
        self._clients.close()


@contextmanager
def alpaca_control() -> Iterator[AlpacaControl]:
    """A served SPY morning and an adapter over it, for as long as this is open."""
    world = spy_world()
    with serving(alpaca_app(world)) as server:
        control = AlpacaControl(server, world)
        try:
            yield control
        finally:
            control.close()

"""The brokers that are served on this machine: one kit to meet them by, and what differs from dialect to dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, field, frozen

from builders import a_put_spread
from builders_exchange import an_entry, an_exit
from counterparts import alpaca_words, tradier_dialect
from counterparts.alpaca_control import SPOT, SPY_QUOTES, clients_of, endpoints_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.troubled_calls import TroubledCalls
from counterparts.world import ACCOUNT, LOST_ANSWER, NO_ANSWER, SECRET, TOKEN, Asked, WireFault, World, scripted_world
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaKeys
from gammacore.adapters.alpaca.news import AlpacaOrderNews
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.client import Patience
from gammacore.adapters.tradier.news import NewsSettings, TradierOrderNews
from gammacore.domain.orders import OrderTicket
from gammacore.domain.spreads import CreditSpread
from gammacore.ports.broker import Broker, OrderNews
from gammacore.ports.credentials import Secret

IMPATIENT = Patience(connect_seconds=1.0, answer_seconds=1.0)
"""Real seconds: long for a loopback, short for a test that waits for them to pass."""
QUICK_SECONDS = 0.01
"""Between the connections of a stream."""

Connected = tuple[Broker, Callable[[], None]]
"""An adapter, and what lets go of its connections."""


@frozen
class Dialect:
    """One broker's: its server, its troubles, an adapter that reaches it, and the spread that is traded there."""

    app: Callable[[World], Any]
    faults: Mapping[str, WireFault]
    world: Callable[[], World]
    connect: Callable[[LoopbackServer, World], Connected]
    listen: Callable[[LoopbackServer], OrderNews]
    show: Callable[[World], None]
    spread: CreditSpread
    limit: str
    """What the market meets for the spread, points."""

    def entry(self, order_id: str = "gc-1", contracts: int = 1) -> OrderTicket:
        return an_entry(order_id, self.spread, limit=self.limit, contracts=contracts)


def _tradier(server: LoopbackServer, world: World) -> Connected:
    client = tradier_client(server, world, IMPATIENT)
    return TradierBroker(client, ACCOUNT), client.close


def _tradier_news(server: LoopbackServer) -> OrderNews:
    quick = NewsSettings(pause_seconds=QUICK_SECONDS, longest_pause_seconds=0.05)
    return TradierOrderNews(tradier_client(server, SystemClock()), ACCOUNT, quick)


def _alpaca(server: LoopbackServer, world: World) -> Connected:
    clients = clients_of(server)
    return AlpacaBroker(clients, world.clock), clients.close


def _alpaca_news(server: LoopbackServer) -> OrderNews:
    keys = AlpacaKeys(Secret(TOKEN), Secret(SECRET))
    return AlpacaOrderNews(keys, endpoints_of(server), pause_seconds=QUICK_SECONDS)


TRADIER = Dialect(
    tradier_app, tradier_dialect.FAULTS, scripted_world, _tradier, _tradier_news, lambda world: world.show(),
    a_put_spread(), "2.35",
)  # fmt: skip
ALPACA = Dialect(
    alpaca_app, alpaca_words.FAULTS, spy_world, _alpaca, _alpaca_news,
    lambda world: world.show(SPY_QUOTES, spot=SPOT), a_put_spread(688, 687, "SPY"), "0.23",
)  # fmt: skip


@define(eq=False)
class ServedBroker:
    """A `BrokerControl`: the world decides, the adapter finds out over the wire."""

    dialect: Dialect
    server: LoopbackServer
    world: World
    broker: TroubledCalls = field(init=False)
    close: Callable[[], None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._connect()

    def _connect(self) -> None:
        adapter, self.close = self.dialect.connect(self.server, self.world)
        self.broker = TroubledCalls(adapter, self.server, self.world)

    def entry(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return self.dialect.entry(order_id, contracts)

    def exit(self, order_id: str, contracts: int = 1) -> OrderTicket:
        return an_exit(order_id, self.dialect.spread, contracts=contracts)

    def step(self) -> None:
        self.dialect.show(self.world)

    def rejects(self, reason: str) -> None:
        self.world.exchange.next_submit(rejects=reason)

    def rests(self) -> None:
        self.world.exchange.next_submit(never=True)

    def fills_in_parts(self, *parts: int) -> None:
        self.world.exchange.next_submit(parts=parts)

    def fills_despite_cancel(self) -> None:
        self.world.exchange.next_submit(delay=1, on_cancel="filled_first")

    def loses_answer(self, *, arrives: bool) -> None:
        self.world.faults.plan(Asked.SUBMIT, LOST_ANSWER if arrives else NO_ANSWER)

    def refuses_connection(self) -> None:
        self.broker.refused_submits += 1

    def fails_queries(self, times: int) -> None:
        self.broker.failed_queries += times

    def orders_arrived(self) -> int:
        return len(self.world.exchange.every_order)

    def restart(self) -> None:
        self.close()
        self._connect()


@contextmanager
def served(dialect: Dialect) -> Iterator[ServedBroker]:
    """A served morning and an adapter over it, for as long as this is open."""
    world = dialect.world()
    with serving(dialect.app(world)) as server:
        control = ServedBroker(dialect, server, world)
        try:
            yield control
        finally:
            control.close()

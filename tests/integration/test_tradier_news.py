"""Tradier's account stream over real web-sockets: cut, silenced, refused and garbled, and heard again. R4."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from attrs import field, frozen

from builders_exchange import an_entry
from contracts.order_news_contract import is_connected, names_orders, until
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, World, scripted_world
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.news import NewsSettings, TradierOrderNews
from gammacore.ports.broker import News

QUICK = NewsSettings(pause_seconds=0.01, longest_pause_seconds=0.05)


@frozen
class Stream:
    """A Tradier that can be steered, and who listens to it."""

    world: World
    server: LoopbackServer
    ends: ExitStack
    broker: TradierBroker = field(init=False)

    def __attrs_post_init__(self) -> None:
        client = tradier_client(self.server, self.world.clock)
        self.ends.callback(client.close)
        object.__setattr__(self, "broker", TradierBroker(client, ACCOUNT))

    def listen(self, settings: NewsSettings = QUICK) -> TradierOrderNews:
        """News over a client of its own, so that its waits are not the world's."""
        client = tradier_client(self.server, SystemClock())
        self.ends.callback(client.close)
        news = TradierOrderNews(client, ACCOUNT, settings)
        self.ends.callback(news.close)
        return news

    def steer(self, **reported: object) -> None:
        httpx.post(f"{self.server.url}/_control/streams", json=reported, trust_env=False).raise_for_status()


@pytest.fixture
def stream() -> Iterator[Stream]:
    world = scripted_world()
    with serving(tradier_app(world)) as server, ExitStack() as ends:
        yield Stream(world, server, ends)
    assert not [thread for thread in threading.enumerate() if thread.name == "tradier order news"]


def test_an_order_of_the_gap_is_covered_by_the_gap(stream: Stream) -> None:
    """Between two lines nothing is heard: the first news after it says so, and later ones are heard again."""
    news = stream.listen()
    until(news, is_connected)

    stream.steer(cut=True)
    stream.broker.submit(an_entry("gc-1"))

    until(news, lambda reported: reported.gap or bool(reported.orders))
    until(news, is_connected)
    stream.world.show()
    assert until(news, names_orders).orders == {"gc-1"}


def test_a_server_gone_and_back_is_received_again(stream: Stream) -> None:
    news = stream.listen()
    until(news, is_connected)

    with stream.server.unplugged():
        until(news, lambda reported: reported.gap and "Tradier POST accounts/events/session" in news.trouble)

    until(news, is_connected)


def test_silence_is_a_cut(stream: Stream) -> None:
    """The dialect's heartbeats follow the world's time, which stands still here."""
    news = stream.listen(NewsSettings(silence_seconds=0.05, pause_seconds=0.01, longest_pause_seconds=0.05))
    until(news, is_connected)

    until(news, lambda reported: reported.gap)

    assert "neither event nor heartbeat" in news.trouble
    until(news, is_connected)


def test_a_garbled_message_is_a_gap_and_no_reason_to_hang_up(stream: Stream) -> None:
    news = stream.listen()
    until(news, is_connected)

    stream.steer(say='{"event": "ord')

    until(news, lambda reported: reported.gap)
    assert news.received() == News()


def test_without_the_stream_every_order_is_polled(stream: Stream) -> None:
    """The sandbox may not have it (brokers.md 3.9)."""
    stream.world.settings["account_stream"] = "off"
    news = stream.listen()

    until(news, lambda reported: reported.gap and "403" in news.trouble)

    stream.world.settings["account_stream"] = "on"
    until(news, is_connected)


def test_an_error_of_the_stream_asks_for_a_new_session(stream: Stream) -> None:
    news = stream.listen()
    until(news, is_connected)

    stream.steer(say='{"error": "Session not found"}')

    until(news, lambda reported: reported.gap)
    assert news.trouble == "Session not found"
    until(news, is_connected)

"""Alpaca's order stream as news: over alpaca-py's own client and a websocket server on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alpaca.trading.stream import TradingStream
from attrs import define, field
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from builders_alpaca import KEYS
from gammacore.adapters.alpaca.client import AlpacaKeys, Endpoints
from gammacore.adapters.alpaca.news import AlpacaOrderNews
from gammacore.errors import ConfigurationError
from gammacore.ports.broker import News
from gammacore.ports.credentials import Secret

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

PATIENCE = 20.0


def until(holds: Callable[[], bool]) -> None:
    """Wait until something becomes true; the wait of the test's own thread for another one."""
    give_up, tick = time.monotonic() + PATIENCE, threading.Event()
    while not holds():
        assert time.monotonic() < give_up, "it never became true"
        tick.wait(0.01)


@define
class Stream:
    """Alpaca's side: lets the right keys in, keeps every connection, sends what it is given."""

    connections: list[ServerConnection] = field(factory=list)
    arrivals: int = 0
    url: str = ""

    def serve(self, connection: ServerConnection) -> None:
        self.arrivals += 1
        try:
            keys = json.loads(connection.recv())["data"]
            status = "authorized" if keys["secret_key"] == KEYS.secret.reveal() else "unauthorized"
            connection.send(json.dumps({"stream": "authorization", "data": {"status": status}}))
            connection.recv()
            self.connections.append(connection)
            connection.send(json.dumps({"stream": "listening", "data": {"streams": ["trade_updates"]}}))
            connection.recv()
        except ConnectionClosed:
            pass

    def say(self, message: Any) -> None:
        self.connections[-1].send(json.dumps(message).encode())

    def update(self, order_id: str) -> None:
        self.say({"stream": "trade_updates", "data": {"event": "fill", "order": {"client_order_id": order_id}}})


@pytest.fixture
def stream() -> Iterator[Stream]:
    stream = Stream()
    server: Server
    with serve(stream.serve, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stream.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stream"
        yield stream
        server.shutdown()
        thread.join()


@pytest.fixture
def news(stream: Stream) -> Iterator[AlpacaOrderNews]:
    news = AlpacaOrderNews(KEYS, Endpoints(stream=stream.url), pause_seconds=0.01)
    yield news
    news.close()


def heard_all(news: AlpacaOrderNews, orders: set[str]) -> bool:
    heard: set[str] = set()

    def all_heard() -> bool:
        heard.update(news.received().orders)
        return orders <= heard

    until(all_heard)
    return heard == orders


def test_the_first_news_is_a_gap_and_so_is_every_connection(stream: Stream, news: AlpacaOrderNews) -> None:
    assert news.received().gap
    until(lambda: not news.received().gap)
    assert stream.connections
    assert news.received() == News()


def test_an_event_names_its_order_once(stream: Stream, news: AlpacaOrderNews) -> None:
    until(lambda: bool(stream.connections))
    stream.update("gc-1")
    stream.update("gc-2")
    stream.update("gc-1")

    assert heard_all(news, {"gc-1", "gc-2"})
    assert not news.received().orders


def test_a_cut_is_a_gap_and_is_closed(stream: Stream, news: AlpacaOrderNews, caplog: pytest.LogCaptureFixture) -> None:
    until(lambda: not news.received().gap)
    stream.connections[-1].close(1011)

    until(lambda: news.received().gap)
    until(lambda: len(stream.connections) == 2)
    stream.update("gc-3")
    assert heard_all(news, {"gc-3"})


@pytest.mark.parametrize(
    "message",
    [
        {"stream": "trade_updates", "data": {"event": "fill"}},
        {"stream": "trade_updates", "data": {"event": "fill", "order": {"client_order_id": None}}},
        {"stream": "trade_updates", "data": None},
        ["no", "object"],
    ],
)
def test_what_is_garbled_is_a_gap_and_the_stream_goes_on(stream: Stream, news: AlpacaOrderNews, message: Any) -> None:
    until(lambda: not news.received().gap)
    stream.say(message)

    until(lambda: news.received().gap)
    assert not news.received().gap
    stream.update("gc-4")
    assert heard_all(news, {"gc-4"})


def test_an_account_is_listened_to_once(stream: Stream, news: AlpacaOrderNews) -> None:
    with pytest.raises(ConfigurationError, match="one listener"):
        AlpacaOrderNews(KEYS, Endpoints(stream=stream.url))

    news.close()
    again = AlpacaOrderNews(KEYS, Endpoints(stream=stream.url), pause_seconds=0.01)
    until(lambda: bool(stream.connections))
    again.close()


def test_closing_leaves_no_thread_and_may_be_repeated(stream: Stream, news: AlpacaOrderNews) -> None:
    until(lambda: bool(stream.connections))
    news.close()
    news.close()

    assert "alpaca order news" not in {thread.name for thread in threading.enumerate()}


def test_closing_ends_a_listener_that_lost_the_first_wish(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """wait_for of Python 3.11 loses a cancellation that arrives together with a message."""
    listens, lost = threading.Event(), threading.Event()

    async def forgetful(_stream: TradingStream) -> None:
        listens.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            if lost.is_set():
                raise
            lost.set()

    monkeypatch.setattr(TradingStream, "_consume", forgetful)
    news = AlpacaOrderNews(KEYS, Endpoints(stream=stream.url), pause_seconds=0.01)
    assert listens.wait(PATIENCE)
    news.close()

    assert lost.is_set()
    assert "alpaca order news" not in {thread.name for thread in threading.enumerate()}


def test_closing_before_anything_connected_is_clean(stream: Stream) -> None:
    for _ in range(5):
        AlpacaOrderNews(KEYS, Endpoints(stream=stream.url)).close()
    assert "alpaca order news" not in {thread.name for thread in threading.enumerate()}


def test_without_a_server_it_keeps_trying_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """One line an attempt: an operator's terminal is no place for alpaca-py's tracebacks."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{nobody.getsockname()[1]}/stream"
        news = AlpacaOrderNews(KEYS, Endpoints(stream=url), pause_seconds=0.01)
        assert news.received().gap
        until(lambda: news.received().gap)
        until(lambda: len(caplog.records) > 1)
        news.close()

    assert all("Connect call failed" in record.getMessage() for record in caplog.records)
    assert all(record.exc_info is None for record in caplog.records)


def test_keys_are_in_no_log_line_even_at_debug(stream: Stream, caplog: pytest.LogCaptureFixture) -> None:
    wrong = AlpacaKeys(Secret("AKWRONGKEY9"), Secret("wr0ng-s3cret"))
    with caplog.at_level(logging.DEBUG):
        refused = AlpacaOrderNews(wrong, Endpoints(stream=stream.url), pause_seconds=0.01)
        until(lambda: stream.arrivals >= 2)
        refused.close()
        right = AlpacaOrderNews(KEYS, Endpoints(stream=stream.url), pause_seconds=0.01)
        until(lambda: bool(stream.connections))
        right.close()

    ours = [record for record in caplog.records if record.name != "websockets.server"]  # the test's own far side
    written = "".join(logging.Formatter().format(record) for record in ours)
    assert "failed to authenticate" in written
    for keys in (wrong, KEYS):
        assert keys.key.reveal() not in written
        assert keys.secret.reveal() not in written

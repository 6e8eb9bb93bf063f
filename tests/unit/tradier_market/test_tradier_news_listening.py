"""The account stream wakes the loop, never more: client ids, gaps, one session at a time, and it never raises out."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from builders_tradier import ACCOUNT, NOON, ORDER_ID
from contracts.order_news_contract import is_connected, until
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import LIVE, Patience, TradierClient
from gammacore.adapters.tradier.news import Line, NewsSettings, TradierOrderNews
from gammacore.ports.broker import News
from gammacore.ports.credentials import Secret

PATIENCE_SECONDS = 5.0
SETTINGS = NewsSettings(pause_seconds=0, longest_pause_seconds=0)
HEARTBEAT = {"event": "heartbeat", "status": "active", "timestamp": 1557171657000}


def order(number: int = 7, **fields: object) -> dict[str, object]:
    return {"id": number, "event": "order", "status": "filled", "account": ACCOUNT, **fields}


class FakeLine:
    """A web-socket that sends what it is set to; an exception among its messages is raised."""

    def __init__(self, *messages: object) -> None:
        self.sent: list[str] = []
        self.closed = threading.Event()
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        for message in messages:
            self.say(message)

    def say(self, message: object) -> None:
        self._messages.put(message if isinstance(message, str | bytes | Exception) else json.dumps(message))

    def send(self, message: str) -> None:
        self.sent.append(message)

    def recv(self, timeout: float | None = None) -> str | bytes:
        said = self._messages.get(timeout=PATIENCE_SECONDS)
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, str | bytes)
        return said

    def close(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self.say(ConnectionError("closed"))


class Exchange:
    """Hands out one session after the other, and the lines they are dialled to; then refuses."""

    def __init__(self, *lines: FakeLine | Exception, status: int = 200) -> None:
        self.lines = list(lines)
        self.status = status
        self.sessions = 0
        self.dialled: list[str] = []
        self.all_dialled = threading.Event()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/accounts/events/session"
        self.sessions += 1
        body = {"stream": {"url": "wss://ws.tradier.test/v1/accounts/events", "sessionid": f"s{self.sessions}"}}
        return httpx.Response(self.status, json=body)

    def dial(self, url: str, patience_seconds: float) -> Line:
        assert patience_seconds > 0
        self.dialled.append(url)
        if not self.lines:
            self.all_dialled.set()
            raise ConnectionRefusedError(url)
        line = self.lines.pop(0)
        if isinstance(line, Exception):
            raise line
        return line


Listening = Callable[..., TradierOrderNews]


@pytest.fixture
def listening() -> Iterator[Listening]:
    """News of an exchange, hung up at the end; no thread outlives the test."""
    opened: list[TradierOrderNews] = []

    def listen(exchange: Exchange, settings: NewsSettings = SETTINGS) -> TradierOrderNews:
        transport, patience = httpx.MockTransport(exchange), Patience(attempts=1)
        client = TradierClient(LIVE, Secret("t0ken-t0ken"), FakeClock(NOON), patience=patience, transport=transport)
        opened.append(TradierOrderNews(client, ACCOUNT, settings, exchange.dial))
        return opened[-1]

    yield listen
    for news in opened:
        news.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "tradier order news"]


def test_before_anybody_listened_every_order_may_have_changed(listening: Listening) -> None:
    exchange = Exchange(FakeLine())

    assert exchange.sessions == 0
    assert listening(exchange).received() == News(gap=True)


def test_the_client_id_comes_out_of_the_tag(listening: Listening) -> None:
    line = FakeLine(HEARTBEAT)
    news = listening(Exchange(line))
    until(news, is_connected)

    line.say(order(tag=f"GEXENTRY-{ORDER_ID}"))

    assert until(news, lambda reported: bool(reported.orders)) == News(frozenset({ORDER_ID}))
    assert news.received() == News()


def test_it_subscribes_with_its_session_to_orders_alone(listening: Listening) -> None:
    line = FakeLine(HEARTBEAT)
    exchange = Exchange(line)
    until(listening(exchange), is_connected)

    assert [json.loads(sent) for sent in line.sent] == [{"events": ["order"], "sessionid": "s1", "excludeAccounts": []}]
    assert exchange.dialled == ["wss://ws.tradier.test/v1/accounts/events"]


def test_connecting_tells_of_a_gap_once_and_only_when_the_stream_speaks(listening: Listening) -> None:
    line = FakeLine()
    news = listening(Exchange(line))

    assert news.received().gap
    assert news.received().gap
    line.say(HEARTBEAT)
    until(news, is_connected)
    assert news.received() == News()


@pytest.mark.parametrize("end", [ConnectionError("reset"), TimeoutError(), ValueError("anything")])
def test_a_cut_is_a_gap_and_the_next_session_begins_when_the_old_line_is_down(
    listening: Listening, end: Exception
) -> None:
    first, second = FakeLine(HEARTBEAT), FakeLine()
    exchange = Exchange(first, second)
    news = listening(exchange)
    until(news, is_connected)

    first.say(end)

    until(news, lambda reported: reported.gap)
    assert first.closed.is_set()
    second.say(HEARTBEAT)
    until(news, is_connected)
    assert exchange.sessions == 2
    assert json.loads(second.sent[0])["sessionid"] == "s2"


def test_silence_beyond_the_limit_is_reported_in_words(listening: Listening) -> None:
    news = listening(Exchange(FakeLine(HEARTBEAT, TimeoutError())), NewsSettings(pause_seconds=60))
    news.received()

    until(news, lambda _: "heartbeat" in news.trouble)
    assert news.received().gap


@pytest.mark.parametrize("garbled", ["{", "7", '"text"', b"\xff\xfe", "[1, 2]"])
def test_what_cannot_be_read_may_have_been_about_any_order(listening: Listening, garbled: str | bytes) -> None:
    line = FakeLine(HEARTBEAT)
    exchange = Exchange(line)
    news = listening(exchange)
    until(news, is_connected)

    line.say(garbled)

    until(news, lambda reported: reported.gap)
    assert news.received() == News()
    assert exchange.sessions == 1


def test_an_event_of_a_leg_wakes_its_order_and_one_of_nobody_wakes_all(listening: Listening) -> None:
    line = FakeLine(HEARTBEAT)
    news = listening(Exchange(line))
    until(news, is_connected)

    line.say(order(7, tag=f"GEXEXIT-{ORDER_ID}"))
    line.say(order(8, parent_id=7))
    line.say("\n".join(json.dumps(one) for one in (order(7, tag="null"), HEARTBEAT)))
    line.say(order(9, tag="null"))

    reported = until(news, lambda reported: reported.gap)
    assert reported.orders <= {ORDER_ID}


def test_other_accounts_and_other_events_are_not_ours(listening: Listening) -> None:
    line = FakeLine(HEARTBEAT)
    news = listening(Exchange(line))
    until(news, is_connected)

    line.say(order(tag=f"GEXENTRY-{ORDER_ID}", account="VA99999999"))
    line.say({"event": "balance", "account": ACCOUNT})
    line.say(order(8, tag="by-hand"))

    assert until(news, lambda reported: bool(reported.orders)) == News(frozenset({"8"}))


@pytest.mark.parametrize("status", [401, 403, 500])
def test_without_a_session_it_goes_on_asking_and_every_order_is_polled(listening: Listening, status: int) -> None:
    """The sandbox may have no account stream at all."""
    exchange = Exchange(status=status)
    news = listening(exchange)

    until(news, lambda reported: reported.gap and exchange.sessions > 2)

    assert news.received() == News(gap=True)
    assert str(status) in news.trouble


def test_a_stream_that_answers_with_an_error_is_not_listened_to(listening: Listening) -> None:
    news = listening(Exchange(FakeLine({"error": "Session not found"})), NewsSettings(pause_seconds=60))
    news.received()

    until(news, lambda _: news.trouble == "Session not found")
    assert news.received() == News(gap=True)


def test_a_connection_refused_is_only_a_gap(listening: Listening) -> None:
    exchange = Exchange(OSError("token in the words: t0ken-t0ken"))
    news = listening(exchange)
    news.received()

    assert exchange.all_dialled.wait(PATIENCE_SECONDS)
    assert "t0ken" not in news.trouble
    assert news.received() == News(gap=True)


def test_closing_wakes_the_thread_and_may_be_done_twice_or_before_the_first_question(listening: Listening) -> None:
    line = FakeLine(HEARTBEAT)
    unasked, news = listening(Exchange(FakeLine())), listening(Exchange(line))
    until(news, is_connected)

    for each in (unasked, news, news):
        each.close()

    assert line.closed.is_set()
    assert news.received() == News(gap=True)
    assert unasked.received() == News(gap=True)

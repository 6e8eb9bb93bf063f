"""A server on this machine that gives Alpaca's clients the answers it is given, faults of the wire included."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from attrs import define, evolve, field, frozen
from requests.adapters import HTTPAdapter

from builders import at
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaClients, AlpacaKeys, Endpoints, TimeOuts, connect
from gammacore.adapters.alpaca.market import FULL_PLAN, AlpacaMarket
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.wire import Repeats
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.ports.credentials import Secret

KEYS = AlpacaKeys(Secret("AKLOOPBACK7"), Secret("loopback-s3cret"))
ORDER_UUID = "83f37e9f-6b1f-49ed-8fc6-3e6af716323f"
NOT_FOUND_WORDS = {"code": 40410000, "message": "order not found"}
ONCE = Repeats(attempts=1)
SHORT = TimeOuts(connect_seconds=1.0, read_seconds=0.3)


@frozen
class Answer:
    """One answer: a status and a body, or a fault of the wire: "silence", "hang_up" or "cut"."""

    status: int = 200
    body: str = ""
    content_type: str = "application/json"
    fault: str = ""


def answering(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body))


@frozen
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = None


@define
class Script:
    """The answers to come, the last of which holds for all that follow, and the requests that came."""

    answers: deque[Answer] = field(factory=deque)
    asked: list[Asked] = field(factory=list)
    over: threading.Event = field(factory=threading.Event)

    def tell(self, *answers: Answer | Any) -> None:
        self.answers = deque(answer if isinstance(answer, Answer) else answering(answer) for answer in answers)

    def next_answer(self) -> Answer:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.asked)


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 2.0

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            parts = urlsplit(self.path)
            script.asked.append(
                Asked(self.command, parts.path, dict(parse_qsl(parts.query)), json.loads(body) if body else None)
            )
            answer = script.next_answer()
            if answer.fault == "silence":
                script.over.wait(5)
            if answer.fault in ("silence", "hang_up"):
                self.close_connection = True
                return
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Connection", "close")
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content) + (100 if answer.fault == "cut" else 0)))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  the names http.server asks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@define
class Wire:
    """Alpaca's clients over a scripted server, a clock that jumps, and the broker over both."""

    script: Script
    url: str
    clients: AlpacaClients
    clock: FakeClock

    @property
    def broker(self) -> AlpacaBroker:
        return AlpacaBroker(self.clients, self.clock)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True


@contextmanager
def scripted_wire(time_outs: TimeOuts = SHORT) -> Iterator[Wire]:
    """A server for as long as this is open; every thread of it is gone afterwards."""
    script = Script()
    server = _Server(("127.0.0.1", 0), _handler(script))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    clients = connect(KEYS, Endpoints(trading=url, data=url), time_outs)
    try:
        yield Wire(script, url, clients, FakeClock(at("10:00")))
    finally:
        script.over.set()
        clients.close()
        server.shutdown()
        server.server_close()
        thread.join()


def order_words(**changes: Any) -> dict[str, Any]:
    """An accepted order to sell the 688/687 put spread of SPY for a credit of 0.23, as Alpaca says it."""
    order: dict[str, Any] = {
        "id": ORDER_UUID,
        "client_order_id": "gc-1",
        "updated_at": "2026-01-05T15:00:01.123456789Z",
        "submitted_at": "2026-01-05T15:00:00.123456789Z",
        "asset_id": "",
        "asset_class": "",
        "side": "",
        "order_class": "mleg",
        "type": "limit",
        "qty": "3",
        "filled_qty": "0",
        "filled_avg_price": None,
        "limit_price": "-0.23",
        "status": "accepted",
        "legs": [leg_words("SPY260105P00688000", "sell"), leg_words("SPY260105P00687000", "buy")],
    }
    return order | changes


def leg_words(symbol: str, side: str, filled: int = 0, price: str | None = None, ratio: int = 1) -> dict[str, Any]:
    return {
        "symbol": symbol, "side": side, "ratio_qty": str(ratio), "qty": "3", "filled_qty": str(filled),
        "filled_avg_price": price, "position_intent": f"{side}_to_open", "type": "", "status": "accepted",
    }  # fmt: skip


class OneBody(HTTPAdapter):
    """Answers every request with one body, without a wire."""

    def __init__(self) -> None:
        super().__init__()
        self.body = b""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response._content = 200, request, self.body
        response.encoding = "utf-8"
        return response


@define
class Bodies:
    """Alpaca's clients that are given one body at a time: an account, an ETF's market and the calendar over them."""

    adapter: OneBody
    clients: AlpacaClients
    clock: FakeClock
    session: TradingSession

    @classmethod
    def of(cls, now: dt.datetime, session: TradingSession) -> Bodies:
        clients, adapter = connect(KEYS), OneBody()
        for client in clients.each:
            for scheme in ("https://", "http://"):
                client._session.mount(scheme, adapter)
        return cls(adapter, clients, FakeClock(now), session)

    def tell(self, body: str) -> None:
        self.adapter.body = body.encode(errors="replace")

    @property
    def broker(self) -> AlpacaBroker:
        return AlpacaBroker(self.clients, self.clock, ONCE)

    def market(self, symbol: str = "AAPL") -> AlpacaMarket:
        underlying = evolve(REGISTRY["SPY"], symbol=symbol, option_root=symbol, hedge_share=symbol)
        return AlpacaMarket(self.clients, underlying, self.session, self.clock, FULL_PLAN, patience=ONCE)

"""A server on this machine that plays Discord and the watchdog: it records, and answers as it is set to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from builders_loopback import Channel, Loopback, Received


@pytest.fixture
def channel() -> Channel:
    opened = Channel()
    opened.may_answer.set()
    return opened


@pytest.fixture
def session(channel: Channel) -> Iterator[requests.Session]:
    """A session whose requests all reach `channel`."""

    class Answering(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = _read(self.rfile.read(length).decode()) if length else None
            channel.received.append(Received(self.command, self.path, body))
            number = len(channel.received)
            channel.may_answer.wait(10)
            status, headers = channel.answers.pop(0) if channel.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps({"id": str(1000 + number)}).encode())

        do_GET = do_POST = do_DELETE = respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with requests.Session() as client:
        client.mount("https://", Loopback(server.server_port))
        yield client
    channel.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _read(text: str) -> Any:
    """JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds waited before each repeat; none of them passes."""
    waited: list[float] = []
    monkeypatch.setattr("gammacore.adapters.notifiers.https.sleep", waited.append)
    return waited

"""A service on this machine that Apprise's json:// URLs and pings reach: it writes down, answers, or never does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field

PATIENCE = 20.0
"""Seconds until a test gives up."""


@define(eq=False)
class JsonService:
    """What arrived, in order: bodies of json:// messages, and paths of everything."""

    port: int = 0
    answers: bool = True
    status: int = 200
    messages: list[dict[str, Any]] = field(factory=list)
    paths: list[str] = field(factory=list)
    _changed: threading.Condition = field(factory=threading.Condition)
    _over: threading.Event = field(factory=threading.Event)

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]

    def wait_for(self, words: str) -> bool:
        """Until a title or a path has these words."""

        def is_there() -> bool:
            return any(words in said for said in (*self.titles, *self.paths))

        with self._changed:
            return self._changed.wait_for(is_there, PATIENCE)

    def take(self, path: str, body: str) -> None:
        with self._changed:
            self.paths.append(path)
            if body.startswith("{"):
                self.messages.append(json.loads(body))
            self._changed.notify_all()


@contextmanager
def json_service(*, answers: bool = True, status: int = 200) -> Iterator[JsonService]:
    """Served until the block ends; one that never answers keeps each connection open until then."""
    service = JsonService(answers=answers, status=status)

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            service.take(self.path, self.rfile.read(length).decode() if length else "")
            if not service.answers:
                service._over.wait(PATIENCE)
                return
            self.send_response(service.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service._over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def dead_port() -> int:
    """A port where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_port)


def channels_toml(**urls: str) -> str:
    """[[alerts.channels]] of these names and URLs, for studies too."""
    tables = (f'[[alerts.channels]]\nname = "{name}"\nurl = "{url}"\n' for name, url in urls.items())
    return "[alerts]\nstudies = true\n" + "".join(tables)

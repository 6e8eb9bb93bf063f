"""What a server on this machine received in place of the internet, and how a session is led to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from attrs import define, field, frozen
from requests.adapters import HTTPAdapter


@frozen
class Received:
    """One request: what was asked, and the JSON that came with it."""

    method: str
    path: str
    body: Any = None


@define
class Channel:
    """What was received, and the answers to come: a status, with headers. Without an order it answers 200."""

    received: list[Received] = field(factory=list)
    answers: list[tuple[int, Mapping[str, str]]] = field(factory=list)
    may_answer: threading.Event = field(factory=threading.Event)

    @property
    def posted(self) -> list[dict[str, Any]]:
        """The embeds posted so far, in order."""
        return [request.body["embeds"][0] for request in self.received if request.method == "POST"]


class Loopback(HTTPAdapter):
    """Sends every request to this machine instead of the internet."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._host = f"http://127.0.0.1:{port}"

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = self._host + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)

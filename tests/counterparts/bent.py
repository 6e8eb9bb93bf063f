"""A dialect whose true answers are bent on their way: one endpoint down, an unreadable row, a lie about a POST."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterparts.serving import LoopbackServer

Bend = Callable[[int, Any], tuple[int, Any]]
"""Status and decoded body as they were -> as they are sent; a text is sent as it is."""


@frozen
class Bent:
    """The answers to one method under paths that `holds` accepts."""

    method: str
    holds: Callable[[str], bool]
    bend: Bend


@define(eq=False)
class BentWire:
    """Stands before a dialect; every request is done as asked, and answered as the first bend that holds says."""

    app: ASGIApp
    bends: list[Bent] = field(factory=list)
    asked: list[tuple[str, str]] = field(factory=list)

    def meet(self, server: LoopbackServer) -> None:
        if (meet := getattr(self.app, "meet", None)) is not None:
            meet(server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.asked.append((scope["method"], scope["path"]))
        bent = next((one for one in self.bends if one.method == scope["method"] and one.holds(scope["path"])), None)
        if bent is None:
            await self.app(scope, receive, send)
            return
        await self._answer(self.app, bent, scope, receive, send)

    async def _answer(self, app: ASGIApp, bent: Bent, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await app(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in said[1:])
        status, bent_body = bent.bend(said[0]["status"], json.loads(body) if body else None)
        text = bent_body if isinstance(bent_body, str) else json.dumps(bent_body)
        kind = "text/plain" if isinstance(bent_body, str) else "application/json"
        await Response(text, status, media_type=kind)(scope, receive, send)

"""Stands before a dialect and does to its answers what the fault that is switched on does. An ASGI app."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterparts.serving import LoopbackServer
from counterparts.tradier_tickets import id_in
from counterparts.wire import CONTROL
from counterparts.wire_faults import Fault, Memory
from counterparts.wire_rows import DialectWords, Reply, Subject
from counterparts.world import World
from gammacore.adapters.fake.order import FAIR, Behaviour, FaultPlan

MOST_POSITIONS_KEPT = 200


class Switchboard:
    """One fault at a time, set and lifted by the test; every other answer is the dialect's own.

    `fair` is how the exchange treats an order that meets no fault; `met_at` is when a fault first
    touched an answer; `passed` counts the stream's messages by the client id of their order, `sent` are those whose
    last one was not held back.
    """

    def __init__(self, app: ASGIApp, world: World, words: DialectWords, fair: Behaviour = FAIR) -> None:
        self._app = app
        self._words = words
        self._fair = fair
        self._server: LoopbackServer | None = None
        self.memory = Memory(words, world)
        self.met_at: dt.datetime | None = None
        self.passed: Counter[str] = Counter()
        self.sent: set[str] = set()
        self._fault: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        if fault is not self._fault:
            self._fault = fault
            self.memory.seen.clear()

    def meet(self, server: LoopbackServer) -> None:
        self._server = server
        if (meet := getattr(self._app, "meet", None)) is not None:
            meet(server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._app(scope, receive, self._stream(send))
            return
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        subject = self._words.subject(scope["method"], scope["path"])
        asked = await _whole(receive)
        if subject is Subject.SUBMIT:
            self._treat_order(asked)
        reply: Reply | None = await self._forward(scope, asked)
        if subject is Subject.POSITIONS and reply is not None and reply.status == 200:
            self.memory.positions.append((self.memory.world.now(), reply))
            del self.memory.positions[:-MOST_POSITIONS_KEPT]
        fault = self._fault
        if fault is not None and reply is not None and subject in fault.subjects:
            self._note()
            self.memory.subject = subject
            reply = fault.bend(reply, self.memory)
        if reply is None:
            assert self._server is not None, "serve a switchboard with `serving`: it hangs up"
            await self._server.hang_up(scope["client"])
            return
        await _answer(reply, send)

    def _note(self) -> None:
        self.met_at = self.met_at or self.memory.world.now()

    def _treat_order(self, asked: bytes) -> None:
        takes = None if self._fault is None else self._fault.takes
        behaviour = self._fair if takes is None else takes(self._words.sides_of(asked))
        with self.memory.world.lock:
            self.memory.world.exchange.faults = FaultPlan([behaviour])

    async def _forward(self, scope: Scope, asked: bytes) -> Reply:
        """The dialect's own answer."""
        said: list[Message] = []
        is_read = False

        async def receive() -> Message:
            nonlocal is_read
            if is_read:
                await asyncio.Event().wait()
            is_read = True
            return {"type": "http.request", "body": asked, "more_body": False}

        async def keep(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, keep)
        start, *rest = said
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        headers.pop("content-length", None)
        return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in rest))

    # -- the stream ---------------------------------------------------------------------------------------------------

    def _stream(self, send: Send) -> Callable[[Message], Awaitable[None]]:
        """Sends what the fault makes of the messages about orders; everything else passes as it is."""
        kept: list[bytes] = []

        async def bent(message: Message) -> None:
            text = _text_of(message)
            order = None if text is None else _order_of(text)
            if order is None or text is None:
                await send(message)
                return
            kept.append(text)
            events = None if self._fault is None else self._fault.events
            sent = list(kept) if events is None else events(kept)
            if events is not None:
                self._note()
            for one in sent:
                await send({"type": "websocket.send", **_as_it_came(message, one)})
            if sent:
                kept.clear()
                self.sent |= {name for one in sent if (name := _order_of(one))}
            else:
                self.sent.discard(order)
            self.passed[order] += 1

        return bent


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(reply: Reply, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    length = [] if reply.status == 204 else [(b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": reply.body})


def _text_of(message: Message) -> bytes | None:
    if message["type"] != "websocket.send":
        return None
    text = message.get("text")
    return text.encode() if text is not None else message.get("bytes")


def _as_it_came(message: Message, text: bytes) -> dict[str, object]:
    return {"text": text.decode()} if message.get("text") is not None else {"bytes": text}


def _order_of(text: bytes) -> str | None:
    """The client id of the order that a message is about; None: about none."""
    frame = json.loads(text)
    if frame.get("event") == "order":
        return id_in(frame.get("tag"))
    order = frame.get("data", {}).get("order") if frame.get("stream") == "trade_updates" else None
    return None if order is None else str(order["client_order_id"])

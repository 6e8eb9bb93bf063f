"""Alpaca's stream of trade updates: a handshake of two steps, then one binary frame for each thing that happened."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from attrs import field, frozen
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from counterparts.alpaca_orders import OrderDesk, Words
from counterparts.alpaca_words import id_of, number, utc
from counterparts.world import SECRET, TOKEN, World
from gammacore.domain.orders import OrderReport, OrderState

STREAM_PATH = "/stream"

_EVENTS = {
    OrderState.ACCEPTED: "new",
    OrderState.CANCEL_REQUESTED: "pending_cancel",
    OrderState.CANCELED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.REJECTED: "rejected",
}


def stream_route(world: World, desk: OrderDesk) -> WebSocketRoute:
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            if await _authorized(socket):
                await _tell(socket, world, desk)

    return WebSocketRoute(STREAM_PATH, stream)


async def _authorized(socket: WebSocket) -> bool:
    keys: dict[str, Any] = (await _heard(socket)).get("data", {})
    known = (keys.get("key_id"), keys.get("secret_key")) == (TOKEN, SECRET)
    status = "authorized" if known else "unauthorized"
    await _say(socket, "authorization", {"action": "authenticate", "status": status})
    if not known:
        await socket.close()
    return known


async def _wish(socket: WebSocket) -> list[str]:
    """The streams the client wants to hear, of those there are."""
    while (wish := await _heard(socket)).get("action") != "listen":
        pass
    return [name for name in wish["data"]["streams"] if name == "trade_updates"]


async def _tell(socket: WebSocket, world: World, desk: OrderDesk) -> None:
    """Wait for the wish to listen, then send what changes from there on, until the client is gone."""
    streams = await _wish(socket)
    stirred, loop = asyncio.Event(), asyncio.get_running_loop()

    def changed() -> None:
        loop.call_soon_threadsafe(stirred.set)

    teller = Teller(desk)
    with world.lock:
        teller.news()  # what was before is not sent
    world.watch(changed)
    gone = asyncio.create_task(_until_gone(socket))
    try:
        await _say(socket, "listening", {"streams": streams})
        while not gone.done():
            change = asyncio.create_task(stirred.wait())
            await asyncio.wait({gone, change}, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
            stirred.clear()
            with world.lock:
                news = teller.news()
            for event in news:
                await _say(socket, "trade_updates", event)
    finally:
        world.unwatch(changed)
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await _heard(socket)


async def _heard(socket: WebSocket) -> dict[str, Any]:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    said: dict[str, Any] = json.loads(message.get("text") or message.get("bytes") or "{}")
    return said


async def _say(socket: WebSocket, stream: str, words: Words) -> None:
    await socket.send_bytes(json.dumps({"stream": stream, "data": words}).encode())


@frozen
class Teller:
    """Compares each order with how it was reported last; one event for a fill and one for a change of state."""

    desk: OrderDesk
    _reported: dict[str, OrderReport] = field(factory=dict)

    def news(self) -> list[Words]:
        """Everything that happened since the last call, in the order of the orders."""
        events: list[Words] = []
        for report in self.desk.reports():
            before = self._reported.get(report.id)
            if report == before:
                continue
            self._reported[report.id] = report
            if _filled_more(before, report):
                events.append(self._fill(before, report))
            if report.state in _EVENTS and (before is None or before.state is not report.state):
                events.append(self._event(_EVENTS[report.state], report))
        return events

    def _fill(self, before: OrderReport | None, report: OrderReport) -> Words:
        """The part that came since: its spreads (or shares), and the average price of everything filled."""
        was = 0 if before is None else before.execution.quantity
        words = self.desk.words(report, nested=True)
        name = "fill" if report.state is OrderState.FILLED else "partial_fill"
        return {
            **self._event(name, report),
            "price": words["filled_avg_price"],
            "qty": number(report.execution.quantity - was),
            "position_qty": number(report.execution.quantity),
        }

    def _event(self, name: str, report: OrderReport) -> Words:
        return {
            "event": name,
            "execution_id": id_of(report.broker_id, name, number(report.execution.quantity)),
            "timestamp": utc(report.at),
            "order": self.desk.words(report, nested=True),
        }


def _filled_more(before: OrderReport | None, report: OrderReport) -> bool:
    return report.execution.quantity > (0 if before is None else before.execution.quantity)

"""Alpaca's stream of share quotes: a welcome, the keys, a subscription, then a list of quotes whenever one changed.

As its documents describe it; one connection a feed, a second one is refused. `World.settings["plan"]` = "basic"
refuses the paid feed, "quote_stream" = "off" every one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from counterparts.alpaca_quotes import Shown, Words
from counterparts.world import SECRET, TOKEN, World

FEEDS = ("sip", "iex", "delayed_sip")
AUTH_FAILED, LIMIT_EXCEEDED, NOT_SUBSCRIBED, MALFORMED = 402, 406, 409, 400


def quote_stream_route(world: World) -> WebSocketRoute:
    open_lines: set[str] = set()

    async def stream(socket: WebSocket) -> None:
        feed = socket.path_params["feed"]
        await socket.accept()
        await _say(socket, [{"T": "success", "msg": "connected"}])
        if (refusal := _refusal(world, feed, open_lines)) is not None:
            await _refuse(socket, *refusal)
            return
        open_lines.add(feed)
        try:
            with suppress(WebSocketDisconnect):
                await _serve(socket, world)
        finally:
            open_lines.discard(feed)

    return WebSocketRoute("/v2/{feed}", stream)


def _refusal(world: World, feed: str, open_lines: set[str]) -> tuple[int, str] | None:
    paid = feed == "sip" and world.settings.get("plan") == "basic"
    if feed not in FEEDS or paid or world.settings.get("quote_stream") == "off":
        return NOT_SUBSCRIBED, "insufficient subscription"
    return (LIMIT_EXCEEDED, "connection limit exceeded") if feed in open_lines else None


async def _serve(socket: WebSocket, world: World) -> None:
    told = json.loads(await socket.receive_text())
    if (told.get("action"), told.get("key"), told.get("secret")) != ("auth", TOKEN, SECRET):
        await _refuse(socket, AUTH_FAILED, "auth failed")
        return
    await _say(socket, [{"T": "success", "msg": "authenticated"}])
    wanted = json.loads(await socket.receive_text())
    if wanted.get("action") != "subscribe":
        await _refuse(socket, MALFORMED, "invalid syntax")
        return
    symbols = [str(symbol) for symbol in wanted.get("quotes", [])]
    await _say(socket, [{"T": "subscription", "trades": [], "quotes": symbols, "bars": []}])
    await _tell(socket, world, symbols)


async def _tell(socket: WebSocket, world: World, symbols: Sequence[str]) -> None:
    stirred, loop = asyncio.Event(), asyncio.get_running_loop()

    def told() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(stirred.set)

    shown, before = Shown(world), dict[str, Words]()
    gone = asyncio.create_task(_until_gone(socket))
    world.watch(told)
    try:
        while not gone.done():
            with world.lock:
                now = {symbol: quote for symbol in symbols if (quote := shown.share_quote(symbol)) is not None}
            news = [{"T": "q", "S": symbol, **quote} for symbol, quote in now.items() if before.get(symbol) != quote]
            before = now
            if news:
                await _say(socket, news)
            change = asyncio.create_task(stirred.wait())
            await asyncio.wait({gone, change}, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
            stirred.clear()
    finally:
        world.unwatch(told)
        gone.cancel()


async def _until_gone(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _refuse(socket: WebSocket, code: int, why: str) -> None:
    await _say(socket, [{"T": "error", "code": code, "msg": why}])
    await socket.close()


async def _say(socket: WebSocket, rows: list[dict[str, Any]]) -> None:
    await socket.send_text(json.dumps(rows))

"""What both dialects have on the wire beside their own words: faults in the way, and the control endpoints.

POST /_control/time    {"now": "2026-01-05T15:00:00+00:00"} or {"seconds": 60}   -> {"now": ...}
GET  /_control/time                                                             -> {"now": ...}
POST /_control/faults  {"asked": "submit", "times": 1, "fault": {"trouble": "silence", "reaches": true}}
DELETE /_control/faults
POST /_control/orders  {"delay": 1, "parts": [1, 2]}: fields of the fake exchange's `Behaviour` for the next order
GET  /_control/orders                                                           -> every order, as the exchange has it
POST /_control/settings {"balances": "pdt"}
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterparts.serving import DRIP_SECONDS, LoopbackServer
from counterparts.world import Asked, Trouble, WireFault, World
from gammacore.errors import BrokerUnavailable

CONTROL = "/_control/"


class WireTrouble:
    """Stands before a dialect and does to a request what was planned for it. An ASGI app."""

    def __init__(self, app: ASGIApp, world: World, asked: Callable[[str, str], Asked]) -> None:
        """`asked` says of a method and a path what is asked for."""
        self._app = app
        self._world = world
        self._asked = asked
        self._server: LoopbackServer | None = None

    def meet(self, server: LoopbackServer) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        fault = self._world.faults.take(self._asked(scope["method"], scope["path"]))
        if fault is None:
            await self._app(scope, receive, send)
            return
        await self._meet(fault, scope, receive, send)

    async def _meet(self, fault: WireFault, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[Message] = []
        if fault.reaches or fault.trouble in (Trouble.CUT, Trouble.REFUSE):
            await self._app(scope, receive, _into(said))
        elif fault.trouble in (Trouble.ANSWER, Trouble.HANG_UP):
            await _read_all(receive)
        if fault.trouble is Trouble.ANSWER:
            answer = Response(fault.body, fault.status, media_type=fault.content_type)
            await answer(scope, receive, send)
        elif fault.trouble is Trouble.SILENCE:
            await _until_gone(receive)
        elif fault.trouble is Trouble.DRIP:
            await _drip(receive, send)
        elif fault.trouble is Trouble.DRIP_HEAD:
            await _read_all(receive)
            await self._serving.drip(scope["client"])
        elif fault.trouble is Trouble.HANG_UP:
            await self._serving.hang_up(scope["client"])
        elif fault.trouble is Trouble.CUT:
            await _say_half(said, send)
        else:
            await self._serving.unplugged_now(keep=tuple(scope["client"]))
            await _say_last(said, send)

    @property
    def _serving(self) -> LoopbackServer:
        assert self._server is not None, "an app in trouble needs its server: use serving(app)"
        return self._server


def _into(said: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        said.append(message)

    return keep


async def _read_all(receive: Receive) -> None:
    """Take the whole request: what is closed unread ends in a reset, which overtakes the answer."""
    while (await receive()).get("more_body", False):
        pass


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drip(receive: Receive, send: Send) -> None:
    """A head that promises JSON, then blanks, one at a time, until the client has gone."""
    await _read_all(receive)
    gone = asyncio.ensure_future(_until_gone(receive))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    while not gone.done():
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.wait([gone], timeout=DRIP_SECONDS)


async def _say_half(said: list[Message], send: Send) -> None:
    """The head as it was, half of the body, and no end: the server closes the connection on its own."""
    start, *rest = said
    body = b"".join(message.get("body", b"") for message in rest)
    await send(start)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _say_last(said: list[Message], send: Send) -> None:
    """The whole answer, and that the connection ends with it."""
    start, *rest = said
    await send({**start, "headers": [*start["headers"], (b"connection", b"close")]})
    for message in rest:
        await send(message)


def control_routes(world: World) -> list[Route]:
    """The endpoints by which a test in another process sets the time and switches faults."""

    async def time(request: Request) -> Response:
        if request.method == "POST":
            asked_for: dict[str, Any] = await request.json()
            if "seconds" in asked_for:
                world.advance(float(asked_for["seconds"]))
            else:
                world.move_to(dt.datetime.fromisoformat(asked_for["now"]))
        return JSONResponse({"now": world.now().isoformat()})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.lift()
            return Response(status_code=204)
        asked_for: dict[str, Any] = await request.json()
        fault = WireFault(**asked_for["fault"])
        if asked_for.get("always", False):
            world.faults.always(Asked(asked_for["asked"]), fault)
        else:
            world.faults.plan(Asked(asked_for["asked"]), fault, int(asked_for.get("times", 1)))
        return Response(status_code=204)

    async def orders(request: Request) -> Response:
        if request.method == "POST":
            asked_for: dict[str, Any] = await request.json()
            lists = {name: tuple(value) for name, value in asked_for.items() if isinstance(value, list)}
            with world.lock:
                world.exchange.next_submit(**{**asked_for, **lists})
            return Response(status_code=204)
        with world.lock, suppress(BrokerUnavailable):  # set to fail: as it stood when it was last asked
            world.exchange.orders()
        with world.lock:
            every = world.exchange.every_order
        return JSONResponse([
            {"id": order.id, "broker_id": order.broker_id, "state": order.state, "quantity": order.execution.quantity}
            for order in every
        ])  # fmt: skip

    async def settings(request: Request) -> Response:
        world.settings.update(await request.json())
        return Response(status_code=204)

    async def received(_: Request) -> Response:
        return JSONResponse({asked.value: count for asked, count in world.faults.counted.items()})

    async def alive(_: Request) -> Response:
        return PlainTextResponse("here")

    return [
        Route(CONTROL + "time", time, methods=["GET", "POST"]),
        Route(CONTROL + "faults", faults, methods=["POST", "DELETE"]),
        Route(CONTROL + "orders", orders, methods=["GET", "POST"]),
        Route(CONTROL + "settings", settings, methods=["POST"]),
        Route(CONTROL + "received", received),
        Route(CONTROL + "alive", alive),
    ]

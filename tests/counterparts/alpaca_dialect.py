"""A server on this machine that speaks Alpaca's dialect: trading, market data and the stream, over one fake exchange.

One address serves all three, because their paths do not meet. What is known of the service and what is guessed stands
where it is done; the vendor's own OpenAPI is held against every answer by the tests.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from counterparts.alpaca_account import account_words, clock_words, day_words, position_words
from counterparts.alpaca_contracts import contract_routes
from counterparts.alpaca_data_routes import data_routes
from counterparts.alpaca_orders import OrderDesk, Words
from counterparts.alpaca_stream import stream_route
from counterparts.alpaca_words import MALFORMED, NOT_FOUND, UNAUTHORIZED, Refusal, id_of, read_time
from counterparts.wire import CONTROL, WireTrouble, control_routes
from counterparts.world import SECRET, TOKEN, Asked, World
from gammacore.domain.sessions import new_york_date

_ORDERS_LISTED = 50
_MOST_ORDERS_LISTED = 500
_CALENDAR_DAYS = 31


def alpaca_app(world: World) -> ASGIApp:
    """The app of a world, faults of the wire included; serve it with `serving`."""
    desk = OrderDesk(world)
    app = Starlette(
        routes=[
            *control_routes(world), *_account_routes(world), *_order_routes(world, desk), *contract_routes(world),
            *data_routes(world), stream_route(world, desk),
        ],
        exception_handlers={Refusal: _refused, 404: _no_such_path},
    )  # fmt: skip
    return WireTrouble(Doorkeeper(app), world, asked)


def asked(method: str, path: str) -> Asked:
    if not path.startswith("/v2/orders") or method == "GET":
        return Asked.READ
    return Asked.SUBMIT if method == "POST" else Asked.CANCEL


class Doorkeeper:
    """Lets nobody in without the two keys; the stream asks for them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL):
            headers = Request(scope).headers
            if (headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY")) != (TOKEN, SECRET):
                no = Refusal(401, UNAUTHORIZED, "request is not authorized")
                await no.answer()(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return refusal.answer()


async def _no_such_path(_: Request, __: Exception) -> Response:
    return JSONResponse({"message": "endpoint not found"}, 404)


def _account_routes(world: World) -> list[Route]:
    async def account(_: Request) -> Response:
        with world.lock:
            return JSONResponse(account_words(world))

    async def clock(_: Request) -> Response:
        with world.lock:
            return JSONResponse(clock_words(world))

    async def calendar(request: Request) -> Response:
        query, today = request.query_params, new_york_date(world.now())
        first = read_time(query["start"]).date() if "start" in query else today
        last = read_time(query["end"]).date() if "end" in query else first + dt.timedelta(days=_CALENDAR_DAYS)
        dates = (first + dt.timedelta(days=days) for days in range((last - first).days + 1))
        return JSONResponse([words for date in dates if (words := day_words(world, date)) is not None])

    async def positions(_: Request) -> Response:
        with world.lock:
            return JSONResponse([position_words(world, symbol) for symbol in sorted(world.exchange.holdings())])

    async def position(request: Request) -> Response:
        named = request.path_params["symbol"]
        with world.lock:
            for symbol in world.exchange.holdings():
                if named in (symbol, id_of(symbol)):
                    return JSONResponse(position_words(world, symbol))
        raise Refusal(404, NOT_FOUND, "position does not exist")

    return [
        Route("/v2/account", account),
        Route("/v2/clock", clock),
        Route("/v2/calendar", calendar),
        Route("/v2/positions", positions),
        Route("/v2/positions/{symbol}", position),
    ]


def _order_routes(world: World, desk: OrderDesk) -> list[Route]:
    async def post(request: Request) -> Response:
        body = await _body(request)
        with world.lock:
            words = desk.post(body)
        world.stir()
        return JSONResponse(words)

    async def listed(request: Request) -> Response:
        with world.lock:
            return JSONResponse(_list(desk, request))

    async def by_id(request: Request) -> Response:
        with world.lock:
            return JSONResponse(desk.words(desk.by_id(request.path_params["order_id"]), nested=_nested(request)))

    async def by_client_id(request: Request) -> Response:
        """Without the legs: its documented parameters have no way to ask for them."""
        with world.lock:
            report = desk.by_client_id(request.query_params.get("client_order_id", ""))
            return JSONResponse(desk.words(report, nested=False))

    async def cancel(request: Request) -> Response:
        with world.lock:
            desk.cancel(request.path_params["order_id"])
        world.stir()
        return Response(status_code=204)

    async def cancel_all(_: Request) -> Response:
        with world.lock:
            working = [id_of(report.broker_id) for report in desk.reports() if not report.state.is_final]
            for order_id in working:
                desk.cancel(order_id)
        world.stir()
        return JSONResponse([{"id": order_id, "status": 200} for order_id in working], 207)

    async def replace(request: Request) -> Response:
        body = await _body(request)
        with world.lock:
            words = desk.replace(request.path_params["order_id"], body)
        world.stir()
        return JSONResponse(words)

    return [
        Route("/v2/orders", post, methods=["POST"]),
        Route("/v2/orders", listed, methods=["GET"]),
        Route("/v2/orders", cancel_all, methods=["DELETE"]),
        Route("/v2/orders:by_client_order_id", by_client_id),
        Route("/v2/orders/{order_id}", by_id, methods=["GET"]),
        Route("/v2/orders/{order_id}", cancel, methods=["DELETE"]),
        Route("/v2/orders/{order_id}", replace, methods=["PATCH"]),
    ]


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refusal(400, MALFORMED, "request body format is invalid") from None
    if not isinstance(body, dict):
        raise Refusal(400, MALFORMED, "request body format is invalid")
    return body


def _nested(request: Request) -> bool:
    return request.query_params.get("nested", "false").lower() == "true"


def _list(desk: OrderDesk, request: Request) -> list[Words]:
    """The orders a query asks for: open ones by default, the newest first, at most so many."""
    query = request.query_params
    status = query.get("status", "open")
    if status not in ("open", "closed", "all"):
        raise Refusal(422, MALFORMED, "invalid status")
    wanted = []
    for report in desk.reports():
        submitted = desk.taken(report).submitted_at
        too_early = "after" in query and submitted <= read_time(query["after"])
        too_late = "until" in query and submitted >= read_time(query["until"])
        if not (too_early or too_late) and (status == "all" or report.state.is_final == (status == "closed")):
            wanted.append(report)
    if query.get("direction", "desc") == "desc":
        wanted.reverse()
    rows = [row for report in wanted for row in _rows(desk, report, nested=_nested(request))]
    if symbols := {symbol for symbol in query.get("symbols", "").split(",") if symbol}:
        rows = [row for row in rows if symbols & {row["symbol"], *(leg["symbol"] for leg in row["legs"] or ())}]
    if "side" in query:
        rows = [row for row in rows if row["side"] == query["side"]]
    return rows[: min(int(query.get("limit", _ORDERS_LISTED)), _MOST_ORDERS_LISTED)]


def _rows(desk: OrderDesk, report: Any, *, nested: bool) -> list[Words]:
    return [desk.words(report, nested=True)] if nested else desk.flat(report)

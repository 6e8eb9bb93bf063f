"""A server that speaks Tradier over the fake exchange: REST and streams, as its documents describe them.

Our own reading of the wire, from brokers.md 3; `uvatradier` is the second opinion. Not served: orders at a stop
price or `even`, combo, oto, oco and otoco orders, and changes of a resting order.

`World.settings` are its switches: account (its number), balances (margin, cash, pdt), rejections (errors, status),
delay_seconds, rate_limit (a number, off), option_level, account_stream (on, off),
market_stream (on, off).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from counterparts.tradier_accounts import AccountDesk
from counterparts.tradier_gate import Gate, asked_for
from counterparts.tradier_markets import MarketDesk, is_true
from counterparts.tradier_orders import OrderDesk
from counterparts.tradier_streams import ACCOUNTS, MARKET, AccountStreams, MarketStream, Sessions
from counterparts.tradier_words import (
    DATASTORE_ERROR,
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    Json,
    Refusal,
    answer,
    collected,
    fault,
    fault_body,
    parameters,
)
from counterparts.wire import CONTROL, WireTrouble, control_routes
from counterparts.world import LOST_ANSWER, NO_ANSWER, UNPLUGGED_AFTERWARDS, Trouble, WireFault, World
from gammacore.errors import BrokerUnavailable, MarketDataError, OutcomeUnknown

Asked = dict[str, str]
Endpoint = Callable[[Request], Awaitable[Response]]
PAGE_ORDERS = 1000

FAULTS: dict[str, WireFault] = {
    "connection_refused": UNPLUGGED_AFTERWARDS,
    "no_answer": NO_ANSWER,
    "no_answer_but_taken": LOST_ANSWER,
    "hung_up": WireFault(Trouble.HANG_UP),
    "hung_up_but_taken": WireFault(Trouble.HANG_UP, reaches=True),
    "400_text": WireFault(status=400, body="Backoffice rejected override of the order: InitialMargin"),
    "400_list": WireFault(
        status=400, body='{"errors": {"error": ["Margin rule violation", "InitialMargin"]}}',
        content_type="application/json",
    ),
    "401_fault": WireFault(status=401, body=fault_body(*INVALID_TOKEN), content_type="application/json"),
    "429": WireFault(status=429, body="Quota Violation"),
    "500_datastore": WireFault(status=500, body=fault_body(*DATASTORE_ERROR), content_type="application/json"),
    "500_datastore_but_taken": WireFault(
        reaches=True, status=500, body=fault_body(*DATASTORE_ERROR), content_type="application/json"
    ),
    "500_expired_token": WireFault(status=500, body=fault_body(*EXPIRED_TOKEN), content_type="application/json"),
    "502_page": WireFault(
        status=502, body="<html><head><title>502 Bad Gateway</title></head></html>", content_type="text/html"
    ),
    "504": WireFault(status=504, body="stream timeout"),
    "200_rejection": WireFault(
        status=200, body='{"errors": {"error": "OptionLevelRestriction: Your account is not approved"}}',
        content_type="application/json",
    ),
    "cut_json": WireFault(
        reaches=True, status=200, body='{"order": {"id": 10000', content_type="application/json"
    ),
    "cut_connection": WireFault(Trouble.CUT),
}  # fmt: skip
"""Every trouble of brokers.md 3.7 by name, to be planned for a read, a submit or a cancel."""


def tradier_app(world: World) -> WireTrouble:
    """The whole dialect over one world; give it to `serving`."""
    dialect = TradierDialect(world)
    inner = Starlette(routes=[*dialect.routes(), *control_routes(world)])
    return WireTrouble(Gate(inner, world), world, asked_for)


class TradierDialect:
    """The endpoints, each a line: what is asked, which desk answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._orders = OrderDesk(world)
        self._accounts = AccountDesk(world, self._orders)
        self._markets = MarketDesk(world)
        self._sessions = Sessions(world)
        self._account_streams = AccountStreams(world, self._orders, self._sessions)
        self._market_stream = MarketStream(world, self._markets.board, self._sessions)

    def routes(self) -> list[Route | WebSocketRoute]:
        account, markets = "/v1/accounts/{account}", "/v1/markets"
        return [
            Route("/v1/user/profile", self._answers(lambda _: self._accounts.profile())),
            Route("/v1/accounts/events/session", self._account_session, methods=["POST"]),
            WebSocketRoute("/v1/accounts/events", self._account_streams.listen),
            Route(account + "/balances", self._answers(lambda _: self._accounts.balances())),
            Route(account + "/positions", self._answers(lambda _: self._accounts.positions())),
            Route(account + "/history", self._answers(lambda _: self._accounts.history())),
            Route(account + "/gainloss", self._answers(lambda _: self._accounts.gainloss())),
            Route(account + "/orders", self._answers(self._list)),
            Route(account + "/orders", self._answers(self._place, stirs=True), methods=["POST"]),
            Route(account + "/orders/{order}", self._one_order, methods=["GET", "DELETE", "PUT"]),
            Route(markets + "/quotes", self._answers(self._markets.quotes), methods=["GET", "POST"]),
            Route(markets + "/options/chains", self._answers(self._markets.chains)),
            Route(markets + "/options/expirations", self._answers(self._markets.expirations)),
            Route(markets + "/options/strikes", self._answers(self._markets.strikes)),
            Route(markets + "/options/lookup", self._answers(self._markets.lookup)),
            Route(markets + "/clock", self._answers(lambda _: self._markets.clock())),
            Route(markets + "/calendar", self._answers(self._markets.calendar)),
            Route(markets + "/history", self._answers(self._markets.history)),
            Route(markets + "/timesales", self._answers(self._markets.timesales)),
            Route("/beta/markets/fundamentals/dividends", self._answers(self._markets.dividends)),
            Route(markets + "/events/session", self._market_session, methods=["POST"]),
            Route(markets + "/events", self._market_stream.open, methods=["GET", "POST"]),
            WebSocketRoute(markets + "/events", self._market_stream.listen),
            Route(CONTROL + "streams", self._steer_streams, methods=["POST"]),
        ]

    # -- orders -------------------------------------------------------------------------------------------------------

    def _list(self, asked: Asked) -> Json:
        page, limit = int(asked.get("page", "1")), int(asked.get("limit", str(PAGE_ORDERS)))
        rows = self._orders.rows(tags=is_true(asked, "includeTags"))
        return {"orders": collected("order", rows[(page - 1) * limit : page * limit], empty="null")}

    def _place(self, asked: Asked) -> Json:
        return self._orders.preview(asked) if is_true(asked, "preview") else self._orders.place(asked)

    async def _one_order(self, request: Request) -> Response:
        order = str(request.path_params["order"])
        if request.method == "PUT":
            return answer(request, "Changes of orders are not served here", 400)
        if request.method == "DELETE":
            return await self._answers(lambda _: self._orders.cancel(order), stirs=True)(request)
        return await self._answers(
            lambda asked: {"order": self._orders.row(order, tags=is_true(asked, "includeTags"))}
        )(request)  # fmt: skip

    # -- streams ------------------------------------------------------------------------------------------------------

    async def _account_session(self, request: Request) -> Response:
        if self._world.settings.get("account_stream") == "off":
            return answer(request, "Streaming is not available", 403)
        url = str(request.base_url.replace(scheme="ws")) + "v1/accounts/events"
        return answer(request, self._sessions.begin(ACCOUNTS, url))

    async def _market_session(self, request: Request) -> Response:
        if self._world.settings.get("market_stream") == "off":
            return answer(request, "Streaming is not available", 403)
        return answer(request, self._sessions.begin(MARKET, f"{request.base_url}v1/markets/events"))

    async def _steer_streams(self, request: Request) -> Response:
        """{"say": "any text"} to every listener of the account, or {"cut": true}."""
        wanted = await request.json()
        if "say" in wanted:
            await self._account_streams.say(wanted["say"])
        if wanted.get("cut"):
            await self._account_streams.cut()
        return Response(status_code=204)

    # -- every endpoint -----------------------------------------------------------------------------------------------

    def _answers(self, desk: Callable[[Asked], Json | list[Json]], *, stirs: bool = False) -> Endpoint:
        """An endpoint out of a desk's answer; a failing exchange or market is the gateway's Datastore Error."""

        async def endpoint(request: Request) -> Response:
            asked = await parameters(request)
            try:
                if request.path_params.get("account", self._world.account) != self._world.account:
                    raise Refusal(401, f"Unauthorized Account: {request.path_params['account']}")
                with self._world.lock:
                    body = desk(asked)
            except Refusal as no:
                return answer(request, no.body, no.status)
            except (BrokerUnavailable, OutcomeUnknown, MarketDataError):
                trouble = fault(500, *DATASTORE_ERROR)
                return answer(request, trouble.body, trouble.status)
            if stirs:
                self._world.stir()
            return answer(request, body)

        return endpoint

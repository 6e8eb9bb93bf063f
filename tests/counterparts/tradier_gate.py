"""The gateway before Tradier's endpoints: the token, the rate limits and their headers."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterparts.tradier_words import INVALID_TOKEN, Refusal, answer, fault, milliseconds
from counterparts.wire import CONTROL
from counterparts.world import LIVE_TOKEN, TOKEN, Asked, World

WINDOW = dt.timedelta(minutes=1)
ALLOWED = {"market": 120, "standard": 120, "trading": 60}
"""Requests a minute of the live environment, by class of call."""


def asked_for(method: str, path: str) -> Asked:
    """What a request asks for: a form under orders may bring an order, a DELETE or PUT changes one."""
    if method in ("DELETE", "PUT"):
        return Asked.CANCEL
    return Asked.SUBMIT if method == "POST" and path.endswith("/orders") else Asked.READ


def lane_of(method: str, path: str) -> str:
    if path.startswith(("/v1/markets/", "/beta/markets/")):
        return "market"
    return "standard" if asked_for(method, path) is Asked.READ else "trading"


class Gate:
    """Lets requests with the token through and counts them in the world's time; says 429 beyond the limit.

    `settings["rate_limit"]` is another limit for every class, or "off".
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._windows: dict[str, tuple[dt.datetime, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_token(request)
            headers = self._counted(lane_of(scope["method"], scope["path"]))
        except Refusal as no:
            await answer(request, no.body, no.status)(scope, receive, send)
            return
        over = self._is_limited and int(headers["X-Ratelimit-Used"]) > int(headers["X-Ratelimit-Allowed"])
        if over:
            refusal = Response("Quota Violation", 429, headers=headers, media_type="text/plain")
            await refusal(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, with_headers)

    def _check_token(self, request: Request) -> None:
        """The server stands for both hosts: the live token, which market data comes by, is another one."""
        if request.headers.get("authorization") not in (f"Bearer {TOKEN}", f"Bearer {LIVE_TOKEN}"):
            raise fault(401, *INVALID_TOKEN)

    @property
    def _is_limited(self) -> bool:
        return self._world.settings.get("rate_limit") != "off"

    def _counted(self, lane: str) -> dict[str, str]:
        """The headers after one more request of this class; a window begins with its first request."""
        now = self._world.now()
        began, used = self._windows.get(lane, (now, 0))
        if now >= began + WINDOW:
            began, used = now, 0
        self._windows[lane] = (began, used + 1)
        limit = self._world.settings.get("rate_limit", "")
        allowed = int(limit) if limit.isdecimal() else ALLOWED[lane]
        return {
            "X-Ratelimit-Allowed": str(allowed),
            "X-Ratelimit-Used": str(used + 1),
            "X-Ratelimit-Available": str(max(allowed - used - 1, 0)),
            "X-Ratelimit-Expiry": str(milliseconds(began + WINDOW)),
        }

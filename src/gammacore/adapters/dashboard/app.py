"""The page's server: starlette over ports.desk_source, every answer through one gate. Rules: OP-501, OP-504..512."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from gammacore.adapters.dashboard import api, pages
from gammacore.adapters.dashboard.api import Asked
from gammacore.adapters.dashboard.controls import Controls
from gammacore.adapters.dashboard.events import Hub
from gammacore.adapters.dashboard.gate import Gate
from gammacore.adapters.dashboard.metrics import exposition
from gammacore.adapters.dashboard.security import COOKIE, SESSION_SECONDS, Keys, Refused, Terms
from gammacore.domain.reports.plain_values import plain
from gammacore.ports.desk_source import DeskSource
from gammacore.ports.storage import RequestKind

ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    **{f"icon-{mode}.svg": "image/svg+xml" for mode in pages.ICONS},
    "vendor/htmx-4.0.1.min.js": "text/javascript",
    "vendor/uPlot-1.6.32.iife.min.js": "text/javascript",
    "vendor/uPlot-1.6.32.min.css": "text/css",
}
KEPT_PARTS = 64
READ_ONLY = Terms()
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(source: DeskSource, terms: Terms = READ_ONLY) -> Gate:
    """The whole page over a source, with its checks and headers around it."""
    keys = Keys(terms.token_hash)
    desk = _Desk(source, terms, keys)
    routes = [
        Route("/health", desk.health),
        Route("/events", desk.events),
        Route("/metrics", desk.metrics),
        Route("/api/system", desk.system),
        *(Route(path, desk.document(build)) for path, build in api.ROUTES.items()),
        *(Route(path, desk.page(name)) for path, name in pages.PATHS.items()),
        Route("/journal.csv", desk.journal_csv),
        Route("/part/{name}", desk.part),
        *(Route(f"/static/{name}", _asset(name, kind)) for name, kind in ASSETS.items()),
    ]
    if terms.has_controls or (terms.exposed and terms.token_hash):
        routes.append(Route("/session", desk.begin_session, methods=["POST"]))
    if terms.has_controls:
        routes += [
            Route(f"/controls/{kind.value}", desk.control(kind), methods=["POST"])
            for kind in (RequestKind.HALT, RequestKind.RESUME, RequestKind.FLATTEN)
        ]
    app = Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _http})
    return Gate(app, terms, keys)


class _Desk:
    """The endpoints."""

    def __init__(self, source: DeskSource, terms: Terms, keys: Keys) -> None:
        self._source = source
        self._terms = terms
        self._keys = keys
        self._hub = Hub(source)
        self._controls = Controls(source, keys)
        self._parts: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._drawing = {name: threading.Lock() for name in pages.PAGES}

    def document(self, build: Callable[[Asked], Any]) -> Endpoint:
        async def answer(request: Request) -> Response:
            return JSONResponse(await run_in_threadpool(lambda: build(self._asked(request))))

        return answer

    def _asked(self, request: Request) -> Asked:
        return Asked.of(self._source, dict(request.query_params))

    async def health(self, request: Request) -> Response:
        found = await run_in_threadpool(lambda: api.health(self._asked(request)))
        is_strict = request.query_params.get("strict") == "1" and found["status"] != "healthy"
        return JSONResponse(found, 503 if is_strict else 200)

    async def system(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(lambda: api.system(self._asked(request), self._hub.streams)))

    async def metrics(self, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return await self.page("system")(request)
        asked = await run_in_threadpool(lambda: self._asked(request))
        text = await run_in_threadpool(lambda: exposition(self._source, asked.name))
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def events(self, request: Request) -> Response:
        if self._hub.is_full:
            return PlainTextResponse("64 streams are open already; close a tab", 503)
        asked = await run_in_threadpool(lambda: self._asked(request))
        stream = self._hub.listen(asked.name or "", request.headers.get("last-event-id"))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    def page(self, name: str) -> Endpoint:
        async def answer(request: Request) -> Response:
            cookie = request.cookies.get(COOKIE, "")
            query = {**dict(request.query_params), **request.path_params}

            def draw() -> str:
                asked = Asked.of(self._source, query)
                is_in = bool(cookie) and self._keys.session(cookie) is not None
                frame = pages.Frame(
                    name, request.url.path, self._terms.has_controls, self._keys.csrf(cookie) if is_in else ""
                )
                return pages.whole(asked, frame)

            return HTMLResponse(await run_in_threadpool(draw))

        return answer

    async def part(self, request: Request) -> Response:
        """The moving part of a page, drawn once a version of what it shows. Rule: OP-505."""
        name = request.path_params["name"]
        if name not in pages.PAGES:
            raise Refused(404, "no such page")

        def draw() -> str:
            asked = self._asked(request)
            shown = (asked.now or {}).get("at")
            key = (
                name,
                tuple(sorted(asked.query.items())),
                asked.name,
                asked.reading.version,
                shown,
                asked.is_grey,
                asked.reading.error,
            )
            with self._drawing[name]:  # of many tabs that ask at once the first one draws
                if (known := self._parts.get(key)) is None:
                    known = self._parts[key] = pages.part(asked, name)
                    while len(self._parts) > KEPT_PARTS:
                        self._parts.popitem(last=False)
            return known

        return HTMLResponse(await run_in_threadpool(draw))

    async def journal_csv(self, request: Request) -> Response:
        found = await run_in_threadpool(lambda: api.journal(self._asked(request)))
        return Response(pages.journal_csv(found["entries"]), media_type="text/csv; charset=utf-8")

    async def begin_session(self, request: Request) -> Response:
        form = await _form(request)
        self._keys.check_token(form.get("token", ""))
        cookie = self._keys.begin()
        if "application/json" in request.headers.get("content-type", ""):
            answer: Response = JSONResponse({"csrf": self._keys.csrf(cookie), "expires_in": SESSION_SECONDS})
        else:
            answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            path="/",
            secure=request.url.scheme == "https",
        )
        return answer

    def control(self, kind: RequestKind) -> Endpoint:
        async def answer(request: Request) -> Response:
            form = await _form(request)
            cookie = request.cookies.get(COOKIE, "")
            if not request.scope["state"].get("bearer"):
                self._keys.check_csrf(cookie, form.get("csrf") or request.headers.get("x-csrf-token", ""))
            status, found = await run_in_threadpool(lambda: self._controls.act(kind, form))
            if "text/html" in request.headers.get("accept", ""):
                page = pages.answered(kind.value, found, self._keys.csrf(cookie))
                return HTMLResponse(page, status)
            return JSONResponse(plain(found), status)

        return answer


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if "application/json" in request.headers.get("content-type", ""):
        try:
            document = json.loads(body or b"{}")
        except ValueError:
            raise Refused(400, "the body is no JSON") from None
        if not isinstance(document, Mapping):
            raise Refused(400, "give a JSON object")
        return {str(key): str(value) for key, value in document.items() if value is not None}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise Refused(400, "the body is no form") from None


def _asset(name: str, kind: str) -> Endpoint:
    content = files("gammacore.adapters.dashboard").joinpath("static", *name.split("/")).read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=3600"})

    return answer


def _error(status: int, message: str, request: Request) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(pages.refusal(status, message), status)
    return JSONResponse({"error": message}, status)


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refused)
    return _error(refusal.status, refusal.message, request)


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    return _error(fault.status_code, str(fault.detail), request)

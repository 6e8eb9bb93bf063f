"""The gate before every route: the checks in their order, and the headers on every answer. Rules: OP-507..512."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gammacore.adapters.dashboard.security import (
    CONTROLS,
    COOKIE,
    GETS_A_SECOND,
    HEADERS,
    KINDS,
    LARGEST_BODY,
    Keys,
    Rate,
    Refused,
    Terms,
    check_origin,
    check_place,
)
from gammacore.domain.sessions import NEW_YORK

log = logging.getLogger("gammacore")
MOST_ADDRESSES = 1024


class Gate:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, terms: Terms, keys: Keys) -> None:
        self._app = app
        self._terms = terms
        self._keys = keys
        self._rates: dict[str, Rate] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        began = False

        async def with_headers(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in own)]
            await send(message)

        headers = Headers(scope=scope)
        try:
            body = await self._checked(scope, headers, receive)
        except Refused as refusal:
            await _refuse(with_headers, refusal, scope)
            return
        try:
            await self._app(scope, _again(body, receive) if body is not None else receive, with_headers)
        except asyncio.CancelledError:  # the server ends: a stream that is open ends with it
            if began:
                with suppress(Exception):
                    await with_headers({"type": "http.response.body", "body": b""})
        except Exception as fault:
            log.error("the page failed at %s: %s", scope["path"], type(fault).__name__, exc_info=fault)
            if not began:
                await _fail(with_headers, fault)

    async def _checked(self, scope: Scope, headers: Headers, receive: Receive) -> bytes | None:
        """The body of a control; None of what only reads."""
        host, path = headers.get("host", ""), scope["path"]
        check_place(host, self._terms)
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        if scope["method"] in ("GET", "HEAD"):
            if self._terms.exposed and path != "/health":
                self._require_token(headers, state, path)
            self._count(scope)
            return None
        is_login = path == "/session" and bool(self._terms.token_hash) and self._terms.exposed
        if scope["method"] != "POST" or not (is_login or (self._terms.has_controls and path in CONTROLS)):
            raise Refused(405, "GET and HEAD only")
        check_origin(headers.get("origin"), headers.get("sec-fetch-site"), host)
        if (
            not (headers.get("content-length") or "0").isdigit()
            or int(headers.get("content-length") or 0) > LARGEST_BODY
        ):
            raise Refused(413, "too long: 4 kB at most")
        if headers.get("content-type", "").partition(";")[0].strip().lower() not in KINDS:
            raise Refused(415, "give a form or JSON")
        if path != "/session":
            if self._terms.exposed and not self._is_secure(scope, headers):
                raise Refused(403, "controls from another machine need https")
            self._require_token(headers, state, path)
        return await _body(receive)

    def _require_token(self, headers: Headers, state: MutableMapping[str, Any], path: str) -> None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            self._keys.check_token(token.strip())
            state["bearer"] = True
            return
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if self._keys.session(cookie) is None and not path.startswith("/static/"):
            raise Refused(401, "a token is needed")

    def _is_secure(self, scope: Scope, headers: Headers) -> bool:
        client = (scope.get("client") or ("", 0))[0]
        by_proxy = self._terms.trusted_proxy and client == self._terms.trusted_proxy
        return bool(scope.get("scheme") == "https" or (by_proxy and headers.get("x-forwarded-proto") == "https"))

    def _count(self, scope: Scope) -> None:
        address = (scope.get("client") or ("", 0))[0]
        if len(self._rates) > MOST_ADDRESSES:
            self._rates.clear()
        rate = self._rates.setdefault(address, Rate(GETS_A_SECOND, 1))
        if rate.is_over():
            raise Refused(429, "200 requests a second")
        rate.count()


async def _fail(send: Send, fault: Exception) -> None:
    """A failing whole answers 500, without a word of the fault that could hold a secret. Rule: SC-904."""
    at = dt.datetime.now(NEW_YORK).isoformat()
    words = {"error": "failed", "message": f"{type(fault).__name__}; the dashboard's log has more", "timestamp": at}
    await send({"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(words).encode()})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > LARGEST_BODY:
            raise Refused(413, "too long: 4 kB at most")
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once more; then whatever comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _refuse(send: Send, refusal: Refused, scope: Scope) -> None:
    headers = Headers(scope=scope)
    if "text/html" in headers.get("accept", ""):
        from gammacore.adapters.dashboard.pages import refusal as page

        content, kind = page(refusal.status, refusal.message).encode(), b"text/html; charset=utf-8"
    else:
        content, kind = json.dumps({"error": refusal.message}).encode(), b"application/json"
    own = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
    if refusal.status == 405:
        own.append((b"allow", b"GET, HEAD"))
    if refusal.status == 401:
        own.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": own})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

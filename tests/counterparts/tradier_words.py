"""How Tradier says things: envelopes, one or many, empty collections, refusals; XML to who forgets to ask for JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

Json = Mapping[str, object]


class Refusal(Exception):
    """A request answered with a status and a body instead of what was asked."""

    def __init__(self, status: int, body: str | Json) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def bad_parameter(name: str, complaint: str = "is required.") -> Refusal:
    return Refusal(400, f"Invalid parameter, {name}: {complaint}")


def fault(status: int, text: str, code: str) -> Refusal:
    """The gateway's own kind of no."""
    return Refusal(status, {"fault": {"faultstring": text, "detail": {"errorcode": code}}})


DATASTORE_ERROR = ("Datastore Error", "steps.servicecallout.ExecutionFailed")
INVALID_TOKEN = ("Invalid Access Token", "keymanagement.service.invalid_access_token")
EXPIRED_TOKEN = ("Access Token expired", "keymanagement.service.access_token_expired")


def fault_body(text: str, code: str) -> str:
    """The JSON text of a gateway fault, for faults of the wire."""
    return json.dumps({"fault": {"faultstring": text, "detail": {"errorcode": code}}})


def collected(name: str, rows: Sequence[object], empty: object = None) -> object:
    """A collection as a translation from XML leaves it: many are a list, one is itself, none is `empty`.

    >>> collected("order", [1, 2]), collected("order", [1]), collected("order", [], empty="null")
    ({'order': [1, 2]}, {'order': 1}, 'null')
    """
    if not rows:
        return empty
    return {name: list(rows) if len(rows) > 1 else rows[0]}


def figure(value: Decimal | int | None) -> float | None:
    return None if value is None else float(value)


def iso(instant: dt.datetime) -> str:
    """ISO in UTC with milliseconds, as orders and positions are dated.

    >>> iso(dt.datetime(2026, 1, 5, 15, 0, tzinfo=dt.UTC))
    '2026-01-05T15:00:00.000Z'
    """
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def milliseconds(instant: dt.datetime) -> int:
    return round(instant.timestamp() * 1000)


async def parameters(request: Request) -> dict[str, str]:
    """Query and form together: Tradier takes a POST's parameters either way."""
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    return {**request.query_params, **form}


def answer(request: Request, body: str | Json | list[Json], status: int = 200) -> Response:
    """JSON to who asks for it, XML to everybody else; a text stays a text."""
    if isinstance(body, str):
        return Response(body, status, media_type="text/plain")
    if "application/json" in request.headers.get("accept", ""):
        return Response(json.dumps(body), status, media_type="application/json")
    return Response('<?xml version="1.0" encoding="UTF-8"?>' + _xml(body), status, media_type="application/xml")


def _xml(value: object) -> str:
    if not isinstance(value, Mapping):
        return "null" if value is None else escape(str(value))
    return "".join(
        f"<{name}>{_xml(one)}</{name}>"
        for name, cell in value.items()
        for one in (cell if isinstance(cell, list) else [cell])
    )

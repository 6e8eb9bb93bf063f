"""How Alpaca writes: money and quantities as text, times in UTC or New York, ids as UUIDs, refusals with a code."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from starlette.responses import JSONResponse

from counterparts.world import LOST_ANSWER, NO_ANSWER, Trouble, WireFault
from gammacore.domain.sessions import NEW_YORK

UNAUTHORIZED = 40110000
FORBIDDEN = 40310000
NOT_FOUND = 40410000
MALFORMED = 40010001
UNPROCESSABLE = 42210000
RATE_LIMITED = 42910000

_IDS = uuid.UUID("6b2f5e0c-61a4-4d4e-9d0b-0a3f4a1f6c11")

Row = TypeVar("Row")


class Refusal(Exception):
    """An answer of 4xx: Alpaca's own code and what it says."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def answer(self) -> JSONResponse:
        return JSONResponse({"code": self.code, "message": str(self)}, self.status)


def fault(status: int, code: int, message: str, *, reaches: bool = False) -> WireFault:
    """A refusal to be planned in the way of a request."""
    body = json.dumps({"code": code, "message": message})
    return WireFault(reaches=reaches, status=status, body=body, content_type="application/json")


FAULTS: dict[str, WireFault] = {
    "no_answer": NO_ANSWER,
    "no_answer_but_taken": LOST_ANSWER,
    "hung_up": WireFault(Trouble.HANG_UP),
    "hung_up_but_taken": WireFault(Trouble.HANG_UP, reaches=True),
    "400_malformed": fault(400, MALFORMED, "request body format is invalid"),
    "401_keys": fault(401, UNAUTHORIZED, "request is not authorized"),
    "403_level": fault(403, FORBIDDEN, "account not eligible to trade uncovered option contracts"),
    "422_no_sense": fault(422, UNPROCESSABLE, "invalid legs"),
    "429": fault(429, RATE_LIMITED, "rate limit exceeded"),
    "500": fault(500, 50010000, "internal server error occurred"),
    "500_but_taken": fault(500, 50010000, "internal server error occurred", reaches=True),
    "502_page": WireFault(
        status=502, body="<html><head><title>502 Bad Gateway</title></head></html>", content_type="text/html"
    ),
    "503": fault(503, 50310000, "service unavailable"),
    "504": fault(504, 50410000, "gateway timeout"),
    "200_page": WireFault(status=200, body="<html>Maintenance</html>", content_type="text/html", reaches=True),
    "200_rejection": WireFault(
        status=200, body='{"id": "", "status": "rejected", "client_order_id": "gc-1"}', content_type="application/json"
    ),
    "cut_json": WireFault(reaches=True, status=200, body='{"id": "0b11f089', content_type="application/json"),
    "cut_connection": WireFault(Trouble.CUT),
}
"""Every trouble of the wire by name, to be planned for a read, a submit or a cancel."""


def number(value: Decimal | int) -> str:
    """Money or a quantity as text, never with an exponent.

    >>> number(Decimal("1E+2")), number(Decimal("2.50"))
    ('100', '2.5')
    """
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def utc(instant: dt.datetime) -> str:
    """Nanoseconds and a Z, as Go writes them: more digits than Python reads by itself.

    >>> utc(dt.datetime(2026, 1, 5, 15, 0, 0, 250000, tzinfo=dt.UTC))
    '2026-01-05T15:00:00.250000000Z'
    """
    return f"{instant.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def new_york_time(instant: dt.datetime) -> str:
    return instant.astimezone(NEW_YORK).isoformat()


def read_time(text: str) -> dt.datetime:
    """A time or a plain date of a query; without an offset it is UTC."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, MALFORMED, f"invalid format for time: {text}") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=dt.UTC)


def id_of(*names: str) -> str:
    """The UUID of whatever goes by these names, the same every time."""
    return str(uuid.uuid5(_IDS, "/".join(names)))


def page(rows: Sequence[Row], token: str | None, limit: int) -> tuple[Sequence[Row], str | None]:
    """One page of a list, and the token of the next one.

    >>> page("abcde", None, 2)
    ('ab', 'Mg==')
    >>> page("abcde", "NA==", 2)
    ('e', None)
    """
    first = int(base64.b64decode(token)) if token else 0
    following = first + limit
    more = base64.b64encode(str(following).encode()).decode() if following < len(rows) else None
    return rows[first:following], more

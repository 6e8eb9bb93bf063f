"""What both dialects call the parts of an answer, so that one fault is written once for both."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

from counterparts.alpaca_words import FORBIDDEN, MALFORMED, NOT_FOUND
from counterparts.tradier_words import DATASTORE_ERROR, fault_body

Row = dict[str, Any]
JSON, TEXT = "application/json", "text/plain"


class Subject(StrEnum):
    """What a request is about, in either dialect."""

    ORDERS = "orders"
    POSITIONS = "positions"
    SUBMIT = "submit"
    CANCEL = "cancel"
    OTHER = "other"


@frozen
class Reply:
    """One answer as it leaves the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @classmethod
    def of(cls, status: int, body: Any, content_type: str = JSON) -> Reply:
        text = body if isinstance(body, str) else json.dumps(body)
        return cls(status, {"content-type": content_type}, text.encode())


@frozen
class DialectWords:
    """One broker's names, envelopes and refusals.

    `orders_in` and `positions_in` are the rows of an answer, to be changed in place; `with_orders` and `with_positions`
    put other rows into its envelope. `sides_of` are the sides of the legs of a posted order.
    """

    broker: str
    order_list: str
    position_list: str
    legs: str
    leg_symbol: str
    filled: str
    price: str
    count: Callable[[int], object]
    no_price: object
    rate_headers: Mapping[str, str]
    other_order: Row
    server_error: Reply
    refusals: Mapping[int, Reply]
    no_order: Reply
    created_at: str
    orders_in: Callable[[Any], list[Row]]
    with_orders: Callable[[Any, list[Row]], Any]
    positions_in: Callable[[Any], list[Row]]
    with_positions: Callable[[list[Row]], Any]
    error_beside: Callable[[Any], Any]
    sides_of: Callable[[bytes], list[str]]

    def subject(self, method: str, path: str) -> Subject:
        if path.endswith(self.position_list):
            return Subject.POSITIONS
        if self.order_list not in path:
            return Subject.OTHER
        if method == "POST":
            return Subject.SUBMIT
        return Subject.ORDERS if method == "GET" else Subject.CANCEL

    def carriers(self, row: Row) -> list[Row]:
        """The rows that name a contract: the legs, or the order itself where it has one leg."""
        return row.get(self.legs) or [row]

    def is_filled(self, row: Row) -> bool:
        return row.get("status") in ("filled", "partially_filled")

    def created(self, row: Row) -> dt.datetime:
        """When the order came in, to the second."""
        return dt.datetime.fromisoformat(row[self.created_at][:19] + "+00:00")

    def is_one_order(self, body: Any) -> bool:
        """Whether an answer is of one order, not of a list."""
        return isinstance(body, dict) and (self.created_at in body or "order" in body)

    def filled_count(self, row: Row) -> int:
        return int(float(row.get(self.filled) or 0))


# -- Tradier -----------------------------------------------------------------------------------------------------------


def _collection(outer: str, inner: str) -> Callable[[Any], list[Row]]:
    def rows(body: Any) -> list[Row]:
        found = body.get(outer)
        found = found.get(inner) if isinstance(found, dict) else None
        return found if isinstance(found, list) else [found] if isinstance(found, dict) else []

    return rows


def _enclosed(outer: str, inner: str, rows: list[Row]) -> Any:
    if not rows:
        return {outer: "null"}
    return {outer: {inner: rows if len(rows) > 1 else rows[0]}}


def _sides_of_form(body: bytes) -> list[str]:
    form = dict(parse_qsl(body.decode()))
    legs = [form[name] for name in sorted(form) if name.startswith("side")]
    return [side.split("_", maxsplit=1)[0] for side in legs]


TRADIER = DialectWords(
    broker="tradier",
    order_list="/orders",
    position_list="/positions",
    legs="leg",
    leg_symbol="option_symbol",
    filled="exec_quantity",
    price="avg_fill_price",
    count=float,
    no_price=0.0,
    rate_headers={
        "available": "x-ratelimit-available", "expiry": "x-ratelimit-expiry", "allowed": "x-ratelimit-allowed",
        "used": "x-ratelimit-used",
    },
    other_order={
        "id": 777, "type": "market", "symbol": "XYZ", "side": "buy", "quantity": "many", "status": ["filled"],
        "exec_quantity": {}, "create_date": "yesterday", "class": "equity",
    },
    server_error=Reply.of(500, fault_body(*DATASTORE_ERROR)),
    refusals={
        400: Reply.of(400, "Backoffice rejected override of the order: InitialMargin", TEXT),
        403: Reply.of(403, "Forbidden: the account is under review", TEXT),
    },
    no_order=Reply.of(404, "order not found", TEXT),
    created_at="create_date",
    orders_in=_collection("orders", "order"),
    with_orders=lambda _, rows: _enclosed("orders", "order", rows),
    positions_in=_collection("positions", "position"),
    with_positions=lambda rows: _enclosed("positions", "position", rows),
    error_beside=lambda body: {**body, "errors": {"error": ["Account data is being updated"]}},
    sides_of=_sides_of_form,
)  # fmt: skip


# -- Alpaca ------------------------------------------------------------------------------------------------------------


def _alpaca_rows(body: Any) -> list[Row]:
    return body if isinstance(body, list) else [body] if isinstance(body, dict) and "status" in body else []


def _sides_of_json(body: bytes) -> list[str]:
    order = json.loads(body)
    return [leg["side"] for leg in order.get("legs") or [order]]


ALPACA = DialectWords(
    broker="alpaca",
    order_list="/v2/orders",
    position_list="/v2/positions",
    legs="legs",
    leg_symbol="symbol",
    filled="filled_qty",
    price="filled_avg_price",
    count=str,
    no_price=None,
    rate_headers={
        "available": "x-ratelimit-remaining", "expiry": "x-ratelimit-reset", "allowed": "x-ratelimit-limit",
    },
    other_order={
        "id": "0b11f089", "client_order_id": "by-hand", "symbol": "XYZ", "qty": "many", "filled_qty": {},
        "status": ["filled"], "created_at": "yesterday", "side": "buy", "legs": None,
    },
    server_error=Reply.of(500, {"code": 50010000, "message": "internal server error occurred"}),
    refusals={
        400: Reply.of(400, {"code": MALFORMED, "message": "request body format is invalid"}),
        403: Reply.of(403, {"code": FORBIDDEN, "message": "account is under review"}),
    },
    no_order=Reply.of(404, {"code": NOT_FOUND, "message": "order not found"}),
    created_at="created_at",
    orders_in=_alpaca_rows,
    with_orders=lambda body, rows: rows if isinstance(body, list) else body,
    positions_in=lambda body: body if isinstance(body, list) else [],
    with_positions=lambda rows: rows,
    error_beside=lambda body: {**body, "code": 50010000, "message": "internal server error occurred"},
    sides_of=_sides_of_json,
)  # fmt: skip

WORDS: Mapping[str, DialectWords] = {"tradier": TRADIER, "alpaca": ALPACA}

"""The words of wire protocol v1: what comes in, what goes out. Rules: DH-101..131.

Values here are already checked; `inbound` turns mappings into them.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from attrs import define, frozen

from gammacore.domain.hedge_filter_events import UpdateStatus
from gammacore.domain.hedging.canonical import compact_json
from gammacore.domain.instruments import Side
from gammacore.errors import InvalidInput

PROTOCOL = "v1"
EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
METADATA_BYTES = 16 * 1024


@define
class MarketEvent:
    """A change of the market or of the book, as a host reports it. It is never changed; a frozen class would cost
    half a microsecond more to make, and a hundred thousand a second are made.

    `delta` per contract, `quantity` signed contracts (absolute, never an increment), prices in points; None where the
    payload is silent. `price` is price, else mid, else last; `bid` and `ask` are marks alone. `symbol` is the text
    received.
    """

    event_id: str
    ts: dt.datetime
    symbol: str
    source: str
    delta: Decimal | None = None
    quantity: int | None = None
    price: Decimal | None = None
    underlying_price: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None

    def content(self) -> tuple[object, ...]:
        """What distinguishes a repeat of it from another event under its id: all but the id. Rule: DH-701.

        A quarter of a million are remembered: the garbage collector forgets tuples of plain values, events it walks.
        """
        return (
            self.ts, self.symbol, self.source, self.delta, self.quantity, self.price, self.underlying_price, self.gamma,
            self.theta, self.vega, self.bid, self.ask,
        )  # fmt: skip


@frozen
class OrderUpdate:
    """News of one intent. `filled` is cumulative shares or contracts; `average_price` and `fees` are of all of it."""

    intent_id: str
    ts: dt.datetime
    status: UpdateStatus
    filled: int | None = None
    average_price: Decimal | None = None
    fees: Decimal = Decimal(0)


@frozen
class Shutdown:
    """The host is done: lines after this one are not read. Rule: DH-111."""


Inbound = MarketEvent | OrderUpdate | Shutdown


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


_LIMIT_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOP_TYPES = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def check_id(field: str, value: object) -> str:
    """An id of the protocol: letters, digits, - and _, 1 to 128 of them, the first a letter or digit.

    >>> check_id("event_id", "evt_001")
    'evt_001'
    """
    if not (isinstance(value, str) and EVENT_ID.fullmatch(value)):
        raise InvalidInput(field, ascii(value), "give 1 to 128 letters, digits, - or _, not starting with - or _")
    return value


@frozen
class OrderIntent:
    """An order the desk wants sent. It cannot be built outside the schema: that would be a fault. Rule: DH-120."""

    intent_id: str
    event_id: str
    ts: dt.datetime
    symbol: str
    side: Side
    quantity: int
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = TimeInForce.DAY
    client_tag: str | None = None
    metadata: Mapping[str, Any] | None = None

    def __attrs_post_init__(self) -> None:
        check_id("intent_id", self.intent_id)
        check_id("event_id", self.event_id)
        if not 1 <= len(self.symbol) <= 64 or self.symbol.isspace():
            raise InvalidInput("symbol", ascii(self.symbol), "give 1 to 64 characters, not blank")
        if isinstance(self.quantity, bool) or self.quantity <= 0:
            raise InvalidInput("qty", self.quantity, "give a whole number above 0")
        self._check_price("limit_price", self.limit_price, self.order_type in _LIMIT_TYPES)
        self._check_price("stop_price", self.stop_price, self.order_type in _STOP_TYPES)
        if self.client_tag is not None and (not 1 <= len(self.client_tag) <= 128 or self.client_tag.isspace()):
            raise InvalidInput("client_tag", self.client_tag, "give 1 to 128 characters, not blank")
        if self.metadata is not None:
            _check_metadata(self.metadata)

    def _check_price(self, field: str, price: Decimal | None, wanted: bool) -> None:
        if (price is not None) != wanted:
            raise InvalidInput(field, price, f"a {self.order_type} order {'needs' if wanted else 'has no'} {field}")
        if price is not None and not (price.is_finite() and price > 0):
            raise InvalidInput(field, price, "give a price above 0")

    def body(self, *, float_quantity: bool = False) -> str:
        """The line without its end: keys in the protocol's order, null fields left out. Rules: DH-120, DH-140."""
        fields: dict[str, Any] = {
            "protocol": PROTOCOL,
            "type": "order_intent",
            "intent_id": self.intent_id,
            "event_id": self.event_id,
            "ts": wire_instant(self.ts),
            "symbol": self.symbol,
            "side": self.side.value,
            "qty": float(self.quantity) if float_quantity else self.quantity,
            "order_type": self.order_type.value,
            "limit_price": None if self.limit_price is None else float(self.limit_price),
            "stop_price": None if self.stop_price is None else float(self.stop_price),
            "time_in_force": None if self.time_in_force is None else self.time_in_force.value,
            "client_tag": self.client_tag,
            "metadata": self.metadata,
        }
        return compact_json({name: value for name, value in fields.items() if value is not None})


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    if any(isinstance(value, float) and not math.isfinite(value) for value in metadata.values()):
        raise InvalidInput("metadata", ascii(metadata), "give finite values")
    if len(compact_json(metadata).encode()) > METADATA_BYTES:
        raise InvalidInput("metadata", f"{len(metadata)} keys", "give at most 16 KiB as JSON")


def wire_instant(instant: dt.datetime) -> str:
    """An instant as the protocol writes it: UTC with Z, a fraction only when there is one.

    >>> wire_instant(dt.datetime(2025, 12, 30, 14, 30, tzinfo=dt.UTC))
    '2025-12-30T14:30:00Z'
    """
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@frozen
class LogMessage:
    """One log line of the protocol; `code`, `event_id` and `fields` are ours. Rule: DH-121."""

    ts: dt.datetime
    level: Level
    message: str
    code: str = ""
    event_id: str = ""
    fields: Mapping[str, Any] = attrs.field(factory=dict)

    def body(self) -> str:
        fields: dict[str, Any] = {
            "protocol": PROTOCOL,
            "type": "log",
            "ts": wire_instant(self.ts),
            "level": self.level.value,
            "message": self.message,
            "code": self.code,
            "event_id": self.event_id,
            "fields": dict(self.fields),
        }
        return compact_json({name: value for name, value in fields.items() if value or name == "message"})


@frozen
class BadLine:
    """A line that is no message of the protocol; `number` counts from 1, blank lines included. Rule: DH-142."""

    number: int
    fault: InvalidInput

"""Mappings as hosts send them, checked whole and turned into messages. Rules: DH-101..112, DH-130.

The numbers of a mapping are Decimals that `exact` made or would have passed; `with_exact_numbers` prepares a host's dict.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import (
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
)
from typing import Any

from gammacore.domain.hedging.messages import (
    EVENT_ID,
    PROTOCOL,
    Inbound,
    MarketEvent,
    OrderUpdate,
    Shutdown,
    UpdateStatus,
    check_id,
)
from gammacore.errors import InvalidInput

DIGITS, EXPONENT = 28, 30
MAX_CONTRACTS = 1_000_000
MAX_NESTING = 16
FIRST_YEAR, LAST_YEAR = 2000, 2100
EIGHT_PLACES = Decimal("1E-8")
ONE = Decimal(1)
MINUS_ONE = Decimal(-1)

_TRAPS = [Inexact, Rounded, Overflow, Underflow, Subnormal, Clamped, InvalidOperation]
exact = Context(prec=DIGITS, Emax=EXPONENT, Emin=-EXPONENT, traps=_TRAPS).create_decimal
"""A number from its text, every digit kept; a DecimalException beyond 28 digits or 10 to the ±30. Rule: DH-101."""

_fits_eight_places = Context(prec=DIGITS + EXPONENT, traps=[Inexact]).quantize
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_is_id = EVENT_ID.fullmatch
_MEND_NUMBER = "give a finite number of at most 28 digits, or one in quotes"


def read_message(message: Mapping[str, Any]) -> Inbound:
    """The message of a mapping.

    Raises:
        InvalidInput: names the field, its value and the mend; nothing was changed anywhere.
    """
    if (protocol := message.get("protocol")) != PROTOCOL:
        raise InvalidInput("protocol", ascii(protocol), "give v1")
    kind = message.get("type")
    if kind == "market_event":
        return read_market_event(message)
    if kind == "order_update":
        return read_order_update(message)
    if kind == "shutdown":
        return Shutdown()
    raise InvalidInput("type", ascii(kind), "give market_event, order_update or shutdown")


def read_market_event(message: Mapping[str, Any]) -> MarketEvent:
    """A market event; the payload is checked whole. Section 1.1."""
    event_id = message.get("event_id")
    if type(event_id) is not str or _is_id(event_id) is None:
        check_id("event_id", event_id)
    symbol, source, payload = message.get("symbol"), message.get("source"), message.get("payload")
    if type(symbol) is not str or not (0 < len(symbol) <= 64 and symbol.isascii() and symbol.isprintable()) or (
        symbol.isspace()
    ):  # fmt: skip
        raise InvalidInput("symbol", ascii(symbol), "give 1 to 64 printable ASCII characters, not blank")
    if type(source) is not str or not 0 < len(source) <= 64 or source.isspace():
        raise InvalidInput("source", ascii(source), "give 1 to 64 characters, not blank")
    ts = read_instant("ts", message.get("ts"))
    if type(payload) is not dict:
        raise InvalidInput("payload", ascii(payload), "give an object")
    found = _checked(payload)
    get = found.get
    delta, quantity = get("delta"), get("quantity")
    if delta is not None:
        delta = _delta(delta)
    if quantity is None:
        quantity = get("qty")
    price = get("price")
    if price is None:
        price = get("mid")
        if price is None:
            price = get("last")
    return MarketEvent(
        event_id, ts, symbol, source, delta, quantity, price,  # type: ignore[arg-type]  # checked above
        get("underlying_price"), get("gamma"), get("theta"), get("vega"),
    )  # fmt: skip


def read_order_update(message: Mapping[str, Any]) -> OrderUpdate:
    """News of an intent. Rule: DH-112."""
    intent_id = check_id("intent_id", message.get("intent_id"))
    ts = read_instant("ts", message.get("ts"))
    status = message.get("status")
    known = [known for known in UpdateStatus if known is not UpdateStatus.RECORDED]
    if status not in known:
        raise InvalidInput("status", ascii(status), f"give one of {', '.join(known)}")
    status = UpdateStatus(status)
    filled = _optional("filled_qty", message.get("filled_qty"))
    if filled is None and status in (UpdateStatus.PARTIALLY_FILLED, UpdateStatus.FILLED):
        raise InvalidInput("filled_qty", None, f"give the shares or contracts filled with {status}")
    if filled is not None and not (filled >= 0 and filled == filled.to_integral_value()):
        raise InvalidInput("filled_qty", filled, "give a whole number, 0 or above")
    price = _optional("avg_price", message.get("avg_price"))
    if price is None and filled:
        raise InvalidInput("avg_price", None, "give the average price of what is filled")
    if price is not None and price <= 0:
        raise InvalidInput("avg_price", price, "give a price above 0")
    fees = _optional("fees", message.get("fees")) or Decimal(0)
    if fees < 0:
        raise InvalidInput("fees", fees, "give 0 or more dollars")
    return OrderUpdate(intent_id, ts, status, None if filled is None else int(filled), price, fees)


def read_instant(field: str, value: object) -> dt.datetime:
    """An ISO 8601 date and time, UTC when it has no offset, cut to microseconds.

    >>> read_instant("ts", "2025-12-30T09:30:00.1234567-05:00").isoformat()
    '2025-12-30T14:30:00.123456+00:00'
    """
    if type(value) is str and "T" in value[8:11]:
        try:
            instant = dt.datetime.fromisoformat(value)
            if instant.tzinfo is not dt.UTC:
                instant = instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        else:
            if FIRST_YEAR <= instant.year <= LAST_YEAR:
                return instant
    raise InvalidInput(field, ascii(value), "give a date and time from 2000 to 2100 like 2025-12-30T14:30:00Z")


def with_exact_numbers(value: Any, field: str = "event", depth: int = 0) -> Any:
    """A host's values with every number as a Decimal; a float by its shortest text. Rules: DH-101, DH-150."""
    if depth > MAX_NESTING + 1:
        raise InvalidInput(field, "nested deeper", f"give at most {MAX_NESTING} levels")
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal):
        try:
            return exact(repr(value) if isinstance(value, float) else value)
        except DecimalException as wrong:
            raise InvalidInput(field, value, _MEND_NUMBER) from wrong
    if isinstance(value, Mapping):
        return {str(key): with_exact_numbers(part, f"{field}.{key}", depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [with_exact_numbers(part, field, depth + 1) for part in value]
    return value


def _checked(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload's known fields, read and within their bounds."""
    found: dict[str, Any] = {}
    for key, value in payload.items():
        kind = _KINDS.get(key)
        if kind is None:
            if type(value) is dict or type(value) is list:
                _check_nesting(key, value)
        elif value is not None:
            if type(value) is not Decimal:
                if kind is _GREEKS:
                    continue
                value = _number(f"payload.{key}", value)
            elif kind is _GREEKS:
                raise InvalidInput("payload.greeks", value, "give an object")
            if kind is _PRICE:
                if value < 0:
                    raise InvalidInput(f"payload.{key}", value, "give a price, 0 or above")
            elif kind is _COUNT:
                value = _contracts(key, value)
            elif kind is _DELTA and not MINUS_ONE <= value <= ONE:
                raise InvalidInput(f"payload.{key}", value, "give a delta from -1 to 1")
            found[key] = value
    if "greeks" in payload:
        _add_greeks(found, payload["greeks"])
    return found


_FINITE, _PRICE, _COUNT, _DELTA, _GREEKS = range(5)
_KINDS: dict[str, int] = {
    "delta": _DELTA,
    "quantity": _COUNT,
    "qty": _COUNT,
    **dict.fromkeys(("price", "mid", "last", "bid", "ask"), _PRICE),
    **dict.fromkeys(("underlying_price", "gamma", "theta", "vega", "volume"), _FINITE),
    "greeks": _GREEKS,
}


def _add_greeks(found: dict[str, Any], greeks: object) -> None:
    """Greeks of their own object count where the top-level key is missing."""
    if greeks is None:
        return
    if type(greeks) is not dict:
        raise InvalidInput("payload.greeks", ascii(greeks), "give an object")
    _check_nesting("greeks", greeks)
    for name in ("delta", "gamma", "theta", "vega"):
        if (value := greeks.get(name)) is None:
            continue
        number = _number(f"payload.greeks.{name}", value)
        if name == "delta" and not MINUS_ONE <= number <= ONE:
            raise InvalidInput("payload.greeks.delta", number, "give a delta from -1 to 1")
        found.setdefault(name, number)


def _contracts(key: str, value: Decimal) -> int:
    whole = int(value)
    if whole != value or not -MAX_CONTRACTS <= whole <= MAX_CONTRACTS:
        raise InvalidInput(f"payload.{key}", value, "give whole contracts from -1000000 to 1000000")
    return whole


def _delta(value: Decimal) -> Decimal:
    """A delta with at most 8 decimals, halves away from zero."""
    try:
        _fits_eight_places(value, EIGHT_PLACES)
    except Inexact:
        return value.quantize(EIGHT_PLACES, ROUND_HALF_UP)
    return value


def _optional(field: str, value: Any) -> Decimal | None:
    return None if value is None else _number(field, value)


def _number(field: str, value: object) -> Decimal:
    if type(value) is Decimal:
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        try:
            return exact(value)
        except DecimalException as wrong:
            raise InvalidInput(field, ascii(value), _MEND_NUMBER) from wrong
    raise InvalidInput(field, ascii(value), _MEND_NUMBER)


def _check_nesting(key: str, value: object, depth: int = 2) -> None:
    """The payload itself is level 1."""
    if not isinstance(value, dict | list):
        return
    if depth > MAX_NESTING:
        raise InvalidInput(f"payload.{key}", "nested deeper", f"give at most {MAX_NESTING} levels")
    for part in value.values() if isinstance(value, dict) else value:
        _check_nesting(key, part, depth + 1)

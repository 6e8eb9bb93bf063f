"""Mappings as hosts send them, checked whole and turned into messages. Rules: DH-101..112, DH-130.

The numbers of a mapping are whole ones or Decimals that `exact` made, or would have passed; `with_exact_numbers`
prepares the dict of a host.
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
from numbers import Integral
from typing import Any

from gammacore.domain.hedge_filter.protocol import (
    EVENT_ID,
    PROTOCOL,
    Inbound,
    MarketEvent,
    OrderUpdate,
    Shutdown,
    check_id,
)
from gammacore.domain.hedge_filter_events import UpdateStatus
from gammacore.errors import InvalidInput

DIGITS, EXPONENT = 28, 30
MAX_CONTRACTS = 1_000_000
MAX_NESTING = 16
FIRST_YEAR, LAST_YEAR = 2000, 2100
EIGHT_PLACES = Decimal("1E-8")
UTC = dt.UTC
ZERO = Decimal(0)
ONE = Decimal(1)
MINUS_ONE = Decimal(-1)

_TRAPS = [Inexact, Rounded, Overflow, Underflow, Subnormal, Clamped, InvalidOperation]
exact = Context(prec=DIGITS, Emax=EXPONENT, Emin=-EXPONENT, traps=_TRAPS).create_decimal
"""A number from its text, every digit kept; a DecimalException beyond 28 digits or 10 to the ±30. Rule: DH-101."""

_fits_eight_places = Context(prec=DIGITS + EXPONENT, traps=[Inexact]).quantize
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_is_id = EVENT_ID.fullmatch
_parsed = dt.datetime.fromisoformat
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which JSON can escape and UTF-8 cannot hold."""
_NUMBER_REMEDY = "give a finite number of at most 28 digits, or one in quotes"


def read_message(message: Mapping[str, Any]) -> Inbound:
    """The message of a mapping.

    Raises:
        InvalidInput: names the field, its value and the remedy; nothing was changed anywhere.
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
    get = message.get
    if type(payload := get("payload")) is not dict:
        raise InvalidInput("payload", ascii(payload), "give an object")
    figures = [payload.get(name) for name in PAYLOAD_FIELDS]
    if not payload.keys() <= _PLAIN:
        figures = _with_the_rest(payload, figures)
    return market_event(get("event_id"), get("ts"), get("symbol"), get("source"), *figures)


def market_event(
    event_id: Any, ts: Any, symbol: Any, source: Any, delta: Any, quantity: Any, price: Any, underlying_price: Any,
    gamma: Any, theta: Any, vega: Any, bid: Any, ask: Any,
) -> MarketEvent:  # fmt: skip
    """A market event of its fields as they came, None where the payload is silent.

    Written out field by field, for a hundred thousand a second pass here.

    Raises:
        InvalidInput: names the field, its value and the remedy.
    """
    if type(event_id) is not str or _is_id(event_id) is None:
        check_id("event_id", event_id)
    names = (symbol, source)
    symbol, source = (_named.get(names) if type(symbol) is str and type(source) is str else None) or _names(*names)
    instant = read_instant("ts", ts)
    if delta is not None:
        delta = _delta("payload.delta", delta)
    if quantity is not None and (type(quantity) is not int or not -MAX_CONTRACTS <= quantity <= MAX_CONTRACTS):
        quantity = _contracts("payload.quantity", quantity)
    if price is not None and (type(price) is not Decimal or price < ZERO):
        price = _price("payload.price", price)
    if underlying_price is not None and type(underlying_price) is not Decimal:
        underlying_price = _number("payload.underlying_price", underlying_price)
    if gamma is not None and type(gamma) is not Decimal:
        gamma = _number("payload.gamma", gamma)
    if theta is not None and type(theta) is not Decimal:
        theta = _number("payload.theta", theta)
    if vega is not None and type(vega) is not Decimal:
        vega = _number("payload.vega", vega)
    if bid is not None and (type(bid) is not Decimal or bid < ZERO):
        bid = _price("payload.bid", bid)
    if ask is not None and (type(ask) is not Decimal or ask < ZERO):
        ask = _price("payload.ask", ask)
    return MarketEvent(
        event_id, instant, symbol, source, delta, quantity, price, underlying_price, gamma, theta, vega, bid, ask
    )


NAMES_REMEMBERED = 100_000
_named: dict[tuple[str, str], tuple[str, str]] = {}
"""Symbol and source that passed, kept once: they come again with every event, and events are remembered."""


def _names(symbol: object, source: object) -> tuple[str, str]:
    if type(symbol) is not str or not (
        0 < len(symbol) <= 64 and symbol.isascii() and symbol.isprintable() and not symbol.isspace()
    ):
        raise InvalidInput("symbol", ascii(symbol), "give 1 to 64 printable ASCII characters, not blank")
    if type(source) is not str or not 0 < len(source) <= 64 or source.isspace() or _HALF_CHARACTER.search(source):
        raise InvalidInput("source", ascii(source), "give 1 to 64 characters, not blank")
    if len(_named) >= NAMES_REMEMBERED:
        _named.clear()
    return _named.setdefault((symbol, source), (symbol, source))


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
            instant = _parsed(value)
            if instant.tzinfo is not UTC:
                instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            if FIRST_YEAR <= instant.year <= LAST_YEAR:
                return instant
    raise InvalidInput(field, ascii(value), "give a date and time from 2000 to 2100 like 2025-12-30T14:30:00Z")


def with_exact_numbers(value: Any, field: str = "", depth: int = 0) -> Any:
    """A host's values with every number as a Decimal; a float by its shortest text. Rules: DH-101, DH-110, DH-150.

    numpy's whole numbers and doubles count as what they are.

    Raises:
        InvalidInput: a number that is not finite or cannot be held exactly, or values nested too deeply.

    >>> with_exact_numbers({"price": 495.5})
    {'price': Decimal('495.5')}
    """
    if depth > MAX_NESTING + 1:
        raise InvalidInput(field, "nested deeper", f"give at most {MAX_NESTING} levels")
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float | Decimal | Integral):
        return _exact_number(value, field)
    if isinstance(value, Mapping):
        below = f"{field}." if field else ""
        return {str(key): with_exact_numbers(part, f"{below}{key}", depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [with_exact_numbers(part, field, depth + 1) for part in value]
    return value


def _exact_number(value: float | Decimal | Integral, field: str) -> Decimal:
    written = float.__repr__(value) if isinstance(value, float) else value
    try:
        number = exact(int(written) if isinstance(written, Integral) else written)
    except DecimalException as wrong:
        raise InvalidInput(field, value, _NUMBER_REMEDY) from wrong
    if not number.is_finite():  # to a Decimal, NaN and the infinities are numbers
        raise InvalidInput(field, value, _NUMBER_REMEDY)
    return number


PAYLOAD_FIELDS = ("delta", "quantity", "price", "underlying_price", "gamma", "theta", "vega", "bid", "ask")
"""The fields that hosts usually send, in the order `market_event` takes them."""

_PLAIN = frozenset(PAYLOAD_FIELDS)


def _with_the_rest(payload: dict[str, Any], figures: list[Any]) -> list[Any]:
    """The usual fields, filled up from the rarer ones where they are silent; unknown ones only nest.

    qty, mid, last, volume and the greeks of their own object are checked even where they are not needed.
    """
    delta, quantity, price, underlying_price, gamma, theta, vega, bid, ask = figures
    other = {name: value for name, value in payload.items() if name not in _PLAIN and value is not None}
    qty = other.get("qty")
    contracts = None if qty is None else _contracts("payload.qty", qty)
    mid, last = (None if (v := other.get(n)) is None else _price(f"payload.{n}", v) for n in ("mid", "last"))
    if (volume := other.get("volume")) is not None:
        _number("payload.volume", volume)
    for name, value in other.items():
        _check_nesting(name, value)
    greeks = _read_greeks(other.get("greeks"))
    quantity = contracts if quantity is None else quantity
    if price is None:
        price = last if mid is None else mid
    own = {"delta": delta, "gamma": gamma, "theta": theta, "vega": vega}
    delta, gamma, theta, vega = (greeks.get(name) if value is None else value for name, value in own.items())
    return [delta, quantity, price, underlying_price, gamma, theta, vega, bid, ask]


def _read_greeks(greeks: object) -> dict[str, Decimal]:
    """Greeks of their own object; they count where the top-level key is missing."""
    if greeks is None:
        return {}
    if type(greeks) is not dict:
        raise InvalidInput("payload.greeks", ascii(greeks), "give an object")
    found: dict[str, Decimal] = {}
    for name in ("delta", "gamma", "theta", "vega"):
        if (value := greeks.get(name)) is not None:
            field = f"payload.greeks.{name}"
            found[name] = _delta(field, value) if name == "delta" else _number(field, value)
    return found


def _price(field: str, value: object) -> Decimal:
    number = _number(field, value)
    if number < ZERO:
        raise InvalidInput(field, number, "give a price, 0 or above")
    return number


def _contracts(field: str, value: object) -> int:
    number = _number(field, value)
    whole = int(number)
    if whole != number or not -MAX_CONTRACTS <= whole <= MAX_CONTRACTS:
        raise InvalidInput(field, number, "give whole contracts from -1000000 to 1000000")
    return whole


def _delta(field: str, value: object) -> Decimal:
    """A delta from -1 to 1 with at most 8 decimals, halves away from zero."""
    if type(value) is not Decimal:
        value = _number(field, value)
    if not MINUS_ONE <= value <= ONE:
        raise InvalidInput(field, value, "give a delta from -1 to 1")
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
    if type(value) is int or (type(value) is str and _NUMBER.fullmatch(value)):
        try:
            return exact(value)
        except DecimalException as wrong:
            raise InvalidInput(field, ascii(value), _NUMBER_REMEDY) from wrong
    raise InvalidInput(field, ascii(value), _NUMBER_REMEDY)


def _check_nesting(key: str, value: object, depth: int = 2) -> None:
    """The payload itself is level 1."""
    if not isinstance(value, dict | list):
        return
    if depth > MAX_NESTING:
        raise InvalidInput(f"payload.{key}", "nested deeper", f"give at most {MAX_NESTING} levels")
    for part in value.values() if isinstance(value, dict) else value:
        _check_nesting(key, part, depth + 1)

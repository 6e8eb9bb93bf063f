"""Lines to messages; a bad line is handed on as such, for strict and lenient differ in what they do with it.

A market event without frills, of which there are a hundred thousand a second, takes a shorter way. It accepts less than
`decode_line` and `read_message` do, never more: what it does not take is judged by them, so every refusal is theirs,
with its field and remedy. Rules: DH-101, DH-102, DH-130, DH-142.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import DecimalException
from typing import Any, Literal

import msgspec
from msgspec.structs import astuple

from gammacore.adapters.ndjson.decoding import decode_line, number_of
from gammacore.adapters.ndjson.lines import MAX_LINE_BYTES, Line
from gammacore.domain.hedge_filter.inbound import market_event, read_message
from gammacore.domain.hedge_filter.protocol import BadLine, Inbound, MarketEvent
from gammacore.errors import InvalidInput


class _Payload(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The usual fields; `inbound` knows their bounds."""

    delta: Any = None
    quantity: Any = None
    price: Any = None
    underlying_price: Any = None
    gamma: Any = None
    theta: Any = None
    vega: Any = None
    bid: Any = None
    ask: Any = None


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    protocol: Literal["v1"]
    type: Literal["market_event"]
    event_id: str
    ts: str
    symbol: str
    source: str
    payload: _Payload


FIELDS = len(_Envelope.__struct_fields__) + len(_Payload.__struct_fields__)
_decode = msgspec.json.Decoder(_Envelope, float_hook=number_of).decode
_JUDGED_ELSEWHERE = (msgspec.MsgspecError, InvalidInput, DecimalException, UnicodeDecodeError, RecursionError)


def read_plain_event(line: bytes) -> MarketEvent | None:
    """The market event of a line; None when the line is anything else, or not provably right.

    No key may stand twice, and msgspec takes the last of two. But every key has its colon: a line without escapes has
    exactly as many colons as keys outside its strings, so when those beside the time's are as many as the fields that
    were found, each came once.

    >>> read_plain_event(b'{"protocol":"v1","type":"shutdown"}')
    """
    if b"\\" in line or len(line) > MAX_LINE_BYTES:
        return None
    try:
        _, _, event_id, ts, symbol, source, payload = astuple(_decode(line))
        delta, quantity, price, underlying_price, gamma, theta, vega, bid, ask = astuple(payload)
        silent = (
            (delta is None) + (quantity is None) + (price is None) + (underlying_price is None) + (gamma is None)
            + (theta is None) + (vega is None) + (bid is None) + (ask is None)
        )  # fmt: skip
        if line.count(b":") - ts.count(":") != FIELDS - silent:
            return None
        return market_event(
            event_id, ts, symbol, source, delta, quantity, price, underlying_price, gamma, theta, vega, bid, ask
        )
    except _JUDGED_ELSEWHERE:
        return None


def read_inputs(lines: Iterable[Line]) -> Iterator[tuple[int, Inbound | BadLine | None]]:
    """(line number from 1, message); None is a pause in the input. Blank lines count and are skipped."""
    for number, line in enumerate(lines, 1):
        if line is None:
            yield number, None
            continue
        if (event := read_plain_event(line)) is not None:
            yield number, event
            continue
        try:
            message = read_message(decode_line(line))
        except InvalidInput as fault:
            if not line.strip():
                continue
            yield number, BadLine(number, fault)
        else:
            yield number, message

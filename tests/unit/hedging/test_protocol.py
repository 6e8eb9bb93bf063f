"""What the wire takes and what it refuses. Sections 1.1 to 1.4 of the hedging rules."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_hedging import market
from gammacore.adapters.ndjson.decoding import decode_line
from gammacore.adapters.ndjson.inputs import read_inputs
from gammacore.adapters.ndjson.lines import LineWriter, file_lines
from gammacore.domain.hedge_filter.inbound import read_instant, read_message, with_exact_numbers
from gammacore.domain.hedge_filter.protocol import (
    BadLine,
    MarketEvent,
    OrderIntent,
    OrderType,
    Shutdown,
    TimeInForce,
    wire_instant,
)
from gammacore.domain.instruments import Side
from gammacore.errors import InvalidInput

NOON = dt.datetime(2025, 12, 30, 17, tzinfo=dt.UTC)


def line_of(payload: str = "{}", **fields: Any) -> bytes:
    """A market event as a line; `payload` is raw JSON."""
    event = {**market("15:00:00"), **fields}
    event.pop("payload")
    return (json.dumps(event)[:-1] + f',"payload":{payload}}}').encode()


def read(payload: str = "{}", **fields: Any) -> MarketEvent:
    message = read_message(decode_line(line_of(payload, **fields)))
    assert isinstance(message, MarketEvent)
    return message


def refused(payload: str = "{}", **fields: Any) -> str:
    """The field of the refusal."""
    with pytest.raises(InvalidInput) as refusal:
        read(payload, **fields)
    return refusal.value.field


@pytest.mark.parametrize("digits", ["495.50", "1E+30", "1E-30", "1234567890123456789012345678", "1.5E2", "0.650"])
def test_a_number_is_the_decimal_of_its_text(digits: str) -> None:
    """DH-101: 495.50 stays 495.50, as a number and in quotes."""
    for written in (digits, f'"{digits}"'):
        found = read(f'{{"underlying_price":{written}}}').underlying_price
        assert str(found) == str(Decimal(digits))


@pytest.mark.parametrize(
    "digits", ["12345678901234567890123456789", "1E+31", "1E-31", "1.00000000000000000000000000001"]
)
def test_more_than_28_digits_or_an_exponent_beyond_30_is_invalid(digits: str) -> None:
    """DH-101; the field is named whichever way it is written."""
    assert refused(f'{{"underlying_price":{digits}}}') == "payload.underlying_price"
    assert refused(f'{{"underlying_price":"{digits}"}}') == "payload.underlying_price"


@pytest.mark.parametrize("value", ["true", '"abc"', '"NaN"', '"Infinity"', '"1_0"', '" 1"', '""', "[1]", "{}"])
@pytest.mark.parametrize(
    "field", ["delta", "quantity", "qty", "price", "mid", "last", "bid", "gamma", "volume", "vega"]
)
def test_what_is_no_number_is_refused_in_every_number_field(field: str, value: str) -> None:
    """DH-110."""
    assert refused(f'{{"{field}":{value}}}') == f"payload.{field}"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_literals_that_are_not_finite_are_refused(constant: str) -> None:
    """DH-102, DH-110, DH-130: the field is named."""
    assert refused(f'{{"delta":{constant}}}') == "payload.delta"
    assert refused(f'{{"greeks":{{"delta":{constant}}}}}') == "payload.greeks.delta"


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("delta", ["1", "-1", "0"], ["1.00000001", "-1.1"]),
        ("quantity", ["1000000", "-1000000", "0", "10.0", '"3"'], ["1000001", "-1000001", "1.5"]),
        ("qty", ["7"], ["7.5"]),
        ("price", ["0", "2.50"], ["-0.01"]),
        ("ask", ["0"], ["-1"]),
        ("underlying_price", ["-5", "0"], []),
        ("theta", ["-0.1"], []),
    ],
)
def test_bounds_of_the_payload(field: str, inside: list[str], outside: list[str]) -> None:
    """Section 1.1: the bound itself passes."""
    for value in inside:
        read(f'{{"{field}":{value}}}')
    for value in outside:
        assert refused(f'{{"{field}":{value}}}') == f"payload.{field}"


def test_a_delta_among_the_greeks_has_the_bounds_of_a_delta() -> None:
    assert refused('{"greeks":{"delta":1.1}}') == "payload.greeks.delta"


@pytest.mark.parametrize(
    ("payload", "name", "value"),
    [
        ('{"delta":0.123456785}', "delta", Decimal("0.12345679")),
        ('{"delta":-0.123456785}', "delta", Decimal("-0.12345679")),
        ('{"delta":0.650}', "delta", Decimal("0.650")),
        ('{"delta":null,"greeks":{"delta":0.4}}', "delta", Decimal("0.4")),
        ('{"delta":0,"greeks":{"delta":0.4}}', "delta", Decimal(0)),
        ('{"greeks":{"gamma":"0.05"}}', "gamma", Decimal("0.05")),
        ('{"greeks":{"vega":25}}', "vega", Decimal(25)),
        ('{"quantity":3,"qty":4}', "quantity", 3),
        ('{"quantity":null,"qty":4}', "quantity", 4),
        ('{"mid":2,"last":3}', "price", Decimal(2)),
        ('{"price":null,"last":3}', "price", Decimal(3)),
        ('{"bid":2,"ask":3}', "price", None),
        ('{"price":0,"mid":3}', "price", Decimal(0)),
    ],
)
def test_which_field_of_the_payload_wins(payload: str, name: str, value: object) -> None:
    """Section 1.1: quantity before qty; price, mid, last; greeks only where the top level is silent."""
    assert getattr(read(payload), name) == value


@pytest.mark.parametrize("payload", ["null", "[]", '"x"', "3"])
def test_a_payload_that_is_no_object_is_refused(payload: str) -> None:
    assert refused(payload) == "payload"


def test_a_payload_nests_16_levels_and_no_more() -> None:
    nested = "1"
    for _ in range(15):
        nested = f'{{"a":{nested}}}'
    read(f'{{"x":{nested}}}')
    assert refused(f'{{"x":{{"a":{nested}}}}}') == "payload.x"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("event_id", ["a", "A-_9", "x" * 128], ["", "-a", "_a", "a.b", "a b", "abc\n", "x" * 129, 7, None, "é"]),
        ("symbol", ["SPY", "SPY   251230C00500000", "BRK.B", "x" * 64], ["", "  ", "é", "a\tb", "x" * 65, 7, None]),
        ("source", ["x", "ü" * 64, "\U0001f600"], ["", " ", "x" * 65, 7, "\ud800"]),
        ("protocol", ["v1"], ["v2", "", 1, None]),
        ("type", ["market_event"], ["quote", "order_intent", "", None]),
        ("ts", ["2025-12-30T14:00:00Z", "2025-12-30T14:00:00", "2025-12-30T09:00:00.5-05:00", "2000-01-01T00:00:00Z"],
         ["2025-12-30", "2025-12-30T14:00:60Z", "zzz", "", 7, "1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z"]),
    ],
)  # fmt: skip
def test_the_envelope(field: str, good: list[Any], bad: list[Any]) -> None:
    """Section 1.1, DH-130: an id that ends in a newline and a blank symbol are refused where older code took them."""
    for value in good:
        read("{}", **{field: value})
    for value in bad:
        assert refused("{}", **{field: value}) == field


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-12-30T14:30:00", "2025-12-30T14:30:00+00:00"),
        ("2025-12-30T09:30:00-05:00", "2025-12-30T14:30:00+00:00"),
        ("2025-12-30T14:30:00.1234569Z", "2025-12-30T14:30:00.123456+00:00"),
    ],
)
def test_times_are_utc_without_an_offset_and_cut_to_microseconds(text: str, instant: str) -> None:
    assert read_instant("ts", text).isoformat() == instant


def test_shutdown_needs_only_protocol_and_type() -> None:
    """DH-111."""
    assert isinstance(read_message({"protocol": "v1", "type": "shutdown"}), Shutdown)


@pytest.mark.parametrize(
    ("news", "field"),
    [
        ({"status": "done"}, "status"),
        ({"status": "recorded"}, "status"),
        ({"status": "filled"}, "filled_qty"),
        ({"status": "filled", "filled_qty": 3}, "avg_price"),
        ({"status": "filled", "filled_qty": 3, "avg_price": 0}, "avg_price"),
        ({"status": "filled", "filled_qty": -1, "avg_price": 1}, "filled_qty"),
        ({"status": "accepted", "fees": -1}, "fees"),
        ({"status": "accepted", "ts": "never"}, "ts"),
        ({"status": "accepted", "intent_id": "a.b"}, "intent_id"),
    ],
)
def test_order_updates_are_checked(news: dict[str, Any], field: str) -> None:
    """DH-112."""
    message = {"protocol": "v1", "type": "order_update", "intent_id": "i", "ts": "2025-12-30T15:00:00Z", **news}
    with pytest.raises(InvalidInput) as refusal:
        read_message(with_exact_numbers(message))
    assert refusal.value.field == field


def test_a_hosts_floats_count_by_their_shortest_text() -> None:
    """DH-101, DH-150."""
    message = read_message(with_exact_numbers(market("15:00:00", delta=0.1, price=495.5, quantity=3)))
    assert isinstance(message, MarketEvent)
    assert (message.delta, message.price, message.quantity) == (Decimal("0.1"), Decimal("495.5"), 3)


# -- framing -----------------------------------------------------------------------------------------------------------


def lines_of(content: bytes) -> list[bytes | None]:
    return list(file_lines(io.BytesIO(content)))


def test_lines_are_split_on_the_newline_byte_alone() -> None:
    """DH-141."""
    separators = "a\u2028b\u0085c".encode()
    assert lines_of(b"x\r\ny\r\r\n" + separators) == [b"x", b"y\r", separators]


@pytest.mark.parametrize(
    "line",
    [
        b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b"[]", b"3", b'"x"', b"{", b'{"a":1}x', b'{"a":1,"a":1}', b'{"a":NaN}',
        b'{"a":{"b":1,"b":2}}', b"{'a':1}", b'{"a":01}', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"a":1E99', b'{"a":NaN,', b'{"a":1E99}x', b'{"a":1E99,"b":' + b"[" * 100_000, b"NaN", b"[1E99]",
    ],
)  # fmt: skip
def test_a_line_that_is_not_one_plain_object_is_refused(line: bytes) -> None:
    """DH-130, DH-141."""
    with pytest.raises(InvalidInput):
        decode_line(line)


def test_a_line_of_one_mebibyte_passes_and_a_byte_more_does_not() -> None:
    padding = b" " * (1_048_576 - len(line_of()))
    good = line_of()[:-1] + padding + b"}"
    assert len(good) == 1_048_576
    for ending in (b"\n", b"\r\n"):
        messages = [message for _, message in read_inputs(file_lines(io.BytesIO(good + ending + good + b" " + ending)))]
        assert [type(message) for message in messages] == [MarketEvent, BadLine]
    after = list(read_inputs(file_lines(io.BytesIO(b"x" * 5_000_000 + b"\n" + line_of()))))
    assert [(number, type(message)) for number, message in after] == [(1, BadLine), (2, MarketEvent)]


def test_blank_lines_are_skipped_and_counted_and_the_last_newline_may_be_missing() -> None:
    content = b"\n  \n" + line_of() + b"\r\n\r\n" + line_of()
    assert [number for number, _ in read_inputs(file_lines(io.BytesIO(content)))] == [3, 5]


def test_no_objects_are_no_bytes() -> None:
    """DH-140: older code wrote a lone newline."""
    stream = io.BytesIO()
    writer = LineWriter(stream)
    assert stream.getvalue() == b""
    writer('{"a":"ü"}')
    assert stream.getvalue() == '{"a":"ü"}\n'.encode()


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_a_line_is_read_or_refused(content: bytes) -> None:
    for _, message in read_inputs(file_lines(io.BytesIO(content))):
        assert message is not None


# -- outbound ----------------------------------------------------------------------------------------------------------


def intent(**changes: Any) -> OrderIntent:
    fields: dict[str, Any] = {
        "intent_id": "i1", "event_id": "e1", "ts": NOON, "symbol": "SPY", "side": Side.BUY, "quantity": 7,
    }  # fmt: skip
    return OrderIntent(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"intent_id": "a.b"}, {"intent_id": "abc\n"}, {"event_id": ""}, {"symbol": " "}, {"quantity": 0},
        {"quantity": -1}, {"order_type": OrderType.LIMIT}, {"limit_price": Decimal(1)}, {"stop_price": Decimal(1)},
        {"order_type": OrderType.LIMIT, "limit_price": Decimal(0)}, {"order_type": OrderType.STOP},
        {"order_type": OrderType.STOP_LIMIT, "limit_price": Decimal(1)}, {"client_tag": " "}, {"client_tag": "x" * 129},
        {"metadata": {"a": float("nan")}}, {"metadata": {"a": "x" * 16_400}},
    ],
)  # fmt: skip
def test_an_intent_outside_the_schema_cannot_be_made(changes: dict[str, Any]) -> None:
    """DH-120, DH-130."""
    with pytest.raises(InvalidInput):
        intent(**changes)


def test_an_intent_is_written_in_the_order_of_the_protocol_without_null_fields() -> None:
    """DH-120, DH-140."""
    limited = intent(
        order_type=OrderType.LIMIT, limit_price=Decimal("1.5"), time_in_force=TimeInForce.IOC, metadata={"n": "é"}
    )
    assert limited.body() == (
        '{"protocol":"v1","type":"order_intent","intent_id":"i1","event_id":"e1","ts":"2025-12-30T17:00:00Z",'
        '"symbol":"SPY","side":"buy","qty":7,"order_type":"limit","limit_price":1.5,"time_in_force":"ioc",'
        '"metadata":{"n":"é"}}'
    )
    assert '"qty":7.0,' in intent().body(float_quantity=True)


def test_a_fraction_of_a_second_is_written_only_when_there_is_one() -> None:
    assert wire_instant(NOON + dt.timedelta(milliseconds=5)) == "2025-12-30T17:00:00.005000Z"

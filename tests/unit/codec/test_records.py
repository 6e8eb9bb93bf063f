"""One canonical JSON of the ledger events: exact both ways, strict in what it reads, versioned."""

from __future__ import annotations

import datetime as dt
import json
import types
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders_ledger import halted, ledger_opened, more_of_some, of_version_1, one_of_each, order_intended
from gammacore.adapters.codec.conversion import event_converter
from gammacore.adapters.codec.records import EventCodec, NewerRecord, UnreadableRecord, decode, encode
from gammacore.domain import holding_events, ledger
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.policy import PRESETS, StopPolicy
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import OrderTicket
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.errors import InvalidInput

RECORDS_V1 = Path(__file__).with_name("records_v1.jsonl")
RECORDS_NOW = Path(__file__).with_name("records_now.jsonl")
KINDS = get_args(ledger.Event)


# Any event at all -----------------------------------------------------------------------------------------------------

decimals = st.decimals(allow_nan=False, allow_infinity=False)
instants = st.datetimes(timezones=st.just(dt.UTC)).map(lambda instant: instant.replace(fold=0))
strikes = st.integers(1, 9_999).map(Decimal)
expiries = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))
"""What an OCC symbol can say."""


@st.composite
def spreads(draw: st.DrawFn) -> CreditSpread:
    low, middle, high, top = sorted(draw(st.sets(strikes, min_size=4, max_size=4)))
    expiry = draw(expiries)

    def side(right: Right, short: Decimal, long: Decimal) -> Vertical:
        return Vertical(*(OptionContract("SPX", "SPXW", expiry, right, strike) for strike in (short, long)))

    call, put = side(Right.CALL, high, top), side(Right.PUT, middle, low)
    return CreditSpread(draw(st.sampled_from([(call,), (put,), (call, put)])))


def like(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, built from its annotations; only classes with rules of their own are spelt out."""
    if kind in SPELT_OUT:
        return SPELT_OUT[kind]
    if get_origin(kind) in (Union, types.UnionType):
        return st.one_of([like(member) for member in get_args(kind)])
    if get_origin(kind) is tuple:
        return st.lists(like(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is dict:
        table = st.dictionaries(*map(like, get_args(kind)), max_size=4)
        return table.map(lambda found: dict(sorted(found.items())))  # records are sorted, and so is what is read
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    assert attrs.has(kind), f"no strategy for {kind}"
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: like(hints[field.name]) for field in attrs.fields(kind)})


SPELT_OUT: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    bool: st.booleans(),
    type(None): st.none(),
    Decimal: decimals,
    dt.date: st.dates(),
    dt.datetime: instants,
    CreditSpread: spreads(),
}
SPELT_OUT[OptionContract] = st.builds(
    OptionContract,
    st.text(),
    st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True),
    expiries,
    st.sampled_from(Right),
    strikes,
)
SPELT_OUT[Leg] = st.builds(Leg, SPELT_OUT[OptionContract], st.sampled_from(Side), st.integers(1, 100))
SPELT_OUT[StopPolicy] = st.builds(
    lambda policy, stop, seconds: attrs.evolve(policy, stop=stop, grace_seconds=seconds),
    st.sampled_from(list(PRESETS.values())),
    st.decimals(Decimal("0.01"), Decimal("0.25"), places=4),
    st.integers(0, 10_000),
)
SPELT_OUT[OrderTicket] = st.builds(
    lambda ticket, legs, quantity, limit: attrs.evolve(ticket, legs=legs, quantity=quantity, limit=limit),
    st.just(order_intended().ticket),
    st.lists(like(Leg), min_size=1, max_size=4).map(tuple),
    st.integers(1, 10_000),
    st.none() | st.decimals(Decimal("0.01"), 10_000, places=2),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(choices=st.data())
def test_every_event_is_read_back_as_it_was_and_written_alike(kind: Any, choices: st.DataObject) -> None:
    event = choices.draw(like(kind))

    record = encode(event)

    read = decode(record)
    assert read == event
    assert repr(read) == repr(event)  # an enum and its text are equal, and not the same
    assert encode(read) == record


# The form -------------------------------------------------------------------------------------------------------------


def test_a_record_is_sorted_compact_json_with_type_and_version() -> None:
    assert encode(halted(1)) == (
        '{"body":{"at":"2026-08-19T13:31:00+00:00","reason":"halt 1"},"type":"Halted","v":1}'
    )  # fmt: skip


def test_text_is_written_as_it_is_not_escaped() -> None:
    assert "é ≥ 20" in encode(ledger.Resumed(halted().at, "é ≥ 20"))


@pytest.mark.parametrize(
    "amount", ["2.50", "2.5", "0", "-0.00", "1E+3", "-1.10E-7", "12345678901234567890123456789.01"]
)
def test_a_decimal_keeps_every_digit_and_its_exponent(amount: str) -> None:
    closed = ledger.DayFinished(halted().at, dt.date(2026, 8, 19), Decimal(amount))

    read = decode(encode(closed))

    assert isinstance(read, ledger.DayFinished)
    assert str(read.balance) == amount


def test_instants_are_written_in_utc() -> None:
    new_york = dt.datetime(2026, 8, 19, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=-4)))

    assert '"at":"2026-08-19T13:30:00+00:00"' in encode(ledger.Resumed(new_york, ""))


@pytest.mark.parametrize(("fraction", "text"), [(Fraction(1, 3), "1/3"), (Fraction(-2), "-2/1")])
def test_a_fraction_is_exact(fraction: Fraction, text: str) -> None:
    converter = event_converter()

    assert converter.unstructure(fraction) == text
    assert converter.structure(text, Fraction) == fraction


# What cannot be written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", dt.datetime(2026, 8, 19, 13, 30)),  # noqa: DTZ001
        ("at", "2026-08-19"),
        ("date", dt.datetime(2026, 8, 19, tzinfo=dt.UTC)),
        ("balance", Decimal("NaN")),
        ("balance", Decimal("Infinity")),
        ("balance", Decimal("sNaN")),
        ("balance", 20_000),
        ("balance", 20_000.0),
    ],
)
def test_what_could_not_be_read_back_is_not_written(field: str, value: object) -> None:
    finished = ledger.DayFinished(halted().at, dt.date(2026, 8, 19), Decimal(20_000))
    object.__setattr__(finished, field, value)

    with pytest.raises(InvalidInput):
        encode(finished)


@pytest.mark.parametrize("text", ["\ud800", 3, None])
def test_text_that_is_none_is_not_written(text: Any) -> None:
    with pytest.raises(InvalidInput):
        encode(ledger.Resumed(halted().at, text))


@pytest.mark.parametrize("looks", [True, 2.0, "2"])
def test_a_count_that_is_no_int_is_not_written(looks: Any) -> None:
    with pytest.raises(InvalidInput):
        encode(holding_events.DifferenceSeen(halted().at, "", looks, "p1"))


def test_an_enum_member_of_another_kind_is_not_written() -> None:
    intended = order_intended()
    object.__setattr__(intended.ticket, "purpose", "entry")  # its text is not it

    with pytest.raises(InvalidInput, match="ENTRY, EXIT"):
        encode(intended)


@pytest.mark.parametrize("mode", ["PAPER", "practice", 1, None, ["paper"]])
def test_a_text_that_is_no_member_is_refused(mode: object) -> None:
    with pytest.raises(UnreadableRecord, match=r"not one of .*paper.* @ LedgerOpened\.mode"):
        decode(changed(ledger_opened(), mode=mode))


def test_an_enum_member_where_text_is_meant_is_written_as_text() -> None:
    read = decode(encode(ledger.Resumed(halted().at, Right.CALL)))

    assert isinstance(read, ledger.Resumed)
    assert type(read.note) is str
    assert read.note == "C"


def test_only_events_are_written() -> None:
    with pytest.raises(InvalidInput, match="one of the ledger's events"):
        encode(order_intended().ticket)  # type: ignore[arg-type]  # the mistake under test


# What is refused when read --------------------------------------------------------------------------------------------


def changed(event: ledger.Event, **body: object) -> str:
    """The record of an event with other values in its body."""
    record = json.loads(encode(event))
    record["body"].update(body)
    return json.dumps(record)


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_a_missing_field_is_refused_in_every_event_unless_it_has_a_default(event: ledger.Event) -> None:
    """What was written before a field was added must stay readable: an update never makes a ledger corrupt. R6."""
    record = json.loads(encode(event))
    for field in attrs.fields(type(event)):
        name = field.name
        short = json.dumps({**record, "body": {key: value for key, value in record["body"].items() if key != name}})
        if field.default is attrs.NOTHING:
            with pytest.raises(UnreadableRecord, match=name):
                decode(short)
        else:
            assert getattr(decode(short), name) == getattr(type(event)(**_without(event, name)), name)


def _without(event: ledger.Event, name: str) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in attrs.fields(type(event)) if field.name != name}


def test_a_field_added_deep_inside_may_be_missing_too() -> None:
    event = holding_events.WatchChanged(halted().at, "p1", SpreadWatch(price_at_fill=Decimal(6900)))
    record = json.loads(encode(event))
    del record["body"]["watch"]["price_at_fill"]

    assert decode(json.dumps(record)) == attrs.evolve(event, watch=SpreadWatch())


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_a_field_that_is_unknown_asks_for_a_newer_gammacore_and_is_never_repaired_away(event: ledger.Event) -> None:
    with pytest.raises(NewerRecord, match="surprise"):
        decode(changed(event, surprise=1))


def test_a_field_that_is_unknown_deep_inside_asks_for_a_newer_gammacore_too() -> None:
    record = json.loads(encode(order_intended()))
    record["body"]["opens"]["spread"]["surprise"] = 1

    with pytest.raises(NewerRecord, match=r"surprise @ OrderIntended\.opens\.spread"):
        decode(json.dumps(record))


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"balance": 20_000}, "balance"),
        ({"balance": "NaN"}, "balance"),
        ({"balance": "Infinity"}, "balance"),
        ({"balance": " 20000"}, "balance"),
        ({"balance": "20_000"}, "balance"),
        ({"balance": None}, "balance"),
        ({"date": "2026-02-29"}, "date"),
        ({"date": "20260819"}, "date"),
        ({"date": 20260819}, "date"),
        ({"at": "2026-08-19T13:30:00"}, "at"),
        ({"at": "2026-08-19T09:30:00-04:00"}, "at"),
        ({"at": "2026-08-19T13:30:00Z"}, "at"),
        ({"at": 1787000000}, "at"),
    ],
)
def test_a_value_of_another_kind_is_refused_and_its_place_named(body: dict[str, object], where: str) -> None:
    finished = ledger.DayFinished(halted().at, dt.date(2026, 8, 19), Decimal(20_000))

    with pytest.raises(UnreadableRecord, match=f"DayFinished.{where}"):
        decode(changed(finished, **body))


@pytest.mark.parametrize("looks", [True, 2.0, "2", None])
def test_a_count_that_is_no_int_is_refused(looks: object) -> None:
    with pytest.raises(UnreadableRecord, match=r"DifferenceSeen\.change"):
        decode(changed(holding_events.DifferenceSeen(halted().at, "", 2, "p1"), change=looks))


def test_a_fault_deep_inside_is_named_by_its_path() -> None:
    record = json.loads(encode(order_intended()))
    record["body"]["ticket"]["legs"][1] = "+1 SPX SPXW260819P0603000"

    with pytest.raises(UnreadableRecord, match=r"OrderIntended\.ticket\.legs"):
        decode(json.dumps(record))


def test_what_the_domain_refuses_is_no_record() -> None:
    """A put spread whose long leg is not further out of the money cannot have been written by us."""
    adopted = next(event for event in one_of_each() if isinstance(event, holding_events.HoldingAdopted))
    record = encode(adopted).replace("SPXW260819P06030000", "SPXW260819P06050000")

    with pytest.raises(UnreadableRecord, match="further out of the money"):
        decode(record)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"type":"Halted","v":1}',
        '{"type":"Halted","v":1,"body":{},"more":1}',
        '{"type":"Halted","v":1,"body":[]}',
        '{"type":"Halted","v":0,"body":{}}',
        '{"type":"Halted","v":true,"body":{}}',
        '{"type":"Halted","v":"1","body":{}}',
        '{"type":7,"v":1,"body":{}}',
        '{"type":"Halted","v":1,"body":{"at":NaN,"reason":""}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRecord):
        decode(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"type":"MoonLanding","v":1,"body":{}}', "'MoonLanding' is not known"),
        ('{"type":"Halted","v":2,"body":{}}', "Halted version 2 is not known, the latest is 1"),
    ],
)
def test_an_unknown_type_or_version_asks_for_a_newer_gammacore(text: str, says: str) -> None:
    with pytest.raises(NewerRecord, match=says):
        decode(text)


# Versions -------------------------------------------------------------------------------------------------------------


def reason_was_called_why(body: dict[str, Any]) -> dict[str, Any]:
    return {"at": body["at"], "reason": body["why"]}


def reasons_are_sentences(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "reason": body["reason"] + "."}


LATER = EventCodec({"Halted": (reason_was_called_why, reasons_are_sentences)})


@pytest.mark.parametrize(
    ("version", "field", "reason"), [(1, "why", "halt 1."), (2, "reason", "halt 1."), (3, "reason", "halt 1")]
)
def test_an_old_record_is_lifted_through_every_version_since(version: int, field: str, reason: str) -> None:
    body = {"at": "2026-08-19T13:31:00+00:00", field: "halt 1"}

    assert LATER.decode(json.dumps({"type": "Halted", "v": version, "body": body})) == attrs.evolve(
        halted(1), reason=reason
    )


def test_events_are_written_in_their_latest_version() -> None:
    assert LATER.encode(halted(1)).endswith('"v":3}')
    assert LATER.encode(ledger.Resumed(halted().at, "")).endswith('"v":1}')


def test_an_upcaster_that_does_not_fit_is_an_unreadable_record() -> None:
    with pytest.raises(UnreadableRecord, match="Halted: 'at'"):
        LATER.decode('{"type":"Halted","v":1,"body":{}}')


def test_records_of_version_1_are_read_for_ever() -> None:
    """If this fails, an event changed: give the new field a default, or add an upcaster to `versions.py`."""
    records = RECORDS_V1.read_text(encoding="utf-8").splitlines()

    assert [decode(record) for record in records] == list(of_version_1())


def test_records_are_written_as_they_stand_here() -> None:
    """A ledger of today is compared byte for byte (R14): `python -m builders_ledger` in `tests` prints what changed."""
    records = RECORDS_NOW.read_text(encoding="utf-8").splitlines()

    assert [encode(event) for event in (*one_of_each(), *more_of_some())] == records
    assert [decode(record) for record in records] == [*one_of_each(), *more_of_some()]


def test_there_is_a_sample_of_every_event() -> None:
    assert sorted(type(event).__name__ for event in one_of_each()) == sorted(kind.__name__ for kind in KINDS)

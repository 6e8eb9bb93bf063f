"""Events to plain JSON values and back, field by field and exactly; cattrs does the walking.

Nothing is coerced: an int is no Decimal, "3" is no int, a bool is no int. A missing field is an error unless it has a
default: records from before it was added stay readable. What cannot be read back as it was is refused before it is
written. Instants are ISO 8601 in UTC with their offset, so that text order is time order.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, get_args, get_origin

import attrs
from attrs import evolve
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from gammacore.domain.holding_events import HoldingAdopted
from gammacore.domain.holdings.plans import (
    DeltaWatch,
    EntryTerms,
    Notes,
    Opening,
    RWatch,
    SpreadTerms,
    SpreadWatch,
    Watch,
)
from gammacore.domain.instruments import OptionContract, Side, parse_occ
from gammacore.domain.ledger import OrderIntended, OrderOutcomeUnknown
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import OrderTicket
from gammacore.domain.verdicts import FilterVerdict, Outcome
from gammacore.errors import InvalidInput


def instant_to_text(instant: object) -> str:
    """An aware instant in UTC, to the microsecond.

    >>> instant_to_text(dt.datetime(2026, 8, 19, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=-4))))
    '2026-08-19T14:30:00+00:00'
    """
    if not isinstance(instant, dt.datetime) or instant.utcoffset() is None:
        raise InvalidInput("instant", instant, "give a date and time with its time zone")
    if instant.tzinfo is not dt.UTC:
        instant = instant.astimezone(dt.UTC)
    return instant.isoformat()


def instant_from_text(text: object) -> dt.datetime:
    """The instant that `instant_to_text` wrote; anything else is refused.

    Raises:
        ValueError: not an instant, or not in UTC.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an instant in quotes")
    instant = dt.datetime.fromisoformat(text)
    if instant.utcoffset() != dt.timedelta(0) or instant.isoformat() != text:
        raise ValueError(f"{text!r} is not an instant in UTC like 2026-08-19T14:30:00+00:00")
    return instant


class UnknownField(ValueError):
    """A record says more than this gammacore can read: a newer one wrote it, nothing is broken."""


Write = Callable[[Any], Any]
Read = Callable[[Any, Any], Any]

_DECIMAL = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?", re.ASCII)
_FRACTION = re.compile(r"(-?\d+)/([1-9]\d*)", re.ASCII)
_RATIO = re.compile(r"[+-][1-9]\d*", re.ASCII)


def event_converter() -> Converter:
    """A cattrs converter for the values an event may hold; unlike cattrs' own, it never coerces."""
    converter = Converter()
    for kind, (write, read) in _SCALARS.items():
        converter.register_unstructure_hook(kind, write)
        converter.register_structure_hook(kind, read)
    converter.register_structure_hook(StrEnum, _read_member)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _object_writer(cls, converter))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _object_reader(cls, converter))
    converter.register_unstructure_hook(OptionContract, _write_contract)
    converter.register_structure_hook(OptionContract, _contract_reader(converter))
    read_leg_fields = converter.get_structure_hook(Leg | ShareLeg)  # as they were written in format 1, by their fields
    converter.register_unstructure_hook(Leg, _write_leg)
    converter.register_structure_hook(Leg | ShareLeg, _leg_reader(read_leg_fields, converter))
    converter.register_unstructure_hook(FilterVerdict, _write_filter)
    converter.register_structure_hook(FilterVerdict, _filter_reader(converter))
    write_watch, read_watch = _write_watch(converter), _read_watch(converter)
    converter.register_unstructure_hook(Watch, write_watch)
    converter.register_structure_hook(Watch, read_watch)
    converter.register_unstructure_hook(Watch | None, _or_none(write_watch))
    converter.register_structure_hook(Watch | None, _or_none(read_watch))
    converter.register_structure_hook_factory(_is(tuple), lambda kind: _row_reader(kind, converter))
    converter.register_structure_hook_factory(_is(dict), lambda kind: _table_reader(kind, converter))
    return converter


def _or_none(convert: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *kind: None if value is None else convert(value, *kind)


def _is(container: type) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is container


def _write_contract(value: Any) -> str:
    """A contract as its underlying and its OCC symbol: the underlying cannot be read off every root."""
    if not isinstance(value, OptionContract) or parse_occ(value.occ, {value.root: value.underlying}) != value:
        raise InvalidInput("OptionContract", repr(value), "give a contract that its OCC symbol names")
    return f"{value.underlying} {value.occ}"


def _contract_reader(converter: Converter) -> Read:
    read_fields = _object_reader(OptionContract, converter)  # as it was written in format 1

    def read(value: Any, wanted: Any) -> Any:
        if isinstance(value, dict):
            return read_fields(value, wanted)
        underlying, _, symbol = value.rpartition(" ") if isinstance(value, str) else ("", "", "")
        contract = evolve(parse_occ(symbol), underlying=underlying)
        if value != f"{underlying} {contract.occ}":
            raise ValueError(f"{value!r} is not an underlying and an OCC symbol")
        return contract

    return read


def _write_leg(value: Leg) -> str:
    """A leg as its signed ratio and its contract, bought +1 or sold -1: a condor's intent has four of them."""
    if type(value.side) is not Side or type(value.ratio) is not int or value.ratio < 1:
        raise InvalidInput("Leg", repr(value), "give a side and a ratio from 1")
    return f"{value.side.sign * value.ratio:+d} {_write_contract(value.contract)}"


def _leg_reader(read_fields: Read, converter: Converter) -> Read:
    read_contract = converter.get_structure_hook(OptionContract)

    def read(value: Any, wanted: Any) -> Any:
        if not isinstance(value, str):
            return read_fields(value, wanted)
        ratio, _, contract = value.partition(" ")
        if not _RATIO.fullmatch(ratio):
            raise ValueError(f"{value!r} is not a leg like '-1 SPX SPXW260819P06040000'")
        side = Side.BUY if ratio[0] == "+" else Side.SELL
        return Leg(read_contract(contract, OptionContract), side, int(ratio[1:]))

    return read


def _write_filter(value: Any) -> list[Any]:
    """A filter's verdict as a row: of a pass, which most are, rule, name, value and limit; of any other every field."""
    verdict, text = value.verdict, _writer_of(str)
    outcome = _member_writer(Outcome)(verdict.outcome)
    head = [text(value.rule), text(value.name)]
    if verdict.outcome is Outcome.PASS and verdict.reason is None and not verdict.blocks:
        return [*head, text(verdict.value), *([text(verdict.limit)] if verdict.limit else [])]
    reason = None if verdict.reason is None else text(verdict.reason)
    return [*head, outcome, reason, text(verdict.value), text(verdict.limit), _writer_of(bool)(verdict.blocks)]


def _filter_reader(converter: Converter) -> Read:
    read_fields = _object_reader(FilterVerdict, converter)  # as it was written in format 1

    def read(body: Any, wanted: Any) -> Any:
        if isinstance(body, dict):
            return read_fields(body, wanted)
        if not isinstance(body, list) or len(body) not in (3, 4, 7):
            raise ValueError(f"{body!r} is not a row of rule, name, value and limit, or of every field")
        names = ("outcome", "reason", "value", "limit", "blocks") if len(body) == 7 else ("value", "limit")
        passed = {} if len(body) == 7 else {"outcome": Outcome.PASS.value}
        rule, name, *rest = body
        verdict = {**passed, **dict(zip(names, rest, strict=False))}
        return read_fields({"rule": rule, "name": name, "verdict": verdict}, wanted)

    return read


def _write_watch(converter: Converter) -> Write:
    def write(value: Any) -> Any:
        kind = next((kind for kind, cls in _WATCHES.items() if type(value) is cls), None)
        if kind is None:
            raise InvalidInput("watch", repr(value), f"give one of {', '.join(_WATCHES)}")
        return {"kind": kind, **converter.unstructure(value)}

    return write


def _read_watch(converter: Converter) -> Read:
    def read(body: Any, _: Any) -> Any:
        kind = body.get("kind") if isinstance(body, dict) else None
        if kind not in _WATCHES:
            raise UnknownField(f"a watch of kind {kind!r} is not known")
        rest = {name: value for name, value in body.items() if name != "kind"}
        return converter.structure(rest, _WATCHES[kind])

    return read


_WATCHES: dict[str, type[Watch]] = {"spread": SpreadWatch, "notes": Notes, "r": RWatch, "delta": DeltaWatch}


def _writer_of(kind: type) -> Write:
    def write(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InvalidInput(kind.__name__, repr(value), f"give {kind.__name__}, not {type(value).__name__}")
        return kind(value)

    return write


def _reader_of(kind: type) -> Read:
    def read(value: Any, wanted: Any) -> Any:
        # cattrs asks here for subclasses too: an enum that is an int must not come back as one.
        if type(value) is not kind or wanted is not kind:
            raise ValueError(f"{value!r} is not {wanted.__name__}")
        return value

    return read


def _write_decimal(value: Any) -> str:
    if not (isinstance(value, Decimal) and value.is_finite()):
        raise InvalidInput("Decimal", repr(value), "give a finite Decimal")
    return str(value)


def _read_decimal(text: Any, _: Any) -> Decimal:
    if not (isinstance(text, str) and _DECIMAL.fullmatch(text)):
        raise ValueError(f"{text!r} is not a finite number in quotes")
    return Decimal(text)


def _write_fraction(value: Any) -> str:
    if not isinstance(value, Fraction):
        raise InvalidInput("Fraction", repr(value), "give a Fraction")
    return f"{value.numerator}/{value.denominator}"


def _read_fraction(text: Any, _: Any) -> Fraction:
    parts = _FRACTION.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        raise ValueError(f'{text!r} is not a fraction like "1/3"')
    return Fraction(int(parts[1]), int(parts[2]))


def _write_float(value: Any) -> float:
    if not (isinstance(value, float) and math.isfinite(value)):
        raise InvalidInput("float", repr(value), "give a finite float")
    return float(value)


def _read_float(value: Any, _: Any) -> float:
    if not (type(value) is float and math.isfinite(value)):
        raise ValueError(f"{value!r} is not a finite float")
    return value


def _write_date(value: Any) -> str:
    if type(value) is not dt.date:
        raise InvalidInput("date", repr(value), "give a date without a time")
    return value.isoformat()


def _read_date(text: Any, _: Any) -> dt.date:
    date = dt.date.fromisoformat(text) if isinstance(text, str) else None
    if date is None or date.isoformat() != text:
        raise ValueError(f"{text!r} is not a date like 2026-08-19")
    return date


_SCALARS: dict[Any, tuple[Write, Read]] = {
    **{kind: (_writer_of(kind), _reader_of(kind)) for kind in (str, int, bool)},
    float: (_write_float, _read_float),
    Decimal: (_write_decimal, _read_decimal),
    Fraction: (_write_fraction, _read_fraction),
    dt.date: (_write_date, _read_date),
    dt.datetime: (instant_to_text, lambda text, _: instant_from_text(text)),
}


def _member_writer(kind: type[StrEnum]) -> Write:
    def write(value: Any) -> str:
        if not isinstance(value, kind):
            raise InvalidInput(kind.__name__, repr(value), f"give one of {', '.join(kind.__members__)}")
        return value.value

    return write


def _read_member(value: Any, kind: Any) -> Any:
    try:
        if isinstance(value, str):
            return kind(value)
    except ValueError:
        pass
    raise ValueError(f"{value!r} is not one of {', '.join(str(member) for member in kind)}")


_TERSE = {
    DeltaWatch, EntryTerms, HoldingAdopted, Opening, OrderIntended, OrderOutcomeUnknown, OrderTicket, RWatch,
    SpreadTerms, SpreadWatch,
}  # fmt: skip
"""Written without the fields that have their default, which is always "none"; everything else is written out."""


def _object_writer(cls: Any, converter: Converter) -> Write:
    kinds = {field.name: field.type for field in attrs.fields(attrs.resolve_types(cls))}
    members: dict[str, Any] = {
        name: override(unstruct_hook=_member_writer(kind))
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
    }
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=cls in _TERSE, **members)


def _object_reader(cls: Any, converter: Converter) -> Read:
    """Reads one attrs object: its fields and nothing else. One that came later, with a default, may be missing."""
    fields = attrs.fields(attrs.resolve_types(cls))
    names = {field.name for field in fields}
    always = {field.name for field in fields if field.default is attrs.NOTHING}
    build = make_dict_structure_fn(cls, converter)

    def read(body: Any, _: Any) -> Any:
        if not isinstance(body, dict):
            raise ValueError(f"{body!r} is not an object")
        if missing := always - body.keys():
            raise ValueError(f"fields missing of {cls.__name__}: {', '.join(sorted(missing))}")
        if unknown := body.keys() - names:
            raise UnknownField(f"fields of {cls.__name__} that are not known: {', '.join(sorted(unknown))}")
        return build(body, cls)

    return read


def _row_reader(kind: Any, converter: Converter) -> Read:
    element, *rest = get_args(kind)
    if rest != [...]:
        raise TypeError(f"{kind}: events hold tuples of one type only")
    read_element = converter.get_structure_hook(element)

    def read(body: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(body, list):
            raise ValueError(f"{body!r} is not a list")
        return tuple(read_element(value, element) for value in body)

    return read


def _table_reader(kind: Any, converter: Converter) -> Read:
    _, element = get_args(kind)
    read_element = converter.get_structure_hook(element)

    def read(body: Any, _: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise ValueError(f"{body!r} is not an object")
        return {key: read_element(value, element) for key, value in body.items()}

    return read

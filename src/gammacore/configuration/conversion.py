"""Raw values of files, variables and options as the types the settings have."""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs

from gammacore.configuration.settings import OwnStrategy, StrategyName, nearest
from gammacore.domain.announced import MarketEvent
from gammacore.domain.regime.macro_releases import MacroRelease, Release
from gammacore.domain.written_dates import read_day
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput

_SWITCH = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


class NotConvertible(ValueError):
    """A raw value that is not of the type a setting has; `wanted` says what to write."""

    def __init__(self, value: object, wanted: str) -> None:
        super().__init__(value, wanted)
        self.value = value
        self.wanted = wanted


def convert(value: Any, kind: Any) -> Any:
    """A raw value as `kind`: numbers exact, times, dates, fractions, choices, lists and tables of them.

    Raises:
        NotConvertible: it is none of that kind.

    >>> convert("1/3", Fraction), convert(["10:00"], tuple[dt.time, ...]), convert("none", Decimal | None)
    (Fraction(1, 3), (datetime.time(10, 0),), None)
    """
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(kind) if part is not type(None)]
        if type(None) in typing.get_args(kind):
            return None if value in (None, "none") else convert(value, parts[0])
        return _first_that_fits(value, parts)
    if origin is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise NotConvertible(value, wanted(kind))
        return tuple(convert(part, typing.get_args(kind)[0]) for part in parts)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise NotConvertible(value, wanted(kind))
        return {str(name): convert(part, typing.get_args(kind)[1]) for name, part in value.items()}
    if kind not in _READERS and attrs.has(kind):
        return _table(value, kind)
    try:
        return _READERS.get(kind, kind)(value.strip() if isinstance(value, str) else value)
    except (ValueError, TypeError, KeyError, ZeroDivisionError) as wrong:
        raise NotConvertible(value, wanted(kind)) from wrong


def _table(value: Any, kind: Any) -> Any:
    """A table of a list: its keys are the fields of a class. What is refused may be a secret and is not shown.

    Raises:
        InvalidInput: an unknown key, or a value that a rule of the class refuses.
    """
    if not isinstance(value, Mapping):
        raise NotConvertible("***", wanted(kind))
    hints, called = typing.get_type_hints(kind), value.get("name", kind.__name__)
    known = [field.name for field in attrs.fields(kind)]
    for key in value:
        if key not in known:
            fix = nearest(key, known).removeprefix("; ") or f"give {', '.join(known)}"
            raise InvalidInput(f"{called}.{key}", "the key", fix)
    for field in attrs.fields(kind):
        if field.default is attrs.NOTHING and field.name not in value:
            raise InvalidInput(field.name, "nothing", f"give each table its {field.name}")
    given = {}
    for key, part in value.items():
        try:
            given[key] = convert(part, hints[key])
        except NotConvertible as wrong:
            shown = wrong.value if attrs.fields_dict(kind)[key].repr else "***"
            raise InvalidInput(f"{called}.{key}", shown, f"give {wrong.wanted}") from None
    return kind(**given)


def _first_that_fits(value: Any, kinds: Sequence[Any]) -> Any:
    """A value as the first of several kinds it is of; the last kind is the widest, and its words are the refusal."""
    for kind in kinds[:-1]:
        with suppress(NotConvertible):
            return convert(value, kind)
    return convert(value, kinds[-1])


def wanted(kind: Any) -> str:
    """What a person should write for a setting of this type."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(kind)
    if (origin := typing.get_origin(kind)) is tuple:
        return f"a list, each {wanted(typing.get_args(kind)[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"a table, each value {wanted(typing.get_args(kind)[1])}"
    if kind not in _WORDS and attrs.has(kind):
        return f"a table of {', '.join(field.name for field in attrs.fields(kind))}"
    return _WORDS.get(kind, str(getattr(kind, "__name__", kind)))


def show(value: Any) -> str:
    """A setting as a person writes it.

    >>> show((dt.time(10), dt.time(10, 30))), show(None), show(True)
    ('[10:00, 10:30]', 'none', 'true')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(show(part) for part in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {show(part)}" for name, part in value.items()) + "}"
    if isinstance(value, dt.time):
        return f"{value:%H:%M}" if value.second == 0 else f"{value:%H:%M:%S}"
    return str(value)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError(value)
    number = read_figure(str(value))
    if not isinstance(number, Decimal):
        raise ValueError(value)
    return number


def _date(value: Any) -> dt.date:
    """A plain date: an instant is one too to Python, and equals none."""
    if isinstance(value, dt.datetime) or ":" in str(value):
        raise TypeError(value)
    day = value if isinstance(value, dt.date) else read_day(value)
    if day is None:
        raise ValueError(value)
    return day


def _whole(value: Any) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError(value)
    return int(number)


def _switch(value: Any) -> bool:
    return value if isinstance(value, bool) else _SWITCH[str(value).lower()]


_READERS: dict[Any, Callable[[Any], Any]] = {
    bool: _switch,
    Decimal: _number,
    int: _whole,
    float: lambda value: float(_number(value)),
    Fraction: lambda value: Fraction(str(value).replace(" ", "")),
    dt.time: lambda value: value if isinstance(value, dt.time) else dt.time.fromisoformat(value),
    dt.date: _date,
    Path: lambda value: Path(value).expanduser(),
    str: str,
    MarketEvent: MarketEvent.read,
    MacroRelease: MacroRelease.read,
}

_WORDS: dict[Any, str] = {
    Decimal: "a number",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dt.time: 'a time like "10:00"',
    dt.date: "a date like 2026-08-19",
    Fraction: 'a number or a fraction like "1/3"',
    Path: "a path",
    MarketEvent: 'an event like "CPI 2026-12-10 08:30 bls.gov": name, date, New York time if any, source',
    MacroRelease: f'a release ({", ".join(Release)}) with its New York time, like "CPI 2026-12-10 08:30 actual=3.4 '
    'expected=3.2 volatility=high bls.gov"',
    str: "a text",
    OwnStrategy: f"{', '.join(StrategyName)}, FILE:NAME of your own strategy, or a registered name",
}

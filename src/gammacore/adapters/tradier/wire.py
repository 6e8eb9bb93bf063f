"""The quirks of Tradier's JSON, absorbed once: what was XML becomes values of our types.

An empty collection is the text "null" or null, one element is an object and many are a list, whole numbers come as
1.00000000 and figures as text, times as epoch seconds or milliseconds, ISO with Z, or New York wall time. What
cannot be read is refused: never zero, never empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, override

from gammacore.adapters.wire import UnreadableAnswer, well_formed
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.written_figures import bounded_figure, read_plain_figure

T = TypeVar("T")
Row = dict[str, object]

_FIGURES = (Decimal, int, float, str)
"""What a figure may come as; a chain holds a thousand of them, so that the types are listed once."""
_LARGEST = Decimal(10) ** 15
"""No epoch is as large."""
_MILLISECONDS_FROM = 10**11
"""An epoch above it counts milliseconds: in seconds it would be the year 5138."""


def is_nothing(value: object) -> bool:
    """How an absent value looks: null, "null", or an empty text."""
    return value is None or (isinstance(value, str) and value.strip() in ("", "null"))


def inside(answer: object, *names: str) -> object:
    """What stands under the names, one in the other; None where nothing is on the way.

    Raises:
        UnreadableAnswer: the first name is missing altogether, or a collection is not one. A cut or foreign answer is
            never read as empty.

    >>> inside({"orders": {"order": 1}}, "orders", "order"), inside({"orders": "null"}, "orders", "order")
    (1, None)
    """
    here = answer
    for depth, name in enumerate(names):
        if not isinstance(here, dict):
            raise UnreadableAnswer(f"the answer holds {_kind(here)} where {name} was expected")
        if depth == 0 and name not in here:
            raise UnreadableAnswer(f"the answer does not hold {name}")
        here = here.get(name)
        if is_nothing(here):
            return None
    return here


def many(answer: object, *names: str) -> list[object]:
    """The elements of a collection: none, one or several.

    >>> many({"orders": {"order": {"id": 1}}}, "orders", "order"), many({"orders": "null"}, "orders", "order")
    ([{'id': 1}], [])
    """
    found = inside(answer, *names)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def read(kind: type[T], value: object) -> T:
    """A value of one of our models out of decoded JSON.

    Raises:
        UnreadableAnswer: a field is missing or not what it must be; it is named.
    """
    try:
        return CONVERTER.structure(value, kind)
    except Exception as fault:  # cattrs raises groups of whatever the hooks raised
        raise UnreadableAnswer(f"{kind.__name__}: {_complaints(fault)}") from None


def read_many(kind: type[T], answer: object, *names: str) -> list[T]:
    """A model for each element of a collection."""
    return [read(kind, element) for element in many(answer, *names)]


def read_each(kind: type[T], answer: object, collection: str, element: str) -> list[T]:
    """A model for every element of a collection that decides something (orders, holdings): none only when said so."""
    return [read(kind, cell) for cell in elements_of(answer, collection, element)]


def elements_of(answer: object, collection: str, element: str) -> list[object]:
    """The elements of such a collection, to be read one by one.

    Raises:
        UnreadableAnswer: the collection is there and the element is not: a foreign answer, not an empty one.
    """
    held = inside(answer, collection)
    if held is None:
        return []
    if not isinstance(held, dict) or element not in held:
        raise UnreadableAnswer(f"{collection} does not hold {element}")
    return many(answer, collection, element)


def to_decimal(value: object) -> Decimal:
    """A finite figure of a size that means something.

    >>> to_decimal("1.5"), to_decimal(Decimal("2.40"))
    (Decimal('1.5'), Decimal('2.40'))
    """
    if isinstance(value, bool) or not isinstance(value, _FIGURES):
        raise ValueError(f"{_kind(value)} is no figure")
    figure = read_plain_figure(str(value)) if isinstance(value, float | str) else bounded_figure(Decimal(value))
    if isinstance(figure, Decimal):
        return figure
    written = value if isinstance(value, str) else f"{Decimal(value):.6g}"
    raise ValueError(f"{written[:30]} is no figure, or beyond all bounds")


def to_whole(value: object) -> int:
    """A whole number, also where it is written 1.00000000.

    >>> to_whole(Decimal("-2.00000000"))
    -2
    """
    figure = to_decimal(value)
    if figure != int(figure):
        raise ValueError(f"{figure} is not whole")
    return int(figure)


def to_instant(value: object) -> dt.datetime:
    """A UTC instant out of whichever of the four ways a time is written; a time without offset is New York's.

    >>> to_instant(1557171657000) == to_instant(1557171657) == to_instant("1557171657")
    True
    >>> to_instant("2019-05-06T15:40:57").isoformat(), to_instant("2018-06-06T20:16:17.342Z").isoformat()
    ('2019-05-06T19:40:57+00:00', '2018-06-06T20:16:17.342000+00:00')
    """
    if isinstance(value, str) and not value.strip().isdecimal():
        instant = dt.datetime.fromisoformat(value.strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=NEW_YORK)).astimezone(dt.UTC)
    count = to_decimal(value)
    if not 0 < count < _LARGEST:
        raise ValueError(f"{count} is no epoch")
    return dt.datetime.fromtimestamp(float(count / 1000 if count > _MILLISECONDS_FROM else count), dt.UTC)


def _to_date(value: object) -> dt.date:
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)} is no date")
    return dt.date.fromisoformat(value.strip()[:10])


def _to_text(value: object) -> str:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)  # ids and account numbers come either way
    raise ValueError(f"{_kind(value)} is no text")


def _to_truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError(f"{_kind(value)} is neither true nor false")


def _to_float(value: object) -> float:
    return float(to_decimal(value))


_READERS: dict[Any, Callable[[object], object]] = {
    Decimal: to_decimal,
    int: to_whole,
    float: _to_float,
    str: _to_text,
    bool: _to_truth,
    dt.datetime: to_instant,
    dt.date: _to_date,
}


def _model_reader(kind: type[Any]) -> Callable[[object, Any], Any]:
    """Reads one attrs model: unknown fields are let be, `class_` is class, null and "null" are the default."""
    written = {field.name: field.name.rstrip("_") for field in attrs.fields(kind)}
    renamed: dict[str, Any] = {name: override(rename=as_written) for name, as_written in written.items()}
    structure = make_dict_structure_fn(kind, CONVERTER, **renamed)
    names = tuple(written.values())

    def reader(value: object, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{_kind(value)} where {kind.__name__} was expected")
        return structure({name: value[name] for name in names if not is_nothing(value.get(name))}, kind)

    return reader


def _list_reader(kind: Any) -> Callable[[object, Any], Any]:
    """Reads a tuple of models from none, one or many."""
    element = kind.__args__[0]

    def reader(value: object, _: Any) -> Any:
        cells = value if isinstance(value, list) else [value]
        return tuple(CONVERTER.structure(cell, element) for cell in cells)

    return reader


def _without_kind(reader: Callable[[object], object]) -> Callable[[object, Any], Any]:
    return lambda value, _: reader(value)


def _is_tuple(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _converter() -> Converter:
    converter = Converter()
    for kind, reader in _READERS.items():
        converter.register_structure_hook(kind, _without_kind(reader))
    converter.register_structure_hook_factory(_is_tuple, _list_reader)
    converter.register_structure_hook_factory(attrs.has, _model_reader)
    return converter


CONVERTER = _converter()


def _complaints(fault: Exception) -> str:
    return "; ".join(str(line) for line in transform_error(fault, path="it", format_exception=_complaint))[:300]


def _complaint(fault: BaseException, _: type | None) -> str:
    return "is missing" if isinstance(fault, KeyError) else str(fault)


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a figure")

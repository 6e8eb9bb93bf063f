"""One line to one object: every number exact, no key twice, nothing that is not finite. DH-101, DH-130, DH-141."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal, DecimalException
from typing import Any, Never

from gammacore.adapters.ndjson.lines import MAX_LINE_BYTES
from gammacore.domain.hedge_filter.inbound import exact
from gammacore.errors import InvalidInput

BOM = b"\xef\xbb\xbf"
MEND_NUMBER = "give a finite number of at most 28 digits, between 1E-30 and 1E+30"


class _DuplicateKey(ValueError):
    """A key that stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return found


class _NotFinite(ValueError):
    """NaN or an infinity, written as a literal."""


def _refuse_constant(name: str) -> Never:
    raise _NotFinite(name)


class _Numbers(dict[str, Decimal]):
    """Numbers by their text: prices and greeks repeat, and making a Decimal costs more than finding one."""

    REMEMBERED = 100_000

    def __missing__(self, text: str) -> Decimal:
        number = exact(text)
        if len(self) >= self.REMEMBERED:
            self.clear()
        self[text] = number
        return number


number_of: Callable[[str], Decimal] = _Numbers().__getitem__
"""The number of a text, every digit kept; a DecimalException when that cannot be. Rule: DH-101."""


def _whole(text: str) -> int:
    exact(text)
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=number_of, parse_int=_whole, parse_constant=_refuse_constant
)
_scan: Callable[[str, int], tuple[dict[str, Any], int]] = _DECODER.scan_once  # type: ignore[attr-defined]  # typeshed lacks it


def decode_line(line: bytes) -> dict[str, Any]:
    """The object of a line; its numbers are whole ones or Decimals of their text.

    Raises:
        InvalidInput: what is wrong with it, and where.

    >>> decode_line(b'{"price": 495.50}')
    {'price': Decimal('495.50')}
    """
    if len(line) > MAX_LINE_BYTES:
        raise InvalidInput("line", f"longer than {MAX_LINE_BYTES} bytes", "give shorter lines")
    try:
        text = line.decode()
        if text.startswith("{"):
            value, end = _scan(text, 0)
            if end != len(text) and text[end:].strip(" \t\r"):
                raise InvalidInput("line", ascii(text[end:][:20]), "give one object a line")
        else:
            value = _slowly(line, text)
    except StopIteration as stop:
        raise InvalidInput(
            "line", ascii(text[:40]), f"give a JSON object: a value is missing at {stop.value}"
        ) from stop
    except json.JSONDecodeError as wrong:
        raise InvalidInput("line", ascii(text[:40]), f"give a JSON object: {wrong.msg} at {wrong.pos}") from wrong
    except UnicodeDecodeError as wrong:
        raise InvalidInput("line", f"byte {wrong.start}", "give UTF-8") from wrong
    except _DuplicateKey as wrong:
        raise InvalidInput(str(wrong), "given twice", "give each key once") from wrong
    except (DecimalException, _NotFinite) as wrong:
        field, number = _unfit_number(text)
        raise InvalidInput(field, number, MEND_NUMBER) from wrong
    except RecursionError as wrong:
        raise InvalidInput("line", "nested too deeply", "give at most 16 levels") from wrong
    return value


def _slowly(line: bytes, text: str) -> dict[str, Any]:
    """A line that does not start with its object: blanks are fine, a byte order mark or another value is not."""
    if line.startswith(BOM):
        raise InvalidInput("line", "a byte order mark", "give UTF-8 without it")
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise InvalidInput("line", ascii(text[:40]), "give a JSON object")
    return value


class _Unfit(str):
    """The text of a number that cannot be held exactly."""

    __slots__ = ()


def _unfit_number(text: str) -> tuple[str, str]:
    """Where the number that does not fit, or is not finite, stands, and its text."""

    def number(digits: str) -> Decimal | _Unfit:
        try:
            return exact(digits)
        except DecimalException:
            return _Unfit(digits)

    try:
        tree = json.loads(text, parse_float=number, parse_int=number, parse_constant=_Unfit)
        return next(_unfit(tree, ""))
    except (ValueError, RecursionError, StopIteration):  # the rest of the line is no JSON either
        return "line", ascii(text[:40])


def _unfit(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Unfit):
        yield path or "line", str(value)[:60]
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unfit(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from _unfit(part, path)

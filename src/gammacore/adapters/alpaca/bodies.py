"""Reads the fields of Alpaca's bodies: money and quantities come as text or as numbers, times in nanoseconds.

alpaca-py is asked for raw bodies: its models refuse a whole answer for one exchange or state they do not know yet.
What cannot be read is a WireTrouble that names the field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.wire import Trouble, well_formed
from gammacore.domain.written_figures import Unread, read_plain_figure

Row = Mapping[str, object]

LONGEST_FIGURE = 40
"""Characters; no price, quantity or date is longer."""


def unreadable(words: str) -> WireTrouble:
    return WireTrouble(Trouble.UNREADABLE, words)


def row_of(body: object, what: str) -> Row:
    """A JSON object.

    Raises:
        WireTrouble: it is anything else, null included.
    """
    if not isinstance(body, dict):
        raise unreadable(f"{what} is not an object")
    return body


def cells_of(body: object, what: str) -> list[object]:
    """The elements of a JSON list, to be read one by one; null is refused: it is not the empty list."""
    if not isinstance(body, list):
        raise unreadable(f"{what} is not a list")
    return body


def rows_of(body: object, what: str) -> Iterator[Row]:
    """The objects of a JSON list."""
    return (row_of(row, what) for row in cells_of(body, what))


def text(row: Row, name: str) -> str:
    """A text that must be there and not be empty."""
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise unreadable(f"{name} is missing")
    return well_formed(value)


def words(row: Row, name: str) -> str:
    """A text that may be missing: then it is empty."""
    value = row.get(name)
    return well_formed(value) if isinstance(value, str) else ""


def truth(row: Row, name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise unreadable(f"{name} is neither true nor false")
    return value


def figure(row: Row, name: str) -> Decimal:
    """A finite number that must be there, given as text or number.

    >>> figure({"qty": "3"}, "qty"), figure({"qty": 2.5}, "qty")
    (Decimal('3'), Decimal('2.5'))
    """
    value = figure_or_none(row, name)
    if value is None:
        raise unreadable(f"{name} is missing")
    return value


def figure_or_none(row: Row, name: str) -> Decimal | None:
    """As `figure`; None where the field is null, empty or not there."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise unreadable(f"{name} is no number")
    try:
        number = read_plain_figure(str(value))
    except ValueError:  # an int of thousands of digits
        number = Unread.UNREADABLE
    if not isinstance(number, Decimal):
        raise unreadable(f"{name} is no number")
    return number


def whole(row: Row, name: str) -> int:
    """A whole number that must be there: contracts, or shares without fractions."""
    number = figure(row, name)
    if number != number.to_integral_value():
        raise unreadable(f"{name} is not whole")
    return int(number)


def instant(row: Row, name: str) -> dt.datetime:
    """A time with its offset, as UTC; what is finer than microseconds is cut off.

    >>> instant({"t": "2024-04-25T20:00:00.259610112Z"}, "t").isoformat()
    '2024-04-25T20:00:00.259610+00:00'
    """
    value = text(row, name)
    try:
        at = dt.datetime.fromisoformat(value) if len(value) <= LONGEST_FIGURE else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise unreadable(f"{name} is no time with an offset")


MOST_PAGES = 50


def pages(ask: Callable[[str | None], object], what: str) -> Iterator[Row]:
    """Each page of an answer; `ask` is given the token of the page it shall bring, None for the first.

    alpaca-py itself would follow a repeated token for ever.

    Raises:
        WireTrouble: no object, a token that comes twice, or pages without an end.
    """
    token: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = row_of(ask(token), what)
        yield page
        token = words(page, "next_page_token")
        if not token:
            return
        if token in seen:
            raise unreadable(f"{what} repeat a page")
        seen.add(token)
    raise unreadable(f"{what} have more than {MOST_PAGES} pages")

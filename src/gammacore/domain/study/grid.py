"""The configurations a sweep tries: axes of keys and values, the grid they span, a random part of it, and halving.

Values stay the text they were written in until the configuration reads them, so that 0.10 is never 0.1000000000000001.
The first key varies slowest. Rules: ST-501..503.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.written_figures import read_plain_figure
from gammacore.errors import InvalidInput

LARGEST_GRID = 100_000
_RANGE = re.compile(r"(?P<first>[^:]+?)\.\.(?P<last>[^:]+?)(?::(?P<step>.+))?")


@frozen
class Axis:
    """One key and its values, as written, in the order they are tried."""

    key: str
    values: tuple[str, ...]

    def __attrs_post_init__(self) -> None:
        if not self.values:
            raise InvalidInput(self.key, "no value", "give one value or more")
        twice = [value for value in dict.fromkeys(self.values) if self.values.count(value) > 1]
        if twice:
            raise InvalidInput(self.key, twice[0], "give each value once")


def parse_axis(text: str) -> Axis:
    """`KEY=a,b,c` or `KEY=from..to:step`, both ends included, step 1 where none is given. Rule: ST-501.

    A list in brackets or a text in quotes is one value, so that times of a schedule can be tried against each other.

    >>> parse_axis("stops.stop=.05..0.15:0.05").values
    ('0.05', '0.10', '0.15')
    >>> parse_axis('entries.schedule.times=["10:00","11:00"],["12:30"]').values
    ('["10:00","11:00"]', '["12:30"]')
    """
    key, equals, written = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise InvalidInput("--set", text, "write KEY=a,b,c or KEY=from..to:step")
    values = tuple(value.strip() for value in _apart(written))
    if "" in values:
        raise InvalidInput(key, written or "nothing", "write values with one comma between them")
    if len(values) == 1 and (match := _RANGE.fullmatch(values[0])) and values[0][0] not in "[\"'":
        return Axis(key, tuple(_steps(key, match["first"], match["last"], match["step"] or "1")))
    return Axis(key, values)


def _apart(text: str) -> Iterator[str]:
    """The text at its commas, but not within brackets or quotes."""
    depth, quote, piece = 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[({":
            depth += 1
        elif letter in "])}":
            depth -= 1
        elif letter == "," and depth == 0:
            yield piece
            piece = ""
            continue
        piece += letter
    yield piece


def _steps(key: str, first: str, last: str, step: str) -> Iterator[str]:
    begin, end, by = (_figure(key, text) for text in (first, last, step))
    if by <= 0:
        raise InvalidInput(key, step, "give a step above 0")
    if end < begin:
        raise InvalidInput(key, f"{first}..{last}", "give the smaller end first")
    count = int((end - begin) / by)
    if count >= LARGEST_GRID:
        raise InvalidInput(key, f"{first}..{last}:{step}", f"give a larger step: a grid holds {LARGEST_GRID:,} at most")
    if begin + by * count != end:
        raise InvalidInput(key, f"{first}..{last}:{step}", f"end on a step, such as {begin + by * count}")
    for number in range(count + 1):
        yield f"{begin + by * number:f}"


def _figure(key: str, text: str) -> Decimal:
    figure = read_plain_figure(text)
    if not isinstance(figure, Decimal):
        raise InvalidInput(key, text, "write a range as from..to:step, in figures")
    return figure


@frozen
class Grid:
    """Every combination of the axes' values, the first key slowest; none is made before it is asked for."""

    axes: tuple[Axis, ...]

    def __attrs_post_init__(self) -> None:
        if not self.axes:
            raise InvalidInput("--set", "nothing", "name one key with its values: --set stops.stop=0.05,0.10")
        keys = [axis.key for axis in self.axes]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InvalidInput("--set", twice, "name each key once, with all its values")
        if len(self) > LARGEST_GRID:
            fix = f"try {LARGEST_GRID:,} at most: fewer values, or larger steps"
            raise InvalidInput("grid", f"{len(self):,} configurations", fix)

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(axis.key for axis in self.axes)

    def place(self, index: int) -> tuple[int, ...]:
        """Where on each axis a configuration stands.

        >>> Grid((Axis("a", ("1", "2")), Axis("b", ("x", "y", "z")))).place(4)
        (1, 1)
        """
        places = []
        for axis in reversed(self.axes):
            index, at = divmod(index, len(axis.values))
            places.append(at)
        return tuple(reversed(places))

    def index(self, place: Sequence[int]) -> int:
        """The number in grid order of a place."""
        number = 0
        for axis, at in zip(self.axes, place, strict=True):
            number = number * len(axis.values) + at
        return number

    def settings(self, index: int) -> dict[str, str]:
        """Keys and values of one configuration, as written.

        >>> Grid((Axis("a", ("1", "2")), Axis("b", ("x", "y", "z")))).settings(5)
        {'a': '2', 'b': 'z'}
        """
        return {axis.key: axis.values[at] for axis, at in zip(self.axes, self.place(index), strict=True)}

    def neighbours(self, index: int) -> tuple[int, ...]:
        """The configurations one step away in one key. Rule: ST-524.

        >>> Grid((Axis("a", ("1", "2")), Axis("b", ("x", "y", "z")))).neighbours(1)
        (4, 0, 2)
        """
        place = self.place(index)
        found = []
        for number, axis in enumerate(self.axes):
            for at in (place[number] - 1, place[number] + 1):
                if 0 <= at < len(axis.values):
                    found.append(self.index((*place[:number], at, *place[number + 1 :])))
        return tuple(found)

    def chosen(self, drawn: Sequence[int] | NDArray[np.int64] | None, count: int | None) -> tuple[int, ...]:
        """The configurations to try, in grid order: all, or the first `count` of a permutation. Rule: ST-501."""
        if drawn is None or count is None:
            return tuple(range(len(self)))
        if count < 1:
            raise InvalidInput("--random", count, "try 1 configuration or more")
        return tuple(sorted(int(index) for index in drawn[:count]))


def axes_of_table(table: Mapping[str, object]) -> tuple[Axis, ...]:
    """The axes of a grid file: `"stops.stop" = [..]`, or a range in text, tables as dotted keys. Rule: ST-501.

    >>> axes_of_table({"stops": {"stop": ["0.05", "0.10"]}, "orders.fill_seconds": "10..20:10"})[1].values
    ('10', '20')
    """
    return tuple(_axes_below(table, ""))


def _axes_below(table: Mapping[str, object], prefix: str) -> Iterator[Axis]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        match value:
            case Mapping():
                yield from _axes_below(value, f"{key}.")
            case list():
                yield Axis(key, tuple(_written(key, one) for one in value))
            case str():
                yield parse_axis(f"{key}={value}")
            case _:
                yield Axis(key, (_written(key, value),))


def _written(key: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | Decimal():
            return str(value)
        case list():
            return "[" + ",".join(f'"{one}"' for one in value) + "]"
        case _:
            raise InvalidInput(key, repr(value), "write a figure, a text, true or false, or a list")


@frozen
class Rung:
    """One round of a halving: how many days, and how many configurations stay after it."""

    days: int
    keeps: int


def rungs(days: int, configurations: int, eta: int) -> tuple[Rung, ...]:
    """The rounds of a halving: the last has all days, each keeps one in `eta`. Rule: ST-502.

    >>> [(rung.days, rung.keeps) for rung in rungs(20, 12, 3)]
    [(3, 4), (7, 2), (20, 1)]
    """
    if eta < 2:
        raise InvalidInput("--halving", eta, "keep one configuration in 2 or more")
    if configurations == 1:
        return (Rung(days, 1),)
    kept = [configurations]
    while kept[-1] > 1:
        kept.append(math.ceil(kept[-1] / eta))
    last = len(kept) - 1
    return tuple(Rung(math.ceil(days / eta ** (last - number)), kept[number]) for number in range(1, last + 1))


def kept_of(figures: Mapping[int, float | None], keeps: int) -> tuple[int, ...]:
    """The best `keeps` configurations, in grid order; undefined loses, ties go to the first. Rules: ST-502, ST-503.

    >>> kept_of({0: 1.0, 1: None, 2: 3.0, 3: 1.0}, 2)
    (0, 2)
    """
    order = sorted(figures, key=lambda index: (_loss(figures[index]), index))
    return tuple(sorted(order[:keeps]))


def _loss(figure: float | None) -> float:
    return math.inf if figure is None else -figure

"""What the readers of old files share: exact JSON, a field of the right kind or a reason, New York times."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Never

from attrs import frozen

from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput, MissingData

LEGACY_TIME = "%Y-%m-%d %H:%M:%S"
TIME_WANTED = 'give New York time as "2026-01-12 10:30:05", or ISO 8601 with its offset'


@frozen
class Refusal:
    """One thing an old file holds that was not taken over: where it stands, and what is wrong with it.

    `index` counts the entries of a JSON list from 0, `line` the lines of a table from 1; a whole file has neither.
    """

    file: str
    field: str
    reason: str
    index: int | None = None
    line: int | None = None

    @classmethod
    def of(cls, wrong: InvalidInput, file: str, *, index: int | None = None, line: int | None = None) -> Refusal:
        return cls(file, wrong.field, f"{wrong.value} is not valid; {wrong.fix}", index, line)

    def __str__(self) -> str:
        where = f", entry {self.index}" if self.index is not None else f", line {self.line}" if self.line else ""
        return f"{self.file}{where}, {self.field}: {self.reason}"


def load_json(path: Path) -> Any:
    """The document of a file: numbers exact, no NaN, no key twice.

    Raises:
        MissingData: it cannot be read.
        InvalidInput: it is no such JSON; the field is the file's name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as refusal:
        raise MissingData(f"{path}: cannot be read ({refusal.strerror or refusal})") from refusal
    except UnicodeDecodeError as wrong:
        raise InvalidInput(path.name, "no UTF-8 text", "give a JSON file") from wrong
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as wrong:
        raise InvalidInput(path.name, f"no JSON ({wrong})", "fix it or restore a copy: nothing is guessed") from wrong


def new_york_time(field: str, text: str) -> dt.datetime:
    """The UTC instant of an old record: New York wall-clock time, or ISO 8601 with an offset.

    >>> new_york_time("entry_time", "2026-01-12 10:30:05").isoformat()
    '2026-01-12T15:30:05+00:00'
    """
    try:
        return dt.datetime.strptime(text, LEGACY_TIME).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)
    except ValueError:
        pass
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, text or "nothing", TIME_WANTED) from None
    if instant.tzinfo is None:
        raise InvalidInput(field, text, TIME_WANTED)
    return instant.astimezone(dt.UTC)


class Fields:
    """The fields of one old record. Asking for one gives a value of its kind, or an InvalidInput that names it.

    A field that is missing and one that is null are the same.
    """

    def __init__(self, record: object) -> None:
        if not isinstance(record, Mapping):
            raise InvalidInput("record", _short(record), "give an object with the fields of one record")
        self._record: Mapping[str, Any] = record

    def __contains__(self, name: str) -> bool:
        return self._record.get(name) is not None

    def unread(self, known: frozenset[str]) -> tuple[str, ...]:
        """Names that are not read."""
        return tuple(sorted(str(name) for name in self._record.keys() - known))

    def text(self, name: str) -> str:
        value = self._given(name)
        if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
            raise InvalidInput(name, _short(value), "give a text")
        return str(value).strip()

    def number(self, name: str) -> Decimal:
        value = self._given(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise InvalidInput(name, _short(value), "give a number, without quotes")
        return Decimal(value)

    def count(self, name: str, at_least: int) -> int:
        value = self._given(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            raise InvalidInput(name, _short(value), f"give a whole number, {at_least} or more")
        return value

    def switch(self, name: str) -> bool:
        """A run-time flag; one that is not there is off."""
        value = self._record.get(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidInput(name, _short(value), "give true or false")
        return bool(value)

    def rows(self, name: str) -> list[Any]:
        value = self._given(name)
        if not isinstance(value, list):
            raise InvalidInput(name, _short(value), "give a list")
        return value

    def time(self, name: str) -> dt.datetime:
        return new_york_time(name, self.text(name))

    def _given(self, name: str) -> Any:
        value = self._record.get(name)
        if value is None:
            raise InvalidInput(name, "nothing", "give it: without it the record cannot be taken over")
        return value


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no finite number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        twice = next(name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1)
        raise ValueError(f"the key {twice} stands twice in one object")
    return record


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

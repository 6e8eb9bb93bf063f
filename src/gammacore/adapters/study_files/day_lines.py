"""days.ndjson: one line a finished day, whole or not there. Rule: ST-209."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

from cattrs import Converter

from gammacore.domain.study.days import DayResult
from gammacore.errors import StorageError


def day_to_json(day: DayResult) -> dict[str, Any]:
    """The day as plain values: money and times as strings."""
    plain: dict[str, Any] = _CONVERTER.unstructure(day)
    return plain


def day_of_json(plain: dict[str, Any]) -> DayResult:
    """The day that `day_to_json` wrote."""
    return _CONVERTER.structure(plain, DayResult)


def day_line(day: DayResult) -> str:
    """The day as a line, keys sorted, without its end."""
    return json.dumps(day_to_json(day), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def whole_lines(path: Path) -> tuple[tuple[DayResult, ...], int]:
    """The days of the whole lines and the length of those lines in bytes: what follows was cut short by a kill.

    Raises:
        StorageError: a whole line is no day; file and line are named.
    """
    days, length = [], 0
    if path.exists():
        with path.open("rb") as lines:
            for number, line in enumerate(_ended(lines), 1):
                try:
                    days.append(day_of_json(json.loads(line)))
                except Exception as defect:  # whatever a mangled line raises on its way through JSON and cattrs
                    raise StorageError(
                        f"{path}, line {number}: is no day of a run ({defect!r}); begin a new run"
                    ) from None
                length += len(line)
    return tuple(days), length


def _ended(lines: Any) -> Iterator[bytes]:
    return (line for line in lines if line.endswith(b"\n"))


def _is_set(kind: Any) -> bool:
    return get_origin(kind) is frozenset


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(dt.datetime, lambda instant: instant.isoformat())
    converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
    converter.register_unstructure_hook(dt.date, lambda date: date.isoformat())
    converter.register_structure_hook(dt.date, lambda text, _: dt.date.fromisoformat(text))
    converter.register_unstructure_hook_func(_is_set, sorted)
    return converter


_CONVERTER = _converter()

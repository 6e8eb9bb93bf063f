"""Values of the domain as JSON has them for pages: money and prices numbers to 2 places, other figures to 4. SC-903."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import attrs

from gammacore.domain.reports.figures import Figure, Section
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.verdicts import FilterVerdict


def plain(value: object) -> Any:
    """A value of the domain as JSON has it.

    >>> plain(Decimal("1.005")), plain(0.123456), plain(dt.date(2026, 3, 3)), plain(float("nan"))
    (1.0, 0.1235, '2026-03-03', None)
    """
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case str():
            return str(value)
        case Fraction():
            return plain(float(value))
        case Decimal():
            return float(round(value, 2)) + 0.0 if value.is_finite() else None
        case float():
            return (round(value, 4 if abs(value) < 1e6 else 0) + 0.0) if math.isfinite(value) else None
        case dt.datetime():
            return value.astimezone(NEW_YORK).isoformat()
        case dt.date():
            return value.isoformat()
        case FilterVerdict():
            verdict = value.verdict
            return {"rule": value.rule, "name": value.name, "verdict": verdict.outcome.value, "value": verdict.value,
                    "limit": verdict.limit, "reason": verdict.reason}  # fmt: skip
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _ if attrs.has(type(value)):
            kind: Any = type(value)
            return {one.name: plain(getattr(value, one.name)) for one in attrs.fields(kind)}
        case _:
            return str(value)


def figures_document(figures: Iterable[Figure]) -> dict[str, Any]:
    """Every figure that has a key, by it."""
    return {figure.key: plain(figure.value) for figure in figures if figure.key}


def section_rows(section: Section) -> list[dict[str, Any]]:
    """The rows of a section."""
    return [figures_document(row) for row in section.rows]

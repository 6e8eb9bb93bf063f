"""Market-regime documents as other programs write them: four shapes for dealer gamma, one for macro events.

A document is what a store or a file held at the time of the read; its shape is configured, never guessed.
Rules: DH-401..411, DH-1103.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from attrs import frozen

ONE_STORE = "systemStatus/market_regime"


class GexCause(StrEnum):
    """Why a source has no usable exposure. Rule: DH-1103."""

    MISSING = "missing"
    MISSING_FIELD = "missing_field"
    INVALID_VALUE = "invalid_value"
    WRONG_SYMBOL = "wrong_symbol"
    WRONG_SHAPE = "wrong_shape"
    STALE = "stale"
    FUTURE = "future"
    UNREACHABLE = "unreachable"


class GexShape(StrEnum):
    """Who wrote the document, and so where its figures stand. Section 4, document shapes."""

    SPX_GEX = "spx_gex"
    MARKET_REGIME = "market_regime"
    SYNC = "sync"
    CALCULATOR = "calculator"

    def path(self, symbol: str) -> str:
        """Collection and document that hold this shape.

        >>> GexShape.SPX_GEX.path("SPX"), GexShape.SYNC.path("SPX")
        ('market_regime/SPX_GEX', 'systemStatus/market_regime')
        """
        return f"market_regime/{symbol}_GEX" if self is GexShape.SPX_GEX else ONE_STORE


@frozen
class RegimeDocument:
    """One document as it was read.

    `fields` holds plain JSON values (numbers as int, float or Decimal) and aware datetimes where the store has
    timestamps; `path` is collection/document, or "" for a file; `updated_at` is the store's own update time.
    """

    path: str
    fields: Mapping[str, Any]
    updated_at: dt.datetime | None = None


@frozen
class UnreadDocument:
    """A read that brought nothing: `missing` (no such document), `unreachable` (or too slow), `invalid_value`."""

    cause: GexCause
    detail: str = ""

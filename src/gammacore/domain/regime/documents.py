"""Market-regime documents as other programs write them: four shapes for dealer gamma, one for macro events.

A document is what a store or a file held at the time of the read; its shape is configured, never guessed.
Rules: DH-401..411, DH-1103.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import frozen

from gammacore.domain.written_figures import figure_or, read_plain_figure

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


@frozen
class GexFigure:
    """Dealer gamma out of one document: only its sign decides, its unit travels along. Rule: DH-401."""

    value: Decimal
    as_of: dt.datetime
    unit: str | None = None


MAX_AHEAD = dt.timedelta(seconds=5)
"""A document dated further ahead of our clock than this is not believed. Rule: DH-405."""


def read_gex(document: RegimeDocument, shape: GexShape, symbol: str, now: dt.datetime) -> GexFigure | GexCause:
    """The dealer gamma of a document of the configured shape, or why there is none. Rules: DH-405, DH-410, DH-411.

    >>> noon = dt.datetime(2025, 12, 30, 17, tzinfo=dt.UTC)
    >>> read_gex(RegimeDocument("", {"gex_value": "-15000"}), GexShape.SPX_GEX, "SPX", noon).value
    Decimal('-15000')
    >>> read_gex(RegimeDocument("", {"net_gex": 1, "symbol": "SPY"}), GexShape.SPX_GEX, "SPX", noon)
    <GexCause.WRONG_SHAPE: 'wrong_shape'>
    """
    fields, key = document.fields, _key(symbol)
    present, raw = _raw_value(fields, shape, key)
    if not present:
        other = (another for another in GexShape if another is not shape)
        seen_elsewhere = any(_raw_value(fields, another, key)[0] for another in other)
        return GexCause.WRONG_SHAPE if seen_elsewhere else GexCause.MISSING_FIELD
    if (wrong := _symbol_fault(document, shape, symbol)) is not None:
        return wrong
    if shape is GexShape.MARKET_REGIME and _bias_is_unknown(fields, key):
        return GexCause.INVALID_VALUE  # a failed run wrote 0.00: not calm, unknown
    value = finite_number(raw)
    as_of = document_time(document, "last_update" if shape is GexShape.SPX_GEX else "last_updated", now)
    if value is None or as_of is None:
        return GexCause.INVALID_VALUE
    if as_of - now > MAX_AHEAD:
        return GexCause.FUTURE
    unit = fields.get("unit")
    return GexFigure(value, as_of, unit if isinstance(unit, str) else None)


def document_time(document: RegimeDocument, field: str, now: dt.datetime) -> dt.datetime | None:
    """The document's own time, else the store's update time, else the time of the read; None: unreadable. DH-405."""
    own = document.fields.get(field)
    if own is None:
        return document.updated_at or now
    return instant_of(own)


def instant_of(value: object) -> dt.datetime | None:
    """A store's timestamp or an ISO string as a UTC instant; None when it is neither."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value) if len(value) > len("2025-12-30") else None
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        return None


def finite_number(value: object) -> Decimal | None:
    """A finite number or a numeric string as a Decimal; None for anything else.

    >>> finite_number("-15000"), finite_number(True), finite_number(float("nan"))
    (Decimal('-15000'), None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str):
        return figure_or(read_plain_figure(value), None)
    number = Decimal(repr(value) if isinstance(value, float) else value)
    return number if number.is_finite() else None


def _key(symbol: str) -> str:
    """Under which key of the shared document an index stands. Rule: DH-410."""
    return {"SPX": "spy", "XSP": "spy", "NDX": "qqq"}.get(symbol, symbol.lower())


def _raw_value(fields: Mapping[str, Any], shape: GexShape, key: str) -> tuple[bool, Any]:
    """Whether the value of a shape stands there (null does), and what stands there."""
    if shape is GexShape.SPX_GEX:
        return "gex_value" in fields, fields.get("gex_value")
    if shape is GexShape.SYNC:
        return "net_gex" in fields, fields.get("net_gex")
    below = fields.get(key)
    name = "net_gex" if shape is GexShape.MARKET_REGIME else "gex"
    return (name in below, below.get(name)) if isinstance(below, Mapping) else (False, None)


def _symbol_fault(document: RegimeDocument, shape: GexShape, symbol: str) -> GexCause | None:
    named = document.fields.get("symbol")
    if shape is GexShape.SYNC:
        if named is None:
            return GexCause.MISSING_FIELD
        return None if isinstance(named, str) and _key(named.upper()) == _key(symbol) else GexCause.WRONG_SYMBOL
    if shape is GexShape.SPX_GEX:
        if named is None and document.path.endswith("_GEX"):
            named = document.path.rsplit("/", 1)[-1].removesuffix("_GEX")
        return None if named is None or named == symbol else GexCause.WRONG_SYMBOL
    return None


def _bias_is_unknown(fields: Mapping[str, Any], key: str) -> bool:
    below = fields.get(key)
    own = below.get("volatility_bias") if isinstance(below, Mapping) else None
    return "Unknown" in (own, fields.get("market_volatility_bias"))

"""The regime of one decision: dealer gamma and the macro event, read once for threshold and metadata alike.

Rules: DH-401, DH-406, DH-450..453.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import frozen

from gammacore.domain.regime.documents import GexCause, RegimeDocument, document_time, finite_number, instant_of


class GexStatus(StrEnum):
    """How dealer gamma is known. Rule: DH-1103."""

    KNOWN = "known"
    OVERRIDE = "override"
    FALLBACK = "fallback"
    UNKNOWN = "unknown"


@frozen
class GexReading:
    """Dealer gamma as one decision sees it; `value` None is unknown, never zero. `cause` says why. Rule: DH-401."""

    status: GexStatus = GexStatus.UNKNOWN
    value: Decimal | None = None
    as_of: dt.datetime | None = None
    source: str | None = None
    unit: str | None = None
    cause: GexCause | None = None

    @property
    def sign(self) -> int | None:
        """-1, 0 or 1; None when unknown.

        >>> GexReading(GexStatus.OVERRIDE, Decimal("-15000")).sign
        -1
        """
        return None if self.value is None else (self.value > 0) - (self.value < 0)


class MacroStatus(StrEnum):
    """How rough the market is said to be; the multipliers that go with it are DH-451's."""

    NORMAL = "Normal"
    VOLATILITY_EVENT = "Volatility_Event"
    HIGH = "High_Volatility"
    EXTREME = "Extreme_Volatility"


_BY_STATUS = {
    MacroStatus.HIGH: (Decimal("2.0"), Decimal("0.50")),
    MacroStatus.EXTREME: (Decimal("2.5"), Decimal("0.25")),
}
_ANY_OTHER = (Decimal("1.5"), Decimal("0.75"))
_SHOWN_ACTIONS = frozenset({"widen_stops", "tighten_stops", "reduce_size", "normal"})
STOP_BASE = Decimal("0.02")
"""The stop without an event, part of the hedge's price; an event multiplies it. Rule: DH-452."""


@frozen
class MacroState:
    """The macro event as last read. `stop_given` and `size_given` are the document's own multipliers. Rule: DH-450."""

    detected: bool = False
    started_at: dt.datetime | None = None
    cleared_at: dt.datetime | None = None
    status: str = ""
    stop_given: Decimal | None = None
    size_given: Decimal | None = None
    actions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def ends_at(self, ttl: dt.timedelta) -> dt.datetime | None:
        """The last instant it is active; None when it is not, whatever the time."""
        if not self.detected or self.started_at is None:
            return None
        if self.cleared_at is not None and self.cleared_at >= self.started_at:
            return None
        return self.started_at + ttl

    def is_active(self, now: dt.datetime, ttl: dt.timedelta) -> bool:
        """Detected, not cleared and not older than `ttl`, the bound included. Rule: DH-450."""
        ends = self.ends_at(ttl)
        return ends is not None and now <= ends

    @property
    def stop(self) -> Decimal:
        """Stops are widened by this: given, else by status. Rule: DH-451."""
        return self._by_status[0] if self.stop_given is None else self.stop_given

    @property
    def size(self) -> Decimal:
        """New risk is scaled by this: given, else by status. Rule: DH-451.

        >>> MacroState(status="Extreme_Volatility").size, MacroState(status="odd").size
        (Decimal('0.25'), Decimal('0.75'))
        """
        return self._by_status[1] if self.size_given is None else self.size_given

    @property
    def pauses(self) -> bool:
        """An action asks for no opening trades, or says something we do not know. Rule: DH-453."""
        return any(action not in _SHOWN_ACTIONS for action in self.actions)

    @property
    def _by_status(self) -> tuple[Decimal, Decimal]:
        known = self.status in MacroStatus.__members__.values()
        return _BY_STATUS.get(MacroStatus(self.status), _ANY_OTHER) if known else _ANY_OTHER


NO_EVENT = MacroState()


@frozen
class Regime:
    """What one decision knows of the market at large."""

    gex: GexReading = GexReading()
    macro: MacroState = NO_EVENT
    macro_active: bool = False

    @property
    def pauses(self) -> bool:
        """An active macro event asks for no opening trades. Rule: DH-453."""
        return self.macro_active and self.macro.pauses

    @property
    def size(self) -> Decimal:
        """New risk is scaled by this: 1 without an active macro event. Rule: DH-452."""
        return self.macro.size if self.macro_active else Decimal(1)


CALM = Regime()
"""Nothing known: no exposure, no event."""


def read_macro(document: RegimeDocument, before: MacroState, now: dt.datetime) -> tuple[MacroState, tuple[str, ...]]:
    """The macro event of a document, and warnings; what cannot be read leaves `before` as it was. Section 4."""
    fields = document.fields
    if "macro_event_detected" not in fields:
        return before, ()
    if not isinstance(detected := fields["macro_event_detected"], bool):
        return before, (f"macro_event_detected {detected!r} is neither true nor false: the last state is kept",)
    if not detected:
        return (NO_EVENT if before.detected else before), ()
    warnings: list[str] = []
    stop = _bounded(fields, "stop_loss_multiplier", (Decimal("0.1"), Decimal(10)), warnings)
    size = _bounded(fields, "position_size_multiplier", (Decimal(0), Decimal(1)), warnings)
    if size == 0:
        warnings.append("position_size_multiplier 0 is not above 0: taken as missing")
        size = None
    listed = fields.get("macro_events")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list | tuple) else []
    status = fields.get("macro_event_status")
    state = MacroState(
        detected=True,
        started_at=_start(document, before, now),
        cleared_at=instant_of(fields.get("cleared_at")),
        status=status if isinstance(status, str) else "",
        stop_given=stop,
        size_given=size,
        actions=tuple(str(row["recommended_action"]) for row in rows if row.get("recommended_action") is not None),
        events=tuple(str(row["event_name"]) for row in rows if row.get("event_name") is not None),
    )
    return (before if state == before else state), tuple(warnings)


def _start(document: RegimeDocument, before: MacroState, now: dt.datetime) -> dt.datetime:
    own = instant_of(document.fields.get("macro_event_time"))
    if own is not None:
        return own
    if document.fields.get("last_updated") is None and document.updated_at is None:
        return before.started_at if before.detected and before.started_at is not None else now
    return document_time(document, "last_updated", now) or document.updated_at or now


def _bounded(fields: Any, name: str, bounds: tuple[Decimal, Decimal], warnings: list[str]) -> Decimal | None:
    if (raw := fields.get(name)) is None:
        return None
    low, high = bounds
    number = finite_number(raw)
    if number is None or not low <= number <= high:
        warnings.append(f"{name} {raw!r} is not in {low}..{high}: taken as missing")
        return None
    return number


"""No feed is wired: dealer gamma is unknown, and no event is reported."""
UNREAD = Regime(macro=MacroState(detected=True, status="unread"), macro_active=True)
"""A feed that was wired could not be read: for all we know there is an event, so hedges and sizes are the smaller."""

"""What one input led to: events for the ledger, lines for the host, notes for people, one reason when nothing came."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from gammacore.domain.hedging.messages import LogMessage
from gammacore.domain.hedging.reasons import Reason


@define(eq=False)
class Line:
    """One intent on its way out."""

    intent_id: str
    body: str


@define(eq=False)
class Step:
    """The outcome of one input, in the order things happened. `code` is None when something was emitted. DH-1101."""

    events: list[Any] = field(factory=list)
    lines: list[Line] = field(factory=list)
    notes: list[LogMessage] = field(factory=list)
    code: Reason | None = None

    @property
    def was_taken(self) -> bool:
        """False when the input was refused as a whole: it changed nothing. Rule: DH-704."""
        return self.code not in REFUSED


REFUSED = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT, Reason.OUT_OF_ORDER, Reason.STALE, Reason.INVALID})


@define(eq=False)
class Cause:
    """Why the desk acts now: the event, or the timer under its tick id. `symbol` is the event's key, "" of a timer."""

    event_id: str
    trigger: str
    symbol: str = ""

"""What one input led to: events for the ledger, lines for the host, notes for people, one reason when nothing came."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from attrs import define, field

from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.option_translation import SelectorRefusal
from gammacore.domain.hedging.protocol.messages import Level, LogMessage
from gammacore.domain.hedging.reasons import Alarm, Reason
from gammacore.domain.hedging_events import IntentRecorded, IntentUpdated, LimitPassed, UpdateStatus
from gammacore.domain.ledger import AlarmRaised

REFUSED = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT, Reason.OUT_OF_ORDER, Reason.STALE, Reason.INVALID})
"""An input refused with one of these changed nothing: no timer ran, no clock moved. Rule: DH-704."""


@define(eq=False)
class Line:
    """One intent on its way out."""

    intent_id: str
    body: str


@define(eq=False)
class Cause:
    """Why the desk acts now: the event, or the timer under its tick id. `symbol` is the event's key, "" of a timer."""

    event_id: str
    trigger: str
    symbol: str = ""


@define(eq=False)
class Step:
    """The outcome of one input, in the order things happened. `code` is None when something was emitted. DH-1101."""

    book: DeskBook
    events: list[Any] = field(factory=list)
    lines: list[Line] = field(factory=list)
    notes: list[LogMessage] = field(factory=list)
    code: Reason | None = None

    def record(self, event: Any) -> None:
        """The book takes the event in, and the ledger will."""
        self.book.apply(event)
        self.events.append(event)

    def emit(self, intent: IntentRecorded, assumed_price: Decimal | None) -> None:
        """An intent goes out; with `assumed_price` it is filled in full before the next input. Rule: DH-113."""
        self.record(intent)
        self.lines.append(Line(intent.intent_id, intent.line))
        if assumed_price is not None:
            fill = IntentUpdated(
                intent.at, intent.intent_id, UpdateStatus.FILLED, intent.quantity, assumed_price, Decimal(0), True, ""
            )
            self.record(fill)

    def alarm(
        self, code: Alarm | SelectorRefusal, detail: str, subject: str = "", *, at: dt.datetime | None = None
    ) -> None:
        """Somebody must know: ledger and note."""
        now = self._now(at)
        self.record(AlarmRaised(now, code.value, detail, subject))
        self.notes.append(LogMessage(now, Level.WARN, detail, code))

    def watch_limit(self, code: Alarm, subject: str, beyond: bool, detail: str, now: dt.datetime) -> None:
        """An alarm when a figure passes its limit, once until it comes back. Rule: DH-1003."""
        if beyond != ((code.value, subject) in self.book.beyond):
            self.record(LimitPassed(now, code.value, subject, beyond))
            if beyond:
                self.alarm(code, f"{subject}: {detail}", subject, at=now)

    def note(self, level: Level, message: str, *, code: str = "", at: dt.datetime | None = None) -> None:
        """A note alone."""
        self.notes.append(LogMessage(self._now(at), level, message, code))

    def _now(self, at: dt.datetime | None) -> dt.datetime:
        now = at or self.book.clock
        assert now is not None
        return now

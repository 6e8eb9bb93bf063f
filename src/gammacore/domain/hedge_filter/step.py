"""What one input does: to a position, to an intent, and what it led to.

A step gathers events for the ledger, lines for the host and notes for people, or one reason when nothing was emitted.
Rules: DH-112, DH-203, DH-240, DH-504, DH-704, DH-1101.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from attrs import define, field

from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.intents import Intent
from gammacore.domain.hedge_filter.option_translation import SelectorRefusal
from gammacore.domain.hedge_filter.protocol import Level, LogMessage, MarketEvent, OrderUpdate
from gammacore.domain.hedge_filter_events import IntentRecorded, IntentUpdated, LimitPassed, UpdateStatus
from gammacore.domain.hedging.canonical import digest
from gammacore.domain.hedging.decision import Alarm, Reason
from gammacore.domain.hedging.exposure import Greeks, Holding
from gammacore.domain.ledger import AlarmRaised
from gammacore.errors import InvalidInput

REFUSED = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT, Reason.OUT_OF_ORDER, Reason.STALE, Reason.INVALID})
"""An input refused with one of these changed nothing: no timer ran, no clock moved. Rule: DH-704."""


@define(eq=False)
class Line:
    """One intent on its way out."""

    intent_id: str
    body: str


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
        """An alarm: in the ledger and as a note."""
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


Change = tuple[int, Decimal | None]
"""Signed contracts and delta as they stand afterwards; delta None is unknown."""


def change_of(known: Holding | None, event: MarketEvent) -> Change | Reason | None:
    """The position after an event, a refusal, or None when the event says nothing of it. Rule: DH-203.

    A delta without a quantity never makes a position: a phantom contract would be hedged with real shares.
    """
    quantity, delta = event.quantity, event.delta
    if known is not None:
        return known.contracts if quantity is None else quantity, known.delta if delta is None else delta
    if quantity:
        return quantity, delta
    return Reason.NO_POSITION if quantity is None and delta is not None else None


def closing_change_of(known: Holding | None, event: MarketEvent) -> Change | Reason | None:
    """After the cut-off only what moves a known quantity towards 0 applies; no position is born. Rule: DH-504."""
    quantity = event.quantity
    if quantity is None and event.delta is None:
        return None
    if known is None:
        return None if quantity == 0 else Reason.SESSION_CLOSED
    if quantity == 0:
        return 0, None
    same_side = quantity is not None and (quantity > 0) == (known.contracts > 0)
    if quantity is None or not same_side or abs(quantity) >= abs(known.contracts):
        return Reason.SESSION_CLOSED
    return quantity, known.delta if event.delta is None else event.delta


def marks_of(known: Holding | None, event: MarketEvent) -> tuple[Decimal | None, Greeks]:
    """Price and greeks after an event: replaced where they are present, kept where not. Rule: DH-203."""
    price, gamma, theta, vega = event.price, event.gamma, event.theta, event.vega
    if known is not None:
        price = known.price if price is None else price
        gamma = known.gamma if gamma is None else gamma
        theta = known.theta if theta is None else theta
        vega = known.vega if vega is None else vega
    return price, (gamma, theta, vega)


def says_something(event: MarketEvent) -> bool:
    """Whether an event is about a position at all."""
    return event.delta is not None or event.quantity is not None


def objection(intent: Intent | None, update: OrderUpdate) -> str:
    """Why news is ignored, "" when it is not: of an unknown intent, or a fill that falls.

    Raises:
        InvalidInput: more is filled than was asked for.
    """
    if intent is None:
        return f"order_update of an unknown intent {update.intent_id}: ignored"
    if update.filled is None:
        return ""
    if update.filled > intent.quantity:
        raise InvalidInput("filled_qty", update.filled, f"give at most {intent.quantity}, the quantity of the intent")
    if update.filled < intent.filled:
        return f"filled_qty of {intent.intent_id} falls from {intent.filled} to {update.filled}: ignored"
    return ""


def updated(intent: Intent, update: OrderUpdate, content: str, at: dt.datetime) -> IntentUpdated:
    """The event of news that counts: what is over stays over, though a late fill still adds to it."""
    filled = intent.filled if update.filled is None else update.filled
    status = update.status
    if filled == intent.quantity:
        status = UpdateStatus.FILLED
    elif intent.status.is_over and not status.is_over:
        status = intent.status
    price = intent.average_price if update.average_price is None else update.average_price
    fees = max(update.fees, intent.fees)
    return IntentUpdated(at, intent.intent_id, status, filled, price, fees, False, content)


def market_content(event: MarketEvent) -> str:
    """The content of an event as a ledger keeps it; 2.50 is 2.5, as it is without one. Rule: DH-701."""
    rest = (part.normalize() if isinstance(part, Decimal) else part for part in event.content()[1:])
    return digest([event.ts.isoformat(), *rest], 16)


def update_content(update: OrderUpdate) -> str:
    """Under which mark an update is remembered; it has no id of its own."""
    return "upd_" + digest(
        [
            update.intent_id, update.ts.isoformat(), update.status, update.filled, update.average_price, update.fees,
        ],
        24,
    )  # fmt: skip

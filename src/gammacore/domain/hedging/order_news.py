"""What news of an intent amounts to, against what was known of it. Rules: DH-112, DH-240."""

from __future__ import annotations

import datetime as dt

from gammacore.domain.hedging.hedge_ledger import Intent
from gammacore.domain.hedging.protocol.messages import OrderUpdate
from gammacore.domain.hedging_events import IntentUpdated, UpdateStatus
from gammacore.errors import InvalidInput


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

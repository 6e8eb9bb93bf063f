"""What an event does to a position: the table of section 2, and the narrower one after the cut-off. DH-203, DH-504."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.hedging.exposure import Holding
from gammacore.domain.hedging.protocol.messages import MarketEvent
from gammacore.domain.hedging.reasons import Reason

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


Greeks = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Gamma, theta and vega per contract."""


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
    """Whether an event speaks of a position at all."""
    return event.delta is not None or event.quantity is not None

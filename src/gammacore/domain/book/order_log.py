"""Every order of a ledger: the part of the book that folds what became of what was meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, assert_never

from gammacore.domain.ledger import (
    CancelRequested,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
)
from gammacore.domain.orders import Order, OrderState
from gammacore.errors import InvalidInput

_KEEP_THEIR_STATE = (OrderState.CANCEL_REQUESTED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.FILLED)
"""A part that fills now, or the price of one that comes at last, does not bring the order back to work. CS-411."""


class OrderLog:
    """Folds the events of orders; `working` are those the broker may still fill, oldest first."""

    def __init__(self) -> None:
        self._all: dict[str, Order] = {}
        self._working: dict[str, None] = {}
        self._of: dict[str, list[str]] = {}
        self._shown: tuple[Order, ...] | None = None
        """`working` as last asked for: asked many times a look, changed a few times a day."""

    @property
    def by_id(self) -> Mapping[str, Order]:
        return MappingProxyType(self._all)

    @property
    def working(self) -> tuple[Order, ...]:
        if self._shown is None:
            self._shown = tuple(map(self._all.__getitem__, self._working))
        return self._shown

    def of(self, holding: str) -> tuple[Order, ...]:
        """The orders of a holding, oldest first."""
        return tuple(self._all[order] for order in self._of.get(holding, ()))

    def since(self, instant: dt.datetime) -> tuple[Order, ...]:
        """Orders meant after an instant, oldest first; costs no more than those it finds."""
        newest_first = takewhile(lambda order: order.intended_at > instant, reversed(self._all.values()))
        return tuple(newest_first)[::-1]

    def known(self, order: str) -> Order:
        """An order of this ledger.

        Raises:
            InvalidInput: it was never intended here.
        """
        if (known := self._all.get(order)) is None:
            raise InvalidInput("order", order, "no such order was ever intended in this ledger")
        return known

    def apply(self, event: OrderIntended | OrderFilled | OrderMoved) -> None:
        """Take one more event of an order in.

        Raises:
            InvalidInput: an event that cannot follow what is known of the order.
        """
        match event:
            case OrderIntended():
                self._intended(event)
            case OrderAccepted():
                self._move(event.id, OrderState.ACCEPTED, event.at, broker_id=event.broker_id)
            case OrderFilled():
                self._filled(event)
            case OrderWasRejected():
                self._move(event.id, OrderState.REJECTED, event.at, reason=event.reason)
            case OrderNotSent():
                self._move(event.id, OrderState.NOT_SENT, event.at, reason=event.detail)
            case OrderOutcomeUnknown():
                self._move(event.id, OrderState.UNKNOWN, event.at, reason=event.detail, broker_id=event.broker_id)
            case CancelRequested():
                self._called_back(event)
            case OrderCanceled():
                self._move(event.id, OrderState.CANCELED, event.at, reason=event.reason)
            case OrderExpired():
                self._move(event.id, OrderState.EXPIRED, event.at)
            case _:
                assert_never(event)

    def _intended(self, event: OrderIntended) -> None:
        ticket = event.ticket
        if ticket.id in self._all:
            raise InvalidInput("order", ticket.id, "an order is intended once; a repeat needs another attempt number")
        self._all[ticket.id] = Order(ticket, OrderState.INTENDED, event.at, event.at)
        self._working[ticket.id] = None
        self._shown = None
        self._of.setdefault(ticket.holding, []).append(ticket.id)

    def _called_back(self, event: CancelRequested) -> None:
        known = self.known(event.id)
        why = known.called_back or event.reason
        self._move(
            event.id, OrderState.CANCEL_REQUESTED, event.at,
            cancels=known.cancels + 1, called_back=why, reason=event.reason,
        )  # fmt: skip

    def _filled(self, event: OrderFilled) -> None:
        order = self.known(event.id)
        partly = order.state if order.state in _KEEP_THEIR_STATE else OrderState.PARTIALLY_FILLED
        state = OrderState.FILLED if event.complete else partly
        self._move(event.id, state, event.at, execution=event.execution, price_verified=event.price_verified)

    def _move(self, order: str, state: OrderState, at: dt.datetime, **changes: Any) -> None:
        moved = self.known(order).moved(state, at, **changes)
        self._all[order] = moved
        self._shown = None
        if moved.is_working:
            self._working[order] = None
        else:
            self._working.pop(order, None)

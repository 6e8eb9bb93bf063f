"""Every position of a ledger: the part of the book that folds a spread's life from its fill to its close.

Rules: CS-412, CS-561..565.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import singledispatchmethod
from types import MappingProxyType

from attrs import evolve

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import (
    CloseDecided,
    OrderFilled,
    PositionAdjusted,
    PositionAdopted,
    PositionClosed,
    SettlementAwaited,
    WatchChanged,
)
from gammacore.domain.orders import Execution, Order
from gammacore.domain.positions import EntryPlan, Position, PositionState
from gammacore.errors import InvalidInput


class PositionLog:
    """Folds what happens to positions; `live` are those not yet closed, oldest first."""

    def __init__(self) -> None:
        self._all: dict[str, Position] = {}
        self._live: dict[str, None] = {}

    @property
    def by_id(self) -> Mapping[str, Position]:
        return MappingProxyType(self._all)

    @property
    def live(self) -> tuple[Position, ...]:
        return tuple(self._all[position] for position in self._live)

    def entered(self, plan: EntryPlan, order: Order, event: OrderFilled) -> None:
        """Take more of an entry's fill in; `order` is the order as it was before."""
        before, now = order.execution, event.execution
        position = self._all.get(plan.position)
        contracts, credit = now.quantity, now.price or Decimal(0)
        if position is not None and position.is_live and position.contracts != before.quantity:
            contracts, credit = _with_other_orders(position, before, now)
        if position is not None and not position.is_live:  # filled late, after its first part was booked: held anew
            position, contracts = None, now.quantity - before.quantity
            credit = _later_credit(before, now)
        position = position or Position(plan, PositionState.OPEN, event.at)
        self._put(
            evolve(
                position.filled(order.ticket, before, now),
                contracts=contracts,
                credit=credit,
                credit_verified=event.price_verified,
            )
        )

    def traded(self, order: Order, event: OrderFilled) -> None:
        """Take the fill of a close or a repair in; `order` is the order as it was before."""
        if (position := self._all.get(order.ticket.position)) is not None:
            self._all[position.id] = position.filled(order.ticket, order.execution, event.execution)

    def close_attempted(self, position: str) -> None:
        if (known := self._all.get(position)) is not None:
            self._all[position] = evolve(known, close_attempts=known.close_attempts + 1)

    @singledispatchmethod
    def apply(self, event: object) -> None:
        """Take one more event of a position in.

        Raises:
            InvalidInput: an event that cannot follow what is known of the position.
        """
        raise InvalidInput("event", type(event).__name__, "this is no event of a position")

    @apply.register
    def _(self, event: PositionAdopted) -> None:
        self._put(
            Position(
                event.plan,
                PositionState.OPEN,
                event.opened_at,
                event.contracts,
                event.credit,
                holdings=dict(event.holdings),
                cash=event.credit * EQUITY_OPTION_MULTIPLIER * event.contracts,
                watch=event.watch,
                adopted=True,
                orphan=event.orphan,
            )
        )

    @apply.register
    def _(self, event: WatchChanged) -> None:
        self._all[event.position] = evolve(self._held(event.position), watch=event.watch)

    @apply.register
    def _(self, event: CloseDecided) -> None:
        self._all[event.position] = evolve(
            self._held(event.position),
            state=PositionState.CLOSING,
            exit_reason=event.reason,
            exit_decided_at=event.at,
        )

    @apply.register
    def _(self, event: PositionAdjusted) -> None:
        held = self._held(event.position)
        self._all[held.id] = held.traded_outside(event.symbol, event.change, event.price)

    @apply.register
    def _(self, event: SettlementAwaited) -> None:
        self._all[event.position] = evolve(self._held(event.position), state=PositionState.AWAITING_SETTLEMENT)

    @apply.register
    def _(self, event: PositionClosed) -> None:
        position = self._held(event.position)
        self._all[position.id] = evolve(
            position,
            state=PositionState.CLOSED,
            holdings=dict.fromkeys(position.holdings, 0),
            exit_reason=event.reason,
        )
        self._live.pop(position.id, None)

    def _put(self, position: Position) -> None:
        self._all[position.id] = position
        self._live[position.id] = None

    def _held(self, position: str) -> Position:
        if (held := self._all.get(position)) is None:
            raise InvalidInput("position", position, "no such position was ever filled in this ledger")
        if not held.is_live:
            raise InvalidInput("position", position, "a position is closed once, and nothing follows (CS-564)")
        return held


def _with_other_orders(position: Position, before: Execution, now: Execution) -> tuple[int, Decimal]:
    """Contracts and mean credit, points, where another order of the same entry has filled too. CS-410, CS-421."""
    contracts = position.contracts + now.quantity - before.quantity
    received = position.credit * position.contracts
    received += (now.price or Decimal(0)) * now.quantity - (before.price or Decimal(0)) * before.quantity
    return contracts, received / contracts if contracts else Decimal(0)


def _later_credit(before: Execution, now: Execution) -> Decimal:
    """Points per spread of what was filled between two cumulative executions."""
    spreads = now.quantity - before.quantity
    received = (now.price or Decimal(0)) * now.quantity - (before.price or Decimal(0)) * before.quantity
    return received / spreads if spreads else Decimal(0)

"""What people read of an inventory: what it held, each hedge with the delta before and after, what it came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import Side
from gammacore.domain.inventory import Inventory
from gammacore.domain.ledger import HedgeDecided, InventoryClosed
from gammacore.domain.orders import Order, Purpose

ZERO = Decimal(0)


@frozen
class HedgeLine:
    """One hedge: what was decided, and what was filled of it."""

    decision: HedgeDecided
    order: Order

    @property
    def shares(self) -> int:
        """Filled so far, signed."""
        side = self.order.ticket.legs[0].side
        return self.order.execution.quantity * (1 if side is Side.BUY else -1)

    @property
    def price(self) -> Decimal | None:
        return self.order.execution.price

    @property
    def slippage(self) -> Decimal:
        """Dollars lost against the price at the decision: (fill - P_h) × signed shares. Rule: DH-243."""
        meant = self.decision.hedge_price
        return ZERO if meant is None or self.price is None else (self.price - meant) * self.shares

    @property
    def fees(self) -> Decimal:
        return self.order.execution.fees

    @property
    def delta_before(self) -> Decimal:
        """Contract-deltas."""
        return self.decision.delta_before

    @property
    def delta_after(self) -> Decimal:
        """Contract-deltas, by what was filled, at the prices of the decision."""
        return (self.decision.net_shares + self.shares) / self.decision.unit


@frozen
class InventoryEnd:
    """How an inventory ended: the booked amounts, dollars, and the balance after it."""

    at: dt.datetime
    reason: str
    options: Decimal
    shares: Decimal
    fees: Decimal
    balance: Decimal

    @property
    def gross(self) -> Decimal:
        return self.options + self.shares

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @classmethod
    def of(cls, event: InventoryClosed, balance: Decimal) -> InventoryEnd:
        return cls(event.at, event.reason, event.options, event.shares, event.fees, balance)


@frozen
class InventoryLine:
    """One inventory of a day: its entry, its hedges in order, and its end (None while anything is held)."""

    inventory: Inventory
    orders: tuple[Order, ...]
    hedges: tuple[HedgeLine, ...]
    end: InventoryEnd | None

    @property
    def id(self) -> str:
        return self.inventory.id

    @property
    def entry(self) -> Order | None:
        """The order that bought what is hedged; None for what nobody chose."""
        return next((order for order in self.orders if order.ticket.purpose is Purpose.ENTRY), None)

    @property
    def exits(self) -> tuple[Order, ...]:
        """Orders that ended holdings, as far as they filled."""
        return tuple(order for order in self.orders if order.ticket.closes and order.ticket.purpose is not Purpose.HEDGE
                     and order.execution.any)  # fmt: skip

    @property
    def slippage(self) -> Decimal:
        """Dollars all hedges lost against the prices they were decided at."""
        return sum((hedge.slippage for hedge in self.hedges), ZERO)


def hedge_lines(decisions: Iterable[tuple[HedgeDecided, str]], orders: dict[str, Order]) -> tuple[HedgeLine, ...]:
    """Each hedge with its order as it stands now; `decisions` come with the id of the order they led to."""
    return tuple(HedgeLine(decision, orders[order]) for decision, order in decisions if order in orders)

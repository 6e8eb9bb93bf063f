"""What people read of an inventory: what it held, each hedge with the delta before and after, what it came to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.holding_events import (
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    SharesDelivered,
)
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import Effect, Order, OrderState, Purpose
from gammacore.domain.reports.trade_record import TradeResult
from gammacore.domain.sessions import new_york_date

ZERO = Decimal(0)

Moved = HoldingAdopted | SharesDelivered | HoldingSettled | HoldingAdjusted
"""What changes an inventory besides its orders: taken over, delivered, settled, gone at the broker."""


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
    def of(cls, event: HoldingClosed, balance: Decimal, earlier: InventoryEnd | None = None) -> InventoryEnd:
        """Of a booking; a late fill opens an inventory again, and its day has the sum of both bookings."""
        booked = cls(event.at, event.reason, event.options, event.shares, event.fees, balance)
        if earlier is None:
            return booked
        return evolve(
            booked,
            options=earlier.options + event.options,
            shares=earlier.shares + event.shares,
            fees=earlier.fees + event.fees,
        )


@frozen
class InventoryLine:
    """One inventory of a day: its entry, its hedges in order, and its end (None while anything is held).

    `decisions` are all the hedging desk said of it, each "no" where its reason changed; `moved` is what changed it
    besides orders; `judged` the judgement it was bought by. `date` is the day it is told of, None where nobody says.
    """

    inventory: AnyHolding
    orders: tuple[Order, ...]
    hedges: tuple[HedgeLine, ...]
    end: InventoryEnd | None
    decisions: tuple[HedgeDecided, ...] = ()
    moved: tuple[Moved, ...] = ()
    judged: EntryJudged | None = None
    date: dt.date | None = None

    def is_of_another_day(self, at: dt.datetime) -> bool:
        """Whether an instant is of another New York date than the one it is told of."""
        return self.date is not None and new_york_date(at) != self.date

    @property
    def id(self) -> str:
        return self.inventory.id

    @property
    def strategy(self) -> str:
        return self.inventory.owner

    @property
    def opened(self) -> dt.datetime:
        """When it began to hold something: its entry's fill, or what brought it."""
        bought = self.entry
        return bought.changed_at if bought and bought.state is OrderState.FILLED else self.inventory.opened_at

    @property
    def contracts(self) -> int:
        """Contracts or spreads of the entry that were filled; 0 without an entry of options."""
        bought = self.entry
        return 0 if bought is None or bought.ticket.is_shares else bought.execution.quantity

    @property
    def debit(self) -> Decimal | None:
        """Points paid for one contract or share; None where nothing was bought, or the broker told no price."""
        bought = self.entry
        return None if bought is None or bought.ticket.effect is Effect.CREDIT else bought.execution.price

    @property
    def paid(self) -> Decimal:
        """Dollars paid at the entry."""
        bought = self.entry
        return ZERO if bought is None or self.debit is None else (
            self.debit * bought.execution.quantity * bought.ticket.multiplier
        )  # fmt: skip

    @property
    def pnl(self) -> Decimal | None:
        """Gross dollars, options and shares; None while anything is held."""
        return None if self.end is None else self.end.gross

    @property
    def fees(self) -> Decimal:
        """Dollars so far."""
        return self.inventory.fees if self.end is None else self.end.fees

    @property
    def result(self) -> TradeResult:
        return TradeResult.of(self.pnl)

    @property
    def minutes(self) -> int | None:
        """Whole minutes it was held; None while it is."""
        return None if self.end is None else int((self.end.at - self.opened).total_seconds() // 60)

    @property
    def entry(self) -> Order | None:
        """The order that bought what is hedged, the last one where earlier ones came to nothing; None: nobody chose."""
        return next((order for order in reversed(self.orders) if order.ticket.purpose is Purpose.ENTRY), None)

    @property
    def exits(self) -> tuple[Order, ...]:
        """Orders that ended holdings, as far as they filled."""
        return tuple(order for order in self.orders if order.ticket.closes and order.ticket.purpose is not Purpose.HEDGE
                     and order.execution.any)  # fmt: skip

    @property
    def filled_hedges(self) -> int:
        """Hedges of which anything was filled; the others were refused or came to nothing."""
        return sum(hedge.shares != 0 for hedge in self.hedges)

    @property
    def slippage(self) -> Decimal:
        """Dollars all hedges lost against the prices they were decided at."""
        return sum((hedge.slippage for hedge in self.hedges), ZERO)

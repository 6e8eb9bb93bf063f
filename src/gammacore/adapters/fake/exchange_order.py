"""One order as the fake exchange holds it: what was asked, what has been filled of each leg, how it is treated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.adapters.fake.faults import FAIR, Behaviour
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, OrderTicket

Prices = tuple[Decimal, ...]
"""Points, one for each leg of a ticket, in its order."""


@frozen
class ExchangeOrder:
    """An order at the exchange. It works from `opens_at` to `expires_at`, the close of the day it came in.

    `contracts` and `amounts` (points × contracts) are what was filled of each leg, exactly. `matched_to` is the time of
    the last snapshot it was held against, `snapshots` how many there were, `parts` how many fills. `reserve` is the
    buying power, dollars a spread, it holds while it works. `late_fill`: canceled in the report, to be filled all the
    same.
    """

    ticket: OrderTicket
    broker_id: str
    state: OrderState
    changed_at: dt.datetime
    matched_to: dt.datetime
    opens_at: dt.datetime
    expires_at: dt.datetime
    contracts: tuple[int, ...]
    amounts: tuple[Decimal, ...]
    reserve: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    behaviour: Behaviour = FAIR
    snapshots: int = 0
    parts: int = 0
    cancels: int = 0
    late_fill: bool = False
    reason: str = ""

    @property
    def is_matchable(self) -> bool:
        """A later snapshot can still change it."""
        return self.late_fill or not self.state.is_final

    @property
    def fills_regardless(self) -> bool:
        """The cancel came too late: the next snapshot fills all that is left."""
        return self.late_fill or self.state is OrderState.CANCEL_REQUESTED

    @property
    def spreads(self) -> int:
        """Spreads filled with every leg in ratio."""
        return min(done // leg.ratio for done, leg in zip(self.contracts, self.ticket.legs, strict=True))

    @property
    def unfilled(self) -> tuple[int, ...]:
        """Contracts, or shares, left of each leg."""
        full = (leg.ratio * self.ticket.quantity for leg in self.ticket.legs)
        return tuple(whole - done for whole, done in zip(full, self.contracts, strict=True))

    @property
    def reserved(self) -> Decimal:
        """Dollars of buying power the unfilled rest holds."""
        return self.reserve * (self.ticket.quantity - self.spreads) if self.is_matchable else Decimal(0)

    def moved(self, state: OrderState, at: dt.datetime, reason: str = "") -> ExchangeOrder:
        return evolve(self, state=state, changed_at=at, reason=reason or self.reason)

    def held_against(self, at: dt.datetime) -> ExchangeOrder:
        """The order after one more snapshot was looked at."""
        return evolve(self, matched_to=at, snapshots=self.snapshots + 1)

    def filled(self, contracts: tuple[int, ...], prices: Prices, fees: Decimal, at: dt.datetime) -> ExchangeOrder:
        """The order after so many more contracts of each leg were traded, each at its price in points."""
        grown = evolve(
            self,
            contracts=tuple(done + more for done, more in zip(self.contracts, contracts, strict=True)),
            amounts=tuple(
                paid + price * more for paid, price, more in zip(self.amounts, prices, contracts, strict=True)
            ),
            fees=self.fees + fees,
            parts=self.parts + 1,
        )
        if not any(grown.unfilled):
            return evolve(grown, state=OrderState.FILLED, changed_at=at, late_fill=False)
        return evolve(grown, state=OrderState.PARTIALLY_FILLED, changed_at=at)

    @property
    def cash(self) -> Decimal:
        """Dollars received (positive) or paid for everything filled, before fees."""
        points = sum(
            (-leg.side.sign * paid for leg, paid in zip(self.ticket.legs, self.amounts, strict=True)), Decimal(0)
        )
        return points * self.ticket.multiplier

    @property
    def execution(self) -> Execution:
        """Everything filled so far: legs at their average price, spreads in ratio at the net of those."""
        fills = tuple(
            LegFill(leg.symbol, leg.side, done, paid / done)
            for leg, done, paid in zip(self.ticket.legs, self.contracts, self.amounts, strict=True)
            if done
        )
        if not self.spreads:
            return Execution(0, None, self.fees, fills)
        return Execution(self.spreads, net_price(self.ticket, tuple(fill.price for fill in fills)), self.fees, fills)

    @property
    def report(self) -> OrderReport:
        return OrderReport(self.ticket.id, self.broker_id, self.state, self.execution, self.changed_at, self.reason)


def net_price(ticket: OrderTicket, prices: Prices) -> Decimal:
    """What one spread costs or brings at these leg prices, points, positive in the ticket's effect."""
    received = sum(
        (-leg.side.sign * leg.ratio * price for leg, price in zip(ticket.legs, prices, strict=True)), Decimal(0)
    )
    return ticket.effect.sign * received

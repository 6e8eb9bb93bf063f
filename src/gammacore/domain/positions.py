"""A position's life: what it was meant to be, what was filled, what a rule must remember of it, how it ended.

The truth of a position is what was filled: its holdings per option symbol and its cash. Gross P/L is the sum of its
cash flows, exact in Decimal. Rules: CS-003, CS-005, CS-411..415, CS-506..513, CS-561..564.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from gammacore.domain.holdings.delays import NO_DELAYS, Delays
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Right, Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Execution, OrderTicket
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.words import Confidence, Direction, StrategyTag
from gammacore.errors import InvalidInput


class PositionState(StrEnum):
    """OPEN is watched; CLOSING has an exit decided; AWAITING_SETTLEMENT has expired without an official price."""

    OPEN = "open"
    CLOSING = "closing"
    AWAITING_SETTLEMENT = "awaiting_settlement"
    QUARANTINED = "quarantined"
    CLOSED = "closed"


@frozen
class Watch:
    """What the stop rules remember of one position from cycle to cycle; a change is a ledger event.

    `best_profit` is the best profit so far as a fraction of the credit (CS-506). `trailing_armed` and `hold` are sticky
    (CS-508, CS-510). `anchor` and `anchor_at` say since when the mid has stayed put (CS-509). `stale_cycles` counts
    cycles in a row without a usable mark (CS-505). `lock_in_armed` is the sticky lock-in of OTM positions (CS-552).
    `breach_told` says that people know of the breached short (CS-530).
    `suppressions` are the regular stop's delays by the noise gate, `advisor_holds` those of any exit by an advisor
    (CS-513). `price_at_fill` is the underlying's price first seen after the fill, points; None where none was in time
    (CS-415).
    """

    best_profit: Decimal | None = None
    trailing_armed: bool = False
    hold: bool = False
    anchor: Decimal | None = None
    anchor_at: dt.datetime | None = None
    stale_cycles: int = 0
    lock_in_armed: bool = False
    breach_told: bool = False
    suppressions: Delays = NO_DELAYS
    advisor_holds: Delays = NO_DELAYS
    price_at_fill: Decimal | None = None


@frozen
class EntryPlan:
    """One entry as it was decided: what to sell, how many, for how much, and the policy that will end it.

    Prices in points, `expected_credit` is the mid credit (CS-401), `limit` the least we sell for (CS-403).
    """

    position: str
    strategy: StrategyTag
    direction: Direction
    confidence: Confidence
    spread: CreditSpread
    contracts: int
    expected_credit: Decimal
    limit: Decimal
    price: Decimal
    pin: Decimal
    vix: Decimal
    scheduled_at: dt.datetime
    policy: StopPolicy

    @property
    def maximum_risk(self) -> Decimal:
        """Dollars at risk in all: (W - C) × 100 × contracts. Rule: CS-006."""
        return self.spread.maximum_risk(self.expected_credit) * self.contracts

    @property
    def breakevens(self) -> tuple[Decimal, ...]:
        """Prices of the underlying at settlement at which nothing is won or lost, points, put side last."""
        credit = self.expected_credit
        return tuple(
            side.short.strike + (credit if side.right is Right.CALL else -credit) for side in self.spread.sides
        )


@frozen
class Position:
    """A credit spread we sold. `holdings` are signed contracts per option symbol; `cash` dollars in less out, gross.

    `contracts` spreads were opened at `credit` points net; how many are still open is read off the holdings.
    `credit_verified` is False while the broker has not said the price (CS-411). `fees` in dollars. `adopted` was not
    opened by this ledger; an `orphan` of those was found at the broker (CS-575). `outside` is set once somebody else
    traded contracts of it; `vanished` are those, signed by symbol, that went at a price nobody told: they are in no
    cash (CS-572).
    """

    plan: EntryPlan
    state: PositionState
    opened_at: dt.datetime
    contracts: int = 0
    credit: Decimal = Decimal(0)
    credit_verified: bool = True
    holdings: dict[str, int] = field(factory=dict)
    cash: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    watch: Watch = field(factory=Watch)
    exit_reason: str = ""
    exit_decided_at: dt.datetime | None = None
    close_attempts: int = 0
    adopted: bool = False
    orphan: bool = False
    outside: bool = False
    vanished: dict[str, int] = field(factory=dict)

    @property
    def id(self) -> str:
        return self.plan.position

    @property
    def spread(self) -> CreditSpread:
        return self.plan.spread

    @property
    def underlying(self) -> str:
        return self.plan.spread.underlying

    @property
    def open_contracts(self) -> int:
        """Whole spreads still held as they were sold: shorts short, longs long."""
        return self.open_in(self.spread.sides)

    def open_in(self, sides: Iterable[Vertical]) -> int:
        """Whole spreads of these sides still held as they were sold; 0 of no side."""
        held = (
            count
            for side in sides
            for count in (-self.holdings.get(side.short.occ, 0), self.holdings.get(side.long.occ, 0))
        )
        return max(0, min(held, default=0))

    @property
    def is_live(self) -> bool:
        return self.state is not PositionState.CLOSED

    @property
    def is_flat(self) -> bool:
        """Nothing is held any more: every leg's holding is zero."""
        return not any(self.holdings.values())

    @property
    def has_bad_credit(self) -> bool:
        """No credit, no profit fraction: alarm `bad_credit`, and only time exits act. Rule: CS-502."""
        return not (self.credit.is_finite() and self.credit > 0)

    @property
    def entry_distance(self) -> Decimal:
        """Points from the underlying's price at the fill (else at the decision) to the nearer short. Rule: CS-415."""
        seen = self.watch.price_at_fill
        return self.plan.spread.distance(self.plan.price if seen is None else seen)

    @property
    def maximum_risk(self) -> Decimal:
        """Dollars at risk in what is still open. Rules: CS-006, CS-342.

        A side of a condor whose other side is closed already is at risk with its full width (CS-420).
        """
        credit, whole = self.credit if 0 < self.credit < self.spread.width else Decimal(0), self.open_contracts
        alone = max((self.open_in((side,)) - whole) * side.width for side in self.spread.sides)
        return ((self.spread.width - credit) * whole + alone) * EQUITY_OPTION_MULTIPLIER

    @property
    def gross(self) -> Decimal:
        """Dollars in less out, with what vanished at its worst. Rules: CS-005, CS-572.

        A short is bought back for the width of its side, a long brings nothing; of a condor only one side can be in the
        money (CS-006).
        """
        bought = [
            (sum(max(0, self.vanished.get(leg.occ, 0)) for leg in (side.short, side.long)), side.width)
            for side in self.spread.sides
        ]
        cost = sum((count * width for count, width in bought), Decimal(0))
        if len(bought) > 1:
            cost -= min(count for count, _ in bought) * min(width for _, width in bought)
        return self.cash - cost * EQUITY_OPTION_MULTIPLIER

    def traded_outside(self, symbol: str, change: int, price: Decimal | None) -> Position:
        """The position after somebody else traded signed contracts of it; `price` points, None when not known."""
        holdings = {**self.holdings, symbol: self.holdings.get(symbol, 0) + change}
        if price is not None:
            cash = self.cash - change * price * EQUITY_OPTION_MULTIPLIER
            return evolve(self, holdings=holdings, cash=cash, outside=True)
        vanished = {**self.vanished, symbol: self.vanished.get(symbol, 0) + change}
        left = {name: count for name, count in vanished.items() if count}
        return evolve(self, holdings=holdings, vanished=left, outside=True)

    def age_seconds(self, now: dt.datetime) -> float:
        return (now - self.opened_at).total_seconds()

    def profit(self, value: Decimal) -> Decimal:
        """Profit as a fraction of the credit if closed at `value` points: (C - V)/C. Rule: CS-004."""
        return (self.credit - value) / self.credit

    def excess(self) -> tuple[tuple[Leg, int], ...]:
        """Legs and contracts to trade away so that only whole spreads remain, shorts first. Rule: CS-413.

        A leg closed twice (a late fill after a cancel) is held the wrong way round and is traded back like any other.
        """
        return self._beyond(self.spread.sides)

    def loose_legs(self) -> tuple[tuple[Leg, int], ...]:
        """Legs and contracts that no whole side contains, shorts first: a condor that is closed side by side. CS-420"""
        legs = (leg for side in self.spread.sides for leg in self._beyond((side,)))
        return tuple(sorted(legs, key=lambda pair: pair[0].side is Side.SELL))

    def _beyond(self, sides: tuple[Vertical, ...]) -> tuple[tuple[Leg, int], ...]:
        """What is held of these sides beyond whole spreads of them, as it is traded away, shorts first."""
        whole = self.open_in(sides)
        beyond = [
            (leg.contract, held - leg.side.sign * whole)
            for leg in CreditSpread(sides).opening_legs
            if (held := self.holdings.get(leg.contract.occ, 0)) != leg.side.sign * whole
        ]
        legs = ((Leg(contract, Side.SELL if held > 0 else Side.BUY), abs(held)) for contract, held in beyond)
        return tuple(sorted(legs, key=lambda pair: pair[0].side is Side.SELL))

    def naked_shorts(self) -> dict[str, int]:
        """Short contracts without their cover, per symbol: none may outlast a cycle without a repair. Rule: R2.

        Either leg of a side covers the other: bought, it gains what the sold one loses beyond the width.
        """
        naked = {}
        for side in self.spread.sides:
            for sold, cover in ((side.short, side.long), (side.long, side.short)):
                uncovered = -self.holdings.get(sold.occ, 0) - max(0, self.holdings.get(cover.occ, 0))
                if uncovered > 0:
                    naked[sold.occ] = uncovered
        return naked

    def filled(self, ticket: OrderTicket, before: Execution, now: Execution) -> Position:
        """The position after more of one of its orders was filled; both executions are cumulative.

        Multi-leg cash is the net price × spreads; a leg filled beyond the ratio counts at its own price.
        """
        holdings = dict(self.holdings)
        for symbol, gained in ticket.gained(before, now).items():
            holdings[symbol] = holdings.get(symbol, 0) + gained
        cash = self.cash + _cash(ticket, now) - _cash(ticket, before)
        fees = self.fees + now.fees - before.fees
        return evolve(self, holdings=holdings, cash=cash, fees=fees)


def _cash(ticket: OrderTicket, execution: Execution) -> Decimal:
    """Dollars received (positive) or paid for everything filled of one order so far."""
    whole = execution.quantity
    cash = ticket.effect.sign * (execution.price or Decimal(0)) * whole * 100
    ratios = {leg.symbol: leg.ratio for leg in ticket.legs}
    for fill in execution.legs:
        if fill.symbol not in ratios:
            raise InvalidInput("legs", fill.symbol, f"order {ticket.id} has no such leg")
        beyond = fill.quantity - whole * ratios[fill.symbol]
        cash -= fill.side.sign * fill.price * beyond * 100
    return cash

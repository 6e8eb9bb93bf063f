"""A holding: all that one strategy holds under one name, as the fold of what was filled, settled and lost.

A credit spread is a holding with a `SpreadPlan`; bought options and the shares that hedge them, delivered shares and a
naked short that a crash left are holdings without a plan. Rules: CS-003, CS-005, CS-411..415, CS-506..513, CS-529,
CS-561..564, CS-572, CS-574, DH-243.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeGuard, TypeVar

from attrs import evolve, field, frozen

from gammacore.domain.holdings.lots import ZERO, Lots, multiplier_of
from gammacore.domain.holdings.plans import DeltaWatch, EntryTerms, Notes, Plan, RWatch, SpreadPlan, SpreadWatch
from gammacore.domain.holdings.ratio import excess, loose_legs, naked_shorts, open_units, worst_loss
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, parse_occ
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Execution, OrderTicket
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.errors import InvalidInput

PlanT_co = TypeVar("PlanT_co", bound=Plan | None, covariant=True)
SPREADS = "credit-spread"
"""The strategy that adopted spreads belong to: its stops are to end them. Rule: CS-575."""
NO_WATCH = SpreadWatch()
NO_NOTES = Notes()


class Origin(StrEnum):
    """How it came to be held: chosen by a strategy, read from old records, found at the broker under our own orders,
    moved by a settlement, a naked short that a crash left, or a straddle at the broker that no ledger knows. Rules:
    CS-017, CS-529, CS-573..575, SC-452.
    """

    CHOSEN = "chosen"
    IMPORTED = "imported"
    ORPHAN = "orphan"
    DELIVERED = "delivered"
    STRANDED = "stranded"
    RESUMED = "resumed"


class HoldingState(StrEnum):
    """ENTERING has an order and no fill, CLOSING an exit decided; AWAITING_SETTLEMENT expired without a price."""

    ENTERING = "entering"
    OPEN = "open"
    CLOSING = "closing"
    AWAITING_SETTLEMENT = "awaiting_settlement"
    CLOSED = "closed"


@frozen
class Missing:
    """Signed contracts or shares that went without an order of ours, since when, and what they count at, points.

    `price` is a guess; None counts them at their worst. Rules: R5, CS-572.
    """

    change: int
    price: Decimal | None
    since: dt.datetime


@frozen
class Holding(Generic[PlanT_co]):
    """What is held under one id, from its first order until it is flat and booked.

    `owner` is a strategy's name, `underlying` what it trades. `plan` of a spread and `terms` of anything else were
    fixed at the entry; `watch`, `notes` and `memory` are what its rules remember. `lots` are by symbol, flat ones kept;
    `cash` is dollars in less out, gross, and the truth about money; `fees` in dollars. `contracts` spreads were opened
    at `credit` points net; `credit_verified` is False
    while the broker has not reported the price (CS-411). `outside` is set once another trader traded part of it,
    `missing` is what went that way at no known price. `close_attempts` counts orders that were to end it.
    """

    id: str
    owner: str
    underlying: str
    origin: Origin
    state: HoldingState
    opened_at: dt.datetime
    plan: PlanT_co
    contracts: int = 0
    credit: Decimal = ZERO
    credit_verified: bool = True
    lots: dict[str, Lots] = field(factory=dict)
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    watch: SpreadWatch = NO_WATCH
    notes: Notes = NO_NOTES
    terms: EntryTerms | None = None
    memory: RWatch | DeltaWatch | None = None
    missing: dict[str, Missing] = field(factory=dict)
    outside: bool = False
    exit_reason: str = ""
    exit_decided_at: dt.datetime | None = None
    close_attempts: int = 0
    closed_at: dt.datetime | None = None

    # -- of every holding ---------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        return self.state is not HoldingState.CLOSED

    @property
    def is_adopted(self) -> bool:
        """Whether no order of this ledger opened it: an old record, an orphan, or a straddle taken over."""
        return self.origin in (Origin.IMPORTED, Origin.ORPHAN, Origin.RESUMED)

    @property
    def is_chosen(self) -> bool:
        """Whether a strategy is to watch it: neither delivered by a settlement nor left by a crash."""
        return self.origin not in (Origin.DELIVERED, Origin.STRANDED)

    @property
    def has_filled(self) -> bool:
        """Whether anything was ever held of it since it was last booked."""
        return bool(self.lots)

    @property
    def quantities(self) -> dict[str, int]:
        """Signed contracts and shares held, by symbol; what is flat is left out."""
        return {symbol: held for symbol, lots in self.lots.items() if (held := lots.quantity)}

    def held(self, symbol: str) -> int:
        """Signed contracts or shares of one symbol, 0 where none are held."""
        lots = self.lots.get(symbol)
        return 0 if lots is None else lots.quantity

    @property
    def is_flat(self) -> bool:
        """Nothing is held any more."""
        return not any(lots.lots for lots in self.lots.values())

    @property
    def options(self) -> dict[str, int]:
        """Signed contracts held, by OCC symbol."""
        return {symbol: held for symbol, held in self.quantities.items() if self.lots[symbol].is_option}

    def contract(self, symbol: str) -> OptionContract:
        """The contract of an OCC symbol held here: of the holding's underlying, which not every root names.

        ABCW260303C00300000 held for ABC is a contract of ABC, and a broker refuses it as one of ABCW.
        """
        return evolve(parse_occ(symbol), underlying=self.underlying)

    @property
    def in_words(self) -> str:
        """What is held, as a message reports it: "+1 SPY260303C00559000, -30 SPY"."""
        return ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in self.quantities.items())

    @property
    def sides(self) -> tuple[Vertical, ...]:
        """The verticals it was sold as; none without a spread."""
        return () if self.plan is None else self.plan.spread.sides

    @property
    def shares_realised(self) -> Decimal:
        """Dollars that share lots brought, gross."""
        return sum((lots.realised for lots in self.lots.values() if not lots.is_option), ZERO)

    @property
    def options_realised(self) -> Decimal:
        """Dollars that option lots brought, gross."""
        return sum((lots.realised for lots in self.lots.values() if lots.is_option), ZERO)

    @property
    def gross(self) -> Decimal:
        """Dollars in less out, with what is missing without a price at its worst. Rules: CS-005, CS-572.

        A short is bought back for the width of its side, a long brings nothing; of a condor only one side can be in the
        money (CS-006).
        """
        bought = [
            (sum(max(0, self._unpriced(leg.occ)) for leg in (side.short, side.long)), side.width) for side in self.sides
        ]
        cost = sum((count * width for count, width in bought), ZERO)
        if len(bought) > 1:
            cost -= min(count for count, _ in bought) * min(width for _, width in bought)
        return self.cash - cost * EQUITY_OPTION_MULTIPLIER

    def _unpriced(self, symbol: str) -> int:
        missing = self.missing.get(symbol)
        return 0 if missing is None or missing.price is not None else missing.change

    @property
    def is_provisional(self) -> bool:
        """Whether its P/L counts something at its worst until it is booked. Rule: CS-572."""
        return any(missing.price is None for missing in self.missing.values())

    @property
    def maximum_risk(self) -> Decimal:
        """Dollars it can still lose. Rules: CS-006, CS-342, CS-363.

        Of a spread (W - C) × 100 × open contracts; a side of a condor whose other side is closed already is at risk
        with its full width (CS-420). Without a plan, the premium of options, their uncovered shorts, and the cost of
        shares.
        """
        if self.plan is not None:
            spread = self.plan.spread
            credit, whole = self.credit if 0 < self.credit < spread.width else ZERO, self.open_in(spread.sides)
            alone = max((self.open_in((side,)) - whole) * side.width for side in spread.sides)
            return ((spread.width - credit) * whole + alone) * EQUITY_OPTION_MULTIPLIER
        shares = sum((abs(lots.cost) for lots in self.lots.values() if not lots.is_option), ZERO)
        premium = sum((max(ZERO, lots.cost) for lots in self.lots.values() if lots.is_option), ZERO)
        return shares + premium + worst_loss(self.options)

    def naked_shorts(self) -> dict[str, int]:
        """Short contracts of a spread without their cover, per symbol: none may outlast a cycle without a repair. R2.

        Without a plan there is no cover to miss: which sale would uncover a short, the guard judges by series.
        """
        return naked_shorts(self.quantities, self.sides)

    def excess(self) -> tuple[tuple[Leg, int], ...]:
        """Legs and contracts to trade away so that only whole spreads remain, shorts first. Rule: CS-413."""
        return excess(self.quantities, self.sides) if self.sides else ()

    def loose_legs(self) -> tuple[tuple[Leg, int], ...]:
        """Legs and contracts that no whole side contains, shorts first: a condor that is closed side by side. CS-420"""
        return loose_legs(self.quantities, self.sides)

    def open_in(self, sides: Iterable[Vertical]) -> int:
        """Whole spreads of these sides still held as they were sold; 0 of no side."""
        return open_units(self.quantities, sides)

    def age_seconds(self, now: dt.datetime) -> float:
        return (now - self.opened_at).total_seconds()

    # -- of a sold spread ---------------------------------------------------------------------------------------------

    @property
    def spread(self: SoldSpread) -> CreditSpread:
        return self.plan.spread

    @property
    def open_contracts(self: SoldSpread) -> int:
        """Whole spreads still held as they were sold: shorts short, longs long."""
        return self.open_in(self.plan.spread.sides)

    @property
    def entry_distance(self: SoldSpread) -> Decimal:
        """Points from the underlying's price at the fill (else at the decision) to the nearer short. Rule: CS-415."""
        seen = self.watch.price_at_fill
        return self.plan.spread.distance(self.plan.price if seen is None else seen)

    @property
    def has_bad_credit(self: SoldSpread) -> bool:
        """No credit, no profit fraction: alarm `bad_credit`, and only exits by time act. Rule: CS-502."""
        return not (self.credit.is_finite() and self.credit > 0)

    def profit(self, value: Decimal) -> Decimal:
        """Profit as a fraction of the credit if closed at `value` points: (C - V)/C. Rule: CS-004."""
        return (self.credit - value) / self.credit

    # -- what changes it ----------------------------------------------------------------------------------------------

    def traded(self, symbol: str, quantity: int, price: Decimal, order: str = "") -> Holding[PlanT_co]:
        """After so many signed contracts or shares of a symbol changed hands at a price, points."""
        lots = (self.lots.get(symbol) or Lots(symbol, multiplier_of(symbol))).traded(quantity, price, order)
        cash = self.cash - quantity * price * lots.multiplier
        return evolve(self, lots={**self.lots, symbol: lots}, cash=cash)

    def filled(self, ticket: OrderTicket, before: Execution, now: Execution) -> Holding[PlanT_co]:
        """After more of one of its orders was filled, or a price corrected; both executions are cumulative.

        The cash of a spread is the net price × spreads, legs beyond the ratio at their own price; of anything else the
        sum of its legs.
        """
        lots, cash = dict(self.lots), self.cash
        for leg in ticket.legs:
            had, has = _filled(ticket, leg, before), _filled(ticket, leg, now)
            sign, more, points = leg.side.sign, has[0] - had[0], has[1] - had[1]
            held = lots.get(leg.symbol) or Lots(leg.symbol, leg.multiplier)
            if more:
                lots[leg.symbol] = held.traded(sign * more, points / more, ticket.id)
            elif points:
                lots[leg.symbol] = held.corrected(ticket.id, sign * points, sign * has[0])
            cash -= sign * points * leg.multiplier
        if self.plan is not None:
            cash = self.cash + _net_cash(ticket, now) - _net_cash(ticket, before)
        state = HoldingState.OPEN if self.state is HoldingState.ENTERING else self.state
        return evolve(self, state=state, lots=lots, cash=cash, fees=self.fees + now.fees - before.fees)

    def entered(
        self, ticket: OrderTicket, before: Execution, now: Execution, at: dt.datetime, *, verified: bool
    ) -> Holding[PlanT_co]:
        """After more of a spread's entry was filled: with it the contracts and the mean credit, over all its orders.

        A spread is open from its first fill. Rules: CS-410, CS-421.
        """
        contracts, credit = now.quantity, now.price or ZERO
        if self.contracts != before.quantity:  # another order of the same entry has filled too, or was booked
            contracts = self.contracts + now.quantity - before.quantity
            received = self.credit * self.contracts
            received += (now.price or ZERO) * now.quantity - (before.price or ZERO) * before.quantity
            credit = received / contracts if contracts else ZERO
        opened_at = at if self.state is HoldingState.ENTERING else self.opened_at
        after = self.filled(ticket, before, now)
        return evolve(after, opened_at=opened_at, contracts=contracts, credit=credit, credit_verified=verified)

    def settled(
        self, symbol: str, quantity: int, worth: Decimal, underlying: str, shares: int, price: Decimal
    ) -> Holding[PlanT_co]:
        """After signed contracts expired at their worth, points; `shares` that moved are taken in at `price`. CS-529"""
        after = self.traded(symbol, -quantity, worth)
        if after.state is HoldingState.AWAITING_SETTLEMENT:
            after = evolve(after, state=HoldingState.OPEN)
        return after.traded(underlying, shares, price) if shares else after

    def adjusted(
        self, symbol: str, change: int, price: Decimal | None, at: dt.datetime, *, is_guess: bool
    ) -> Holding[PlanT_co]:
        """After signed contracts or shares went without an order of ours, or were shown again.

        `price` points: known (`is_guess` False), guessed, or None and then at its worst. Rules: R5, CS-572.
        """
        after = evolve(self.traded(symbol, change, price or ZERO), outside=True)
        if price is not None and not is_guess:
            return after
        known = self.missing.get(symbol)
        total = change + (0 if known is None else known.change)
        rest = {name: one for name, one in self.missing.items() if name != symbol}
        if total:
            rest[symbol] = Missing(total, price, at)
        return evolve(after, missing=rest)

    def closed(self, at: dt.datetime, reason: str) -> Holding[PlanT_co]:
        """After it was booked: nothing is held of it."""
        lots = {symbol: evolve(one, lots=()) for symbol, one in self.lots.items()}
        return evolve(self, state=HoldingState.CLOSED, lots=lots, exit_reason=reason, closed_at=at)

    def anew(self, at: dt.datetime) -> Holding[PlanT_co]:
        """The same holding after it was booked: what fills or returns from now on is booked once more."""
        return Holding(
            self.id, self.owner, self.underlying, self.origin, HoldingState.OPEN, at, self.plan, missing=self.missing,
            terms=self.terms,
        )  # fmt: skip


SoldSpread = Holding[SpreadPlan]
AnyHolding = Holding[Plan | None]


def is_spread(holding: Holding[Any]) -> TypeGuard[SoldSpread]:
    """Whether it was opened as a credit spread."""
    return isinstance(holding.plan, SpreadPlan)


def without_plan(holdings: Iterable[AnyHolding]) -> tuple[AnyHolding, ...]:
    """Those that their strategy trades freely: bought options and their hedges, shares, and what no strategy chose."""
    return tuple(holding for holding in holdings if holding.plan is None)


def sold_spreads(holdings: Iterable[AnyHolding]) -> tuple[SoldSpread, ...]:
    """The credit spreads among them."""
    return tuple(holding for holding in holdings if is_spread(holding))


def _filled(ticket: OrderTicket, leg: Leg | ShareLeg, execution: Execution) -> tuple[int, Decimal]:
    """Quantity filled of a leg so far, and points × quantity paid or received for it.

    A net price without those of the legs is split evenly, so that the sum is exact.
    """
    for fill in execution.legs:
        if fill.symbol == leg.symbol:
            return fill.quantity, fill.quantity * fill.price
    if execution.legs:
        return 0, ZERO
    share = -leg.side.sign * ticket.effect.sign * (execution.price or ZERO) / len(ticket.legs)
    return execution.quantity * leg.ratio, execution.quantity * share


def _net_cash(ticket: OrderTicket, execution: Execution) -> Decimal:
    """Dollars received (positive) or paid for everything filled of one order so far, by its net price."""
    whole = execution.quantity
    points = ticket.effect.sign * (execution.price or ZERO) * whole
    ratios = {leg.symbol: leg.ratio for leg in ticket.legs}
    for fill in execution.legs:
        if fill.symbol not in ratios:
            raise InvalidInput("legs", fill.symbol, f"order {ticket.id} has no such leg")
        points -= fill.side.sign * fill.price * (fill.quantity - whole * ratios[fill.symbol])
    return points * ticket.multiplier

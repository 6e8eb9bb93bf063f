"""A trade as reports show it: a credit spread, or another holding with all its hedges. CS-621, DH-243, DH-611."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.briefly import briefly
from gammacore.domain.holding_events import (
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    SharesDelivered,
)
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread, is_spread
from gammacore.domain.holdings.lots import multiplier_of
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Side, parse_occ
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Order, OrderState, Purpose
from gammacore.domain.sessions import new_york_date
from gammacore.domain.stops.describe import describe

ZERO = Decimal(0)
NOT_RECORDED = "not recorded"

Moved = HoldingAdopted | SharesDelivered | HoldingSettled | HoldingAdjusted
"""What changes a holding besides its orders: taken over, delivered, settled, gone at the broker."""


class TradeResult(StrEnum):
    """Won and lost are gross of fees; break-even is neither, and an open trade is not a loss. CS-623, CS-703."""

    WIN = "win"
    LOSS = "loss"
    BREAK_EVEN = "break_even"
    OPEN = "open"

    @classmethod
    def of(cls, pnl: Decimal | None) -> TradeResult:
        """By gross dollars; None while it is open.

        >>> [TradeResult.of(pnl).name for pnl in (None, Decimal(0), Decimal("0.01"), Decimal(-1))]
        ['OPEN', 'BREAK_EVEN', 'WIN', 'LOSS']
        """
        if pnl is None:
            return cls.OPEN
        if pnl == 0:
            return cls.BREAK_EVEN
        return cls.WIN if pnl > 0 else cls.LOSS


@frozen
class TradeEnd:
    """How a trade ended: dollars gross of `options` and `shares`, `fees`, and the account's `balance` after it.

    `value` points to close one spread. `settlement_price` is set when a spread settled, `estimated` when no official
    price, or no price of a close, was known.
    """

    at: dt.datetime
    reason: str
    detail: str
    value: Decimal
    options: Decimal
    shares: Decimal
    fees: Decimal
    balance: Decimal
    settlement_price: Decimal | None = None
    estimated: bool = False

    @property
    def gross(self) -> Decimal:
        return self.options + self.shares

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @classmethod
    def of(cls, event: HoldingClosed, detail: str, balance: Decimal, earlier: TradeEnd | None = None) -> TradeEnd:
        """Of a booking; a late fill opens a holding again, and its day has the sum of both bookings. Rule: CS-564."""
        booked = cls(
            event.at, event.reason, detail, event.exit_value, event.options, event.shares, event.fees, balance,
            event.settlement_price, event.estimated,
        )  # fmt: skip
        if earlier is None:
            return booked
        return evolve(
            booked,
            options=earlier.options + event.options,
            shares=earlier.shares + event.shares,
            fees=earlier.fees + event.fees,
        )


@frozen
class Hedge:
    """One hedge: what was decided, and what was filled of it."""

    decision: HedgeDecided
    order: Order

    @property
    def shares(self) -> int:
        """Filled so far, signed."""
        return self.order.execution.quantity * self.order.ticket.legs[0].side.sign

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
class Trade:
    """One holding as a report shows it: its orders and hedges, and its end (None while anything is held).

    `decisions` are all the hedging desk decided for it, each "no" where its reason changed; `moved` is what changed it
    besides orders; `judged` the judgement it was bought by. `date` is the day it is reported on, None outside a day.
    """

    holding: AnyHolding
    orders: tuple[Order, ...] = ()
    end: TradeEnd | None = None
    hedges: tuple[Hedge, ...] = ()
    decisions: tuple[HedgeDecided, ...] = ()
    moved: tuple[Moved, ...] = ()
    judged: EntryJudged | None = None
    date: dt.date | None = None

    def __repr__(self) -> str:
        return briefly(self, self.id, self.strategy, f"{self.contracts} contracts", self.result, f"gross {self.pnl}")

    def is_of_another_day(self, at: dt.datetime) -> bool:
        """Whether an instant is of another New York date than the one it is reported on."""
        return self.date is not None and new_york_date(at) != self.date

    @property
    def id(self) -> str:
        return self.holding.id

    @property
    def sold(self) -> Sold | None:
        """The terms of a credit spread; None of any other holding."""
        return Sold(self.holding) if is_spread(self.holding) else None

    @property
    def strategy(self) -> str:
        """The tag of a credit spread, the strategy of any other holding."""
        return str(self.holding.plan.strategy) if self.holding.plan is not None else self.holding.owner

    @property
    def entry(self) -> Order | None:
        """The order that bought it, the last one where earlier ones came to nothing; None where no order did."""
        return next((order for order in reversed(self.orders) if order.ticket.purpose is Purpose.ENTRY), None)

    @property
    def opened(self) -> dt.datetime:
        """When it began to hold something: its entry's fill, or what brought it."""
        bought = None if self.sold is not None else self.entry
        return bought.changed_at if bought and bought.state is OrderState.FILLED else self.holding.opened_at

    @property
    def was_entered(self) -> bool:
        """Whether an order opened it, or it is a spread taken over: neither delivered shares nor a naked short."""
        return self.sold is not None or (self.entry is not None and self.entry.execution.any)

    @property
    def legs(self) -> tuple[Leg | ShareLeg, ...]:
        """As they were opened, a spread's in the order of CS-402; without an order as they were found or delivered."""
        if self.sold is not None:
            return self.sold.plan.spread.opening_legs
        if self.entry is not None:
            return self.entry.ticket.legs
        began = next((event for event in self.moved if isinstance(event, HoldingAdopted | SharesDelivered)), None)
        if isinstance(began, SharesDelivered):
            return (_leg(began.symbol, began.shares),)
        return () if began is None else tuple(_leg(symbol, held) for symbol, held in began.symbols.items())

    @property
    def contracts(self) -> int:
        """Contracts or spreads that were filled at the entry; 0 without an entry of options."""
        if self.sold is not None:
            return self.holding.contracts
        return 0 if self.entry is None or self.entry.ticket.is_shares else self.entry.execution.quantity

    @property
    def debit(self) -> Decimal | None:
        """Points paid for one contract or share; None where nothing was bought, or the broker reported no price."""
        bought = None if self.sold is not None else self.entry
        return None if bought is None or bought.ticket.effect is Effect.CREDIT else bought.execution.price

    @property
    def paid(self) -> Decimal:
        """Dollars paid at the entry."""
        if self.entry is None or self.debit is None:
            return ZERO
        return self.debit * self.entry.execution.quantity * self.entry.ticket.multiplier

    @property
    def pnl(self) -> Decimal | None:
        """Gross dollars, options and shares; None while anything is held."""
        return None if self.end is None else self.end.gross

    @property
    def fees(self) -> Decimal:
        """Dollars so far."""
        return self.holding.fees if self.end is None else self.end.fees

    @property
    def result(self) -> TradeResult:
        return TradeResult.of(self.pnl)

    @property
    def minutes(self) -> int | None:
        """Whole minutes it was held; None while it is."""
        return None if self.end is None else int((self.end.at - self.opened).total_seconds() // 60)

    @property
    def vix(self) -> Decimal | None:
        """VIX at the entry; None where it was not recorded."""
        if self.sold is not None:
            return recorded(self.sold.plan.vix)
        return None if self.judged is None else self.judged.vix

    @property
    def exits(self) -> tuple[Order, ...]:
        """Orders that ended what was held, as far as they filled."""
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

    @property
    def return_on_credit(self) -> Decimal | None:
        """P/L of a spread as a part of the premium; None while open or without a premium. Rule: CS-004."""
        if self.pnl is None or self.sold is None or self.sold.premium <= 0:
            return None
        return self.pnl / self.sold.premium

    @property
    def doubts(self) -> tuple[str, ...]:
        """What in it is no broker's figure; none of most trades. Rules: CS-003, CS-411, CS-572."""
        doubts = []
        if not self.holding.credit_verified:
            doubts.append("the credit is not verified by the broker")
        if self.end is not None and self.end.estimated and self.end.settlement_price is None:
            doubts.append("the exit is an estimate, to be corrected from the broker's statement")
        return tuple(doubts)


@frozen
class Sold:
    """What a credit spread was sold for, and what was to end it; prices in points."""

    position: SoldSpread

    @property
    def plan(self) -> SpreadPlan:
        return self.position.plan

    @property
    def credit(self) -> Decimal:
        return self.position.credit

    @property
    def premium(self) -> Decimal:
        """Dollars received for the whole position."""
        return self.credit * EQUITY_OPTION_MULTIPLIER * self.position.contracts

    @property
    def maximum_risk(self) -> Decimal:
        """Dollars the whole position could lose: (W - C) × 100 × contracts, the full width without a credit. CS-006."""
        credit = self.credit if 0 < self.credit < self.plan.spread.width else ZERO
        return (self.plan.spread.width - credit) * EQUITY_OPTION_MULTIPLIER * self.position.contracts

    @property
    def distance(self) -> Decimal:
        """Points from the price at the decision to the nearer short; a hold goes by that at the fill (CS-415)."""
        return self.plan.spread.distance(self.plan.price)

    @property
    def stop(self) -> Decimal:
        """The first cost to close that stops it out. Rule: CS-511."""
        return self.plan.policy.advertised_stop(self.credit)

    @property
    def emergency(self) -> Decimal:
        """The first cost to close of the emergency stop. Rule: CS-511."""
        return self.plan.policy.advertised_emergency(self.credit)

    @property
    def target(self) -> Decimal | None:
        """The cost to close that is profit enough at the entry; None where there is no target. CS-512."""
        if self.plan.strategy in LOCK_IN_STRATEGIES:
            return None
        return self.plan.policy.advertised_target(self.credit, self.plan.confidence)

    @property
    def target_part(self) -> Fraction | None:
        """The target as a part of the credit; None of a trade that is held for settlement (CS-551)."""
        return None if self.target is None else self.plan.policy.target(0, self.plan.confidence)

    @property
    def terms(self) -> tuple[str, ...]:
        """What was to end it, in sentences, from the policy that acted. Rule: CS-512."""
        return describe(self.plan.policy, self.credit, self.plan.confidence, self.plan.strategy)

    @property
    def why(self) -> str:
        """Why it was taken, in one sentence with its numbers; of an adopted position some were never recorded."""
        plan = self.plan
        taken = f"{plan.direction.capitalize()}, confidence {plan.confidence}"
        vix = f"VIX {recorded(plan.vix) or NOT_RECORDED}"
        if recorded(plan.price) is None:
            return f"{taken}: price and pin {NOT_RECORDED}, {vix}."
        pin = f"price {plan.price}, pin {NOT_RECORDED}"
        if recorded(plan.pin) is not None:
            pin = f"price {plan.price} is {_from_pin(plan.price - plan.pin)} the pin {plan.pin}"
        return f"{taken}: {pin}, {vix}; the nearer short is {self.distance} points out of the money."


def recorded(figure: Decimal) -> Decimal | None:
    """A price, pin or VIX of a plan; None for 0, which is written where a broker's position has none. Rule: CS-575.

    >>> recorded(Decimal("15.2")), recorded(Decimal(0))
    (Decimal('15.2'), None)
    """
    return figure if figure > 0 else None


def _from_pin(gap: Decimal) -> str:
    if gap == 0:
        return "at"
    return f"{abs(gap)} {'above' if gap > 0 else 'below'}"


def _leg(symbol: str, quantity: int) -> Leg | ShareLeg:
    side = Side.BUY if quantity > 0 else Side.SELL
    return ShareLeg(symbol, side, closes=False) if multiplier_of(symbol) == 1 else Leg(parse_occ(symbol), side)

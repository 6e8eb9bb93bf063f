"""A trade as the report tells it: why it was opened, what was to end it, what did, and what it brought. CS-621."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import LOCK_IN_STRATEGIES
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.legs import Leg
from gammacore.domain.stops.describe import describe


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
class TradeExit:
    """How a trade ended. `value` points per spread, `gross` and `fees` dollars for the whole position.

    `balance` is the account's after it was booked, dollars. `settlement_price` is set when it settled, `estimated`
    when no official price, or no price of a close, was known.
    """

    at: dt.datetime
    reason: str
    detail: str
    value: Decimal
    gross: Decimal
    fees: Decimal
    balance: Decimal
    settlement_price: Decimal | None = None
    estimated: bool = False


@frozen
class TradeLine:
    """One trade: the plan it was opened by, what was filled, and its end (None while it is open).

    `credit` points per spread; `fees` dollars so far.
    """

    plan: SpreadPlan
    opened: dt.datetime
    contracts: int
    credit: Decimal
    fees: Decimal
    exit: TradeExit | None = None
    credit_verified: bool = True

    @property
    def id(self) -> str:
        return self.plan.holding

    @property
    def strikes(self) -> str:
        """As in records: "6880/6870". Rule: CS-204."""
        return self.plan.spread.strikes

    @property
    def legs(self) -> tuple[Leg, ...]:
        """As they were opened, in the order of CS-402."""
        return self.plan.spread.opening_legs

    @property
    def is_open(self) -> bool:
        return self.exit is None

    @property
    def pnl(self) -> Decimal | None:
        """Gross dollars of the whole position; None while it is open."""
        return None if self.exit is None else self.exit.gross

    @property
    def result(self) -> TradeResult:
        return TradeResult.of(self.pnl)

    @property
    def premium(self) -> Decimal:
        """Dollars received for the whole position."""
        return self.credit * EQUITY_OPTION_MULTIPLIER * self.contracts

    @property
    def return_on_credit(self) -> Decimal | None:
        """P/L as a part of the premium; None while open or without a premium. Rule: CS-004."""
        return None if self.pnl is None or self.premium <= 0 else self.pnl / self.premium

    @property
    def maximum_risk(self) -> Decimal:
        """Dollars the whole position could lose: (W - C) × 100 × contracts, the full width without a credit. CS-006."""
        credit = self.credit if 0 < self.credit < self.plan.spread.width else Decimal(0)
        return (self.plan.spread.width - credit) * EQUITY_OPTION_MULTIPLIER * self.contracts

    @property
    def distance(self) -> Decimal:
        """Points from the price at the decision to the nearer short; a hold goes by that at the fill (CS-415)."""
        return self.plan.spread.distance(self.plan.price)

    @property
    def minutes(self) -> int | None:
        """Whole minutes it was held; None while it is open."""
        return None if self.exit is None else int((self.exit.at - self.opened).total_seconds() // 60)

    @property
    def advertised_stop(self) -> Decimal:
        """The first cost to close, points, that stops it out. Rule: CS-511."""
        return self.plan.policy.advertised_stop(self.credit)

    @property
    def advertised_emergency(self) -> Decimal:
        """The first cost to close, points, of the emergency stop. Rule: CS-511."""
        return self.plan.policy.advertised_emergency(self.credit)

    @property
    def advertised_target(self) -> Decimal | None:
        """The cost to close, points, that is profit enough at the entry; None where there is no target. CS-512."""
        if self.plan.strategy in LOCK_IN_STRATEGIES:
            return None
        return self.plan.policy.advertised_target(self.credit, self.plan.confidence)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What in it is no broker's figure; none of most trades. Rules: CS-003, CS-411, CS-572."""
        doubts = []
        if not self.credit_verified:
            doubts.append("the credit is not verified by the broker")
        if self.exit is not None and self.exit.estimated and self.exit.settlement_price is None:
            doubts.append("the exit is an estimate, to be corrected from the broker's statement")
        return tuple(doubts)

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


NOT_RECORDED = "not recorded"


def recorded(figure: Decimal) -> Decimal | None:
    """A price, pin or VIX of a plan; None for 0, which is written where a broker's position tells none. Rule: CS-575.

    >>> recorded(Decimal("15.2")), recorded(Decimal(0))
    (Decimal('15.2'), None)
    """
    return figure if figure > 0 else None


def _from_pin(gap: Decimal) -> str:
    if gap == 0:
        return "at"
    return f"{abs(gap)} {'above' if gap > 0 else 'below'}"

"""What was fixed at the entry of a holding (plan), and what its rules remember of it from cycle to cycle (watch)."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.briefly import every_figure
from gammacore.domain.holdings.noise_gate import NO_DELAYS, Delays
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import Right
from gammacore.domain.spreads import CreditSpread
from gammacore.domain.words import Confidence, Direction, StrategyTag


@frozen
class SpreadPlan:
    """One credit spread as it was decided: what to sell, how many, for how much, and the policy that will end it.

    `holding` is the id it is held under. Prices in points; `expected_credit` is the mid credit (CS-401), `limit` the
    least we sell for (CS-403). A price, pin or VIX that was never recorded is 0.
    """

    holding: str
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
class SpreadTerms:
    """A `SpreadPlan` as the ledger writes it: without what the order beside it says already.

    `policy` is the id of a recorded stop policy. `spread`, `limit` are written where the order does not have them:
    of an adopted spread, of an entry whose first order asks for more than the least it is sold for (CS-421).
    """

    strategy: StrategyTag
    direction: Direction
    confidence: Confidence
    expected_credit: Decimal
    price: Decimal
    pin: Decimal
    vix: Decimal
    scheduled_at: dt.datetime
    policy: str
    spread: CreditSpread | None = None
    limit: Decimal | None = None


@frozen
class EntryTerms:
    """What the owner of a holding without a spread fixed when it was opened; later readings move none of it.

    `risk` is what it loses at its stop, dollars, for the whole order; `price` that of the underlying, points; `target`
    and `stop` are distances from the entry price, points a share (0: none). `volatility` is the reading it was sized
    by, a fraction a year, and `source` where that came from; `signal` names what asked for it. `day_trades` is how many
    day trades it makes when it is closed the same day. Rules: SC-106, SC-217, SC-334, SC-454, SC-605.
    """

    risk: Decimal
    price: Decimal | None = None
    target: Decimal = Decimal(0)
    stop: Decimal = Decimal(0)
    volatility: Decimal | None = None
    source: str = ""
    signal: str = ""
    day_trades: int = 1


@frozen
class Opening:
    """What a new holding is: whose, of what, and the terms it was opened on; written with its intent."""

    owner: str
    underlying: str
    spread: SpreadTerms | None = None
    terms: EntryTerms | None = None


def policy_id(policy: StopPolicy) -> str:
    """The name a stop policy is recorded under once, and referred to by every spread it is to end.

    Opaque: equal policies may have several.
    """
    return hashlib.sha256(every_figure(policy).encode()).hexdigest()[:12]


def terms_of(plan: SpreadPlan, limit: Decimal | None) -> SpreadTerms:
    """How a plan is written beside an order at `limit` points."""
    return SpreadTerms(
        plan.strategy, plan.direction, plan.confidence, plan.expected_credit, plan.price, plan.pin, plan.vix,
        plan.scheduled_at, policy_id(plan.policy), limit=None if plan.limit == limit else plan.limit,
    )  # fmt: skip


def plan_of(
    terms: SpreadTerms, holding: str, spread: CreditSpread, contracts: int, limit: Decimal | None, policy: StopPolicy
) -> SpreadPlan:
    """The plan that was written as `terms`, beside an order for so many contracts at `limit` points."""
    least = terms.limit if terms.limit is not None else limit
    return SpreadPlan(
        holding, terms.strategy, terms.direction, terms.confidence, terms.spread or spread, contracts,
        terms.expected_credit, terms.expected_credit if least is None else least, terms.price, terms.pin, terms.vix,
        terms.scheduled_at, policy,
    )  # fmt: skip


Plan = SpreadPlan
"""Every kind of plan; a holding without one is traded freely by its strategy."""


@frozen
class SpreadWatch:
    """What the stop rules remember of one spread from cycle to cycle; a change is a ledger event.

    `best_profit` is the best profit so far as a fraction of the credit (CS-506). `trailing_armed` and `hold` are sticky
    (CS-508, CS-510). `anchor` and `anchor_at` say since when the mid has stayed put (CS-509). `stale_cycles` counts
    cycles in a row without a usable mark (CS-505). `lock_in_armed` is the sticky lock-in of OTM positions (CS-552).
    `breach_told` says that the breached short was reported (CS-530).
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
class Notes:
    """What any strategy, also a user's, must remember of a holding: texts by name; a change is a ledger event.

    >>> Notes({"high": "601.20"}).values["high"]
    '601.20'
    """

    values: dict[str, str] = field(factory=dict)


@frozen
class RWatch:
    """What the exits in R remember: the underlying's price at the entry fill, points, the best R so far, whether armed.

    `last` is R when its newest exit was ordered; None before the first, or while the underlying was not quoted. Rules:
    SC-324, SC-334.
    """

    price: Decimal
    best: Decimal = Decimal(0)
    armed: bool = False
    last: Decimal | None = None


@frozen
class DeltaWatch:
    """The last good delta of a straddle, shares, its gamma, shares a point, and the price and time it was good at.

    `reference` is the price, points, that the next move is counted from (SC-435). `refused` counts hedges in a row that
    the broker refused; `blind` says that the delta is not known now.
    Rules: SC-444, SC-445.
    """

    delta: Decimal
    gamma: Decimal
    price: Decimal
    at: dt.datetime
    blind: bool = False
    refused: int = 0
    reference: Decimal | None = None


Watch = SpreadWatch | Notes | RWatch | DeltaWatch
"""Every kind of memory of a holding."""

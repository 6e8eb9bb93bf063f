"""The events that record a trading day. The ledger is append-only and the only source of truth; `Book` is its fold.

Every event carries `at`, the UTC instant it was known. Market marks are not ledgered; intents, fills, watch changes,
verdicts and halts are. Rules: CS-414, CS-564, CS-565, R1.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.hedging_events import HedgingEvent
from gammacore.domain.inventory_events import InventoryEvent
from gammacore.domain.orders import Execution, OrderTicket, Purpose
from gammacore.domain.positions import EntryPlan, Watch
from gammacore.domain.verdicts import FilterVerdict


class Mode(StrEnum):
    """Whose money it is: nobody's (simulated or replayed), play money, real money.

    They never share a ledger, a balance or a history. Rule: CS-609.
    """

    STUDY = "study"
    PAPER = "paper"
    LIVE = "live"


@frozen
class LedgerOpened:
    """The first event of every ledger: whose it is, and what it starts with, dollars.

    `lineage` makes client ids of different ledgers differ: a hash of the inputs for simulated and replayed days,
    random for paper and live.
    """

    at: dt.datetime
    account: str
    mode: Mode
    lineage: str
    starting_balance: Decimal


@frozen
class HistoryImported:
    """The record of trades made before this ledger: what sizing looks back on; no money moves. Rule: CS-603.

    `results` gross dollars per contract, oldest first; `total_trades` counts all ever made, in the record or not.
    """

    at: dt.datetime
    results: tuple[Decimal, ...]
    total_trades: int
    source: str


@frozen
class PositionAdopted:
    """A position this ledger did not open is ours from now on: read from old records, or an `orphan` found at the
    broker under our id. Rules: CS-017, CS-573..575.

    `credit` points per spread received; `holdings` signed contracts per option symbol; `opened_at` when it was
    acquired, so that no grace begins anew (where unknown, the start of its day: every grace is over). A pin, price or
    VIX of the plan that was never recorded is 0. `watch` is what the rules already remembered.
    """

    at: dt.datetime
    plan: EntryPlan
    contracts: int
    credit: Decimal
    holdings: dict[str, int]
    opened_at: dt.datetime
    watch: Watch
    orphan: bool


@frozen
class DayStarted:
    """A trading day begins (or is taken up again under other settings); what it trades and by which configuration."""

    at: dt.datetime
    date: dt.date
    underlying: str
    strategy: str
    market: str
    session_open: dt.datetime
    session_close: dt.datetime
    configuration: str


@frozen
class EntryJudged:
    """One scheduled entry check: every filter's verdict, and the reason no trade was taken (None: one was). CS-366.

    `scheduled_at` is the slot. Price, pin and VIX are those of the judgement, None where unknown.
    """

    at: dt.datetime
    scheduled_at: dt.datetime
    reason: str | None
    explanation: str
    filters: tuple[FilterVerdict, ...]
    price: Decimal | None
    pin: Decimal | None
    vix: Decimal | None


@frozen
class OrderIntended:
    """An order is about to be sent: durable before the first byte leaves. `plan` comes with an entry. Rule: R1."""

    at: dt.datetime
    ticket: OrderTicket
    plan: EntryPlan | None = None


@frozen
class TicketRefused:
    """The guard refused an order; nothing was intended. `reason` is a verdict's code, `detail` its figures."""

    at: dt.datetime
    holding: str
    purpose: Purpose
    symbols: tuple[str, ...]
    reason: str
    detail: str

    @property
    def subject(self) -> tuple[str, ...]:
        """What repeats are recognised by: holding, purpose and symbols."""
        return self.holding, self.purpose, *self.symbols


@frozen
class OrderAccepted:
    """The broker has the order."""

    at: dt.datetime
    id: str
    broker_id: str


@frozen
class OrderWasRejected:
    """The broker refused the order for good."""

    at: dt.datetime
    id: str
    reason: str


@frozen
class OrderNotSent:
    """Nothing left this machine, or the broker was asked and proved it never had the order."""

    at: dt.datetime
    id: str
    detail: str


@frozen
class OrderOutcomeUnknown:
    """The order left and nobody answered: it is looked up by client id, never sent again blindly. Rule: R4."""

    at: dt.datetime
    id: str
    detail: str


@frozen
class OrderFilled:
    """More of an order is filled. `execution` is cumulative; `complete` when nothing more will come.

    `price_verified` is False when the broker gave no price and the expected one was booked (CS-411), or a credit that
    no spread brings (CS-003).
    """

    at: dt.datetime
    id: str
    execution: Execution
    complete: bool
    price_verified: bool = True


@frozen
class CancelRequested:
    """We asked for an order to be called back; until the broker says so it may still fill."""

    at: dt.datetime
    id: str
    reason: str


@frozen
class OrderCanceled:
    """The broker confirms that the rest of the order is gone."""

    at: dt.datetime
    id: str
    reason: str


@frozen
class OrderExpired:
    """The session ended with the order unfilled."""

    at: dt.datetime
    id: str


@frozen
class WatchChanged:
    """What the stop rules remember of a position has changed."""

    at: dt.datetime
    position: str
    watch: Watch


@frozen
class CloseDecided:
    """A rule said to close: which, and with what numbers; the position is `closing` until the broker shows it flat."""

    at: dt.datetime
    position: str
    reason: str
    value: Decimal | None
    detail: str


@frozen
class PositionClosed:
    """A position is over: booked exactly once. Rules: CS-561..564.

    `exit_value` points per spread; `gross` and `fees` dollars for the whole position; `per_contract` dollars, gross.
    `settlement_price` and `estimated` are set when it settled.
    """

    at: dt.datetime
    position: str
    reason: str
    exit_value: Decimal
    contracts: int
    gross: Decimal
    fees: Decimal
    settlement_price: Decimal | None = None
    estimated: bool = False

    @property
    def per_contract(self) -> Decimal:
        return self.gross / self.contracts if self.contracts else Decimal(0)


@frozen
class SettlementAwaited:
    """A position has expired and there is no official price yet. Rule: CS-528."""

    at: dt.datetime
    position: str


@frozen
class HoldingsQuarantined:
    """Contracts at the broker that are not ours: alarmed and never traded; they count in the limits. Rule: CS-574."""

    at: dt.datetime
    holdings: dict[str, int]
    detail: str


@frozen
class PositionMissing:
    """A position was absent from `looks` successful broker queries in a row. Rule: CS-572."""

    at: dt.datetime
    position: str
    looks: int


@frozen
class PositionAdjusted:
    """The broker holds less of a position than its fills left: somebody traded `change` signed contracts outside.

    `price` points a contract where the broker shows who traded; None: counted at its worst until the position is
    booked, `estimated`. A change the other way takes an earlier one of unknown price back. Rules: R5, CS-572.
    """

    at: dt.datetime
    position: str
    symbol: str
    change: int
    price: Decimal | None
    detail: str


@frozen
class AlarmRaised:
    """Something a person must know; it blocks nothing by itself."""

    at: dt.datetime
    code: str
    detail: str
    position: str = ""


@frozen
class Halted:
    """The kill switch is latched: no opening until `resume`; exits still run. Rule: R10."""

    at: dt.datetime
    reason: str


@frozen
class Resumed:
    """A person cleared the kill switch."""

    at: dt.datetime
    note: str


@frozen
class BreakerTripped:
    """The broker failed so many times in a row that entries stop; exits go on. Rule: CS-630."""

    at: dt.datetime
    failures: int
    detail: str


@frozen
class BreakerCleared:
    """Entries may go on: the broker answers again, or a person said so."""

    at: dt.datetime
    reason: str


@frozen
class FlattenRequested:
    """A person asked for everything to be closed."""

    at: dt.datetime
    reason: str


@frozen
class DayFinished:
    """The day is over and nothing of it is open; `balance` in dollars."""

    at: dt.datetime
    date: dt.date
    balance: Decimal


Event = (
    LedgerOpened
    | HistoryImported
    | PositionAdopted
    | DayStarted
    | EntryJudged
    | OrderIntended
    | TicketRefused
    | OrderAccepted
    | OrderWasRejected
    | OrderNotSent
    | OrderOutcomeUnknown
    | OrderFilled
    | CancelRequested
    | OrderCanceled
    | OrderExpired
    | WatchChanged
    | CloseDecided
    | PositionClosed
    | SettlementAwaited
    | InventoryEvent
    | HoldingsQuarantined
    | PositionMissing
    | PositionAdjusted
    | AlarmRaised
    | Halted
    | Resumed
    | BreakerTripped
    | BreakerCleared
    | FlattenRequested
    | DayFinished
    | HedgingEvent
)
"""Every kind of event a ledger may hold."""

"""The events that record a trading day. The ledger is append-only and the only source of truth; `Book` is its fold.

Every event carries `at`, the UTC instant it was known. Market marks are not ledgered; intents, fills, watch changes,
verdicts and halts are. Rules: CS-414, CS-564, CS-565, R1.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.hedge_filter_events import HedgingEvent
from gammacore.domain.holding_events import HoldingEvent
from gammacore.domain.holdings.plans import Opening
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.orders import Execution, OrderTicket, Purpose
from gammacore.domain.verdicts import FilterVerdict
from gammacore.domain.words import DeskState, SwitchStep


class Mode(StrEnum):
    """Whose money it is: no one's (simulated or replayed), play money, real money.

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
class AccountMark:
    """A broker's account as a ledger remembers it: recognised when it is shown again, its number never written.

    `digest` is a hash of the number under the ledger's lineage, "" where the number is not known; `ending` is the end
    of the number as messages show it. Rule: CS-609.

    >>> mine = AccountMark.of(BrokerName.TRADIER, "6YA11111", "f00d", "***111")
    >>> mine.contradicts(AccountMark.of(BrokerName.TRADIER, "6YB22222", "f00d", "***222"))
    True
    >>> mine.contradicts(AccountMark.of(BrokerName.TRADIER, "", "f00d", "***"))
    False
    """

    broker: BrokerName
    digest: str
    ending: str

    @classmethod
    def of(cls, broker: BrokerName, number: str, lineage: str, ending: str) -> AccountMark:
        """The mark of an account number in the ledger of that lineage; without a number only the broker is known."""
        digest = hashlib.sha256(json.dumps([lineage, number]).encode()).hexdigest() if number else ""
        return cls(broker, digest, ending)

    @property
    def is_whole(self) -> bool:
        """Whether the number was known, so that the mark can be recorded."""
        return bool(self.digest)

    def contradicts(self, other: AccountMark) -> bool:
        """Whether they are two accounts: another broker, or another number where both numbers are known."""
        return self.broker is not other.broker or (self.is_whole and other.is_whole and self.digest != other.digest)

    def __str__(self) -> str:
        return f"the {self.broker} account {self.ending}"


@frozen
class AccountRecorded:
    """Whose account this ledger is: recorded once, at the first start at a real broker; never in a study.

    A ledger that is older than this event records it at its next start.
    """

    at: dt.datetime
    account: AccountMark


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
    """An order is about to be sent: durable before the first byte leaves. Rule: R1.

    `opens` comes with the first order of a holding. `policy` is the stop policy it names, in records from before
    policies were recorded by themselves.
    """

    at: dt.datetime
    ticket: OrderTicket
    opens: Opening | None = None
    policy: StopPolicy | None = None


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
    """The order left and its outcome is not known: it is looked up, never sent again blindly. Rule: R4.

    `broker_id` is the broker's own id of it where the answer had one beside an error, else empty.
    """

    at: dt.datetime
    id: str
    detail: str
    broker_id: str = ""


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
class HoldingsQuarantined:
    """Contracts at the broker that are not ours: alarmed and never traded; they count in the limits. Rule: CS-574."""

    at: dt.datetime
    holdings: dict[str, int]
    detail: str


@frozen
class AlarmRaised:
    """Something a person must know; it blocks nothing by itself."""

    at: dt.datetime
    code: str
    detail: str
    holding: str = ""


@frozen
class Halted:
    """The kill switch is latched: no opening until `resume`; exits still run. Rule: R10."""

    at: dt.datetime
    reason: str


@frozen
class DayHalted:
    """Nothing is opened any more on this New York date; the next session ends it by itself. Rule: SC-609.

    `reason` is `daily_loss` (SC-604) or `loss_streak` (SC-608).
    """

    at: dt.datetime
    date: dt.date
    reason: str
    detail: str

    def covers(self, reason: str) -> bool:
        """Whether a halt for this reason would add nothing: a loss of the day closes what is held too. Rule: SC-611."""
        return self.reason in (reason, "daily_loss")


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
    """Entries may go on: the broker answers again, or a person cleared it."""

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


@frozen
class DeskSwitched:
    """The hybrid changed its state; `before` None at the first reading of a day. Rules: SC-503, SC-504.

    `volatility` is the reading it was decided on, a fraction a year, and `source` where that came from.
    """

    at: dt.datetime
    before: DeskState | None
    after: DeskState
    step: SwitchStep
    volatility: Decimal | None
    source: str


OrderMoved = (
    OrderAccepted
    | OrderWasRejected
    | OrderNotSent
    | OrderOutcomeUnknown
    | CancelRequested
    | OrderCanceled
    | OrderExpired
)
"""What changes the state of an order that was intended, and fills nothing of it."""

Event = (
    LedgerOpened
    | HistoryImported
    | AccountRecorded
    | DayStarted
    | EntryJudged
    | OrderIntended
    | TicketRefused
    | OrderMoved
    | OrderFilled
    | HoldingEvent
    | HoldingsQuarantined
    | AlarmRaised
    | Halted
    | DayHalted
    | Resumed
    | BreakerTripped
    | BreakerCleared
    | FlattenRequested
    | DayFinished
    | DeskSwitched
    | HedgingEvent
)
"""Every kind of event a ledger may hold."""

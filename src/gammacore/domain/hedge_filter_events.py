"""What the hedging desk writes to the ledger: inputs taken, intents, fills, exits, sessions. Rules: DH-710..712.

`DeskBook` is their fold. Each says what changed, not why, so that it folds alike under any settings.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.instruments import Side


class IntentKind(StrEnum):
    """Why an order is wanted; on the wire it is metadata.reason. Section 6."""

    HEDGE = "delta_hedge"
    EXIT = "market_close_exit"
    FLATTEN = "daily_flatten"
    LEFTOVER_EXIT = "leftover_exit"
    LEFTOVER_FLATTEN = "leftover_flatten"

    @property
    def closes_option(self) -> bool:
        return self in (IntentKind.EXIT, IntentKind.LEFTOVER_EXIT)

    @property
    def prefix(self) -> str:
        """How its id begins."""
        if self is IntentKind.HEDGE:
            return "hedge"
        return "exit" if self.closes_option else "flatten"


class TimerKind(StrEnum):
    """What falls due by itself. Rule: DH-260."""

    RATE_WINDOW = "rate_window"
    CUTOFF = "cutoff"
    EXIT_RETRY = "exit_retry"
    OPEN = "open"
    FILL_TIMEOUT = "fill_timeout"
    CLOSE = "close"


class UpdateStatus(StrEnum):
    """What became of an intent. `recorded` is ours: no order update was received yet. Rules: DH-112, DH-240."""

    RECORDED = "recorded"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        """Nothing more will be filled; the rest leaves the in-flight shares."""
        return self in _OVER


_OVER = frozenset({UpdateStatus.FILLED, UpdateStatus.REJECTED, UpdateStatus.CANCELED, UpdateStatus.EXPIRED})


@frozen
class HedgeRunStarted:
    """A desk took this ledger up, by which name and settings. Rule: DH-712."""

    at: dt.datetime
    strategy: str
    account: str
    profile: str
    config_hash: str


@frozen
class HedgeSessionStarted:
    """A new New York date: ids seen are forgotten. Rule: DH-520.

    `settled` options expired meanwhile and went to settlement; `leftovers` are options and hedge shares of an earlier
    session that must be closed; `forgotten` hedge shares whose count was set to 0 (profile shares_v2).
    """

    at: dt.datetime
    date: dt.date
    settled: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


@frozen
class HoldingSet:
    """An option position as it stands after an update; 0 contracts: it is gone. `text` is the symbol as received."""

    text: str
    contracts: int
    delta: Decimal | None = None
    price: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None


@frozen
class PriceMark:
    """A price of an underlying or a hedge share, points, at the event's time."""

    symbol: str
    price: Decimal


@frozen
class MarketTaken:
    """A market event was accepted: its seen mark, its watermark, and what it changed. `at` is the strategy clock."""

    at: dt.datetime
    event_id: str
    content: str
    symbol: str
    ts: dt.datetime
    marks: tuple[PriceMark, ...]
    holding: HoldingSet | None


@frozen
class OptionQuoted:
    """The market of an option that a hedge may be made of, at the event's time; points. `text` as received. DH-804.

    Kept only where hedges may be options; `price` is the last one reported, else the middle of bid and ask.
    """

    at: dt.datetime
    text: str
    bid: Decimal
    ask: Decimal
    delta: Decimal
    price: Decimal


@frozen
class LimitPassed:
    """A figure went beyond its limit (`beyond`), or came back: an alarm is raised once an episode. Rule: DH-1003.

    `code` names the limit, `subject` the option or the hedge share.
    """

    at: dt.datetime
    code: str
    subject: str
    beyond: bool


@frozen
class TimerRan:
    """A timer fell due and was acted on; `subject` is its book or its intent."""

    at: dt.datetime
    kind: TimerKind
    subject: str
    due: dt.datetime


@frozen
class HedgeAwaited:
    """A breach was refused (or cut) by the rate or size limit: it is decided anew at `until`. Rule: DH-306."""

    at: dt.datetime
    book: str
    until: dt.datetime


@frozen
class DeltaUnusual:
    """|net delta| went far above the threshold (`since`), or came back (None). Rule: DH-1005."""

    at: dt.datetime
    book: str
    since: dt.datetime | None


@frozen
class IntentRecorded:
    """An order is wanted: durable before its line is written. `line` is exactly what goes on the wire. Rule: DH-710.

    `subject` is the key of what is traded, `book` its hedge share ("" for an option without one). `price` is the
    hedge share's when it was decided, points; `counts` whether it moves hedge shares on fills, at once, or never.
    """

    at: dt.datetime
    intent_id: str
    event_id: str
    kind: IntentKind
    book: str
    subject: str
    side: Side
    quantity: int
    attempt: int
    price: Decimal | None
    counts: str
    line: str


@frozen
class IntentRepeated:
    """An exit without news is written again, under its id. Rule: DH-511."""

    at: dt.datetime
    intent_id: str


@frozen
class IntentsWritten:
    """These lines were flushed to the output; one event may mark many intents. Rule: DH-710."""

    at: dt.datetime
    intent_ids: tuple[str, ...]


@frozen
class IntentUpdated:
    """News of an intent, or (`assumed`) the fill that is taken for granted in a replay. Rules: DH-112, DH-113."""

    at: dt.datetime
    intent_id: str
    status: UpdateStatus
    filled: int
    average_price: Decimal | None
    fees: Decimal
    assumed: bool
    content: str


@frozen
class ExitBegun:
    """The exit batch of a session: once for the cut-off, once for leftovers. Rules: DH-510, DH-512, DH-520.

    `cleared` options and hedge shares count as gone from here on (exits that are complete on emission).
    """

    at: dt.datetime
    leftover: bool
    cleared: tuple[str, ...]


@frozen
class RegimeNoted:
    """Dealer gamma changed its sign, source or status, or the macro event its state. Rules: DH-406, DH-450."""

    at: dt.datetime
    subject: str
    before: str
    after: str
    macro_since: dt.datetime | None


HedgingEvent = (
    HedgeRunStarted
    | HedgeSessionStarted
    | MarketTaken
    | OptionQuoted
    | LimitPassed
    | TimerRan
    | HedgeAwaited
    | DeltaUnusual
    | IntentRecorded
    | IntentRepeated
    | IntentsWritten
    | IntentUpdated
    | ExitBegun
    | RegimeNoted
)
"""Every kind of event of this desk; `gammacore.domain.ledger.Event` contains them."""

"""What a strategy sees (Situation) and may say (Decisions). Deciding is pure; every decision carries its rationale."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol, assert_never

from attrs import field, frozen

from gammacore.domain.advice import AdvisorOpinion, EntryOpinion, EntryProposal, NoOpinion
from gammacore.domain.book.view import BookView
from gammacore.domain.briefly import briefly
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.holdings.plans import EntryTerms, SpreadPlan, Watch
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.market_memory import MarketMemory, WatchedSpread
from gammacore.domain.orders import Effect, Purpose, TicketLife
from gammacore.domain.pricing.rates import MarketRates
from gammacore.domain.regime.regime import CALM, Regime
from gammacore.domain.risk.opening_limits import EquityWatch
from gammacore.domain.risk.pause import Pause, UnreadablePause
from gammacore.domain.sessions import BrokerClock, TradingSession
from gammacore.domain.spreads import Vertical
from gammacore.domain.words import DeskState, SwitchStep


@frozen
class Needs:
    """What a strategy's next look must contain besides the market, the book and the regime; each costs a query.

    `exposure` is dealer gamma, `history` the bars before, `minutes` those the scalping desks read, once a minute;
    `account` the buying power, the broker's clock and the pause, `equity` what the account is worth; `rates` what money
    costs and the share pays (SC-424, SC-425); `second_look` the market once more after all of these (CS-359);
    `holdings` what the broker shows of the account, for a strategy that takes over what no ledger knows; `expiries` the
    first and last expiry its chain must show, by default all that the market was opened for.
    """

    exposure: bool = False
    history: bool = False
    account: bool = False
    second_look: bool = False
    minutes: bool = False
    equity: bool = False
    rates: bool = False
    holdings: bool = False
    expiries: tuple[dt.date, dt.date] | None = None


NOTHING_MORE = Needs()
FOR_AN_ENTRY = Needs(exposure=True, history=True, account=True, second_look=True)
"""All that an entry of the credit-spread desk looks at."""


@frozen(eq=False)
class Situation:
    """All a strategy may look at: now, the session, the market, the exposure, the book, the account.

    `buying_power` is what the broker says may be risked on options, dollars; None when it did not say. `exposure`,
    `history`, `pause`, `broker_clock`, `worth` (equity, dollars), `rates`, `at_broker` (signed contracts and shares by
    symbol) and `latest` (the second look of CS-359) are there when the strategy's `needs` name them. `regime` is dealer
    gamma and the macro event as the hedging desk reads them. `memory` holds what the market showed up to now, `equity`
    what the account was worth (None where no setting asks, DH-1009), `opinions` and `entry_opinion` an advisor's
    answers.
    """

    now: dt.datetime
    session: TradingSession
    underlying: Underlying
    market: MarketSnapshot
    book: BookView
    buying_power: Decimal | None
    exposure: GammaExposure | None = None
    memory: MarketMemory = MarketMemory()
    history: MarketHistory | None = None
    pause: Pause | UnreadablePause | None = None
    latest: MarketSnapshot | None = None
    latest_exposure: GammaExposure | None = None
    entry_opinion: EntryOpinion | NoOpinion | None = None
    is_live: bool = False
    broker_clock: BrokerClock | None = None
    regime: Regime = CALM
    equity: EquityWatch | None = None
    opinions: Mapping[str, AdvisorOpinion] = field(factory=dict)
    worth: Decimal | None = None
    rates: MarketRates | None = None
    at_broker: Mapping[str, int] | None = None

    def __repr__(self) -> str:
        return briefly(self, self.underlying.symbol, self.now.isoformat(), f"price {self.price}", repr(self.book))

    @property
    def price(self) -> Decimal | None:
        """The underlying's price when it is fresh, points. Rule: CS-353."""
        return self.market.spot if self.market.fresh(self.market.spot_at) else None

    def opinion(self, position: str) -> AdvisorOpinion | None:
        """What an advisor said of a position; None where none is asked: stops are mechanical then. Rule: CS-545."""
        return self.opinions.get(position) if self.hears_advice else None

    @property
    def hears_advice(self) -> bool:
        """Whether an advisor may be asked at all: VIX and a fresh price are known. Rule: CS-545."""
        return self.market.vix is not None and self.price is not None


@frozen
class Open:
    """Sell a spread as planned; `judgement` is the record of its filters, `proposal` what an advisor is asked.

    `warnings` are alarms written down with the order. `limit`, points, is that of the first order where it is not the
    plan's own, the least it is sold for (CS-421).
    """

    plan: SpreadPlan
    judgement: EntryJudged
    proposal: EntryProposal | None = None
    warnings: tuple[Warn, ...] = ()
    limit: Decimal | None = None


@frozen
class Reprice:
    """Sell a planned spread, whose last order was called back unfilled, at the next limit, points. Rule: CS-421."""

    plan: SpreadPlan
    limit: Decimal


@frozen
class NoTrade:
    """No trade at a scheduled entry, and why."""

    judgement: EntryJudged


@frozen
class Close:
    """Close a spread: the rule that says so, its numbers, and how to order it.

    `limit` None closes at market. `value` is the mark that triggered, points. `may_wait` is an exit an advisor may hold
    (CS-544). `sides` are those that one order of several legs closes: None all of them, () none, because their legs
    are traded one by one (CS-420).
    """

    holding: str
    reason: str
    detail: str
    value: Decimal | None = None
    urgent: bool = False
    limit: Decimal | None = None
    may_wait: bool = False
    sides: tuple[Vertical, ...] | None = None


@frozen
class Repair:
    """Trade one leg of a spread away by itself: it has lost its counterpart, or there is no bid for that.

    At market, unless `limit` names points; `life` is how long the order rests. Rules: CS-413, CS-420.
    """

    holding: str
    leg: Leg
    contracts: int
    limit: Decimal | None = None
    life: TicketLife | None = None
    reason: str = ""


@frozen
class Trade:
    """Trade for a holding without a plan: one order of options or of shares, at market unless `limit` names points.

    `strategy` and `underlying` are whose holding it is, `terms` what is fixed at its entry: written down when it does
    not exist yet. `record` is what the order was decided on.
    """

    holding: str
    strategy: str
    underlying: str
    purpose: Purpose
    legs: tuple[Leg | ShareLeg, ...]
    quantity: int
    effect: Effect
    reason: str
    limit: Decimal | None = None
    life: TicketLife | None = None
    record: EntryJudged | HedgeDecided | None = None
    terms: EntryTerms | None = None


@frozen
class TakeOver:
    """What the broker holds and no ledger knows is a holding of this strategy from now on. Rule: SC-452.

    `symbols` are signed contracts and shares, `prices` points at which each is taken in: assumed, for what was
    paid is not known. `terms` are fixed now, as at an entry.
    """

    holding: str
    strategy: str
    underlying: str
    symbols: Mapping[str, int]
    prices: Mapping[str, Decimal]
    terms: EntryTerms


@frozen
class Note:
    """A decision not to trade whose reason is new: it is journaled."""

    record: HedgeDecided


@frozen
class Cancel:
    """Call a working order back."""

    order: str
    reason: str


@frozen
class RecordWatch:
    """Watch a spread before it is sold: the loop's memory begins to fold its marks. Rule: CS-361."""

    slot: dt.datetime
    watched: WatchedSpread


@frozen
class SaveState:
    """A change of what the rules of a strategy, also a user's, remember of a holding."""

    holding: str
    watch: Watch


@frozen
class Warn:
    """Something a person must know now."""

    code: str
    detail: str
    holding: str = ""


@frozen
class Halt:
    """The account has lost too much: the kill switch is latched until a person resumes. Rules: DH-1001, DH-1009."""

    reason: str


@frozen
class HaltDay:
    """The day has lost enough: nothing more is opened until the next session; what closes goes on. Rule: SC-609."""

    reason: str
    detail: str


@frozen
class SwitchDesk:
    """The hybrid changes its state: from which to which, by which step, on which reading. Rule: SC-504."""

    before: DeskState | None
    after: DeskState
    step: SwitchStep
    volatility: Decimal | None
    source: str


Decision = (
    Open | Reprice | NoTrade | RecordWatch | Close | Repair | Trade | TakeOver | Note | Cancel | SaveState | Warn | Halt
    | HaltDay | SwitchDesk
)  # fmt: skip


def subject_of(decision: Decision) -> tuple[str, Purpose, tuple[str, ...]]:
    """The holding a decision is about, what it is for, and its symbols, as a refusal of it is journaled."""
    match decision:
        case Open(plan=plan) | Reprice(plan=plan):
            return plan.holding, Purpose.ENTRY, plan.spread.symbols
        case Trade():
            return decision.holding, decision.purpose, tuple(leg.symbol for leg in decision.legs)
        case Repair():
            return decision.holding, Purpose.REPAIR, (decision.leg.symbol,)
        case TakeOver():
            return decision.holding, Purpose.ENTRY, tuple(decision.symbols)
        case Close() | SaveState() | Warn():
            return decision.holding, Purpose.EXIT, ()
        case Cancel():
            return decision.order, Purpose.EXIT, ()
        case Note(record=record):
            return record.holding, Purpose.HEDGE, (record.symbol,)
        case NoTrade() | RecordWatch() | Halt() | HaltDay() | SwitchDesk():
            return "", Purpose.ENTRY, ()
        case _:
            assert_never(decision)


@frozen
class Decisions:
    """What a strategy says in one cycle, in the order it is to be done."""

    steps: tuple[Decision, ...] = ()

    def __repr__(self) -> str:
        return briefly(self, len(self.steps), *(type(step).__name__ for step in self.steps))


class Strategy(Protocol):
    """Decides, and knows when it must be asked. Pure: the same situation, the same decisions."""

    @property
    def name(self) -> str:
        """As in `gammacore trade --strategy`."""
        ...

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """What this cycle's decision looks at besides the market and the book."""
        ...

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """Instants at which it must be asked even when the market is silent; past ones mean nothing."""
        ...

    def decide(self, situation: Situation) -> Decisions:
        """What to do now."""
        ...


class HoldsOvernight(Protocol):
    """What a strategy has besides, where it may keep something on purpose beyond the close."""

    def overnight(self, session: TradingSession, book: BookView) -> frozenset[str]:
        """The holdings that this session leaves to the next one. Rule: SC-614."""
        ...


def kept_overnight(strategy: Strategy | HoldsOvernight, session: TradingSession, book: BookView) -> frozenset[str]:
    """What a strategy keeps beyond the close; nothing of one that does not say."""
    keeps = getattr(strategy, "overnight", None)
    return frozenset() if keeps is None else frozenset(keeps(session, book))

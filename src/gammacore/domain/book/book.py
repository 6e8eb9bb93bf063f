"""The book: holdings, orders, balance, statistics and halts, as the fold of the ledger's events.

`Book.apply` is the only mutator and costs the same with ten holdings or a thousand. There is no second state.
Rules: CS-564, CS-565, CS-603, CS-610.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Never

from gammacore.domain.book.comparisons import Comparisons
from gammacore.domain.book.holding_log import HoldingLog
from gammacore.domain.book.order_log import OrderLog
from gammacore.domain.book.results import BookResults
from gammacore.domain.book.switches import Switches
from gammacore.domain.book.view import twin
from gammacore.domain.briefly import briefly, html_table
from gammacore.domain.hedge_filter_events import HedgingEvent, RegimeNoted
from gammacore.domain.holding_events import (
    CloseDecided,
    DifferenceSeen,
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    PolicyRecorded,
    SettlementAwaited,
    SharesDelivered,
    WatchChanged,
)
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread, sold_spreads
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import (
    AccountMark,
    AccountRecorded,
    AlarmRaised,
    BreakerCleared,
    BreakerTripped,
    CancelRequested,
    DayFinished,
    DayHalted,
    DayStarted,
    DeskSwitched,
    EntryJudged,
    Event,
    FlattenRequested,
    Halted,
    HistoryImported,
    HoldingsQuarantined,
    LedgerOpened,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderMoved,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
    Resumed,
    TicketRefused,
)
from gammacore.domain.orders import Order
from gammacore.domain.sessions import new_york_date
from gammacore.errors import DoesNotFold, InvalidInput


class Book:
    """Folds events one by one; read it through its properties.

    `owner` is the broker's account the ledger is of, None in a study and where it was not recorded yet.
    Amounts are dollars. `results` are the gross P/L per contract of closed positions, oldest first (CS-603).
    """

    def __init__(self) -> None:
        self.opened: LedgerOpened | None = None
        self.owner: AccountMark | None = None
        self.day: DayStarted | None = None
        self.finished: DayFinished | None = None
        self.version = 0
        self.last_at: dt.datetime | None = None
        self._switches = Switches()
        self._results = BookResults()
        self._holdings = HoldingLog()
        self._orders = OrderLog()
        self._judged: dict[dt.datetime, EntryJudged] = {}
        self._hedge_decisions: dict[str, HedgeDecided] = {}
        self._comparisons = Comparisons()
        self._regime_notes: dict[str, RegimeNoted] = {}
        self._refusals: dict[tuple[str, ...], str] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Book:
        """The fold of a whole ledger.

        Raises:
            DoesNotFold: the first event that cannot follow those before it.
        """
        return cls().followed_by(events)

    def followed_by(self, events: Iterable[Event]) -> Book:
        """This book with all of these taken in.

        Raises:
            DoesNotFold: the first event that cannot follow those before it.
        """
        for event in events:
            try:
                self.apply(event)
            except InvalidInput as refusal:
                raise DoesNotFold(self.version + 1, type(event).__name__, str(refusal)) from refusal
        return self

    def copy(self) -> Book:
        """A book that goes its own way from here; its values are immutable, so only its tables are copied."""
        return twin(self)

    def apply(self, event: Event) -> None:
        """Take one more event in.

        Raises:
            InvalidInput: an event that cannot follow what the book holds.
        """
        self._apply(event)
        self.version += 1
        self.last_at = event.at

    # -- reading ------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        held, working = len(self.live_holdings), len(self.working_orders)
        return briefly(self, f"version {self.version}", self.balance, f"{held} held", f"{working} orders work")

    def _repr_html_(self) -> str:
        head = ("holding", "owner", "underlying", "contracts or shares")
        rows = [(one.id, one.owner, one.underlying, dict(one.quantities)) for one in self.live_holdings]
        return html_table(repr(self), head, rows)

    @property
    def balance(self) -> Decimal:
        """Starting balance plus gross P/L less fees of everything closed."""
        return self._results.balance

    @property
    def total_trades(self) -> int:
        """All trades ever closed, in the record or not. Rule: CS-610."""
        return self._results.total_trades

    @property
    def total_fees(self) -> Decimal:
        return self._results.total_fees

    @property
    def halted(self) -> str | None:
        """Why the kill switch is latched, None when it is not."""
        return self._switches.halted

    @property
    def flatten(self) -> str | None:
        """Why everything is to be closed, None when nothing of the kind was asked."""
        return self._switches.flatten

    def halted_on(self, date: dt.date) -> DayHalted | None:
        """Why nothing is opened any more on a New York date; None where the day is not halted. Rule: SC-609."""
        halted = self.last_day_halt
        return halted if halted is not None and halted.date == date else None

    @property
    def last_day_halt(self) -> DayHalted | None:
        """The newest halt of a day, also of one that is over. Rule: SC-609."""
        return self._switches.day_halted

    @property
    def switched(self) -> DeskSwitched | None:
        """The newest change of the hybrid's state. Rule: SC-504."""
        return self._switches.switched

    @property
    def resumed_at(self) -> dt.datetime | None:
        """When a person last resumed: what was there then is known to them. Decision 0033."""
        return self._switches.resumed_at

    @property
    def breaker_tripped_at(self) -> dt.datetime | None:
        """Since when broker failures keep entries back, None when they do not. Rule: CS-630."""
        return self._switches.breaker_tripped_at

    @property
    def results(self) -> tuple[Decimal, ...]:
        return self._results.per_contract

    @property
    def holdings(self) -> Mapping[str, AnyHolding]:
        """Everything ever held or ordered, by id."""
        return self._holdings.by_id

    @property
    def live_holdings(self) -> tuple[AnyHolding, ...]:
        """What is not over, oldest first: an entry at work is one, before anything of it fills."""
        return self._holdings.live

    @property
    def live_spreads(self) -> tuple[SoldSpread, ...]:
        """The credit spreads among them of which something has filled."""
        return self._holdings.live_spreads

    def holding(self, holding: str) -> AnyHolding | None:
        return self._holdings.by_id.get(holding)

    def knows_policy(self, policy: str) -> bool:
        """Whether a stop policy is recorded under this id."""
        return self._holdings.knows_policy(policy)

    @property
    def orders(self) -> Mapping[str, Order]:
        return self._orders.by_id

    @property
    def working_orders(self) -> tuple[Order, ...]:
        """Orders the broker may still fill, oldest first."""
        return self._orders.working

    @property
    def differences(self) -> Mapping[str, DifferenceSeen]:
        """What the broker shows otherwise than expected and is not judged yet, by symbol. Rule: CS-572."""
        return MappingProxyType(self._comparisons.differences)

    @property
    def quarantined(self) -> Mapping[str, int]:
        return MappingProxyType(self._comparisons.quarantined)

    def held_by(self, holding: str) -> Mapping[str, int]:
        """Signed contracts and shares of one live holding, by symbol; nothing of any other."""
        known = self._holdings.by_id.get(holding)
        return known.quantities if known is not None and known.is_live else {}

    def refusal(self, subject: tuple[str, ...]) -> str | None:
        """Why the guard last refused orders about a subject (`TicketRefused.subject`); None once one was intended."""
        return self._refusals.get(subject)

    @property
    def regime_notes(self) -> Mapping[str, RegimeNoted]:
        """What was last journaled of dealer gamma and macro events, by subject. Rule: DH-406."""
        return MappingProxyType(self._regime_notes)

    def hedge_decision(self, holding: str) -> HedgeDecided | None:
        """What the hedging desk last decided for a holding."""
        return self._hedge_decisions.get(holding)

    def order(self, order: str) -> Order | None:
        return self._orders.by_id.get(order)

    def orders_since(self, instant: dt.datetime) -> tuple[Order, ...]:
        """Orders meant after an instant, oldest first."""
        return self._orders.since(instant)

    def orders_of(self, holding: str) -> tuple[Order, ...]:
        """The orders of a holding, oldest first."""
        return self._orders.of(holding)

    def realised_on(self, date: dt.date) -> Decimal:
        """P/L after fees of everything closed on a New York date, dollars. Rules: CS-339, CS-622."""
        return self._results.realised_on(date)

    @property
    def net_results(self) -> tuple[Decimal, ...]:
        """Dollars after fees of the newest closed holdings of every kind, oldest first. Rule: SC-612."""
        return self._results.net

    def losses_in_a_row(self, since: dt.datetime) -> int:
        """Holdings closed since then at a loss after fees with no gain between them, the newest last. Rule: SC-608."""
        return self._results.losses_in_a_row(since)

    def judged(self, scheduled_at: dt.datetime) -> bool:
        """Whether an entry slot was judged already: each time once. Rule: CS-306."""
        return scheduled_at in self._judged

    def judgement(self, scheduled_at: dt.datetime) -> EntryJudged | None:
        """The newest judgement of an entry slot."""
        return self._judged.get(scheduled_at)

    @property
    def last_judged(self) -> EntryJudged | None:
        """The newest scheduled entry check; None before the first."""
        return next(reversed(self._judged.values()), None)

    def entries_on(self, date: dt.date) -> tuple[SpreadPlan, ...]:
        """Plans of spreads whose entry was intended on a New York date, filled or not."""
        plans = (spread.plan for spread in sold_spreads(self._holdings.by_id.values()))
        return tuple(plan for plan in plans if new_york_date(plan.scheduled_at) == date)

    def expected_holdings(self) -> dict[str, int]:
        """Signed contracts and shares the broker should show, by symbol. Rule: CS-561."""
        return self._holdings.expected()

    # -- folding ------------------------------------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        match event:
            case OrderIntended():
                self._intended(event)
            case OrderFilled():
                self._filled(event)
            case (
                OrderAccepted() | OrderWasRejected() | OrderNotSent() | OrderOutcomeUnknown() | CancelRequested()
                | OrderCanceled() | OrderExpired()
            ):  # fmt: skip
                self._moved(event)
            case (
                PolicyRecorded() | WatchChanged() | CloseDecided() | SettlementAwaited() | SharesDelivered()
                | HoldingSettled()
            ):  # fmt: skip
                self._holdings.apply(event)
            case HoldingAdjusted() | HoldingAdopted():
                self._holdings.apply(event)
                self._comparisons.apply(event)
            case HoldingsQuarantined() | DifferenceSeen():
                self._comparisons.apply(event)
            case HoldingClosed():
                self._holdings.apply(event)
                self._results.closed(event)
            case HedgeDecided():
                self._hedge_decisions[event.holding] = event
            case EntryJudged():
                self._judged[event.scheduled_at] = event
            case TicketRefused():
                self._refusals[event.subject] = event.reason
            case LedgerOpened():
                self._opened(event)
            case AccountRecorded():
                self._owned(event)
            case HistoryImported():
                self._results.imported(event)
            case DayStarted():
                self.day = event
                self.finished = None
            case DayFinished():
                self.finished = event
                self._switches.flatten = None
            case (
                Halted() | DayHalted() | FlattenRequested() | Resumed() | BreakerTripped() | BreakerCleared()
                | DeskSwitched()
            ):  # fmt: skip
                self._switches.apply(event)
            case RegimeNoted():
                self._regime_notes[event.subject] = event
            case AlarmRaised():
                pass  # reported and kept for the journal
            case _:  # the hedging desk has a fold of its own: `gammacore.domain.hedge_filter.book.DeskBook`
                if not isinstance(event, HedgingEvent):
                    _refuse(event)

    def _opened(self, event: LedgerOpened) -> None:
        if self.opened is not None:
            raise InvalidInput("event", "LedgerOpened", "a ledger is opened once")
        self.opened = event
        self._results.balance = event.starting_balance

    def _owned(self, event: AccountRecorded) -> None:
        if self.opened is None or self.owner is not None:
            raise InvalidInput("event", "AccountRecorded", "whose account it is is recorded once, in an opened ledger")
        self.owner = event.account

    def _intended(self, event: OrderIntended) -> None:
        about = event.ticket.holding
        self._holdings.intended(event)
        self._orders.apply(event)
        self._refusals = {subject: why for subject, why in self._refusals.items() if subject[0] != about}

    def _moved(self, event: OrderMoved) -> None:
        self._orders.apply(event)
        order = self._orders.known(event.id)
        if not order.is_working:
            works = any(other.is_working for other in self._orders.of(order.ticket.holding))
            self._holdings.ended(order, works=works, at=event.at)

    def _filled(self, event: OrderFilled) -> None:
        before = self._orders.known(event.id)
        self._orders.apply(event)
        self._holdings.filled(before, event)
        self._comparisons.explain(before.ticket.symbols)


def _refuse(event: Never) -> Never:
    """As `assert_never`: a type error while an event is forgotten; what is no event at all is refused by its name."""
    raise InvalidInput("event", type(event).__name__, "the book knows no such event")

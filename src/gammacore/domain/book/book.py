"""The book: positions, orders, balance, statistics and halts, as the fold of the ledger's events.

`Book.apply` is the only mutator and costs the same with ten positions or a thousand. There is no second state.
Rules: CS-564, CS-565, CS-603, CS-610.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import singledispatchmethod
from types import MappingProxyType

from gammacore.domain.book.inventories import Inventories
from gammacore.domain.book.order_log import OrderLog
from gammacore.domain.book.position_log import PositionLog
from gammacore.domain.book.results import BookResults
from gammacore.domain.book.twin import twin
from gammacore.domain.hedging_events import HedgingEvent
from gammacore.domain.inventory import Inventory
from gammacore.domain.inventory_events import (
    HedgeDecided,
    InventoryAdjusted,
    InventoryClosed,
    InventoryOpened,
    InventorySettled,
    SharesDelivered,
)
from gammacore.domain.ledger import (
    AlarmRaised,
    BreakerCleared,
    BreakerTripped,
    CancelRequested,
    CloseDecided,
    DayFinished,
    DayStarted,
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
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
    PositionAdjusted,
    PositionAdopted,
    PositionClosed,
    PositionMissing,
    Resumed,
    SettlementAwaited,
    TicketRefused,
    WatchChanged,
)
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.positions import EntryPlan, Position
from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput


class Book:
    """Folds events one by one; read it through its properties.

    Amounts are dollars. `results` are the gross P/L per contract of closed positions, oldest first (CS-603).
    """

    def __init__(self) -> None:
        self.opened: LedgerOpened | None = None
        self.day: DayStarted | None = None
        self.finished: DayFinished | None = None
        self.version = 0
        self.last_at: dt.datetime | None = None
        self._halted: str | None = None
        self._flatten: str | None = None
        self._breaker_tripped_at: dt.datetime | None = None
        self._results = BookResults()
        self._positions = PositionLog()
        self._orders = OrderLog()
        self._plans: dict[str, EntryPlan] = {}
        self._judged: dict[dt.datetime, EntryJudged] = {}
        self._quarantined: dict[str, int] = {}
        self._inventories = Inventories()
        self._hedge_decisions: dict[str, HedgeDecided] = {}
        self._refusals: dict[tuple[str, ...], str] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Book:
        """The fold of a whole ledger."""
        book = cls()
        for event in events:
            book.apply(event)
        return book

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
        return self._halted

    @property
    def flatten(self) -> str | None:
        """Why everything is to be closed, None when nothing of the kind was asked."""
        return self._flatten

    @property
    def breaker_tripped_at(self) -> dt.datetime | None:
        """Since when broker failures keep entries back, None when they do not. Rule: CS-630."""
        return self._breaker_tripped_at

    @property
    def results(self) -> tuple[Decimal, ...]:
        return self._results.per_contract

    @property
    def positions(self) -> Mapping[str, Position]:
        return self._positions.by_id

    @property
    def orders(self) -> Mapping[str, Order]:
        return self._orders.by_id

    @property
    def live_positions(self) -> tuple[Position, ...]:
        """Positions not yet closed, oldest first."""
        return self._positions.live

    @property
    def working_orders(self) -> tuple[Order, ...]:
        """Orders the broker may still fill, oldest first."""
        return self._orders.working

    @property
    def quarantined(self) -> Mapping[str, int]:
        return MappingProxyType(self._quarantined)

    def held_by(self, holding: str) -> Mapping[str, int]:
        """Signed contracts and shares of one live position or inventory, by symbol; nothing of any other."""
        if (position := self._positions.by_id.get(holding)) is not None:
            return position.holdings if position.is_live else {}
        inventory = self._inventories.by_id.get(holding)
        return inventory.quantities if inventory is not None and inventory.is_live else {}

    def refusal(self, subject: tuple[str, ...]) -> str | None:
        """Why the guard last refused orders about a subject (`TicketRefused.subject`); None once one was intended."""
        return self._refusals.get(subject)

    @property
    def inventories(self) -> Mapping[str, Inventory]:
        return self._inventories.by_id

    @property
    def live_inventories(self) -> tuple[Inventory, ...]:
        """What is held besides credit spreads and not booked yet, oldest first."""
        return self._inventories.live

    def hedge_decision(self, inventory: str) -> HedgeDecided | None:
        """The last thing the hedging desk said of an inventory."""
        return self._hedge_decisions.get(inventory)

    def position(self, position: str) -> Position | None:
        return self._positions.by_id.get(position)

    def order(self, order: str) -> Order | None:
        return self._orders.by_id.get(order)

    def plan(self, position: str) -> EntryPlan | None:
        return self._plans.get(position)

    def orders_of(self, position: str) -> tuple[Order, ...]:
        return self._orders.of(position)

    def realised_on(self, date: dt.date) -> Decimal:
        """P/L after fees of everything closed on a New York date, dollars. Rules: CS-339, CS-622."""
        return self._results.realised_on(date)

    def judged(self, scheduled_at: dt.datetime) -> bool:
        """Whether an entry slot was judged already: each time once. Rule: CS-306."""
        return scheduled_at in self._judged

    def judgement(self, scheduled_at: dt.datetime) -> EntryJudged | None:
        """The newest judgement of an entry slot."""
        return self._judged.get(scheduled_at)

    def entries_on(self, date: dt.date) -> tuple[EntryPlan, ...]:
        """Plans whose entry was intended on a New York date."""
        return tuple(plan for plan in self._plans.values() if new_york_date(plan.scheduled_at) == date)

    def expected_holdings(self) -> dict[str, int]:
        """Signed contracts and shares the broker should show, by symbol. Rule: CS-561."""
        total = self._inventories.held()
        for position in self.live_positions:
            for symbol, held in position.holdings.items():
                total[symbol] = total.get(symbol, 0) + held
        return {symbol: held for symbol, held in total.items() if held}

    # -- folding ------------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def _apply(self, event: Event) -> None:
        raise InvalidInput("event", type(event).__name__, "the book knows no such event")

    @_apply.register
    def _(self, event: HedgingEvent) -> None:
        """The hedging desk has a fold of its own: `gammacore.domain.hedging.book.DeskBook`."""

    @_apply.register
    def _(self, event: LedgerOpened) -> None:
        if self.opened is not None:
            raise InvalidInput("event", "LedgerOpened", "a ledger is opened once")
        self.opened = event
        self._results.balance = event.starting_balance

    @_apply.register
    def _(self, event: HistoryImported) -> None:
        self._results.imported(event)

    @_apply.register
    def _(self, event: PositionAdopted) -> None:
        plan = event.plan
        if plan.position in self._plans:
            raise InvalidInput("position", plan.position, "a position is adopted once, under an id of its own")
        self._positions.apply(event)
        self._plans[plan.position] = plan
        self._claim(event.holdings)

    @_apply.register
    def _(self, event: DayStarted) -> None:
        self.day = event
        self.finished = None

    @_apply.register
    def _(self, event: EntryJudged) -> None:
        self._judged[event.scheduled_at] = event

    @_apply.register
    def _(self, event: OrderIntended) -> None:
        ticket = event.ticket
        if ticket.purpose is Purpose.ENTRY and event.plan is None and ticket.position not in self.inventories:
            raise InvalidInput("plan", ticket.id, "an entry comes with its plan, or for an inventory")
        self._orders.apply(event)
        self._refusals = {about: why for about, why in self._refusals.items() if about[0] != ticket.position}
        if event.plan is not None:
            self._plans[ticket.position] = event.plan
        if ticket.purpose.closes:
            self._positions.close_attempted(ticket.position)

    @_apply.register(OrderAccepted)
    @_apply.register(OrderWasRejected)
    @_apply.register(OrderNotSent)
    @_apply.register(OrderOutcomeUnknown)
    @_apply.register(CancelRequested)
    @_apply.register(OrderCanceled)
    @_apply.register(OrderExpired)
    def _(self, event: Event) -> None:
        self._orders.apply(event)

    @_apply.register
    def _(self, event: OrderFilled) -> None:
        before = self._orders.known(event.id)
        self._orders.apply(event)
        owner = before.ticket.position
        if owner in self.inventories:
            self._inventories.filled(before.ticket, before.execution, event.execution)
        elif before.ticket.purpose is Purpose.ENTRY:
            self._positions.entered(self._plans[owner], before, event)
        else:
            self._positions.traded(before, event)

    @_apply.register(WatchChanged)
    @_apply.register(CloseDecided)
    @_apply.register(PositionAdjusted)
    @_apply.register(SettlementAwaited)
    def _(self, event: Event) -> None:
        self._positions.apply(event)

    @_apply.register
    def _(self, event: PositionClosed) -> None:
        self._positions.apply(event)
        self._results.closed(event)

    @_apply.register
    def _(self, event: SharesDelivered) -> None:
        self._inventories.delivered(event)

    @_apply.register
    def _(self, event: InventoryOpened) -> None:
        self._inventories.opened(event)
        self._claim(event.symbols)

    @_apply.register
    def _(self, event: InventorySettled) -> None:
        self._inventories.settled(event)

    @_apply.register
    def _(self, event: InventoryAdjusted) -> None:
        self._inventories.adjusted(event)

    @_apply.register
    def _(self, event: InventoryClosed) -> None:
        self._inventories.closed(event)
        self._results.booked(event.at, event.gross, event.fees)

    @_apply.register
    def _(self, event: HedgeDecided) -> None:
        self._hedge_decisions[event.inventory] = event

    @_apply.register
    def _(self, event: HoldingsQuarantined) -> None:
        self._quarantined = {symbol: held for symbol, held in event.holdings.items() if held}

    @_apply.register
    def _(self, event: TicketRefused) -> None:
        self._refusals[event.subject] = event.reason

    @_apply.register
    def _(self, event: Halted) -> None:
        self._halted = event.reason

    @_apply.register
    def _(self, event: Resumed) -> None:
        self._halted = None
        self._flatten = None
        self._breaker_tripped_at = None

    @_apply.register
    def _(self, event: BreakerTripped) -> None:
        self._breaker_tripped_at = event.at

    @_apply.register
    def _(self, event: BreakerCleared) -> None:
        self._breaker_tripped_at = None

    @_apply.register
    def _(self, event: FlattenRequested) -> None:
        self._flatten = event.reason
        self._halted = event.reason

    @_apply.register
    def _(self, event: DayFinished) -> None:
        self.finished = event
        self._flatten = None

    @_apply.register(PositionMissing)
    @_apply.register(AlarmRaised)
    def _(self, event: PositionMissing | AlarmRaised) -> None:
        """Told to people and kept for the journal; changes nothing."""

    def _claim(self, holdings: Mapping[str, int]) -> None:
        """What is ours from now on is quarantined no more."""
        left = {symbol: held - holdings.get(symbol, 0) for symbol, held in self._quarantined.items()}
        self._quarantined = {symbol: held for symbol, held in left.items() if held}

"""The book: positions, orders, balance, statistics and halts, as the fold of the ledger's events.

`Book.apply` is the only mutator and costs the same with ten positions or a thousand. There is no second state.
Rules: CS-564, CS-565, CS-603, CS-610.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import singledispatchmethod
from types import MappingProxyType
from typing import Any

from attrs import evolve

from gammacore.domain.hedging.events import HedgingEvent
from gammacore.domain.inventories import Inventories
from gammacore.domain.inventory import Inventory
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
    HedgeDecided,
    HistoryImported,
    HoldingsQuarantined,
    InventoryAdjusted,
    InventoryClosed,
    InventoryOpened,
    InventorySettled,
    LedgerOpened,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWasRejected,
    PositionAdopted,
    PositionClosed,
    PositionMissing,
    Resumed,
    SettlementAwaited,
    SharesDelivered,
    WatchChanged,
)
from gammacore.domain.orders import Execution, Order, OrderState, Purpose
from gammacore.domain.positions import EntryPlan, Position, PositionState
from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput

STATISTICS_WINDOW = 200
"""Per-contract results kept for sizing; the rolling window of a policy is at most this long."""


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
        self.total_trades = 0
        self.total_fees = Decimal(0)
        self._balance = Decimal(0)
        self._halted: str | None = None
        self._flatten: str | None = None
        self._breaker_tripped_at: dt.datetime | None = None
        self._results: deque[Decimal] = deque(maxlen=STATISTICS_WINDOW)
        self._positions: dict[str, Position] = {}
        self._live: dict[str, None] = {}
        self._orders: dict[str, Order] = {}
        self._working: dict[str, None] = {}
        self._orders_of: dict[str, list[str]] = {}
        self._plans: dict[str, EntryPlan] = {}
        self._realised: dict[dt.date, Decimal] = {}
        self._judged: dict[dt.datetime, None] = {}
        self._quarantined: dict[str, int] = {}
        self._inventories = Inventories()
        self._hedge_decisions: dict[str, HedgeDecided] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> Book:
        """The fold of a whole ledger."""
        book = cls()
        for event in events:
            book.apply(event)
        return book

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
        return self._balance

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
        return tuple(self._results)

    @property
    def positions(self) -> Mapping[str, Position]:
        return MappingProxyType(self._positions)

    @property
    def orders(self) -> Mapping[str, Order]:
        return MappingProxyType(self._orders)

    @property
    def live_positions(self) -> tuple[Position, ...]:
        """Positions not yet closed, oldest first."""
        return tuple(self._positions[position] for position in self._live)

    @property
    def working_orders(self) -> tuple[Order, ...]:
        """Orders the broker may still fill, oldest first."""
        return tuple(self._orders[order] for order in self._working)

    @property
    def quarantined(self) -> Mapping[str, int]:
        return MappingProxyType(self._quarantined)

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
        return self._positions.get(position)

    def order(self, order: str) -> Order | None:
        return self._orders.get(order)

    def plan(self, position: str) -> EntryPlan | None:
        return self._plans.get(position)

    def orders_of(self, position: str) -> tuple[Order, ...]:
        return tuple(self._orders[order] for order in self._orders_of.get(position, ()))

    def realised_on(self, date: dt.date) -> Decimal:
        """P/L after fees of everything closed on a New York date, dollars. Rules: CS-339, CS-622."""
        return self._realised.get(date, Decimal(0))

    def judged(self, scheduled_at: dt.datetime) -> bool:
        """Whether an entry slot was judged already: each time once. Rule: CS-306."""
        return scheduled_at in self._judged

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
        self._balance = event.starting_balance

    @_apply.register
    def _(self, event: HistoryImported) -> None:
        if self.total_trades:
            raise InvalidInput("event", "HistoryImported", "what came before is told once, before the first close")
        if event.total_trades < len(event.results):
            raise InvalidInput("total_trades", event.total_trades, f"give {len(event.results)} or more, all of them")
        self._results.extend(event.results)
        self.total_trades = event.total_trades

    @_apply.register
    def _(self, event: PositionAdopted) -> None:
        plan = event.plan
        if plan.position in self._positions or plan.position in self._plans:
            raise InvalidInput("position", plan.position, "a position is adopted once, under an id of its own")
        self._plans[plan.position] = plan
        self._positions[plan.position] = Position(
            plan,
            PositionState.OPEN,
            event.opened_at,
            event.contracts,
            event.credit,
            holdings=dict(event.holdings),
            cash=event.credit * 100 * event.contracts,
            watch=event.watch,
            adopted=True,
            orphan=event.orphan,
        )
        self._live[plan.position] = None
        self._claim(event.holdings)

    @_apply.register
    def _(self, event: DayStarted) -> None:
        self.day = event
        self.finished = None

    @_apply.register
    def _(self, event: EntryJudged) -> None:
        self._judged[event.scheduled_at] = None

    @_apply.register
    def _(self, event: OrderIntended) -> None:
        ticket = event.ticket
        if ticket.id in self._orders:
            raise InvalidInput("order", ticket.id, "an order is intended once; a repeat needs another attempt number")
        if ticket.purpose is Purpose.ENTRY and event.plan is None and ticket.position not in self.inventories:
            raise InvalidInput("plan", ticket.id, "an entry comes with its plan, or for an inventory")
        self._orders[ticket.id] = Order(ticket, OrderState.INTENDED, event.at, event.at)
        self._working[ticket.id] = None
        self._orders_of.setdefault(ticket.position, []).append(ticket.id)
        if event.plan is not None:
            self._plans[ticket.position] = event.plan
        if ticket.purpose.closes and (position := self._positions.get(ticket.position)) is not None:
            self._positions[position.id] = evolve(position, close_attempts=position.close_attempts + 1)

    @_apply.register
    def _(self, event: OrderAccepted) -> None:
        self._move(event.id, OrderState.ACCEPTED, event.at, broker_id=event.broker_id)

    @_apply.register
    def _(self, event: OrderWasRejected) -> None:
        self._move(event.id, OrderState.REJECTED, event.at, reason=event.reason)

    @_apply.register
    def _(self, event: OrderNotSent) -> None:
        self._move(event.id, OrderState.NOT_SENT, event.at, reason=event.detail)

    @_apply.register
    def _(self, event: OrderOutcomeUnknown) -> None:
        self._move(event.id, OrderState.UNKNOWN, event.at, reason=event.detail)

    @_apply.register
    def _(self, event: CancelRequested) -> None:
        cancels = self._known(event.id).cancels + 1
        self._move(event.id, OrderState.CANCEL_REQUESTED, event.at, cancels=cancels, reason=event.reason)

    @_apply.register
    def _(self, event: OrderCanceled) -> None:
        self._move(event.id, OrderState.CANCELED, event.at, reason=event.reason)

    @_apply.register
    def _(self, event: OrderExpired) -> None:
        self._move(event.id, OrderState.EXPIRED, event.at)

    @_apply.register
    def _(self, event: OrderFilled) -> None:
        order = self._known(event.id)
        if event.complete:
            state = OrderState.FILLED
        else:
            keeps = order.state in (OrderState.CANCEL_REQUESTED, OrderState.CANCELED, OrderState.EXPIRED)
            state = order.state if keeps else OrderState.PARTIALLY_FILLED
        before = order.execution
        self._move(event.id, state, event.at, execution=event.execution)
        if order.ticket.position in self.inventories:
            self._inventories.filled(order.ticket, before, event.execution)
        elif order.ticket.purpose is Purpose.ENTRY:
            self._entry_filled(order, before, event)
        elif (position := self._positions.get(order.ticket.position)) is not None:
            self._positions[position.id] = position.filled(order.ticket, before, event.execution)

    def _entry_filled(self, order: Order, before: Execution, event: OrderFilled) -> None:
        plan, now = self._plans[order.ticket.position], event.execution
        position = self._positions.get(plan.position)
        contracts, credit = now.quantity, now.price or Decimal(0)
        if position is not None and not position.is_live:  # filled late, after its first part was booked: held anew
            position, contracts = None, now.quantity - before.quantity
            credit = _later_credit(before, now)
        position = position or Position(plan, PositionState.OPEN, event.at)
        self._positions[plan.position] = evolve(
            position.filled(order.ticket, before, now),
            contracts=contracts,
            credit=credit,
            credit_verified=event.price_verified,
        )
        self._live[plan.position] = None

    @_apply.register
    def _(self, event: WatchChanged) -> None:
        self._positions[event.position] = evolve(self._held(event.position), watch=event.watch)

    @_apply.register
    def _(self, event: CloseDecided) -> None:
        self._positions[event.position] = evolve(
            self._held(event.position),
            state=PositionState.CLOSING,
            exit_reason=event.reason,
            exit_decided_at=event.at,
        )

    @_apply.register
    def _(self, event: PositionClosed) -> None:
        position = self._held(event.position)
        holdings = dict.fromkeys(position.holdings, 0)
        self._positions[position.id] = evolve(
            position, state=PositionState.CLOSED, holdings=holdings, exit_reason=event.reason
        )
        self._live.pop(position.id, None)
        self._book_result(event.at, event.gross, event.fees)
        self.total_trades += 1
        if event.contracts:  # loose legs that were repaired away are no trade of a contract
            self._results.append(event.per_contract)

    def _book_result(self, at: dt.datetime, gross: Decimal, fees: Decimal) -> None:
        self._balance += gross - fees
        self.total_fees += fees
        date = new_york_date(at)
        self._realised[date] = self.realised_on(date) + gross - fees

    @_apply.register
    def _(self, event: SettlementAwaited) -> None:
        self._positions[event.position] = evolve(self._held(event.position), state=PositionState.AWAITING_SETTLEMENT)

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
        self._book_result(event.at, event.gross, event.fees)

    @_apply.register
    def _(self, event: HedgeDecided) -> None:
        self._hedge_decisions[event.inventory] = event

    @_apply.register
    def _(self, event: HoldingsQuarantined) -> None:
        self._quarantined = {symbol: held for symbol, held in event.holdings.items() if held}

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

    def _held(self, position: str) -> Position:
        if (held := self._positions.get(position)) is None:
            raise InvalidInput("position", position, "no such position was ever filled in this ledger")
        if not held.is_live:
            raise InvalidInput("position", position, "a position is closed once, and nothing follows (CS-564)")
        return held

    def _known(self, order: str) -> Order:
        if (known := self._orders.get(order)) is None:
            raise InvalidInput("order", order, "no such order was ever intended in this ledger")
        return known

    def _move(self, order: str, state: OrderState, at: dt.datetime, **changes: Any) -> None:
        moved = self._known(order).moved(state, at, **changes)
        self._orders[order] = moved
        if moved.is_working:
            self._working[order] = None
        else:
            self._working.pop(order, None)


def _later_credit(before: Execution, now: Execution) -> Decimal:
    """Points per spread of what was filled between two cumulative executions."""
    spreads = now.quantity - before.quantity
    received = (now.price or Decimal(0)) * now.quantity - (before.price or Decimal(0)) * before.quantity
    return received / spreads if spreads else Decimal(0)

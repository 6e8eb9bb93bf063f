"""Trade for an inventory, and book it once it is flat and the broker shows it. Rules: CS-413, CS-529, CS-561, R1."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.domain.inventory import Inventory
from gammacore.domain.inventory_events import InventoryClosed, InventoryOpened
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event
from gammacore.domain.legs import ShareLeg
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.orders import OrderState, OrderTicket, Purpose
from gammacore.domain.risk.guard import Refused
from gammacore.domain.strategy import Note, Trade
from gammacore.errors import BrokerError, InvalidInput
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

REFUSED_AGAIN = dt.timedelta(minutes=5)


class TradeInventory:
    """Carries out what a strategy decided for an inventory; every order through the order desk."""

    def __init__(self, ledger: DayLedger, desk: OrderDesk, broker: Broker, clock: Clock) -> None:
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self._told: dict[str, dt.datetime] = {}

    def __call__(self, step: Trade) -> OrderState | None:
        """Open the inventory if it is new, then intend and send one order; None where the guard refuses it.

        Raises:
            InvalidInput: no such order can exist: no legs, a quantity of nothing, a name that a spread has.
        """
        book, now = self._ledger.book, self._clock.now()
        underlyings = [leg.symbol if isinstance(leg, ShareLeg) else leg.contract.underlying for leg in step.legs]
        ticket = OrderTicket(
            id=next_order_id(book, step.strategy, step.underlying, step.inventory, str(step.purpose), now),
            purpose=step.purpose,
            underlying=underlyings[0] if underlyings else step.underlying,
            position=step.inventory,
            legs=step.legs,
            quantity=step.quantity,
            effect=step.effect,
            limit=step.limit,
            reason=step.reason,
            life=step.life,
        )
        first: list[Event] = []
        if book.position(step.inventory) is not None or book.plan(step.inventory) is not None:
            raise InvalidInput("inventory", step.inventory, "a spread has this name; give the inventory one of its own")
        if step.inventory not in book.inventories:
            first.append(InventoryOpened(now, step.inventory, step.strategy, step.underlying, {}, Decimal(0)))
        if step.record is not None:
            first.append(step.record)
        state = self._desk.send(ticket, first=first)
        if isinstance(state, Refused):
            return None
        if state is OrderState.REJECTED and (step.purpose is not Purpose.ENTRY):
            self._alarm(step, book.orders[ticket.id].reason)
        if state is OrderState.NOT_SENT:
            self._stand(step, state.value, book.orders[ticket.id].reason)  # it may be bought yet
        return state

    def _stand(self, step: Trade, reason: str | None, explanation: str) -> None:
        """An entry came to nothing after all: its judgement says why, where that is new."""
        if not isinstance(record := step.record, EntryJudged):
            return
        known = self._ledger.book.judgement(record.scheduled_at)
        if known is None or known.reason != reason:
            self._ledger.record(evolve(record, reason=reason, explanation=explanation))

    def note(self, step: Note) -> None:
        self._ledger.record(step.record)

    def _alarm(self, step: Trade, reason: str) -> None:
        """What must be traded away or hedged was refused: somebody must know, every five minutes. Rule: CS-563."""
        now, told = self._clock.now(), self._told.get(step.inventory)
        if told is None or now - told >= REFUSED_AGAIN:
            self._told[step.inventory] = now
            detail = f"{step.reason} of {step.inventory} was refused: {reason}; tried again"
            self._ledger.record(AlarmRaised(now, "refused", detail, step.inventory))

    def confirm_closes(self) -> None:
        """Book inventories flat by fills, once a successful query shows only what others hold. Rules: CS-561..564."""
        flat = [inventory for inventory in self._ledger.book.live_inventories if self._may_be_over(inventory)]
        if not flat:
            return
        try:
            held = by_contract(self._broker.holdings())
        except BrokerError:
            return  # a failed query confirms nothing
        book = self._ledger.book
        expected, foreign = book.expected_holdings(), book.quarantined
        for inventory in flat:
            options = [symbol for symbol, holding in inventory.holdings.items() if holding.is_option]
            if all(held.get(s, 0) == expected.get(s, 0) + foreign.get(s, 0) for s in options):
                self._ledger.record(closed(inventory, self._clock.now(), self._reason(inventory)))

    def _may_be_over(self, inventory: Inventory) -> bool:
        """Flat, and nothing may fill any more; one whose entry never filled is over too."""
        orders = self._ledger.book.orders_of(inventory.id)
        began = bool(inventory.holdings or orders)
        return began and inventory.is_flat and not any(order.is_working for order in orders)

    def _reason(self, inventory: Inventory) -> str:
        if not inventory.holdings:
            return "unfilled"
        orders = [order for order in self._ledger.book.orders_of(inventory.id) if order.execution.any]
        return orders[-1].ticket.reason if orders else "settled"


def closed(inventory: Inventory, at: dt.datetime, reason: str) -> InventoryClosed:
    """The one event that books an inventory: what its options and its shares brought, and what trading cost."""
    return InventoryClosed(
        at, inventory.id, reason, inventory.options_realised, inventory.shares_realised, inventory.fees
    )  # fmt: skip

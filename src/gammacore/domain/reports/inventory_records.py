"""What a ledger tells of its inventories, folded beside the book: which hedge led to which order, what moved them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import assert_never

from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import (
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    SharesDelivered,
)
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.ledger import EntryJudged, OrderIntended
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.reports.inventory_record import HedgeLine, InventoryEnd, InventoryLine, Moved

InventoryEvent = (
    EntryJudged
    | OrderIntended
    | HoldingClosed
    | HedgeDecided
    | HoldingAdopted
    | HoldingSettled
    | HoldingAdjusted
    | SharesDelivered
)
"""The events a report reads of inventories besides the book."""


class InventoryRecords:
    """Takes such events of a ledger after the book has; `lines` are the inventories of the day it is at."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._hedges: dict[str, list[tuple[HedgeDecided, str]]] = {}
        self._decided: dict[str, HedgeDecided] = {}
        self._decisions: dict[str, list[HedgeDecided]] = {}
        self._moved: dict[str, list[Moved]] = {}
        self._judgements: dict[str, EntryJudged] = {}
        self._newest: EntryJudged | None = None
        self._ends: dict[str, InventoryEnd] = {}
        self._date: dt.date | None = None

    def turn(self, date: dt.date) -> None:
        """A new day begins: what has ended is told no more."""
        self._ends, self._newest, self._date = {}, None, date

    def take(self, event: InventoryEvent) -> None:
        match event:
            case EntryJudged():
                self._newest = event
            case OrderIntended():
                if self._is_shown(event.ticket.holding):
                    self._pair(event.ticket)
            case HoldingClosed():
                if not event.is_trade:
                    earlier = self._ends.get(event.holding)
                    self._ends[event.holding] = InventoryEnd.of(event, self._book.balance, earlier)
            case HedgeDecided():
                self._decisions.setdefault(event.holding, []).append(event)
                if event.shares:
                    self._decided[event.holding] = event
            case HoldingAdopted() | HoldingSettled() | HoldingAdjusted():
                if self._is_shown(event.holding):
                    self._moved.setdefault(event.holding, []).append(event)
            case SharesDelivered():
                self._moved.setdefault(event.new_holding, []).append(event)
            case _:
                assert_never(event)

    def _is_shown(self, holding: str) -> bool:
        return self._book.holdings[holding].plan is None

    def _pair(self, ticket: OrderTicket) -> None:
        """An order of an inventory goes with what was decided just before it, in the same append."""
        if ticket.purpose is Purpose.ENTRY:
            if self._newest is not None:
                self._judgements[ticket.holding] = self._newest
        elif (decided := self._decided.pop(ticket.holding, None)) is not None:
            self._hedges.setdefault(ticket.holding, []).append((decided, ticket.id))

    @property
    def ends(self) -> Mapping[str, InventoryEnd]:
        """What was booked on the day, by inventory."""
        return self._ends

    @property
    def lines(self) -> tuple[InventoryLine, ...]:
        """What ended on the day or is still held, oldest first; an entry that never filled held nothing."""
        book = self._book
        names = {*self._ends, *(holding.id for holding in without_plan(book.live_holdings))}
        shown = (book.holdings[name] for name in names if book.holdings[name].has_filled)
        return tuple(
            InventoryLine(
                inventory,
                book.orders_of(inventory.id),
                tuple(HedgeLine(decided, book.orders[order]) for decided, order in self._hedges.get(inventory.id, ())),
                self._ends.get(inventory.id),
                tuple(self._decisions.get(inventory.id, ())),
                tuple(self._moved.get(inventory.id, ())),
                self._judgements.get(inventory.id),
                self._date,
            )
            for inventory in sorted(shown, key=lambda one: (one.opened_at, one.id))
        )

    def order_of(self, record: EntryJudged) -> str | None:
        """The order that a judgement led to, if it bought an inventory."""
        for inventory, judged in self._judgements.items():
            if judged.scheduled_at == record.scheduled_at:
                orders = self._book.orders_of(inventory)
                return next(order.id for order in reversed(orders) if order.ticket.purpose is Purpose.ENTRY)
        return None

"""The trades of each day of a ledger, folded beside the book: what ended, which hedge led to which order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import assert_never

from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import (
    CloseDecided,
    HedgeDecided,
    HoldingAdjusted,
    HoldingAdopted,
    HoldingClosed,
    HoldingSettled,
    SharesDelivered,
)
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import EntryJudged, OrderIntended
from gammacore.domain.orders import Order, OrderTicket, Purpose
from gammacore.domain.reports.trades import Hedge, Moved, Trade, TradeEnd
from gammacore.domain.sessions import new_york_date

TradeEvent = (
    EntryJudged
    | OrderIntended
    | CloseDecided
    | HoldingClosed
    | HedgeDecided
    | HoldingAdopted
    | HoldingSettled
    | HoldingAdjusted
    | SharesDelivered
)
"""The events a report reads of trades besides the book."""


class TradeFold:
    """Takes such events of a ledger after the book has; `trades` are those of the day it is at."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._hedges: dict[str, list[tuple[HedgeDecided, str]]] = {}
        self._decided: dict[str, HedgeDecided] = {}
        self._decisions: dict[str, list[HedgeDecided]] = {}
        self._moved: dict[str, list[Moved]] = {}
        self._judgements: dict[str, EntryJudged] = {}
        self._newest: EntryJudged | None = None
        self._why: dict[str, str] = {}
        self._ends: dict[str, TradeEnd] = {}
        self._date: dt.date | None = None

    def turn(self, date: dt.date) -> None:
        """A new day begins: what ended before is no longer reported."""
        self._ends, self._newest, self._date = {}, None, date

    def take(self, event: TradeEvent) -> None:
        match event:
            case EntryJudged():
                self._newest = event
            case OrderIntended():
                if self._book.holdings[event.ticket.holding].plan is None:
                    self._pair(event.ticket)
            case CloseDecided():
                self._why[event.holding] = event.detail
            case HoldingClosed():
                earlier = self._ends.get(event.holding)
                self._ends[event.holding] = TradeEnd.of(event, self._detail(event), self._book.balance, earlier)
            case HedgeDecided():
                self._decisions.setdefault(event.holding, []).append(event)
                if event.shares:
                    self._decided[event.holding] = event
            case HoldingAdopted() | HoldingSettled() | HoldingAdjusted():
                self._moved.setdefault(event.holding, []).append(event)
            case SharesDelivered():
                self._moved.setdefault(event.new_holding, []).append(event)
            case _:
                assert_never(event)

    def _pair(self, ticket: OrderTicket) -> None:
        """An order goes with what was decided just before it, in the same append; a spread has that in its plan."""
        if ticket.purpose is Purpose.ENTRY:
            if self._newest is not None:
                self._judgements[ticket.holding] = self._newest
        elif (decided := self._decided.pop(ticket.holding, None)) is not None:
            self._hedges.setdefault(ticket.holding, []).append((decided, ticket.id))

    def _detail(self, event: HoldingClosed) -> str:
        """Why it ended; of a spread closed in steps also what each leg brought, and what was left to settle. CS-420."""
        why = self._why.pop(event.holding, "")
        if not event.is_trade:
            return why
        steps = _steps(self._book.orders_of(event.holding))
        if event.settlement_price is None:
            return "; ".join(filter(None, (why, *steps)))
        return "; ".join((why, *steps, _settled_rest(event))) if steps else _settled(event)

    @property
    def has_ends(self) -> bool:
        """Whether anything was booked on the day."""
        return bool(self._ends)

    @property
    def trades(self) -> tuple[Trade, ...]:
        """What ended on the day or is still held, in the order it was opened; what never filled held nothing."""
        book = self._book
        names = dict.fromkeys((*self._ends, *(holding.id for holding in book.live_holdings)))
        trades = (self._trade(name) for name in names)
        held = (trade for trade in trades if trade.holding.has_filled or (trade.sold is not None and trade.end))
        return tuple(sorted(held, key=lambda trade: trade.opened))

    def _trade(self, name: str) -> Trade:
        book = self._book
        return Trade(
            holding=book.holdings[name],
            orders=book.orders_of(name),
            end=self._ends.get(name),
            hedges=tuple(Hedge(decided, book.orders[order]) for decided, order in self._hedges.get(name, ())),
            decisions=tuple(self._decisions.get(name, ())),
            moved=tuple(self._moved.get(name, ())),
            judged=self._judgements.get(name),
            date=self._date,
        )

    def order_of(self, judged: EntryJudged) -> Order | None:
        """The entry order that a judgement led to: of a holding whose plan is of its slot, or intended with it."""
        if judged.reason is not None:
            return None
        plans = self._book.entries_on(new_york_date(judged.scheduled_at))
        bought = (name for name, one in self._judgements.items() if one.scheduled_at == judged.scheduled_at)
        for holding in (*bought, *(plan.holding for plan in plans if plan.scheduled_at == judged.scheduled_at)):
            orders = [order for order in self._book.orders_of(holding) if order.ticket.purpose is Purpose.ENTRY]
            filled = (order for order in orders if order.execution.any)
            return next(filled, orders[-1] if orders else None)  # of a walked entry the order that counts
        return None


def _steps(orders: Iterable[Order]) -> list[str]:
    """Each fill of one leg alone of a position that was closed, in the order they were meant."""
    done = [order for order in orders if order.ticket.purpose.closes and order.execution.any]
    return [
        f"{_VERBS[leg.side]} {order.execution.quantity} {leg.symbol} alone at {order.execution.price}"
        for order in done
        for leg in order.ticket.option_legs
        if len(order.ticket.legs) == 1
    ]


_VERBS = {Side.BUY: "bought back", Side.SELL: "sold"}


def _basis(event: HoldingClosed) -> str:
    return "the last price before the close, no official one was known" if event.estimated else "the official price"


def _settled(event: HoldingClosed) -> str:
    return f"worth {event.exit_value} at {event.settlement_price}, {_basis(event)}"


def _settled_rest(event: HoldingClosed) -> str:
    return f"the rest settled at {event.settlement_price}, {_basis(event)}; {event.exit_value} to close in all"

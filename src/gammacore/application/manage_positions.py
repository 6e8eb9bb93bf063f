"""Manage positions: send closes and repairs, remember for the rules, book a close once the broker shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised, CloseDecided, Event, PositionClosed, WatchChanged
from gammacore.domain.legs import Leg
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.orders import Effect, Order, OrderTicket, Purpose
from gammacore.domain.positions import Position, PositionState
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.strategy import Cancel, Close, Remember, Repair, Warn
from gammacore.errors import BrokerError, InvalidInput
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

CLOSED_EXTERNALLY = "closed_externally"
STUCK_AFTER_ATTEMPTS = 5
TOLD_AGAIN = dt.timedelta(minutes=5)
"""What is tried again every cycle is told this often. Rule: CS-563."""
PRICE_PATIENCE = dt.timedelta(seconds=60)
"""So long a filled close waits for the price the broker has not said, before the worst is booked for good (ours)."""
CONFIRMED_WITHIN = dt.timedelta(minutes=2)
"""So long after its last fill a loop that would end stays to see the broker confirm it: longer than a missing price."""


class ManagePositions:
    """Carries out what the strategy said of open positions. Rules: CS-413, CS-416, CS-420, CS-561..564."""

    def __init__(self, ledger: DayLedger, desk: OrderDesk, broker: Broker, clock: Clock, strategy: str,
                 confirm_after_seconds: float = 2.0) -> None:  # fmt: skip
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self._strategy = strategy
        self._confirm_after = confirm_after_seconds
        self._told: dict[tuple[str, str, str], dt.datetime] = {}

    def remember(self, decision: Remember) -> None:
        self._ledger.record(WatchChanged(self._clock.now(), decision.position, decision.watch))

    def warn(self, decision: Warn) -> None:
        self._ledger.record(*self._alarm(decision.code, decision.detail, decision.position, about=decision.detail))

    def cancel(self, decision: Cancel) -> None:
        if (order := self._ledger.book.order(decision.order)) is not None and order.is_working:
            self._desk.cancel(order, decision.reason)

    def close(self, decision: Close) -> None:
        """Note the decision, then send one multi-leg order for what is open of the sides it names. Rule: CS-420.

        Raises:
            InvalidInput: no such position is open, or the limit is no price.
        """
        book, position = self._ledger.book, self._open(decision.position)
        first: tuple[Event, ...] = ()
        if position.state is PositionState.OPEN:
            now = self._clock.now()
            first = (CloseDecided(now, position.id, decision.reason, decision.value, decision.detail),)
        sides = position.spread.sides if decision.sides is None else decision.sides
        contracts = position.open_in(sides)
        if contracts == 0 or any(self._is_in_the_way(order, sides) for order in book.orders_of(position.id)):
            self._ledger.record(*first)  # its entry is called back first; the next cycle goes on
            return
        purpose = Purpose.EMERGENCY if decision.urgent else Purpose.EXIT
        ticket = OrderTicket(
            id=self._next_id(position, purpose),
            purpose=purpose,
            underlying=position.underlying,
            position=position.id,
            legs=CreditSpread(sides).closing_legs,
            quantity=contracts,
            effect=Effect.DEBIT,
            limit=decision.limit,
            reason=decision.reason,
        )
        self._desk.send(ticket, first=(*first, *self._stuck(position)))

    @staticmethod
    def _is_in_the_way(order: Order, sides: Sequence[Vertical]) -> bool:
        """An order that may still buy or sell shorts of these sides; one that only sells longs may rest."""
        ticket, shorts = order.ticket, {side.short.occ for side in sides}
        is_only_a_sale = ticket.closes and not ticket.buys_back
        return order.is_working and not is_only_a_sale and not shorts.isdisjoint(ticket.symbols)

    def repair(self, decision: Repair) -> None:
        """Trade one leg by itself, at market or as decided; the guard cuts it to what is left. Rules: CS-413, CS-420.

        Raises:
            InvalidInput: no such position is open, or the quantity is nothing.
        """
        position = self._open(decision.position)
        leg = Leg(decision.leg.contract, decision.leg.side)
        buys = leg.side is Side.BUY
        ticket = OrderTicket(
            id=self._next_id(position, Purpose.REPAIR),
            purpose=Purpose.REPAIR,
            underlying=position.underlying,
            position=position.id,
            legs=(leg,),
            quantity=decision.contracts,
            effect=Effect.DEBIT if buys else Effect.CREDIT,
            limit=decision.limit,
            reason=decision.reason or _repair_reason(position, buys=buys),
            life=decision.life,
        )
        self._desk.send(ticket, first=(*self._imbalance(position, ticket), *self._stuck(position)))

    def _open(self, name: str) -> Position:
        position = self._ledger.book.position(name)
        if position is None or not position.is_live:
            raise InvalidInput("position", name, "no such position is open in this ledger")
        return position

    def _imbalance(self, position: Position, ticket: OrderTicket) -> tuple[Event, ...]:
        (leg,), naked = ticket.legs, position.naked_shorts()
        is_left_over = position.state is PositionState.CLOSING and ticket.life is not None and not naked
        if not position.excess() or is_left_over:  # the long of a close without a bid: as planned (CS-420)
            return ()
        detail = f"{ticket.reason}: {leg.side} {ticket.quantity} {leg.symbol}"
        if naked:
            detail += f"; naked short {naked}"
        return self._alarm("leg_imbalance", detail, position.id, about=detail)

    def confirm_closes(self) -> None:
        """Book positions flat by fills once a successful query shows only what others hold. Rules: CS-561..564."""
        flat = [position for position in self._ledger.book.live_positions if self._may_be_over(position)]
        if not flat:
            return
        try:
            held = by_contract(self._broker.holdings())
        except BrokerError:
            return  # a failed query confirms nothing
        expected, foreign = self._ledger.book.expected_holdings(), self._ledger.book.quarantined
        for position in flat:
            if all(held.get(s, 0) == expected.get(s, 0) + foreign.get(s, 0) for s in position.spread.symbols):
                self._book(position)

    def _book(self, position: Position) -> None:
        """Book a close the broker has confirmed; a price it never said is estimated, and somebody is told. CS-411."""
        now = self._clock.now()
        reason = position.exit_reason or (CLOSED_EXTERNALLY if position.outside else "repaired")
        mute = self._unpriced_closes(position)
        alarms = [
            AlarmRaised(
                now, "price_missing", f"{order.id} is booked at {order.execution.price}, the worst", position.id
            )
            for order in mute
        ]
        self._ledger.record(*alarms, closed(position, now, reason, position.gross, estimated=bool(mute)))

    def _unpriced_closes(self, position: Position) -> list[Order]:
        orders = self._ledger.book.orders_of(position.id)
        return [order for order in orders if order.lacks_price and order.ticket.purpose.closes]

    def _may_be_over(self, position: Position) -> bool:
        if not position.is_flat or not position.holdings:
            return False
        orders = self._ledger.book.orders_of(position.id)
        if any(order.is_working for order in orders):
            return False
        if any(self._clock.now() - order.changed_at < PRICE_PATIENCE for order in self._unpriced_closes(position)):
            return False
        return (self._clock.now() - self._last_change(position)).total_seconds() >= self._confirm_after

    def is_confirming(self) -> bool:
        """Whether a position became flat by fills a moment ago: what the broker holds is still to be seen. CS-562."""
        flat = [position for position in self._ledger.book.live_positions if position.is_flat and position.holdings]
        return any(self._clock.now() - self._last_change(position) < CONFIRMED_WITHIN for position in flat)

    def _last_change(self, position: Position) -> dt.datetime:
        orders = self._ledger.book.orders_of(position.id)
        return max((order.changed_at for order in orders), default=position.opened_at)

    def _stuck(self, position: Position) -> tuple[Event, ...]:
        """The alarm of a close that has been tried too often, every five minutes. Rule: CS-563."""
        if position.close_attempts < STUCK_AFTER_ATTEMPTS:
            return ()
        return self._alarm("stuck", f"{position.close_attempts} attempts to close; trying on", position.id)

    def _alarm(self, code: str, detail: str, position: str, about: str = "") -> tuple[Event, ...]:
        """An alarm, none where the same was told about the same a moment ago: retries come every cycle."""
        now, key = self._clock.now(), (code, position, about)
        told = self._told.get(key)
        if told is not None and now - told < TOLD_AGAIN:
            return ()
        self._told[key] = now
        return (AlarmRaised(now, code, detail, position),)

    def _next_id(self, position: Position, purpose: Purpose) -> str:
        now = self._clock.now()
        return next_order_id(self._ledger.book, self._strategy, position.underlying, position.id, str(purpose), now)


def _repair_reason(position: Position, *, buys: bool) -> str:
    if not position.excess():
        return "leg by leg"
    return "uncovered short" if buys else "loose long"


def closed(
    position: Position,
    at: dt.datetime,
    reason: str,
    gross: Decimal,
    settlement_price: Decimal | None = None,
    estimated: bool = False,
) -> PositionClosed:
    """The one event that books a position: what it brought, and what ending a spread cost. Rules: CS-005, CS-564.

    It is an estimate too where somebody else traded part of it at a price nobody told (CS-572).
    """
    contracts = position.contracts
    exit_value = position.credit - gross / (100 * contracts) if contracts else Decimal(0)
    return PositionClosed(
        at=at,
        position=position.id,
        reason=reason,
        exit_value=exit_value,
        contracts=contracts,
        gross=gross,
        fees=position.fees,
        settlement_price=settlement_price,
        estimated=estimated or bool(position.vanished),
    )

"""Keep a stop order resting at the broker on each short of a spread: placed after the fill, called back to close.

Every one goes through the order desk and its guard, under an intent of its own; the desk calls a stop back before any
other order that would buy the same. Decision 0058.
"""

from __future__ import annotations

from collections.abc import Container
from typing import assert_never

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.domain.desks.protective import (
    PROTECTIVE_STOP,
    Change,
    ProtectiveStop,
    StopUnpriced,
    StopUnwanted,
    StopWanted,
    changes,
    stop_that_filled,
    stops_that_ended,
)
from gammacore.domain.holding_events import CloseDecided
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.orders import THE_DAY, Effect, OrderTicket, Purpose
from gammacore.domain.sessions import TradingSession
from gammacore.ports.clock import Clock

UNAVAILABLE = "protective_stop_unavailable"
ENDED = "protective_stop_ended"
UNPRICED = "protective_stop_unpriced"
FILLED = "protective_stop_filled"


class ProtectShorts:
    """Called twice a cycle: `take_fills` before anything is decided, itself after everything was.

    `cannot` is why the broker takes no stop order of ours; "" where it does. `taken` are ids the broker knows.
    """

    def __init__(
        self, ledger: DayLedger, desk: OrderDesk, clock: Clock, rules: ProtectiveStop, session: TradingSession,
        underlying: Underlying, taken: Container[str] = frozenset(), *, cannot: str = "",
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._rules = rules
        self._session = session
        self._underlying = underlying
        self._taken = taken
        self._cannot = cannot
        self._alarm = RepeatedAlarms(clock)
        # stops of before a restart are looked after to their end, although the option is off now
        self._is_needed = rules.on or any(order.ticket.is_stop for order in ledger.book.orders.values())

    def take_fills(self) -> None:
        """Close what a stop has begun to close, also one that filled while no process ran.

        What is left of the spread goes the way of every close: whole sides together, loose longs sold.
        """
        book = self._ledger.book
        for spread in book.live_spreads if self._is_needed else ():
            if (stop := stop_that_filled(spread, book)) is None:
                continue
            now, done = self._clock.now(), stop.execution
            detail = f"{done.quantity} {stop.ticket.symbols[0]} bought back by its stop at {stop.ticket.stop}"
            self._ledger.record(
                CloseDecided(now, spread.id, PROTECTIVE_STOP, done.price, detail),
                AlarmRaised(now, FILLED, f"{detail}, at {done.price}; what is left is closed", spread.id),
            )

    def __call__(self) -> None:
        """Place what is missing, call back what is too much or of another time."""
        if not self._is_needed:
            return
        if self._cannot and self._rules.on:
            detail = f"{self._cannot}: no stop rests at the broker, nothing acts while this program does not run"
            self._ledger.record(*self._alarm(UNAVAILABLE, detail, "", again=None))
            return
        book, now = self._ledger.book, self._clock.now()
        for spread in book.live_spreads:
            for stop in stops_that_ended(spread, book):
                detail = f"the stop at {stop.ticket.stop} on {stop.ticket.symbols[0]} is {stop.state}: {stop.reason}"
                self._ledger.record(*self._alarm(ENDED, f"{detail}; tried again", spread.id, about=stop.id, again=None))
            for change in tuple(changes(spread, book, self._session, now, self._rules, self._underlying)):
                self._make(change)

    def _make(self, change: Change) -> None:
        match change:
            case StopWanted():
                self._place(change)
            case StopUnwanted():
                self._desk.cancel(change.order, change.reason)
            case StopUnpriced():
                detail = f"{change.leg.symbol} has no stop at the broker: what its legs were traded at is not known"
                self._ledger.record(*self._alarm(UNPRICED, detail, change.holding, again=None))
            case _:
                assert_never(change)

    def _place(self, wanted: StopWanted) -> None:
        book = self._ledger.book
        spread = book.holdings[wanted.holding]
        ticket = OrderTicket(
            id=self._next_id(wanted, spread.owner, spread.underlying),
            purpose=Purpose.PROTECT,
            underlying=spread.underlying,
            holding=spread.id,
            legs=(wanted.leg,),
            quantity=wanted.contracts,
            effect=Effect.DEBIT,
            limit=None,
            reason=PROTECTIVE_STOP,
            life=THE_DAY,
            stop=wanted.at,
        )
        self._desk.send(ticket)

    def _next_id(self, wanted: StopWanted, owner: str, underlying: str) -> str:
        book, now = self._ledger.book, self._clock.now()
        return next_order_id(book, owner, underlying, wanted.holding, str(Purpose.PROTECT), now, self._taken)

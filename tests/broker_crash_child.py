"""A trading day at a broker's counterpart in a process of its own, to be killed from outside or to kill itself.

    python tests/broker_crash_child.py URL BROKER UNDERLYING STRATEGY STEP LEDGER [SUBMIT]

Time and exchange are in the server at URL, the ledger is a SQLite file: all that is left of a killed process. With
SUBMIT the process kills itself when it is about to send the order of that number, counted from 0: its intent is on
disk, and not a byte of it has left. STRATEGY is a strategy's name, or a way by which the spread of `builders_unbid`
or of `builders_protected` is closed.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

import builders_protected
from builders_broker_day import CREDENTIALS, PLACES, configuration
from builders_unbid import WAYS, a_strategy, asked_to_flatten
from counterparts.served_clock import ServedClock
from crash_child import Boundaries, CountedStorage
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.wiring import wire_day


@frozen
class DiesBeforeSubmit(BrokerDecorator):
    """A broker that is never reached by the order of number `fatal`, for its process dies of it."""

    fatal: int
    _numbers: Iterator[int] = field(init=False, factory=count)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if next(self._numbers) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.submit(ticket, gate)


def trade(url: str, broker: str, underlying: str, strategy: str, step: int, ledger: Path, fatal: int | None) -> None:
    """The day from where ledger and server stand to its end."""
    clock = ServedClock(url)
    day = wire_day(
        configuration(broker, underlying, "credit-spread" if strategy in WAYS else strategy, step),
        ledger,
        strategy=a_strategy(underlying, strategy) if strategy in WAYS else None,
        wrap_broker=lambda reached: reached if fatal is None else DiesBeforeSubmit(reached, fatal),
        credentials=CREDENTIALS,
        clock=clock,
        places=PLACES[broker](url),
    )
    inbox = SqliteInbox(ledger)
    after_cycle = asked_to_flatten(underlying, strategy, inbox) if strategy in WAYS else None
    try:
        evolve(day.trade, news=None)(after_cycle)  # a stream's thread lives in real time; this day is over in seconds
    finally:
        inbox.close()
        day.close()
        clock.close()


@frozen
class CountedCalls(BrokerDecorator):
    """A broker with a boundary before and after every call."""

    boundaries: Boundaries

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        with self.boundaries.around(f"submit {ticket.purpose}"):
            return self.inner.submit(ticket, gate)

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if call is BrokerCall.SUBMIT:
            return ask()
        with self.boundaries.around(call):
            return ask()


def trade_protected(url: str, way: str, ledger: Path, fatal: int | None, passed: Path) -> None:
    """The day of `builders_protected` at Tradier's counterpart; the names of the boundaries passed are left behind.

    With `fatal` the process kills itself at the boundary of that number: before or after a call of the broker, or an
    append of the ledger.
    """
    clock, boundaries = ServedClock(url), Boundaries(fatal, passed.with_suffix(".died"))
    boundaries.now = clock.now
    day = wire_day(
        configuration("tradier", "SPX", "credit-spread", builders_protected.STEP, builders_protected.OPTION),
        ledger,
        strategy=builders_protected.a_strategy(),
        wrap_storage=lambda storage: CountedStorage(storage, boundaries),
        wrap_broker=lambda reached: CountedCalls(reached, boundaries),
        credentials=CREDENTIALS,
        clock=clock,
        places=PLACES["tradier"](url),
    )
    try:
        evolve(day.trade, news=None)()
    finally:
        day.close()
        clock.close()
        passed.write_text("\n".join(boundaries.passed))


def trade_protected_or_tell(fault: Path, *place: Any) -> None:
    _or_tell(trade_protected, fault, *place)


def trade_or_tell(fault: Path, *place: Any) -> None:
    """`trade`; what it fails of is left in a file, for the process that started this one."""
    _or_tell(trade, fault, *place)


def _or_tell(way: Callable[..., None], fault: Path, *place: Any) -> None:
    try:
        way(*place)
    except BaseException:
        fault.write_text(traceback.format_exc())
        raise

"""The broker, watched: failures in a row of each question count towards the circuit breaker. Rule: CS-630."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import BreakerCleared, BreakerTripped
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.risk.pause import CircuitBreaker
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import BrokerError, OrderRejected, OrderTooOld
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock

Answer = TypeVar("Answer")


class WatchedBroker:
    """Implements ports.broker over another broker. A rejection is an answer; silence and errors are failures.

    Each question is counted by itself: an answer about orders says nothing of the holdings that cannot be had. The
    breaker clears when no question has failed since it was last answered; one that failed and was not asked for as long
    as the breaker cools is forgotten.
    """

    def __init__(self, broker: Broker, ledger: DayLedger, clock: Clock, breaker: CircuitBreaker) -> None:
        self._broker = broker
        self._ledger = ledger
        self._clock = clock
        self._breaker = breaker
        self._failures: dict[str, tuple[int, dt.datetime]] = {}  # question: failures in a row, the last one

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self._watched("submit", lambda: self._broker.submit(ticket, gate))

    def cancel(self, order_id: str) -> None:
        self._watched("cancel", lambda: self._broker.cancel(order_id))

    def order(self, order_id: str) -> OrderReport | None:
        return self._watched("order", lambda: self._broker.order(order_id))

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self._watched("order by id", lambda: self._broker.order_by_broker_id(order_id, broker_id))

    def orders(self) -> Sequence[OrderReport]:
        return self._watched("orders", self._broker.orders)

    def holdings(self) -> Mapping[str, int]:
        return self._watched("holdings", self._broker.holdings)

    def clock(self) -> BrokerClock:
        return self._watched("clock", self._broker.clock)

    def account(self) -> BrokerAccount:
        return self._watched("account", self._broker.account)

    def _watched(self, question: str, ask: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except OrderRejected:
            self._answered(question)
            raise
        except OrderTooOld:  # we kept it here ourselves: the broker neither answered nor failed
            raise
        except BrokerError as failure:
            self._failed(question, failure)
            raise
        self._answered(question)
        return answer

    def _answered(self, question: str) -> None:
        self._failures.pop(question, None)
        tripped, now = self._ledger.book.breaker_tripped_at, self._clock.now()
        if tripped is None or not self._breaker.clears(tripped, now):
            return
        if all(self._breaker.clears(last, now) for _, last in self._failures.values()):
            self._ledger.record(BreakerCleared(now, "the broker answers again"))

    def _failed(self, question: str, failure: BrokerError) -> None:
        now = self._clock.now()
        failures = self._failures.get(question, (0, now))[0] + 1
        self._failures[question] = failures, now
        if self._ledger.book.breaker_tripped_at is None and self._breaker.trips(failures):
            self._ledger.record(BreakerTripped(now, failures, str(failure)))

"""The broker, watched: every answer and every failure counts towards the circuit breaker. Rule: CS-630."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import BreakerCleared, BreakerTripped
from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.risk.circuit_breaker import CircuitBreaker
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import BrokerError, OrderRejected, OrderTooOld
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open
from gammacore.ports.clock import Clock

Answer = TypeVar("Answer")


class WatchedBroker:
    """Implements ports.broker over another broker. A rejection is an answer; silence and errors are failures."""

    def __init__(self, broker: Broker, ledger: DayLedger, clock: Clock, breaker: CircuitBreaker) -> None:
        self._broker = broker
        self._ledger = ledger
        self._clock = clock
        self._breaker = breaker
        self._failures = 0

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self._watched(lambda: self._broker.submit(ticket, gate))

    def cancel(self, order_id: str) -> None:
        self._watched(lambda: self._broker.cancel(order_id))

    def order(self, order_id: str) -> OrderReport | None:
        return self._watched(lambda: self._broker.order(order_id))

    def orders(self) -> Sequence[OrderReport]:
        return self._watched(self._broker.orders)

    def holdings(self) -> Mapping[str, int]:
        return self._watched(self._broker.holdings)

    def clock(self) -> BrokerClock:
        return self._watched(self._broker.clock)

    def account(self) -> BrokerAccount:
        return self._watched(self._broker.account)

    def _watched(self, ask: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except OrderRejected:
            self._answered()
            raise
        except OrderTooOld:  # we kept it here ourselves: the broker neither answered nor failed
            raise
        except BrokerError as failure:
            self._failed(failure)
            raise
        self._answered()
        return answer

    def _answered(self) -> None:
        self._failures = 0
        tripped = self._ledger.book.breaker_tripped_at
        if tripped is not None and self._breaker.clears(tripped, self._clock.now()):
            self._ledger.record(BreakerCleared(self._clock.now(), "the broker answers again"))

    def _failed(self, failure: BrokerError) -> None:
        self._failures += 1
        if self._ledger.book.breaker_tripped_at is None and self._breaker.trips(self._failures):
            self._ledger.record(BreakerTripped(self._clock.now(), self._failures, str(failure)))

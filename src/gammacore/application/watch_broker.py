"""The broker, watched: failures in a row of each question count towards the circuit breaker. Rule: CS-630."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import define, field, frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import BreakerCleared, BreakerTripped
from gammacore.domain.risk.pause import CircuitBreaker
from gammacore.errors import BrokerError, OrderRejected, OrderTooOld
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator
from gammacore.ports.clock import Clock


@frozen
class BrokerCounts:
    """What this process asked the broker, and how often it failed; a rejected order is an answer."""

    requests: int = 0
    errors: int = 0


@define(eq=False)
class InstrumentedBroker(BrokerDecorator):
    """Counts what its broker fails at. A rejection is an answer; silence and errors are failures.

    Each question is counted by itself: an answer about orders says nothing of the holdings that cannot be had. The
    breaker clears when no question has failed since it was last answered; one that failed and was not asked for as long
    as the breaker cools is forgotten.
    """

    _ledger: DayLedger
    _clock: Clock
    _breaker: CircuitBreaker
    _failures: dict[BrokerCall, tuple[int, dt.datetime]] = field(factory=dict, init=False)
    """By call: failures in a row, the last one."""
    _requests: int = field(default=0, init=False)
    _errors: int = field(default=0, init=False)

    @property
    def counts(self) -> BrokerCounts:
        """What was asked so far, and how often it failed."""
        return BrokerCounts(self._requests, self._errors)

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        self._requests += 1
        try:
            answer = ask()
        except OrderRejected:
            self._answered(call)
            raise
        except OrderTooOld:  # we kept it here ourselves: the broker neither answered nor failed
            raise
        except BrokerError as failure:
            self._failed(call, failure)
            raise
        self._answered(call)
        return answer

    def _answered(self, call: BrokerCall) -> None:
        self._failures.pop(call, None)
        if (tripped := self._ledger.book.breaker_tripped_at) is None:
            return
        if not self._breaker.clears(tripped, now := self._clock.now()):
            return
        if all(self._breaker.clears(last, now) for _, last in self._failures.values()):
            self._ledger.record(BreakerCleared(now, "the broker answers again"))

    def _failed(self, call: BrokerCall, failure: BrokerError) -> None:
        now = self._clock.now()
        self._errors += 1
        failures = self._failures.get(call, (0, now))[0] + 1
        self._failures[call] = failures, now
        if self._ledger.book.breaker_tripped_at is None and self._breaker.trips(failures):
            self._ledger.record(BreakerTripped(now, failures, str(failure)))

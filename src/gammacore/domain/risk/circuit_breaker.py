"""Three broker failures in a row stop entries; exits go on. Rule: CS-630."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import new_york_time
from gammacore.domain.verdicts import Verdict


@frozen
class CircuitBreaker:
    """Trips at the third failure in a row; cleared by `resume`, or by the first success after five minutes.

    >>> breaker = CircuitBreaker()
    >>> breaker.trips(2), breaker.trips(3)
    (False, True)
    """

    failures: int = parameter(3, "Broker failures in a row that stop entries.", at_least=1)
    cool_seconds: int = parameter(300, "A success this long after it tripped clears it, seconds.", at_least=0)

    def trips(self, failures_in_a_row: int) -> bool:
        return failures_in_a_row >= self.failures

    def clears(self, tripped_at: dt.datetime, now: dt.datetime) -> bool:
        """Whether a success now clears a breaker that tripped then."""
        return (now - tripped_at).total_seconds() >= self.cool_seconds


def judge_breaker(tripped_at: dt.datetime | None) -> Verdict:
    """No open circuit breaker. Rule: CS-302."""
    if tripped_at is None:
        return Verdict.ok("closed")
    return Verdict.skip("circuit_breaker", f"tripped at {new_york_time(tripped_at)}", "(clear with `gammacore resume`)")

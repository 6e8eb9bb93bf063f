"""What stops entries for a while: a person's pause, and three broker failures in a row; exits go on.

Rules: CS-313, CS-354, CS-630.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import NEW_YORK, new_york_time
from gammacore.domain.verdicts import Verdict


@frozen
class Pause:
    """Why entries stand still, and the instant from which they no longer do; None holds until it is removed."""

    reason: str
    expires: dt.datetime | None = None


@frozen
class UnreadablePause:
    """A person asked for a pause, and what they wrote cannot be read: `detail` says where and why."""

    detail: str


def judge_pause(pause: Pause | UnreadablePause | None, now: dt.datetime) -> Verdict:
    """No pause, or one that has run out; one that cannot be read forbids. Rules: CS-313, CS-354.

    >>> until = dt.datetime(2026, 1, 5, 15, 30, tzinfo=dt.UTC)
    >>> print(judge_pause(Pause("CPI at 8:30", until), until - dt.timedelta(seconds=1)))
    skip paused: CPI at 8:30 until 10:30:00
    >>> print(judge_pause(Pause("CPI at 8:30", until), until))
    pass: pause ran out at 10:30:00
    """
    if pause is None:
        return Verdict.ok("no pause")
    if isinstance(pause, UnreadablePause):
        return Verdict.unknown("paused_unknown", pause.detail)
    if pause.expires is None:
        return Verdict.skip("paused", pause.reason, "until removed")
    until = _clock(pause.expires, now)
    if now >= pause.expires:
        return Verdict.ok(f"pause ran out at {until}")
    return Verdict.skip("paused", pause.reason, f"until {until}")


def _clock(instant: dt.datetime, now: dt.datetime) -> str:
    local = instant.astimezone(NEW_YORK)
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone(NEW_YORK).date() else f"{local:%Y-%m-%d %H:%M:%S}"


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

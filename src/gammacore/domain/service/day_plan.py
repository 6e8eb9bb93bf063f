"""When a supervisor does what: before the open, at the close, after the last session of a week. Rules: OP-204, OP-205.

Half days move with their close; on other days one ping is all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession


class Duty(StrEnum):
    """What is done at an instant of the plan."""

    WAKE = "wake"
    """Version, disk, age of the backup, the ledger verified."""
    CHECK = "check"
    """`doctor --before-open`, again until it is green."""
    START = "start"
    """The loop is started; it waits for the open."""
    CLOSE = "close"
    """The last instant of trading."""
    DAY_END = "day_end"
    """By now the day is reconciled, reported, backed up and summed up."""
    PING = "ping"
    """A day without a session: one ping, one line of the log."""


@frozen
class ServiceTimes:
    """Minutes around the session, and how long a loop is waited for; all ours. Rules: OP-204, OP-206, OP-207."""

    wake: int = parameter(90, "Minutes before the open: version, disk, backup, ledger verified.", at_least=1)
    check: int = parameter(60, "Minutes before the open: `doctor --before-open`.", at_least=1)
    check_every: int = parameter(5, "Minutes between two checks until they are green.", at_least=1)
    start: int = parameter(10, "Minutes before the open: the loop is started.", at_least=0)
    day_end: int = parameter(45, "Minutes after the close by which the day's end is done.", at_least=1)
    stalled_after: float = parameter(
        60.0, "A loop without a cycle for so long in a session is killed and started again, seconds.", at_least=5
    )
    stop_seconds: float = parameter(
        70.0, "So long the loop may take to end by its own rules when the service is stopped, seconds.", at_least=0
    )
    cash_tolerance: Decimal = parameter(
        Decimal("1.00"), "Dollars a contract by which the cash of a day may differ unexplained.", at_least=0
    )


@frozen
class PlannedStep:
    """One thing that would be done, and when."""

    at: dt.datetime
    duty: Duty


@frozen
class DayPlan:
    """The plan of one New York date; `session` is None on a day without one.

    >>> friday = TradingSession.of(dt.date(2026, 11, 27), close=dt.time(13))
    >>> [f"{step.at:%H:%M} {step.duty}" for step in DayPlan(friday.date, friday).steps()]
    ['13:00 wake', '13:30 check', '14:20 start', '18:00 close', '18:45 day_end']
    """

    date: dt.date
    session: TradingSession | None
    times: ServiceTimes = ServiceTimes()

    def steps(self) -> Iterator[PlannedStep]:
        """What is done, in order; of a day without a session its ping, at noon UTC."""
        session, times = self.session, self.times
        if session is None:
            yield PlannedStep(dt.datetime.combine(self.date, dt.time(12), dt.UTC), Duty.PING)
            return
        yield PlannedStep(session.after_open(-times.wake), Duty.WAKE)
        yield PlannedStep(session.after_open(-times.check), Duty.CHECK)
        yield PlannedStep(session.after_open(-times.start), Duty.START)
        yield PlannedStep(session.close, Duty.CLOSE)
        yield PlannedStep(session.before_close(-times.day_end), Duty.DAY_END)

    def at(self, duty: Duty) -> dt.datetime | None:
        """When a duty is due, None on a day that has it not."""
        return next((step.at for step in self.steps() if step.duty is duty), None)

    def next_step(self, now: dt.datetime) -> PlannedStep | None:
        """The first step after `now`, None when the day's are over."""
        return next((step for step in self.steps() if step.at > now), None)

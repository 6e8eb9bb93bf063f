"""Alarms of what goes on: raised once, and again only after a while; a step that cannot be booked is one of them.

Rules: CS-408, CS-410, CS-563, R2.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import AlarmRaised
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Clock

ALARM_AGAIN = dt.timedelta(minutes=5)
"""What is tried again every cycle is reported this often. Rule: CS-563."""


class RepeatedAlarms:
    """Remembers, for this process, what was reported when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._raised: dict[tuple[str, str, str], dt.datetime] = {}

    def __call__(
        self, code: str, detail: str, holding: str, *, about: str = "", again: dt.timedelta | None = ALARM_AGAIN
    ) -> tuple[AlarmRaised, ...]:
        """The alarm to record; none where the same was raised about the same a moment ago, or ever without `again`."""
        now, key = self._clock.now(), (code, holding, about)
        raised = self._raised.get(key)
        if raised is not None and (again is None or now - raised < again):
            return ()
        self._raised[key] = now
        return (AlarmRaised(now, code, detail, holding),)


Result = TypeVar("Result")
NOT_BOOKED = "not_booked"
"""The alarm of a fact that the book refuses: it is looked at again in the next cycle."""
REFUSALS = (InvalidInput, ArithmeticError)
"""How a fact breaks a rule of the domain, or its arithmetic. Anything else is a fault of ours and ends the loop."""


class Containment:
    """Runs a step so that what one broker's fact breaks does not keep the next step from running. Rules: CS-408, R2.

    The exit of one holding must not wait for the news of another's order. The ledger itself is not contained: a write
    conflict or a full disk ends the step as ever.
    """

    def __init__(self, ledger: DayLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._alarm = RepeatedAlarms(clock)

    def __call__(self, step: Callable[[], Result], what: str, holding: str = "") -> Result | None:
        """What the step returns; None where a fact cannot be booked: the alarm of `what`, again every five minutes."""
        try:
            return step()
        except REFUSALS as refusal:
            self._raise_alarm(what, refusal, holding)
            return None

    def _raise_alarm(self, what: str, refusal: Exception, holding: str) -> None:
        why = str(refusal) or type(refusal).__name__
        detail = ascii(f"{what} could not be booked: {why}")[1:-1]  # what is refused may be a text that is no text
        self._ledger.record(*self._alarm(NOT_BOOKED, f"{detail[:500]}; tried again every cycle", holding, about=what))

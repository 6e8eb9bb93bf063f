"""One step of a running loop by itself: a fact from outside that cannot be booked is an alarm, and the loop goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gammacore.application.day_ledger import DayLedger
from gammacore.application.repeated_alarms import RepeatedAlarms
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Clock

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

"""One step of a running loop by itself: a fact from outside that cannot be booked is an alarm, and the loop goes on."""

from __future__ import annotations

from collections.abc import Callable

from gammacore.application.day_ledger import DayLedger
from gammacore.application.repeated_alarms import RepeatedAlarms
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Clock

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

    def __call__(self, step: Callable[[], object], what: str, holding: str = "") -> bool:
        """Whether the step ran to its end. Where it did not, the alarm of `what` is raised, every five minutes."""
        try:
            step()
        except REFUSALS as refusal:
            self._raise_alarm(what, refusal, holding)
            return False
        return True

    def _raise_alarm(self, what: str, refusal: Exception, holding: str) -> None:
        why = str(refusal) or type(refusal).__name__
        detail = f"{what} could not be booked: {why}"[:500].encode(errors="replace").decode()
        self._ledger.record(*self._alarm(NOT_BOOKED, f"{detail}; tried again every cycle", holding, about=what))

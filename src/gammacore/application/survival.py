"""Survive unforeseen faults: a step of the loop that fails is an alarm and closes the account to openings, no more.

What is held needs its loop more than it needs a reason: the other steps of the cycle, exits and repairs among them, go
on. Another writer of the ledger ends the loop all the same, and so does Ctrl-C. Rules: R5, R10, CS-501. Decision 0033.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from attrs import define

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.verdicts import Verdict
from gammacore.errors import BrokerError, BrokerUnavailable, OutcomeUnknown, WriteConflict, fault_in_words
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator
from gammacore.ports.clock import Clock

BARRED_FOR = dt.timedelta(minutes=5)
"""So long after the last unforeseen fault nothing is opened (ours)."""
FAULT = "unforeseen_fault"
NOT_WRITTEN = "ledger_not_written"


class Survival:
    """Runs the steps of a loop; counts, alarms and bars openings where one raises what it must not.

    With `survives` False (a study: nothing real is held, and a fault must be seen) everything is raised as it was.
    """

    def __init__(self, ledger: DayLedger, clock: Clock, *, survives: bool = True) -> None:
        self.survives = survives
        self.first_fault: Exception | None = None
        """The first fault since `begin_cycle`: a single look ends with it once its other steps are done."""
        self.is_ending = False
        """A run that is being ended opens nothing. Rule: SC-1009."""
        self._ledger = ledger
        self._clock = clock
        self._alarm = RepeatedAlarms(clock)
        self._failures: dict[str, int] = {}
        self._last: dt.datetime | None = None

    def begin_cycle(self) -> None:
        self.first_fault = None

    def run(self, what: str, step: Callable[[], object]) -> None:
        """Do one step of the loop, which other steps do not depend on."""
        if self.survives:
            self.ask(what, step, lambda: None)
        else:
            step()

    def ask(self, what: str, question: Callable[[], Answer], otherwise: Callable[[], Answer]) -> Answer:
        """The answer; where the question fails, what stands in for it.

        Raises:
            WriteConflict: another writer holds the ledger: this loop must end.
            StorageError: the ledger did not take an event, and there is no second journal: what happened is in no book.
        """
        if not self.survives:
            return question()
        try:
            answer = question()
        except WriteConflict:
            raise
        except Exception as fault:
            if fault is self._ledger.fault:
                raise
            self.note(what, fault)
            return otherwise()
        self._failures.pop(what, None)
        return answer

    def failures(self, what: str) -> int:
        """How often it has failed in a row."""
        return self._failures.get(what, 0)

    def note(self, what: str, fault: Exception) -> None:
        """Alarm, and bar openings for a while."""
        self._failures[what] = self.failures(what) + 1
        self._last = self._clock.now()
        self.first_fault = self.first_fault or fault
        again = f", {self._failures[what]} times in a row" if self._failures[what] > 1 else ""
        detail = f"{what} failed{again}: {fault_in_words(fault)}; nothing is opened for now, exits and repairs go on"
        self._ledger.record(*self._alarm(FAULT, detail, "", about=f"{what} {type(fault).__name__}"))

    def look_at_the_ledger(self) -> None:
        """Write what waits, and alarm while the ledger cannot be written. Once a cycle."""
        ledger = self._ledger
        ledger.catch_up()
        if ledger.is_behind:
            where = f"kept in {ledger.kept_in}" if ledger.kept_in else "kept in memory alone"
            detail = f"{ledger.fault}; nothing is opened, exits and repairs go on, what happens is {where} until then"
            ledger.record(*self._alarm(NOT_WRITTEN, detail, "", about=str(ledger.fault)))

    def judge_opening(self) -> Verdict:
        """Whether something may be opened: the run goes on, no fault lately, and the ledger can be written."""
        if self.is_ending:
            return Verdict.skip("shutting_down", "the run is being ended")
        if self._ledger.is_behind:
            return Verdict.skip(NOT_WRITTEN, str(self._ledger.fault))
        if self._last is not None and self._clock.now() - self._last < BARRED_FOR:
            return Verdict.skip(FAULT, "within 5 minutes of an unforeseen fault")
        return Verdict.ok("no fault")


_WHAT_FAILED: Mapping[BrokerCall, str] = {
    BrokerCall.SUBMIT: "sending an order",
    BrokerCall.CANCEL: "calling an order back",
    BrokerCall.ORDER: "asking for an order",
    BrokerCall.ORDER_BY_BROKER_ID: "asking for an order",
    BrokerCall.ORDERS: "asking for the orders",
    BrokerCall.HOLDINGS: "asking for the holdings",
    BrokerCall.CLOCK: "asking for the broker's time",
    BrokerCall.ACCOUNT: "asking for the account",
}


@define(eq=False)
class ForeseenBroker(BrokerDecorator):
    """A broker whose unforeseen faults become faults that every use case knows. R4, R5.

    An order may have left: its outcome is unknown. A question was not answered, which is never read as "nothing".
    """

    _survival: Survival

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        if not self._survival.survives:
            return ask()
        try:
            return ask()
        except BrokerError:
            raise
        except Exception as fault:
            self._survival.note(what := _WHAT_FAILED[call], fault)
            becomes = OutcomeUnknown if call is BrokerCall.SUBMIT else BrokerUnavailable
            raise becomes(f"{what} failed: {fault_in_words(fault)}") from fault

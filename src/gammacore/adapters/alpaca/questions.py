"""Asks Alpaca questions: a few repeats with growing pauses, by the clock, and our own errors. Never for orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from gammacore.adapters.alpaca.faults import Asked, WireTrouble, trouble_of
from gammacore.domain.parameters import parameter
from gammacore.errors import MissingData
from gammacore.ports.clock import Clock

Answer = TypeVar("Answer")


@frozen
class Patience:
    """How often a question is asked again, and how long between."""

    attempts: int = parameter(4, "A question is asked so many times at most.", at_least=1)
    first_pause_seconds: float = parameter(0.5, "Pause before the second time; it doubles each time.", at_least=0)
    longest_pause_seconds: float = parameter(8.0, "No pause is longer.", at_least=0)


@frozen
class Questions:
    """Repeats a question whose trouble may pass. The pauses go through the clock: a simulated one does not wait."""

    clock: Clock
    patience: Patience = Patience()

    def ask(self, place: str, question: Callable[[], Answer]) -> Answer:
        """The answer of a call of alpaca-py and of the reading of it.

        Raises:
            BrokerUnavailable: nobody answered, or nothing that can be read. Never to be read as none.
        """
        try:
            return self.tell(question)
        except WireTrouble as trouble:
            raise trouble.in_our_words(Asked.READ, place) from None

    def look(self, place: str, question: Callable[[], Answer]) -> Answer:
        """As `ask`, of the market.

        Raises:
            MissingData: nobody answered, or nothing that can be read.
        """
        try:
            return self.tell(question)
        except WireTrouble as trouble:
            raise MissingData(str(fault := trouble.in_our_words(Asked.READ, place))) from fault

    def tell(self, question: Callable[[], Answer]) -> Answer:
        """As `ask`, with the trouble itself for those who can make something of it.

        Raises:
            WireTrouble: the last of the repeats failed, or a trouble that does not pass.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

        patience = self.patience
        repeats = Retrying(
            sleep=self._pause,
            stop=stop_after_attempt(patience.attempts),
            wait=wait_exponential(patience.first_pause_seconds, max=patience.longest_pause_seconds),
            retry=retry_if_exception(lambda fault: isinstance(fault, WireTrouble) and fault.trouble.passes),
            reraise=True,
        )
        answer: Answer = repeats(once, question)
        return answer

    def _pause(self, seconds: float) -> None:
        self.clock.wait_until(self.clock.now() + dt.timedelta(seconds=float(seconds)))


def once(question: Callable[[], Answer]) -> Answer:
    """One call of alpaca-py. Whatever it raises is a trouble: its own code trips over bodies it did not expect.

    Raises:
        WireTrouble: it did not answer, or not in a way that can be read.
    """
    try:
        return question()
    except Exception as fault:
        raise trouble_of(fault) from None

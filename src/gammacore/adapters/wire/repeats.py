"""A question to a broker, asked again while its trouble may pass. Never for orders. Rules: R5, CS-572."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from gammacore.adapters.wire.faults import WireTrouble
from gammacore.domain.parameters import parameter
from gammacore.ports.clock import Clock

Answer = TypeVar("Answer")


@frozen
class Repeats:
    """How often a question is asked, and how long between."""

    attempts: int = parameter(4, "Times a question is asked; an order is sent once whatever stands here.", at_least=1)
    pause_seconds: float = parameter(0.5, "Before a question is asked again; doubled each time.", at_least=0)
    longest_pause_seconds: float = parameter(8.0, "However often it was doubled.", at_least=0)

    def ask(self, question: Callable[[], Answer], clock: Clock) -> Answer:
        """The answer. The pauses go through the clock: a simulated one does not wait.

        Raises:
            WireTrouble: the last of the repeats failed, or a trouble that does not pass.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

        repeats = Retrying(
            sleep=lambda seconds: clock.wait_until(clock.now() + dt.timedelta(seconds=float(seconds))),
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential(self.pause_seconds, max=self.longest_pause_seconds),
            retry=retry_if_exception(lambda fault: isinstance(fault, WireTrouble) and fault.trouble.passes),
            reraise=True,
        )
        answer: Answer = repeats(question)
        return answer

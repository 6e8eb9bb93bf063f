"""Asks Alpaca questions: a few repeats with growing pauses, by the clock, and our own errors. Never for orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from gammacore.adapters.alpaca.faults import trouble_of
from gammacore.adapters.wire import Asked, Repeats, as_broker_error
from gammacore.adapters.wire.live_market import missing_where_silent
from gammacore.errors import OrderTooOld
from gammacore.ports.clock import Clock

Answer = TypeVar("Answer")


@frozen
class Questions:
    """Repeats a question whose trouble may pass."""

    clock: Clock
    patience: Repeats = Repeats()

    def ask(self, place: str, question: Callable[[], Answer]) -> Answer:
        """The answer of a call of alpaca-py and of the reading of it.

        Raises:
            BrokerUnavailable: no answer, or none that can be read. Never to be read as none.
        """
        with as_broker_error(Asked.READ, place):
            return self.tell(question)

    def look(self, place: str, question: Callable[[], Answer]) -> Answer:
        """As `ask`, of the market.

        Raises:
            MissingData: no answer, or none that can be read.
        """
        with missing_where_silent():
            return self.ask(place, question)

    def tell(self, question: Callable[[], Answer]) -> Answer:
        """As `ask`, with the trouble itself for those who can make something of it.

        Raises:
            WireTrouble: the last of the repeats failed, or a trouble that does not pass.
        """
        return self.patience.ask(lambda: once(question), self.clock)


def once(question: Callable[[], Answer]) -> Answer:
    """One call of alpaca-py. Whatever it raises is a trouble: its own code trips over bodies it did not expect.

    Raises:
        WireTrouble: it did not answer, or not in a way that can be read.
    """
    try:
        return question()
    except OrderTooOld:  # ours, from the gate before the first byte
        raise
    except Exception as fault:
        raise trouble_of(fault) from None

"""How long requests and cycles may take, and how far clocks may be apart: what keeps a loop from hanging unnoticed."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from gammacore.domain.parameters import parameter


@frozen
class RequestDeadlines:
    """How long one broker may take over a whole request: from before our own pacing and the connection to the last
    byte, its repeats included. Counted on the monotonic clock. Rule: R5.

    A time-out of a library counts anew with every byte that arrives; this does not.
    """

    read_seconds: float = parameter(
        20.0, "A question and its repeats, seconds; past it the look has failed.", above=0, at_most=600
    )
    order_seconds: float = parameter(
        20.0, "An order or a cancel, seconds; past it the outcome is unknown.", above=0, at_most=600
    )


@frozen
class LoopLimits:
    """When a loop raises an alarm about itself. All figures are ours. Rule: R7.

    >>> LoopLimits().answer_patience(look_seconds=3), LoopLimits().answer_patience(look_seconds=60)
    (10.0, 120.0)
    """

    cycle_seconds: float = parameter(15.0, "A cycle that takes longer raises an alarm, seconds.", above=0)
    asleep_seconds: float = parameter(
        30.0, "A loop that wakes this much later than it meant to was asleep, seconds.", above=0
    )
    wrong_clock_seconds: float = parameter(
        120.0, "A start with the clock this far from the broker's is refused, seconds.", above=0
    )
    answer_seconds: float = parameter(
        10.0, "A command waits this long for a running loop to obey, and never less than two looks, seconds.", above=0
    )

    def answer_patience(self, look_seconds: float) -> float:
        """How long a command waits for a loop that looks at its market, and at its inbox, so often, seconds."""
        return max(self.answer_seconds, 2.0 * look_seconds)


class OnShutdown(StrEnum):
    """What becomes of what is held when a run is ended. Rule: SC-1009."""

    FLATTEN = "flatten"
    LEAVE = "leave"
    AUTO = "auto"


@frozen
class RunnerLimits:
    """How the event-driven runner watches its feed, and how it ends. Rules: SC-1008, SC-1009.

    >>> RunnerLimits().flattens(by_fault=True, reaches_broker=False), RunnerLimits().flattens(by_fault=False)
    (False, True)
    """

    feed_alarm: float = parameter(
        10.0, "A feed silent for so long opens nothing, and raises an alarm with a position, seconds.", above=0
    )
    on_shutdown: OnShutdown = parameter(
        OnShutdown.AUTO, "What is held when a run is ended: flatten, leave, or auto: leave where the broker is lost."
    )
    shutdown_limit: float = parameter(30.0, "Ending a run takes no longer than this, seconds.", above=0)

    def flattens(self, *, by_fault: bool, reaches_broker: bool = True) -> bool:
        """Whether what is held is closed at the end of a run."""
        if self.on_shutdown is OnShutdown.AUTO:
            return reaches_broker or not by_fault
        return self.on_shutdown is OnShutdown.FLATTEN

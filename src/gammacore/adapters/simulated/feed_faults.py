"""Faults of a simulated feed, put in by hand: what stops, from which second on and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

from gammacore.domain.parameters import parameter


class FaultKind(StrEnum):
    """What the feed does wrong."""

    SILENCE = "silence"  # nothing new: price, quotes and VIX stay as they were, and grow old
    STALE_LEGS = "stale_legs"  # the options alone stay as they were
    CROSSED = "crossed"  # the share's bid is above its ask


@frozen
class FeedFault:
    """From `at_second` after the open, for so many seconds."""

    kind: FaultKind = field(converter=FaultKind)
    at_second: int = parameter(0, "Seconds after the open.", at_least=0)
    seconds: int = parameter(1, "How long it lasts.", at_least=1)

    def lasts_at(self, second: int) -> bool:
        return self.at_second <= second < self.at_second + self.seconds


def last_good(faults: Iterable[FeedFault], kinds: frozenset[FaultKind], second: int) -> int:
    """The newest second at which no fault of these kinds lasted, below 0 when there was none since the open.

    >>> last_good([FeedFault("silence", 60, 90)], frozenset({FaultKind.SILENCE}), 100)
    59
    """
    of_kind = [fault for fault in faults if fault.kind in kinds]
    while (lasting := next((fault for fault in of_kind if fault.lasts_at(second)), None)) is not None:
        second = lasting.at_second - 1
    return second

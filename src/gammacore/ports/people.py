"""The people around a trading day: who is notified of it, who may advise, who may ask entries to pause. All optional.

Rules: CS-313, CS-335, CS-354, CS-362, CS-414, CS-626.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import frozen

from gammacore.domain.advice import AdvisorOpinion, EntryOpinion, EntryProposal, ExitQuestion
from gammacore.domain.book.book import Book
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.ledger import Event
from gammacore.domain.reports.now_view import NowView
from gammacore.domain.risk.pause import Pause, UnreadablePause
from gammacore.ports.driving import LoopStats


class Notifier(Protocol):
    """Tells people. Always after the ledger, never in an order's path. Rules: CS-414, CS-626."""

    def notify(self, event: Event, book: Book) -> None:
        """Say what happened; `book` already contains the event. Bounded in time; must not raise."""
        ...


class LoopWatch(Protocol):
    """Follows the loop itself. Never waits for the network, must not raise. Rules: CS-501, CS-626, CS-627."""

    def take_up(self, book: Book) -> None:
        """The loop starts, from this book."""
        ...

    def tick(self, now: dt.datetime) -> None:
        """A cycle is over."""
        ...

    def crashed(self, detail: str, at: dt.datetime) -> None:
        """The loop has ended by a fault."""
        ...

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """A cycle takes too long and is not over. Called from another thread, while the loop hangs in its own."""
        ...

    def close(self, now: dt.datetime) -> None:
        """The loop is over; nothing follows."""
        ...


class CycleTimer(Protocol):
    """Measures each cycle, and raises an alarm while one lasts too long. Never waits, must not raise. Rule: R7."""

    def begin(self, at: dt.datetime) -> None:
        """A cycle begins now."""
        ...

    def end(self) -> float:
        """It is over; how long it took, seconds of the monotonic clock."""
        ...


class EntryAdvisor(Protocol):
    """Looks at an entry that every filter before it let pass."""

    def opinion(self, proposal: EntryProposal) -> EntryOpinion:
        """Whether to forbid the entry. It may take its time; the caller bounds it and journals the answer.

        Raises:
            GammacoreError: it cannot say. The entry goes on without it (`NoOpinion`).
        """
        ...


class ExitAdvisor(Protocol):
    """A model, a service or a person. It delays; it never decides to close and never opens anything. Rule: CS-544."""

    def advise(self, question: ExitQuestion) -> AdvisorOpinion | None:
        """Whether to hold this position for now; None for no opinion, which lets the exit act.

        The day waits for the answer: an implementation limits its own time and raises when that is over. Whatever it
        raises means close (CS-545).
        """
        ...


class PauseSource(Protocol):
    """Read once for every scheduled entry."""

    def read(self) -> Pause | UnreadablePause | None:
        """The pause as it stands, expired or not; None when none was asked for. Never raises, never guesses."""
        ...


@frozen
class Compared:
    """When book and broker were compared last, and how many symbols got which verdict."""

    at: dt.datetime
    verdicts: Mapping[str, int]


@frozen(eq=False)
class Picture:
    """What is published after a cycle. `survey` and `pin` are the newest measured exposure, measured `at` its chain.

    `cycles` since the start, and the middle and 99th percentile of how long the newest took, milliseconds. `is_line`
    asks for a line of the day's course, `filled` says that an order was filled since the last one. `requests` are what
    the broker was asked and how often it failed, `stats` those of a loop that runs by events.
    """

    view: NowView
    survey: GammaSurvey | None
    pin: Pin | None
    cycles: int
    p50: float | None
    p99: float | None
    is_line: bool
    filled: bool
    compared: Compared | None = None
    requests: tuple[int, int] | None = None
    stats: LoopStats | None = None


class ViewBoard(Protocol):
    """Where a day is shown while it is traded. Never waits, must not raise; what it cannot keep it drops. OP-002."""

    def wants(self, now: dt.datetime, *, filled: bool) -> bool:
        """Whether a picture of this cycle is asked for, and not only of a later one."""
        ...

    def put(self, draw: Callable[[], Picture]) -> None:
        """Draw and publish it, from a thread of its own where time is real; a newer picture takes the place."""
        ...

    def dropped(self, fault: Exception) -> None:
        """A picture could not be drawn: it is counted, and reported once."""
        ...

    def close(self) -> None:
        """The day is over or ended: publish what waits, bounded in time."""
        ...

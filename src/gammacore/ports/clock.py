"""The clock ports: the present instant, waiting, and the exchange's sessions."""

from __future__ import annotations

import datetime as dt
from typing import Protocol, runtime_checkable

from attrs import frozen

from gammacore.domain.sessions import TradingSession


class Clock(Protocol):
    """Tells the time and waits. The only way time enters a use case."""

    def now(self) -> dt.datetime:
        """The present instant, aware, UTC. Never goes back within one process."""
        ...

    def wait_until(self, instant: dt.datetime) -> None:
        """Return at `instant` or later; at once when it is past. A simulated clock jumps instead of waiting.

        A paced one may return before, where a request in the inbox ends the waiting (OP-601).

        Never infer from its return that the market has moved: ask for a snapshot.
        """
        ...


@frozen
class ClockJump:
    """The machine's wall clock was set, or the machine was suspended: our time `at`, and what the wall clock said."""

    at: dt.datetime
    wall: dt.datetime

    @property
    def seconds(self) -> float:
        """How far the wall clock went ahead (or back, below zero) of the time that went by."""
        return (self.wall - self.at).total_seconds()


@runtime_checkable
class DoubtfulClock(Clock, Protocol):
    """A clock of a real machine, whose wall clock may be set while a loop runs."""

    def doubt(self) -> ClockJump | None:
        """A jump since the last `settle`, also one that was set right again; until then time goes by steadily."""
        ...

    def settle(self, reference: dt.datetime) -> dt.datetime:
        """Take the wall clock or the steady progress for right, whichever is nearer to the broker's clock.

        Returns the time from now on. It never goes back: where the wall clock is right and behind, ours stays ahead.
        """
        ...


class Calendar(Protocol):
    """Knows which dates trade and when expiring contracts stop."""

    def session(self, date: dt.date) -> TradingSession | None:
        """The session of a New York date; None when the exchange is closed that day.

        Raises:
            MissingData: the date is outside what the calendar covers. Never to be read as "closed".
        """
        ...

    def next_session(self, date: dt.date) -> TradingSession:
        """The first session strictly after a date. Raises MissingData as above."""
        ...

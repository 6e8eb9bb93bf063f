"""The notifier ports: people are told what the ledger already holds, and that the loop is alive."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event


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

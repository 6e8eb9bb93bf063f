"""The storage port: an append-only ledger of events with one writer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from gammacore.domain.ledger import Event


class Storage(Protocol):
    """Keeps the events of one account and mode, in order, numbered from 1 without gaps."""

    @property
    def version(self) -> int:
        """The number of the last event; 0 when empty."""
        ...

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        """Write all events or none, durably, after `expected_version`; return the new version.

        When it returns, the events survive the death of the process and of the machine (unless the ledger was opened
        for grouped commits, as replays are).

        Raises:
            WriteConflict: another writer holds the ledger or was faster; nothing of ours was written.
            StorageError: the medium refused (full, read-only); nothing was written.
        """
        ...

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events with number > `after`, oldest first.

        Raises:
            CorruptLedger: what is read is not what was written. Never skipped, never replaced by defaults.
        """
        ...

    def close(self) -> None:
        """Flush and let go of the writer's lock. Safe to call twice."""
        ...


class SecondJournal(Protocol):
    """Keeps, on another medium, events that the ledger's own medium does not take for now."""

    def keep(self, events: Sequence[Event], after: int) -> str:
        """Keep all that follow event number `after` of the ledger, durably; return where. Replaces what it had.

        Raises:
            StorageError: this medium refuses too.
        """
        ...

    def drop(self) -> None:
        """The ledger has them now.

        Raises:
            StorageError: it cannot be emptied; what it has is of an older version and is ignored.
        """
        ...


class RequestKind(StrEnum):
    """What the running loop may be asked: three things by a person, one to note by the ledger's own adapter."""

    HALT = "halt"
    RESUME = "resume"
    FLATTEN = "flatten"
    OUTAGE = "outage"
    """Raise an alarm: the ledger was out of reach for a while. The reason says how long and why."""


@frozen
class Request:
    """One request in the inbox beside a ledger."""

    kind: RequestKind
    at: dt.datetime
    reason: str


class Inbox(Protocol):
    """Requests from other processes to the loop that writes a ledger: posted by anyone, taken by the writer. R10."""

    def post(self, request: Request) -> None:
        """Leave a request, durably, whichever process holds the ledger."""
        ...

    def pending(self) -> Sequence[Request]:
        """Requests not yet done, oldest first."""
        ...

    def done(self, request: Request) -> None:
        """Take a request out once its event is in the ledger. Unknown requests are ignored."""
        ...

    def close(self) -> None:
        """Let go of what is held to reach it; the requests stay. Safe to call twice."""
        ...

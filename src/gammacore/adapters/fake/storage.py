"""A ledger in memory: the contract of `Storage` without a disk, for tests and simulated days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import define, field

from gammacore.domain.ledger import Event
from gammacore.errors import StorageError, WriteConflict


@define(eq=False)
class MemoryLedger:
    """What outlives a `MemoryStorage`, as a file outlives a process: the events, and who may write."""

    events: list[Event] = field(factory=list)
    writer: MemoryStorage | None = None


class MemoryStorage:
    """Events in a list. Implements `gammacore.ports.storage.Storage`.

    Open another one on the same `medium` to see what a restart would find.

    >>> MemoryStorage().append([], 0)
    0

    Raises:
        WriteConflict: another storage writes to this medium and was not closed.
    """

    def __init__(self, medium: MemoryLedger | None = None) -> None:
        self.medium = MemoryLedger() if medium is None else medium
        self._refusal: StorageError | None = None
        self._closed = False
        if self.medium.writer is not None:
            raise WriteConflict("another storage is writing to this ledger; close that one first")
        self.medium.writer = self

    @property
    def version(self) -> int:
        """The number of the last event; 0 when empty."""
        return len(self.medium.events)

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        """Keep all events or none after `expected_version`; return the new version. See `Storage.append`."""
        if self._closed:
            raise StorageError("the ledger is closed; nothing was written")
        if expected_version != self.version:
            raise WriteConflict(
                f"{expected_version} events were expected and {self.version} are there; nothing was written"
            )
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            raise refusal
        self.medium.events.extend(events)
        return self.version

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events with number > `after` that are there now, oldest first. See `Storage.events`."""
        if self._closed:
            raise StorageError("the ledger is closed; open it again to read")
        return iter(self.medium.events[max(after, 0) :])

    def close(self) -> None:
        """Let another storage write to the medium. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.medium.writer = None

    def refuse_next_append(self, refusal: StorageError) -> None:
        """Answer the next append with this error and write nothing, as a full disk would."""
        self._refusal = refusal

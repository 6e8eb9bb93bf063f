"""What a study needs of the world in memory: a clock that stands still, a ledger without a disk, an inbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from attrs import define, field

from gammacore.domain.ledger import Event
from gammacore.domain.sessions import require_aware
from gammacore.errors import InvalidInput, StorageError, WriteConflict
from gammacore.ports.storage import Request


class FakeClock:
    """The time of tests, replays and simulations: waiting jumps, and it never goes back. Rule: R7.

    >>> clock = FakeClock(dt.datetime(2026, 8, 19, 14, tzinfo=dt.UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2026-08-19T14:01:30+00:00'
    """

    def __init__(self, start: dt.datetime) -> None:
        self._now = require_aware("start", start)

    def now(self) -> dt.datetime:
        return self._now

    def wait_until(self, instant: dt.datetime) -> None:
        """Jump to `instant`; one that is past leaves the time as it is."""
        self._now = max(self._now, require_aware("instant", instant))

    def advance(self, seconds: float) -> None:
        """Let `seconds` go by."""
        self.set(self._now + dt.timedelta(seconds=seconds))

    def set(self, instant: dt.datetime) -> None:
        """Make it `instant`.

        Raises:
            InvalidInput: a naive time, or one before now.
        """
        if require_aware("instant", instant) < self._now:
            raise InvalidInput("instant", instant, f"give a time not before {self._now}: this clock never goes back")
        self._now = instant.astimezone(dt.UTC)


class MemoryInbox:
    """Requests in a list, each once. Implements `gammacore.ports.storage.Inbox`.

    Two inboxes on one `medium` see the same requests, as two processes would.
    """

    def __init__(self, medium: list[Request] | None = None) -> None:
        self._requests = [] if medium is None else medium

    def post(self, request: Request) -> None:
        """Leave a request. See `Inbox.post`."""
        if request not in self._requests:
            self._requests.append(request)

    def pending(self) -> Sequence[Request]:
        """Requests not yet done, in the order they were posted. See `Inbox.pending`."""
        return tuple(self._requests)

    def done(self, request: Request) -> None:
        """Take a request out. See `Inbox.done`."""
        if request in self._requests:
            self._requests.remove(request)

    def close(self) -> None:
        """Nothing is held. See `Inbox.close`."""


@define(eq=False)
class MemoryLedger:
    """What outlives a `MemoryStorage`, as a file outlives a process: the events, and who may write.

    With `before` events kept elsewhere it goes on with those that follow: a day of a long ledger. Rule: ST-208.
    """

    events: list[Event] = field(factory=list)
    writer: MemoryStorage | None = None
    before: int = 0


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
        return self.medium.before + len(self.medium.events)

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
        before, after = self.medium.before, max(after, 0)
        if after < before:
            raise StorageError(f"the first {before} events are not kept here, and those after {after} were asked for")
        return iter(self.medium.events[after - before :])

    def close(self) -> None:
        """Let another storage write to the medium. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.medium.writer = None

    def refuse_next_append(self, refusal: StorageError) -> None:
        """Answer the next append with this error and write nothing, as a full disk would."""
        self._refusal = refusal

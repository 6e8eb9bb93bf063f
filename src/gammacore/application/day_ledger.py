"""The ledger as use cases know it: record events, read the book. The only caller of `Storage.append`."""

from __future__ import annotations

from collections.abc import Iterator

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.ports.notifier import Notifier
from gammacore.ports.storage import Storage


class DayLedger:
    """Storage and its fold, kept in step: an event is in the book only after it is durable. Rules: CS-414, CS-565."""

    def __init__(self, storage: Storage, notifier: Notifier | None = None) -> None:
        self._storage = storage
        self._notifier = notifier
        self.book = Book.of(storage.events())

    def events(self, after: int = 0) -> Iterator[Event]:
        """Everything recorded so far, oldest first; `after` leaves so many of the first out."""
        return self._storage.events(after)

    def record(self, *events: Event) -> None:
        """Write all events or none, then let the book and people know.

        Raises:
            WriteConflict: another writer was faster; the book is as it was.
        """
        if not events:
            return
        self._storage.append(events, self.book.version)
        for event in events:
            self.book.apply(event)
            if self._notifier is not None:
                self._notifier.notify(event, self.book)

"""The ledger as use cases know it: record events, read the book. The only caller of `Storage.append`."""

from __future__ import annotations

from collections.abc import Iterator

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.ports.notifier import Notifier
from gammacore.ports.storage import Storage


class DayLedger:
    """Storage and its fold, kept in step. Rules: CS-414, CS-565.

    An event is written only after it folds on a book of trial, and is in the book only after it is durable: a ledger
    that holds an event which cannot follow the others would stop every later start.
    """

    def __init__(self, storage: Storage, notifier: Notifier | None = None) -> None:
        """Fold the whole storage, once a process; `notifier` may be set once it is known."""
        self._storage = storage
        self.notifier = notifier
        self.book = Book.of(storage.events())
        self._trial = self.book.copy()

    def events(self, after: int = 0) -> Iterator[Event]:
        """Everything recorded so far, oldest first; `after` leaves so many of the first out."""
        return self._storage.events(after)

    def record(self, *events: Event) -> None:
        """Write all events or none, then fold them and notify.

        Raises:
            InvalidInput: an event that cannot follow what the book holds; nothing was written.
            WriteConflict: another writer was faster; the book is as it was.
        """
        if not events:
            return
        try:
            for event in events:
                self._trial.apply(event)
            self._storage.append(events, self.book.version)
        except BaseException:
            self._trial = self.book.copy()
            raise
        for event in events:
            self.book.apply(event)
            if self.notifier is not None:
                self.notifier.notify(event, self.book)

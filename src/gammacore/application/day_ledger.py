"""The ledger as use cases know it: record events, read the book. The only caller of `Storage.append`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError, WriteConflict
from gammacore.ports.people import Notifier
from gammacore.ports.storage import SecondJournal, Storage


class DayLedger:
    """Storage and its fold, kept in step. Rules: CS-414, CS-565.

    An event is written only after it folds on a book of trial, and is in the book only after it is durable: a ledger
    that holds an event which cannot follow the others would stop every later start.

    With a `second` journal a medium that refuses (full, read-only) does not end the loop: what happens goes on in the
    book, waits in the second journal for the medium, and `is_behind` says so: then only what reduces risk may be sent.
    """

    def __init__(
        self,
        storage: Storage,
        notifier: Notifier | None = None,
        *,
        second: SecondJournal | None = None,
        waiting: Sequence[Event] = (),
        folded: Book | None = None,
    ) -> None:
        """Fold the whole storage, once a process; `notifier` may be set once it is known.

        `waiting` is what a second journal has beyond it, where the storage can only be read. `folded` is the book of
        the events up to its version, handed over by the day before: only what follows is folded. Rule: ST-208.
        """
        self._storage = storage
        self._second = second
        self._waiting: list[Event] = [*waiting]
        self.fault: StorageError | None = None
        """Why the medium took nothing last time; None while it does."""
        self.kept_in = ""
        """Where what waits is kept, "" where only this process has it."""
        self.notifier = notifier
        known = Book() if folded is None else folded.copy()
        self.book = known.followed_by((*storage.events(known.version), *waiting))
        self._trial = self.book.copy()

    @property
    def is_behind(self) -> bool:
        """Whether the book has more than the storage."""
        return bool(self._waiting)

    def events(self, after: int = 0) -> Iterator[Event]:
        """Everything recorded so far, oldest first; `after` leaves so many of the first out."""
        written = self.book.version - len(self._waiting)
        yield from self._storage.events(after)
        yield from self._waiting[max(0, after - written) :]

    def record(self, *events: Event) -> None:
        """Write all events or none, then fold them and notify.

        Raises:
            InvalidInput: an event that cannot follow what the book holds; nothing was written.
            WriteConflict: another writer was faster; the book is as it was.
            StorageError: the medium refused, and there is no second journal; the book is as it was.
        """
        if not events:
            return
        try:
            for event in events:
                self._trial.apply(event)
            self._write(events)
        except BaseException:
            self._trial = self.book.copy()
            raise
        for event in events:
            self.book.apply(event)
            if self.notifier is not None:
                self.notifier.notify(event, self.book)

    def catch_up(self) -> None:
        """Write what waits, where the medium takes it again.

        Raises:
            WriteConflict: another writer holds this ledger.
        """
        if self._waiting:
            self._write(())

    def _write(self, events: Sequence[Event]) -> None:
        """Append what waits and these; where the medium refuses, they wait."""
        written = self.book.version - len(self._waiting)
        together = [*self._waiting, *events]
        try:
            self._storage.append(together, written)
        except WriteConflict:
            raise
        except StorageError as fault:
            self.fault = fault
            if self._second is None:
                raise
            self._keep(self._second, written, events)
        else:
            if self._waiting and self._second is not None:
                with suppress(StorageError):  # it is of an older version of the ledger then, and ignored
                    self._second.drop()
            self._waiting, self.fault, self.kept_in = [], None, ""

    def _keep(self, second: SecondJournal, written: int, events: Sequence[Event]) -> None:
        self._waiting.extend(events)
        try:
            self.kept_in = second.keep(self._waiting, written)
        except StorageError:
            self.kept_in = ""

"""No alert is sent of what is not in the ledger yet."""

from __future__ import annotations

import pytest

from builders_day import a_day
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError


class Listener:
    """Notes of each message whether its event was durable, and in the book, when it was sent."""

    def __init__(self, medium: MemoryLedger) -> None:
        self.medium = medium
        self.noted: list[Event] = []
        self.too_early: list[Event] = []

    def notify(self, event: Event, book: Book) -> None:
        self.noted.append(event)
        if event not in self.medium.events or book.version < self.medium.events.index(event) + 1:
            self.too_early.append(event)


def test_the_ledger_holds_an_event_before_anyone_is_notified_of_it() -> None:
    """Must not regress 10 (CS-414): a message of a fill that a crash then unwrites is a position nobody knows."""
    medium = MemoryLedger()
    listener = Listener(medium)
    ledger = DayLedger(MemoryStorage(medium), listener)

    for event in a_day():
        ledger.record(event)

    assert listener.noted == a_day()
    assert listener.too_early == []


def test_what_could_not_be_written_is_not_reported() -> None:
    """Must not regress 10 (CS-414): a full disk is silence, and the book is as it was."""
    medium = MemoryLedger()
    listener, storage = Listener(medium), MemoryStorage(medium)
    ledger = DayLedger(storage, listener)
    storage.refuse_next_append(StorageError("disk full"))

    with pytest.raises(StorageError):
        ledger.record(*a_day())

    assert (listener.noted, ledger.book.version) == ([], 0)

"""What every ledger storage must do: inherit `StorageContract` and give it the fixture `reopen`. R13."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from builders_ledger import halted, one_of_each, some_events
from gammacore.domain.ledger import Event
from gammacore.errors import GammacoreError, StorageError, WriteConflict
from gammacore.ports.storage import Storage


class Reopen(Protocol):
    """Opens what outlives a storage: a file, a list, a collection of documents."""

    def __call__(self) -> Storage:
        """Open a storage on it, as a process that starts would."""
        ...


class StorageContract:
    """The cases. A subclass overrides the fixture `reopen`: a function that opens the same ledger anew each time."""

    @pytest.fixture
    def reopen(self) -> Reopen:
        raise TypeError(f"{type(self).__name__} gives no fixture `reopen`")

    @pytest.fixture
    def storage(self, reopen: Reopen) -> Iterator[Storage]:
        """A new ledger, open for writing."""
        storage = reopen()
        yield storage
        storage.close()

    def test_a_new_ledger_is_empty(self, storage: Storage) -> None:
        assert storage.version == 0
        assert list(storage.events()) == []

    def test_what_was_appended_is_read_back(self, storage: Storage) -> None:
        events = list(one_of_each())

        assert storage.append(events, 0) == len(events)

        assert storage.version == len(events)
        assert list(storage.events()) == events

    def test_events_keep_their_order_over_many_appends(self, storage: Storage) -> None:
        events = some_events(2500)
        version = 0
        for start in range(0, len(events), 250):
            version = storage.append(events[start : start + 250], version)

        assert version == 2500
        assert list(storage.events()) == events

    @pytest.mark.parametrize("after", [-1, 0, 1, 4, 5, 6])
    def test_events_after_a_number_begin_with_the_next_one(self, storage: Storage, after: int) -> None:
        events = some_events(5)
        storage.append(events, 0)

        assert list(storage.events(after)) == events[max(after, 0) :]

    def test_reading_sees_the_events_that_were_there_when_it_began(self, storage: Storage) -> None:
        storage.append(some_events(2), 0)
        reading = storage.events()
        storage.append(some_events(1, first=3), 2)

        assert list(reading) == some_events(2)

    def test_appending_nothing_changes_nothing(self, storage: Storage) -> None:
        storage.append(some_events(1), 0)

        assert storage.append([], 1) == 1
        assert list(storage.events()) == some_events(1)

    @pytest.mark.parametrize("expected", [-1, 0, 1, 3])
    def test_another_version_than_expected_is_a_conflict_and_writes_nothing(
        self, storage: Storage, expected: int
    ) -> None:
        storage.append(some_events(2), 0)

        with pytest.raises(WriteConflict, match="nothing was written"):
            storage.append([halted(9)], expected)

        assert list(storage.events()) == some_events(2)

    def test_an_append_after_a_conflict_goes_on_where_the_ledger_stands(self, storage: Storage) -> None:
        storage.append(some_events(1), 0)
        with pytest.raises(WriteConflict):
            storage.append([halted(9)], 0)

        assert storage.append([halted(2)], storage.version) == 2
        assert list(storage.events()) == some_events(2)

    def test_a_restart_finds_every_event(self, reopen: Reopen) -> None:
        events = list(one_of_each())
        first = reopen()
        first.append(events[:7], 0)
        first.append(events[7:], 7)
        first.close()

        second = reopen()

        assert second.version == len(events)
        assert list(second.events()) == events
        second.close()

    def test_a_restart_appends_after_the_last_event(self, reopen: Reopen) -> None:
        first = reopen()
        first.append(some_events(3), 0)
        first.close()

        second = reopen()
        second.append(some_events(2, first=4), 3)

        assert list(second.events()) == some_events(5)
        second.close()

    def test_a_second_writer_is_refused_and_the_first_goes_on(self, storage: Storage, reopen: Reopen) -> None:
        """R12."""
        storage.append(some_events(1), 0)

        with pytest.raises(WriteConflict):
            reopen()

        assert storage.append([halted(2)], 1) == 2

    def test_closing_lets_the_next_writer_in(self, storage: Storage, reopen: Reopen) -> None:
        storage.append(some_events(1), 0)
        storage.close()

        second = reopen()

        assert second.append([halted(2)], 1) == 2
        second.close()

    def test_closing_twice_does_no_harm_to_the_next_writer(self, storage: Storage, reopen: Reopen) -> None:
        storage.close()
        second = reopen()

        storage.close()

        assert second.append(some_events(1), 0) == 1
        with pytest.raises(WriteConflict):
            reopen()
        second.close()

    def test_a_closed_ledger_is_neither_written_nor_read(self, storage: Storage) -> None:
        storage.append(some_events(1), 0)
        storage.close()

        with pytest.raises(StorageError):
            storage.append([halted(2)], 1)
        with pytest.raises(StorageError):
            list(storage.events())


class DurableStorageContract(StorageContract):
    """The cases of a storage that writes records, beyond those of memory."""

    def test_an_append_with_one_bad_event_writes_none(self, storage: Storage) -> None:
        bad: Event = halted(3)
        object.__setattr__(bad, "reason", 3)

        with pytest.raises(GammacoreError):
            storage.append([halted(1), halted(2), bad], 0)

        assert storage.version == 0
        assert list(storage.events()) == []
        assert storage.append(some_events(1), 0) == 1

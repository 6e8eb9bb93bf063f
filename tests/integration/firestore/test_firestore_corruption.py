"""A ledger in Firestore that somebody touched: refused with what is wrong, never skipped, never begun anew. R6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from attrs import evolve

from builders_ledger import at, halted, some_events
from gammacore.adapters.codec.records import GENESIS, encode, link
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreInbox, FirestoreStorage
from gammacore.adapters.firestore import storage as limits
from gammacore.errors import CorruptLedger, InvalidInput, StorageError
from gammacore.ports.storage import Request, RequestKind

PLACE = "gammacore_ledgers/paper"
Hand = Callable[[Documents], object]


@pytest.fixture
def written(documents: Documents, clock: FakeClock) -> None:
    """A ledger of five events that nobody has open."""
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="first")) as storage:
        storage.append(some_events(5), 0)


def event(number: int) -> str:
    return f"{PLACE}/events/{number:012d}"


def changed(path: str, **fields: Any) -> Hand:
    """A hand that writes other values into a document."""
    return lambda documents: documents.client.document(path).update(fields)


def removed(*paths: str) -> Hand:
    """A hand that deletes documents."""
    return lambda documents: [documents.client.document(path).delete() for path in paths]


def added(documents: Documents) -> object:
    """A hand that writes an event past the head."""
    record = encode(halted(6))
    return documents.client.document(event(6)).set({"seq": 6, "payload": record, "checksum": link("", record)})


def read_all(documents: Documents, *, read_only: bool) -> None:
    with closing(
        FirestoreStorage(documents, "paper", clock=FakeClock(at(1)), holder="next", read_only=read_only)
    ) as storage:
        list(storage.events())


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("touch", "problem"),
    [
        (changed(event(3), payload=encode(halted(7))), "event 3 is not what was written"),
        (changed(event(3), checksum="0" * 64), "event 3 is not what was written"),
        (changed(event(5), checksum="0" * 64), "event 5 is not the one its head tells of"),
        (changed(event(3), payload=7), "its payload is 7, which is no text"),
        (changed(event(3), seq=True), "event 3 is missing"),
        (removed(event(1)), "event 1 is missing"),
        (removed(event(3)), "event 3 is missing"),
        (removed(event(5)), "event 5 is missing"),
        (removed(*map(event, range(1, 6))), "event 5 is missing"),
        (added, "there is an event after 5"),
        (changed(PLACE, version=4), "event 4 is not the one its head tells of"),
        (changed(PLACE, version="5"), "its version is '5', which is no whole number"),
        (changed(PLACE, version=0), "there is an event after 0"),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_touched_ledger_is_refused_with_what_is_wrong(
    documents: Documents, touch: Hand, problem: str, read_only: bool
) -> None:
    touch(documents)

    with pytest.raises(CorruptLedger, match=problem):
        read_all(documents, read_only=read_only)


@pytest.mark.parametrize(
    ("touch", "problem"),
    [
        (removed(PLACE), "the head of the ledger is gone, other parts of it are left"),
        (removed(PLACE, f"{PLACE}/lease/writer"), "the head of the ledger is gone, other parts of it are left"),
        (changed(f"{PLACE}/lease/writer", holder="x", expires_at="soon"), "its expires_at: "),
        (changed(f"{PLACE}/lease/writer", holder=None), "its holder is None, which is no text"),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_ledger_without_its_head_or_with_a_garbled_lease_has_no_writer(
    documents: Documents, touch: Hand, problem: str
) -> None:
    touch(documents)

    with pytest.raises(CorruptLedger, match=problem):
        read_all(documents, read_only=False)


@pytest.mark.usefixtures("written")
def test_a_lease_that_is_gone_is_made_anew_under_a_higher_token(documents: Documents) -> None:
    removed(f"{PLACE}/lease/writer")(documents)

    read_all(documents, read_only=False)

    lease = documents.get(f"{PLACE}/lease/writer")
    assert lease is not None
    assert lease.fields["token"] == 2


@pytest.mark.usefixtures("written")
def test_a_ledger_of_a_newer_gammacore_is_not_called_corrupt(documents: Documents) -> None:
    changed(PLACE, schema=2)(documents)

    with pytest.raises(StorageError, match="a newer gammacore wrote it") as refusal:
        read_all(documents, read_only=False)

    assert not isinstance(refusal.value, CorruptLedger)


def test_an_event_of_a_newer_gammacore_is_not_called_corrupt(documents: Documents, clock: FakeClock) -> None:
    record = encode(halted(1)).replace("Halted", "Teleported")
    checksum = link(GENESIS, record)
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="first")) as storage:
        storage.append([halted(1)], 0)
    changed(event(1), payload=record, checksum=checksum)(documents)
    changed(PLACE, checksum=checksum)(documents)

    with pytest.raises(StorageError, match="event 1: event type 'Teleported' is not known") as refusal:
        read_all(documents, read_only=True)

    assert not isinstance(refusal.value, CorruptLedger)


@pytest.fixture
def storage(documents: Documents, clock: FakeClock) -> Iterator[FirestoreStorage]:
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="first")) as storage:
        yield storage


def test_a_ledger_set_back_under_its_writer_is_noticed_by_the_next_append(
    storage: FirestoreStorage, documents: Documents
) -> None:
    storage.append(some_events(2), 0)
    changed(PLACE, version=1)(documents)

    with pytest.raises(CorruptLedger, match="it ends with event 1, 2 were written"):
        storage.append([halted(3)], 2)


def test_a_head_changed_by_another_hand_is_noticed_by_the_next_append(
    storage: FirestoreStorage, documents: Documents
) -> None:
    storage.append(some_events(2), 0)
    changed(PLACE, checksum="0" * 64)(documents)

    with pytest.raises(CorruptLedger, match="changed by another hand"):
        storage.append([halted(3)], 2)


def test_a_last_event_replaced_by_a_well_linked_one_is_noticed_by_its_writer(
    storage: FirestoreStorage, documents: Documents
) -> None:
    storage.append([halted(1)], 0)
    record = encode(halted(9))
    changed(event(1), payload=record, checksum=link(GENESIS, record))(documents)

    with pytest.raises(CorruptLedger, match="event 1 is not the one its head tells of"):
        list(storage.events())


def test_an_event_in_the_place_of_the_next_is_noticed_by_the_next_append(
    storage: FirestoreStorage, documents: Documents
) -> None:
    storage.append(some_events(5), 0)
    added(documents)

    with pytest.raises(CorruptLedger, match="there is an event after 5"):
        storage.append([halted(7)], 5)


def test_more_events_than_one_commit_takes_are_refused_not_split(storage: FirestoreStorage) -> None:
    with pytest.raises(StorageError, match=r"451 events .* too much for one append .* nothing was written"):
        storage.append(some_events(451), 0)

    assert storage.append(some_events(limits.MOST_EVENTS), 0) == 450
    assert list(storage.events()) == some_events(450)


def test_an_event_too_large_for_a_document_is_refused(storage: FirestoreStorage) -> None:
    novel = evolve(halted(2), reason="x" * limits.MOST_RECORD_BYTES)

    with pytest.raises(StorageError, match="too much for one append"):
        storage.append([halted(1), novel], 0)

    assert storage.version == 0
    assert storage.append([halted(1)], 0) == 1


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "__reserved__", "x" * 201, "päper"])
def test_a_name_that_firestore_could_take_for_something_else_is_refused(documents: Documents, name: str) -> None:
    with pytest.raises(InvalidInput, match="ledger"):
        FirestoreInbox(documents, name)


@pytest.mark.parametrize("fields", [{"kind": "dance"}, {"at": "today"}, {"reason": 7}])
def test_a_request_that_cannot_be_read_is_never_passed_over(documents: Documents, fields: dict[str, object]) -> None:
    """It may be a halt."""
    FirestoreInbox(documents, "paper").post(Request(RequestKind.HALT, at(1), "quotes look wrong"))
    (request,) = documents.all(f"{PLACE}/requests", order_by="posted_at")
    changed(request.path, **fields)(documents)

    with pytest.raises(CorruptLedger):
        FirestoreInbox(documents, "paper").pending()

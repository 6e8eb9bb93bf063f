"""Reading a ledger in Firestore: page by page, each event held against the chain before it is handed out."""

from __future__ import annotations

from collections.abc import Iterator

from gammacore.adapters.codec.records import GENESIS, NewerRecord, UnreadableRecord, decode, link
from gammacore.adapters.firestore.documents import Documents
from gammacore.adapters.firestore.faults import corrupt
from gammacore.adapters.firestore.layout import Head, Row, event_path, events_of, lease_of, read_head, row_of
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError

PAGE_EVENTS = 300
"""Events read in one go."""


def is_left(documents: Documents, place: str) -> bool:
    """Whether anything of a ledger is there besides its head: without the head that is damage, not a new ledger."""
    if documents.get(lease_of(place)) is not None:
        return True
    return bool(documents.numbered(events_of(place), "seq", 0, None, 1))


def check_end(documents: Documents, place: str, head: Head) -> None:
    """Refuse a ledger whose events end before or after its head says. Rule: R6.

    The links between the events are checked as they are read: who folds the ledger checks all of it.
    """
    if head.version > 0 and _checksum_at(documents, place, head.version) != head.checksum:
        raise corrupt(place, f"event {head.version} is not the one its head tells of")
    if documents.numbered(events_of(place), "seq", head.version, None, 1):
        # A living writer may have moved the head meanwhile.
        now = read_head(documents, place)
        if now is not None and now.version > head.version:
            return
        raise corrupt(place, f"there is an event after {head.version}, the last its head tells of")


def walk(documents: Documents, place: str, after: int, head: Head) -> Iterator[Event]:
    """The events with after < number <= the head's, oldest first.

    Raises:
        CorruptLedger: one is missing, changed, or not the one the head ends with.
        StorageError: a newer gammacore wrote it, or it cannot be read.
    """
    if after >= head.version:
        return
    previous = GENESIS if after == 0 else _checksum_at(documents, place, after)
    while after < head.version:
        page = documents.numbered(events_of(place), "seq", after, head.version, PAGE_EVENTS)
        if not page:
            raise corrupt(place, f"event {after + 1} is missing")
        for document in page:
            row = row_of(document)
            check_link(place, row, after + 1, previous)
            yield _event(place, row)
            after, previous = row.seq, row.checksum
    if previous != head.checksum:
        raise corrupt(place, f"event {head.version} is not the one its head tells of")


def check_row(place: str, row: Row, expected: int, previous: str) -> Event:
    """Refuse a row that is not the next one, not what was written, or no event; else its event. Raises as `walk`."""
    check_link(place, row, expected, previous)
    return _event(place, row)


def check_link(place: str, row: Row, expected: int, previous: str) -> None:
    """Refuse a row that is not the next one of the chain. Raises as `walk`."""
    if row.seq != expected:
        raise corrupt(place, f"event {expected} is missing")
    if link(previous, row.payload) != row.checksum:
        raise corrupt(place, f"event {row.seq} is not what was written")


def _checksum_at(documents: Documents, place: str, seq: int) -> str:
    document = documents.get(event_path(place, seq))
    if document is None:
        raise corrupt(place, f"event {seq} is missing")
    return row_of(document).checksum


def _event(place: str, row: Row) -> Event:
    try:
        return decode(row.payload)
    except UnreadableRecord as fault:
        raise corrupt(place, f"event {row.seq}: {fault.problem}") from fault
    except NewerRecord as fault:
        raise StorageError(f"{place}, event {row.seq}: {fault}") from fault

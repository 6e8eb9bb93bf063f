"""Mending a damaged ledger by hand: keep what is sound, put the rest aside, say what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS
from gammacore.adapters.firestore.documents import Change, Create, Document, Documents, Remove
from gammacore.adapters.firestore.faults import Outrun
from gammacore.adapters.firestore.layout import (
    HEAD_IS_GONE,
    LEDGERS,
    Head,
    Row,
    event_path,
    events_of,
    lease_of,
    ledger_place,
    new_head,
    read_head,
    row_of,
    whole,
)
from gammacore.adapters.firestore.lease import is_held, is_taken
from gammacore.adapters.firestore.reading import PAGE_EVENTS, check_end, check_row, is_left, walk
from gammacore.domain.book.check import LedgerCheck
from gammacore.errors import CorruptLedger, DoesNotFold, StorageError
from gammacore.ports.clock import Clock

PUT_ASIDE_AT_ONCE = 200
"""Documents moved in one commit: each is two writes, and Firestore takes 500."""


@frozen
class RepairReport:
    """What a repair did. `lost` is None where it is unknown how many events are gone.

    `damaged` is the collection the rest was put into; None when there was no rest. `problem` is what was wrong; empty
    when the ledger was sound and left alone.
    """

    kept: int
    lost: int | None
    damaged: str | None
    problem: str


def repair(documents: Documents, ledger: str, *, clock: Clock, collection: str = LEDGERS) -> RepairReport:
    """End a damaged ledger after the last event before the first damage. Rule: R6.

    The head is moved first, under a new fencing token, so that the writer until now writes no more. Then what lies
    behind it is moved to `<ledger>/damaged-<n>`. Interrupted, the ledger is refused until `repair` is called again; it
    is never empty, for where not one event is sound nothing is changed.

    Raises:
        WriteConflict: another process writes to it.
        StorageError: there is no ledger, a newer gammacore wrote it, or not one event can be read.
    """
    place = ledger_place(ledger, collection)
    problem = _problem(documents, place)
    if problem is None:
        head = read_head(documents, place)
        if head is None:
            raise StorageError(f"there is no ledger at {place}; give the name of one")
        return RepairReport(head.version, 0, None, "")
    lease = documents.get(lease_of(place))
    if is_held(lease, clock.now()):
        raise is_taken(place, lease)
    sound = _sound_rows(documents, place)
    if not sound:
        raise StorageError(f"{problem}; not one event can be read. Import a backup under another ledger name")
    before = documents.get(place)
    _set_head(documents, place, before, sound[-1], lease)
    damaged = _put_aside(documents, place, len(sound))
    _check(documents, place)
    return RepairReport(len(sound), _lost(before, len(sound)), damaged, problem)


def _problem(documents: Documents, place: str) -> str | None:
    """What is wrong with a ledger, down to the last record; None when nothing is."""
    try:
        head = read_head(documents, place)
        if head is None:
            return f"{place}: {HEAD_IS_GONE}" if is_left(documents, place) else None
        check_end(documents, place, head)
        check = LedgerCheck()
        for event in walk(documents, place, 0, head):
            check.take(event)
    except CorruptLedger as damage:
        return damage.problem
    except DoesNotFold as refusal:
        return f"{place}: {refusal}"
    return None


def _sound_rows(documents: Documents, place: str) -> Sequence[Row]:
    """The events from the first on that are what was written and fold, wherever the head says the ledger ends."""
    rows: list[Row] = []
    checksum, check = GENESIS, LedgerCheck()
    for document in _stored(documents, place, after=0):
        try:
            row = row_of(document)
            if document.path != event_path(place, row.seq):
                continue
            check.take(check_row(place, row, len(rows) + 1, checksum))
        except (CorruptLedger, DoesNotFold):
            break
        rows.append(row)
        checksum = row.checksum
    return rows


def _stored(documents: Documents, place: str, after: int) -> Iterator[Document]:
    """The documents that are numbered as events, in order."""
    while page := documents.numbered(events_of(place), "seq", after, None, PAGE_EVENTS):
        yield from page
        after = max(whole(document.fields, "seq", document.path) for document in page)


def _set_head(documents: Documents, place: str, before: Document | None, last: Row, lease: Document | None) -> None:
    """Let the ledger end with `last`, under a token no writer had.

    Raises:
        WriteConflict: another writer took the ledger meanwhile.
    """
    tokens = [document.fields.get("token") for document in (before, lease) if document is not None]
    tokens += [document.fields.get("token") for document in [documents.get(event_path(place, last.seq))] if document]
    token = 1 + max((token for token in tokens if isinstance(token, int)), default=0)
    fields = {**new_head(place, token).fields, "version": last.seq, "checksum": last.checksum}
    change: Change
    if before is None:
        change = Create(place, fields)
    else:
        change = Head(last.seq, last.checksum, token, 0, before).replaced(**fields)
    try:
        documents.commit([change])
    except Outrun as faster:
        raise is_taken(place, documents.get(lease_of(place))) from faster


def _put_aside(documents: Documents, place: str, kept: int) -> str | None:
    """Move what lies behind the new end; the collection it went to."""
    strays = [d for d in _stored(documents, place, after=0) if not _is_kept(place, d, kept)]
    first = documents.get(event_path(place, kept + 1))
    if first is not None and first.path not in {stray.path for stray in strays}:
        strays.append(first)
    if not strays:
        return None
    names = (f"{place}/damaged-{number}" for number in count(1))
    aside = next(name for name in names if documents.get(f"{name}/contents") is None)
    changes: list[Change] = [Create(f"{aside}/contents", {"events_kept": kept, "documents": len(strays)})]
    for stray in strays:
        changes += [Create(f"{aside}/{stray.path.rsplit('/', 1)[-1]}", stray.fields), Remove(stray.path)]
        if len(changes) > 2 * PUT_ASIDE_AT_ONCE:
            documents.commit(changes)
            changes = []
    if changes:
        documents.commit(changes)
    return aside


def _is_kept(place: str, document: Document, kept: int) -> bool:
    seq = document.fields.get("seq")
    return isinstance(seq, int) and seq <= kept and document.path == event_path(place, seq)


def _lost(before: Document | None, kept: int) -> int | None:
    """How many events are gone, as far as the head tells."""
    version = None if before is None else before.fields.get("version")
    return version - kept if isinstance(version, int) and version >= kept else None


def _check(documents: Documents, place: str) -> None:
    if (problem := _problem(documents, place)) is not None:
        raise StorageError(f"{problem}; it could not be fixed. Import a backup under another ledger name")

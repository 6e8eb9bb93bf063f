"""The right to write: one holder for 30 s at a time, with a token that only grows.

The token is what keeps the ledger safe; the clock only decides when a silent writer may be replaced. A writer that was
suspended for an hour wakes up with a token that the head no longer bears, and writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from attrs import frozen

from gammacore.adapters.codec.conversion import instant_from_text, instant_to_text
from gammacore.adapters.firestore.documents import Create, Document, Documents, Replace
from gammacore.adapters.firestore.faults import Outrun, corrupt
from gammacore.adapters.firestore.layout import (
    HEAD_IS_GONE,
    LEDGERS,
    Head,
    events_of,
    head_of,
    lease_of,
    ledger_place,
    new_head,
    read_head,
    text,
    whole,
)
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput, StorageError, WriteConflict
from gammacore.ports.clock import Clock

NOBODY = ""
"""The holder of a lease that was given back."""


@frozen
class LeaseTerms:
    """How long a silent writer keeps others out. Rule: R12."""

    seconds: float = parameter(30.0, "A writer that is silent for so long may be replaced, seconds.", above=0)
    renew_after_seconds: float = parameter(10.0, "A lease older than this is renewed, seconds.", above=0)

    @property
    def length(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.seconds)


class Lease:
    """Held from `take` until `release`, until it ran out and another writer took it, or never renewed."""

    def __init__(self, documents: Documents, place: str, clock: Clock, terms: LeaseTerms, document: Document) -> None:
        self._documents = documents
        self._place = place
        self._clock = clock
        self._terms = terms
        self._document = document

    @classmethod
    def take(cls, documents: Documents, place: str, clock: Clock, holder: str, terms: LeaseTerms) -> tuple[Lease, Head]:
        """Become the writer of a ledger, new or old; the head bears our token from here on.

        Raises:
            WriteConflict: another writer does; the message names it.
            CorruptLedger: parts of the ledger are gone.
        """
        if holder == NOBODY:
            raise InvalidInput("holder", repr(holder), "give a name that tells whom to stop")
        head, held = _stand(documents, place)
        if is_held(held, clock.now()):
            raise is_taken(place, held)
        token = 1 if head is None else head.token + 1
        fields = _fields(holder, token, clock.now(), terms)
        lease_change = Create(lease_of(place), fields) if held is None else Replace(held, fields)
        head_change = new_head(place, token) if head is None else head.replaced(token=token)
        try:
            lease_at, head_at = documents.commit([lease_change, head_change])
        except Outrun as faster:
            raise is_taken(place, documents.get(lease_of(place))) from faster
        return cls(documents, place, clock, terms, lease_change.made(lease_at)), head_of(head_change.made(head_at))

    def keep(self) -> None:
        """Renew the lease if it is older than 10 s; also when it ran out and no other writer took it.

        Raises:
            WriteConflict: another writer took it; the message names it.
            StoreUnreachable: no answer; it may run out.
        """
        now = self._clock.now()
        if now - _renewed(self._document) <= dt.timedelta(seconds=self._terms.renew_after_seconds):
            return
        fields = _fields(self._holder, self._token, now, self._terms)
        with suppress(Outrun):
            self._replace(fields)
            return
        # A renewal that was given up as unanswered may have arrived after all: then the lease is still ours.
        self._document = self._still_ours()
        try:
            self._replace(fields)
        except Outrun as faster:
            raise is_taken(self._place, self._documents.get(lease_of(self._place))) from faster

    def release(self) -> None:
        """Let the next writer in at once."""
        self._replace({**self._document.fields, "holder": NOBODY})

    @property
    def _holder(self) -> str:
        return text(self._document.fields, "holder", self._document.path)

    @property
    def _token(self) -> int:
        return whole(self._document.fields, "token", self._document.path)

    def _replace(self, fields: dict[str, object]) -> None:
        renewal = Replace(self._document, fields)
        (at,) = self._documents.commit([renewal])
        self._document = renewal.made(at)

    def _still_ours(self) -> Document:
        document = self._documents.get(lease_of(self._place))
        if document is None:
            raise corrupt(self._place, "its lease is gone")
        if whole(document.fields, "token", document.path) != self._token:
            raise is_taken(self._place, document)
        return document


def _stand(documents: Documents, place: str) -> tuple[Head | None, Document | None]:
    """Head and lease of a ledger; neither of a new one."""
    held, head = documents.get(lease_of(place)), read_head(documents, place)
    if head is None and (held is not None or documents.numbered(events_of(place), "seq", 0, None, 1)):
        # Somebody may have begun the ledger while we looked.
        head = read_head(documents, place)
        if head is None:
            raise corrupt(place, HEAD_IS_GONE)
        held = documents.get(lease_of(place))
    return head, held


def _fields(holder: str, token: int, now: dt.datetime, terms: LeaseTerms) -> dict[str, object]:
    return {
        "holder": holder,
        "token": token,
        "renewed_at": instant_to_text(now),
        "expires_at": instant_to_text(now + terms.length),
    }


def _until(lease: Document) -> dt.datetime:
    return _instant(lease, "expires_at")


def _renewed(lease: Document) -> dt.datetime:
    return _instant(lease, "renewed_at")


def _instant(lease: Document, name: str) -> dt.datetime:
    try:
        return instant_from_text(text(lease.fields, name, lease.path))
    except ValueError as fault:
        raise corrupt(lease.path, f"its {name}: {fault}") from fault


def is_held(lease: Document | None, now: dt.datetime) -> bool:
    """Whether the next writer may write at this instant."""
    return lease is not None and text(lease.fields, "holder", lease.path) != NOBODY and now < _until(lease)


def writer_of(documents: Documents, ledger: str, now: dt.datetime, collection: str = LEDGERS) -> str | None:
    """Who may write a ledger at this instant, as its lease names it; None when no process does. Rule: OP-102.

    Raises:
        StoreUnreachable: Firestore does not answer, which is never taken for "none".
    """
    lease = documents.get(lease_of(ledger_place(ledger, collection)))
    if lease is None or not is_held(lease, now):
        return None
    return text(lease.fields, "holder", lease.path)


def is_taken(place: str, lease: Document | None) -> WriteConflict:
    """What to tell a writer that is not let in, or was replaced: who holds the lease, and how long at least."""
    if lease is None:
        return WriteConflict(f"{place}: another writer is opening it; nothing of ours was written")
    holder = text(lease.fields, "holder", lease.path)
    if holder == NOBODY:
        return WriteConflict(f"{place}: another writer came and went meanwhile; nothing of ours was written")
    return WriteConflict(
        f"{place}: {holder} is writing to it and may until {_until(lease):%H:%M:%S} UTC, longer if it lives; "
        "stop that one first, nothing of ours was written"
    )


class Heartbeat:
    """Calls `beat` every few seconds until `stop`.

    A beat that fails is only missed: the holder learns of it from its own next append, which beats first.
    """

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="gammacore-lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more. A beat that is under way is not waited for: it ends within its own time-outs."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            with suppress(StorageError):
                self._beat()

"""The ledger's storage in Firestore: one writer by lease, every append one commit of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import RLock

from gammacore.adapters.codec.records import encode, link
from gammacore.adapters.firestore.documents import Documents
from gammacore.adapters.firestore.faults import Outrun, StoreUnreachable, corrupt
from gammacore.adapters.firestore.layout import (
    HEAD_IS_GONE,
    LEDGERS,
    Head,
    Row,
    event_path,
    head_of,
    lease_of,
    ledger_place,
    read_head,
)
from gammacore.adapters.firestore.lease import Heartbeat, Lease, LeaseTerms, is_taken
from gammacore.adapters.firestore.outages import Outages
from gammacore.adapters.firestore.reading import check_end, is_left, walk
from gammacore.domain.ledger import Event
from gammacore.errors import StorageError, WriteConflict
from gammacore.ports.clock import Clock

MOST_EVENTS = 450
MOST_RECORD_BYTES = 1_000_000
MOST_COMMIT_BYTES = 8_000_000
"""What one append may hold. Firestore takes 500 writes and 10 MiB in a commit and 1 MiB in a document; an append is all
or nothing, so a larger one is refused, never split."""

WRITE_ATTEMPTS = 3


class FirestoreStorage:
    """The events of one account and mode in one Firestore document tree. Implements `gammacore.ports.storage.Storage`.

    The writer holds a lease of 30 s, renewed by a thread of its own and before an append when older than 10 s. Every
    append carries the lease's fencing token and replaces the head as this writer left it: a writer that took over has
    changed it, and nothing of ours is written. With `read_only` no lease is taken and no document made or changed.

    An append without an answer is looked up: it was written, or it is barred from arriving later and was not. Only
    when the look-up goes unanswered too is the outcome unknown (`StoreUnreachable`). Then the next append settles it
    first, and the same events appended again are written once: so an append outlasts `outages`, where they are given.

    Rules: R1, R6, R12, R13.

    Raises:
        WriteConflict: another writer holds it; the message names it.
        CorruptLedger: what is read is not what was written.
        StoreUnreachable: Firestore does not answer.
        StorageError: Firestore refuses.
    """

    def __init__(
        self,
        documents: Documents,
        ledger: str,
        *,
        clock: Clock,
        holder: str,
        read_only: bool = False,
        terms: LeaseTerms = LeaseTerms(),  # noqa: B008  frozen
        collection: str = LEDGERS,
        outages: Outages | None = None,
        hangs_up: bool = False,
    ) -> None:
        self.place = ledger_place(ledger, collection)
        self._documents = documents
        self._outages = outages
        self._hangs_up = hangs_up
        self._turn = RLock()
        self._doubtful: Sequence[Row] = ()
        self._lease: Lease | None = None
        self._heartbeat: Heartbeat | None = None
        self._closed = False
        try:
            if read_only:
                self._head = self._read_head("give the name of a ledger")
            else:
                self._lease, self._head = Lease.take(documents, self.place, clock, holder, terms)
            check_end(documents, self.place, self._head)
        except BaseException:
            self.close()
            raise
        if read_only:
            return
        self._heartbeat = Heartbeat(self.renew, terms.renew_after_seconds / 2)

    @property
    def version(self) -> int:
        """The number of the last event; 0 when empty. A reader asks what the writer has written meanwhile."""
        return self._present_head().version if not self._closed else self._head.version

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        """Write all events or none after `expected_version`; return the new version. See `Storage.append`.

        Raises:
            StoreUnreachable: no answer; the class says what follows.
        """
        if self._outages is None:
            return self._appended(events, expected_version)
        return self._outages.outlast(lambda: self._appended(events, expected_version))

    def _appended(self, events: Sequence[Event], expected_version: int) -> int:
        with self._turn:
            lease = self._writing()
            payloads = [encode(event) for event in events]
            settled = self._settle()
            if settled and (settled[0].seq - 1, [row.payload for row in settled]) == (expected_version, payloads):
                return self._head.version
            if expected_version != self._head.version:
                raise WriteConflict(
                    f"{self.place}: {expected_version} events were expected and {self._head.version} are there; "
                    "nothing was written"
                )
            if payloads:
                rows = self._chained(payloads)
                lease.keep()
                self._write(rows)
            return self._head.version

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events with number > `after` that are there now, oldest first. See `Storage.events`."""
        if self._closed:
            raise StorageError(f"{self.place} is closed; open it again to read")
        return walk(self._documents, self.place, max(after, 0), self._present_head())

    def renew(self) -> None:
        """Keep the right to write; nothing is sent while the lease is younger than 10 s. Raises as `append`."""
        with self._turn:
            if self._lease is not None and not self._closed:
                self._lease.keep()

    def close(self) -> None:
        """Let the next writer in. Safe to call twice; if no answer comes, the lease runs out by itself."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
            if self._heartbeat is not None:
                self._heartbeat.stop()
            if self._lease is not None:
                with suppress(StorageError):
                    self._lease.release()
            if self._hangs_up:
                self._documents.close()

    def _writing(self) -> Lease:
        if self._closed or self._lease is None:
            state = "closed" if self._closed else "open for reading"
            raise StorageError(f"{self.place} is {state}; nothing was written")
        return self._lease

    def _present_head(self) -> Head:
        return self._head if self._lease is not None else self._read_head("restore the backup")

    def _read_head(self, fix: str) -> Head:
        head = read_head(self._documents, self.place)
        if head is None and is_left(self._documents, self.place):
            raise corrupt(self.place, HEAD_IS_GONE)
        if head is None:
            raise StorageError(f"there is no ledger at {self.place}; {fix}")
        return head

    def _chained(self, payloads: Sequence[str]) -> Sequence[Row]:
        rows: list[Row] = []
        version, checksum = self._head.version, self._head.checksum
        for payload in payloads:
            version, checksum = version + 1, link(checksum, payload)
            rows.append(Row(version, checksum, payload))
        sizes = [len(payload.encode()) for payload in payloads]
        if len(rows) > MOST_EVENTS or sum(sizes) > MOST_COMMIT_BYTES or max(sizes) > MOST_RECORD_BYTES:
            raise StorageError(
                f"{self.place}: {len(rows)} events of {sum(sizes)} bytes, the largest of {max(sizes)}, are too much "
                f"for one append (at most {MOST_EVENTS}, {MOST_COMMIT_BYTES} and {MOST_RECORD_BYTES}); "
                "nothing was written"
            )
        return rows

    def _write(self, rows: Sequence[Row]) -> None:
        """Move the head and create the events, in one commit, until it is known to be done or not."""
        for _ in range(WRITE_ATTEMPTS):
            move = self._head.replaced(version=rows[-1].seq, checksum=rows[-1].checksum)
            try:
                moved_at, *_ = self._documents.commit(
                    [move, *(row.created(self.place, self._head.token) for row in rows)]
                )
            except (Outrun, StoreUnreachable):
                self._doubtful = rows
                if self._settle():
                    return
            else:
                self._head = head_of(move.made(moved_at))
                return
        check_end(self._documents, self.place, self._head)
        raise StorageError(f"{self.place}: Firestore does not take the append; nothing was written, try again")

    def _settle(self) -> Sequence[Row]:
        """Find out what became of an unconfirmed append: its rows if it was written, () if it never will be."""
        for _ in range(WRITE_ATTEMPTS):
            rows = self._doubtful
            if not rows:
                return ()
            head = self._head_after(rows)
            ours = head.stand == (rows[-1].seq, rows[-1].checksum, self._head.token)
            if ours or self._is_written(rows[-1]):
                # Under another writer's token we keep the outdated document: the next append must find itself outrun.
                document = head.document if ours else self._head.document
                self._head = Head(rows[-1].seq, rows[-1].checksum, self._head.token, head.bars, document)
                self._doubtful = ()
                return rows
            if head.stand != self._head.stand:
                raise self._outdone(head)
            self._bar(head)
        raise StoreUnreachable(
            f"{self.place}: it is not known whether the append was written; append again to find out"
        )

    def _head_after(self, rows: Sequence[Row]) -> Head:
        try:
            head = read_head(self._documents, self.place)
        except StoreUnreachable as outage:
            span = f"{rows[0].seq} to {rows[-1].seq}"
            raise StoreUnreachable(f"{outage}. It is not known whether events {span} were written") from outage
        if head is None:
            raise corrupt(self.place, f"the ledger is gone, {self._head.version} events were in it")
        if head.version < self._head.version:
            raise corrupt(self.place, f"it ends with event {head.version}, {self._head.version} were written")
        return head

    def _is_written(self, row: Row) -> bool:
        """Whether we wrote it: under another token the same event in the same place is another writer's."""
        document = self._documents.get(event_path(self.place, row.seq))
        return document is not None and document.fields == row.created(self.place, self._head.token).fields

    def _bar(self, head: Head) -> None:
        """Change the head without moving it: a commit on its way to the old one will be refused when it arrives."""
        bar = head.replaced(bars=head.bars + 1)
        with suppress(Outrun):
            (barred_at,) = self._documents.commit([bar])
            self._head = head_of(bar.made(barred_at))
            self._doubtful = ()

    def _outdone(self, head: Head) -> StorageError:
        if head.token == self._head.token:
            return corrupt(self.place, "its head was changed by another hand")
        return is_taken(self.place, self._documents.get(lease_of(self.place)))

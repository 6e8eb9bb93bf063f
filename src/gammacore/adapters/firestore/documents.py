"""Documents with time-outs, and commits that are all or nothing: all we use of Firestore.

A commit is one atomic request in which every document that is replaced must still be as it was read. That is a
transaction in one round trip. Google's own transaction objects are left alone: their begin and commit take no time-out
and would hold an order up for a minute when the network dies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from gammacore.adapters.firestore.faults import StoreUnreachable, as_storage_errors
from gammacore.domain.parameters import parameter

if TYPE_CHECKING:
    from google.cloud.firestore import Client, DocumentSnapshot, WriteBatch

Answer = TypeVar("Answer")


@frozen
class Patience:
    """How long Firestore may keep us waiting. Seconds."""

    call_seconds: float = parameter(2.0, "Longest wait for one answer, seconds.", above=0, at_most=60)
    attempts: int = parameter(3, "How often a read is tried; a write is never repeated unseen.", at_least=1, at_most=10)
    first_wait_seconds: float = parameter(0.1, "Wait before the second try, doubled each time.", above=0, at_most=10)
    longest_wait_seconds: float = parameter(1.0, "Longest wait between two tries, seconds.", above=0, at_most=60)


@frozen
class Document:
    """A document as it was read: its fields and the store's own time of its last change."""

    path: str
    fields: Mapping[str, Any]
    updated_at: dt.datetime


@frozen
class Create:
    """Write a document that must not be there yet."""

    path: str
    fields: Mapping[str, Any]

    def made(self, at: dt.datetime) -> Document:
        """The document as it stands once this was committed."""
        return Document(self.path, self.fields, at)


@frozen
class Replace:
    """Write these fields and no others in the place of a document, if it is still as it was read."""

    base: Document
    fields: Mapping[str, Any]

    @property
    def path(self) -> str:
        return self.base.path

    def made(self, at: dt.datetime) -> Document:
        """The document as it stands once this was committed."""
        return Document(self.path, self.fields, at)


@frozen
class Remove:
    """Delete a document; one that is gone already is no error."""

    path: str


Change = Create | Replace | Remove


@frozen(eq=False)
class Documents:
    """The documents of one Firestore project.

    Only what the tests' server does as Firestore does is used: get, create, update, delete, equality and range filters
    on top-level fields, order and limit, commits with preconditions. Pages are cut by range, never by cursor.
    """

    client: Client
    patience: Patience = Patience()

    def get(self, path: str) -> Document | None:
        """One document; None when there is none.

        Raises:
            StoreUnreachable: no answer. Never to be read as "there is none".
            StorageError: Firestore refused.
        """
        return self._asked(path, lambda: self._get(path))

    def numbered(self, collection: str, field: str, after: int, until: int | None, limit: int) -> Sequence[Document]:
        """At most `limit` documents with after < `field` <= until, by that whole number. Raises as `get`."""
        return self._asked(collection, lambda: self._numbered(collection, field, after, until, limit))

    def all(self, collection: str, order_by: str) -> Sequence[Document]:
        """All documents of a small collection that have the field `order_by`, in its order. Raises as `get`."""
        return self._asked(collection, lambda: self._found(self.client.collection(collection).order_by(order_by)))

    def commit(self, changes: Sequence[Change]) -> Sequence[dt.datetime]:
        """Make all changes or none; the time of each as the store tells it. Never repeated: see the raises.

        Raises:
            Outrun: another process changed, made or removed one of the documents; nothing was written.
            StoreUnreachable: no answer; all changes were made, or none, or all will be made later.
            StorageError: Firestore refused; nothing was written.
        """
        batch = self.client.batch()
        for change in changes:
            self._put(batch, change)
        with as_storage_errors(changes[0].path):
            results = batch.commit(retry=None, timeout=self.patience.call_seconds)
        return [result.update_time for result in results]

    def close(self) -> None:
        """Hang up. Nothing of the store is touched."""
        self.client.close()  # type: ignore[no-untyped-call]  # Google's own gap

    def _put(self, batch: WriteBatch, change: Change) -> None:
        if isinstance(change, Create):
            batch.create(self.client.document(change.path), dict(change.fields))
        elif isinstance(change, Remove):
            batch.delete(self.client.document(change.path))
        else:
            unchanged = self.client.write_option(last_update_time=change.base.updated_at)
            batch.update(self.client.document(change.path), self._exactly(change), option=unchanged)

    def _exactly(self, change: Replace) -> dict[str, Any]:
        """An update that leaves nothing of the fields before."""
        from google.cloud.firestore import DELETE_FIELD

        gone = change.base.fields.keys() - change.fields.keys()
        fields = {**dict.fromkeys(gone, DELETE_FIELD), **change.fields}
        return {self.client.field_path(name): value for name, value in fields.items()}

    def _get(self, path: str) -> Document | None:
        snapshot = self.client.document(path).get(retry=None, timeout=self.patience.call_seconds)
        return _read(snapshot) if snapshot.exists else None

    def _numbered(self, collection: str, field: str, after: int, until: int | None, limit: int) -> Sequence[Document]:
        from google.cloud.firestore import FieldFilter

        query = self.client.collection(collection).where(filter=FieldFilter(field, ">", after))
        if until is not None:
            query = query.where(filter=FieldFilter(field, "<=", until))
        return self._found(query.order_by(field).limit(limit))

    def _found(self, query: Any) -> Sequence[Document]:
        from google.api_core.retry import Retry, if_exception_type

        # A query asks its retry what to do about an error, so "None" is no answer; this one never repeats.
        once = Retry(predicate=if_exception_type(), timeout=self.patience.call_seconds)
        return [_read(snapshot) for snapshot in query.get(retry=once, timeout=self.patience.call_seconds)]

    def _asked(self, place: str, read: Callable[[], Answer]) -> Answer:
        """What a read says; a read without an answer is tried again, a few times, with growing waits."""
        patience = self.patience
        pauses = wait_exponential(patience.first_wait_seconds, max=patience.longest_wait_seconds)
        repeats = Retrying(
            stop=stop_after_attempt(patience.attempts),
            wait=pauses + wait_random(0, patience.first_wait_seconds),
            retry=retry_if_exception_type(StoreUnreachable),
            reraise=True,
        )

        def once() -> Answer:
            with as_storage_errors(place):
                return read()

        answer: Answer = repeats(once)
        return answer


def _read(snapshot: DocumentSnapshot[Any]) -> Document:
    return Document(snapshot.reference.path, snapshot.to_dict() or {}, snapshot.update_time)


def store_time() -> object:
    """Stands for the store's own time of a commit, in one top-level field of a document at most."""
    from google.cloud.firestore import SERVER_TIMESTAMP

    return SERVER_TIMESTAMP

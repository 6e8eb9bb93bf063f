"""The inbox beside a ledger in Firestore: requests of other processes to the loop that writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from gammacore.adapters.codec.conversion import instant_from_text, instant_to_text
from gammacore.adapters.firestore.documents import Create, Document, Documents, Remove, store_time
from gammacore.adapters.firestore.faults import Outrun, StoreUnreachable, corrupt
from gammacore.adapters.firestore.layout import LEDGERS, ledger_place, requests_of, text
from gammacore.adapters.firestore.outages import Outages
from gammacore.ports.storage import Request, RequestKind

Answer = TypeVar("Answer")

POST_ATTEMPTS = 3


class FirestoreInbox:
    """Requests as documents beside the ledger's events: posting needs no lease and waits for no writer. Rule: R10.

    A request is stored when `post` returns and stays until `done`. Its document is named by its content, so one that is
    posted twice, also because the first answer got lost, is pending once. The loop that listens outlasts `outages`;
    the command that posts fails at once.

    Raises (every method):
        CorruptLedger: a request cannot be read; a halt may be in it, so it is never passed over.
        StoreUnreachable: no answer; a request may or may not have been stored: post it again.
        StorageError: Firestore refuses.
    """

    def __init__(
        self,
        documents: Documents,
        ledger: str,
        *,
        collection: str = LEDGERS,
        outages: Outages | None = None,
        hangs_up: bool = False,
    ) -> None:
        self._documents = documents
        self._outages = outages
        self._hangs_up = hangs_up
        self._requests = requests_of(ledger_place(ledger, collection))

    def post(self, request: Request) -> None:
        """Leave a request, durably. See `Inbox.post`."""
        creation = Create(self._path(request), {**_fields(request), "posted_at": store_time()})
        for _ in range(POST_ATTEMPTS):
            with suppress(Outrun):
                self._documents.commit([creation])
                return
            # Posted before; or Firestore gave way to another post, and then that one may have failed too.
            if self._documents.get(creation.path) is not None:
                return
        raise StoreUnreachable(f"{creation.path}: the request was not stored; post it again")

    def pending(self) -> Sequence[Request]:
        """Requests not yet done, in the order they were posted by the store's clock. See `Inbox.pending`."""
        documents = self._asked(lambda: self._documents.all(self._requests, order_by="posted_at"))
        return tuple(_request(document) for document in documents)

    def done(self, request: Request) -> None:
        """Take a request out. See `Inbox.done`."""
        self._asked(lambda: self._documents.commit([Remove(self._path(request))]))

    def close(self) -> None:
        """Hang up, where the connection is our own. See `Inbox.close`."""
        if self._hangs_up:
            self._documents.close()

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        return ask() if self._outages is None else self._outages.outlast(ask, "the inbox of the ledger")

    def _path(self, request: Request) -> str:
        content = "\n".join(_fields(request).values())
        return f"{self._requests}/{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _fields(request: Request) -> dict[str, str]:
    return {"kind": str(request.kind), "at": instant_to_text(request.at), "reason": request.reason}


def _request(document: Document) -> Request:
    kind, at, reason = (text(document.fields, name, document.path) for name in ("kind", "at", "reason"))
    try:
        return Request(RequestKind(kind), instant_from_text(at), reason)
    except ValueError as fault:
        raise corrupt(document.path, str(fault)) from fault

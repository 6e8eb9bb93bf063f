"""The inbox beside a ledger in Firestore: requests of other processes to the loop that writes it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

from gammacore.adapters.codec import instant_from_text, instant_to_text
from gammacore.adapters.firestore.documents import Create, Document, Documents, Remove, store_time
from gammacore.adapters.firestore.faults import Outrun, StoreUnreachable, corrupt
from gammacore.adapters.firestore.layout import LEDGERS, ledger_place, requests_of, text
from gammacore.ports.storage import Request, RequestKind

POST_ATTEMPTS = 3


class FirestoreInbox:
    """Requests as documents beside the ledger's events: posting needs no lease and waits for no writer. Rule: R10.

    A request is stored when `post` returns and stays until `done`. Its document is named by its content, so one that is
    posted twice, also because the first answer got lost, is pending once.

    Raises (every method):
        CorruptLedger: a request cannot be read; a halt may be in it, so it is never passed over.
        StoreUnreachable: nobody answered; a request may or may not have been stored: post it again.
        StorageError: Firestore refuses.
    """

    def __init__(self, documents: Documents, ledger: str, *, collection: str = LEDGERS) -> None:
        self._documents = documents
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
        return tuple(_request(document) for document in self._documents.all(self._requests, order_by="posted_at"))

    def done(self, request: Request) -> None:
        """Take a request out. See `Inbox.done`."""
        self._documents.commit([Remove(self._path(request))])

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

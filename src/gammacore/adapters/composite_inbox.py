"""Many inboxes as one: a request left in any of them is obeyed."""

from __future__ import annotations

from collections.abc import Sequence

from gammacore.errors import StorageError
from gammacore.ports.storage import Inbox, Request


class CompositeInbox:
    """The requests of every inbox, those of the last named inbox last. Implements `gammacore.ports.storage.Inbox`.

    Rule: R10.
    """

    def __init__(self, first: Inbox, *others: Inbox) -> None:
        self._inboxes = (first, *others)

    def post(self, request: Request) -> None:
        """Leave a request in the first. See `Inbox.post`."""
        self._inboxes[0].post(request)

    def pending(self) -> Sequence[Request]:
        """Requests of the first in their order, then of the others. See `Inbox.pending`.

        One that cannot be read keeps no request of another from being obeyed: what it raises comes once they are done.
        """
        found: list[Request] = []
        refusal: StorageError | None = None
        for inbox in self._inboxes:
            try:
                found += inbox.pending()
            except StorageError as wrong:
                refusal = refusal or wrong
        if refusal is not None and not found:
            raise refusal
        return tuple(found)

    def done(self, request: Request) -> None:
        """Take a request out wherever it is; the others ignore it. See `Inbox.done`."""
        for inbox in self._inboxes:
            inbox.done(request)

    def close(self) -> None:
        """Let go of each. See `Inbox.close`."""
        for inbox in self._inboxes:
            inbox.close()

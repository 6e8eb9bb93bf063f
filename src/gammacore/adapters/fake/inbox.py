"""An inbox in memory: the contract of `Inbox` for one process."""

from __future__ import annotations

from collections.abc import Sequence

from gammacore.ports.storage import Request


class MemoryInbox:
    """Requests in a list, each once. Implements `gammacore.ports.storage.Inbox`.

    Two inboxes on one `medium` see the same requests, as two processes would.
    """

    def __init__(self, medium: list[Request] | None = None) -> None:
        self._requests = [] if medium is None else medium

    def post(self, request: Request) -> None:
        """Leave a request. See `Inbox.post`."""
        if request not in self._requests:
            self._requests.append(request)

    def pending(self) -> Sequence[Request]:
        """Requests not yet done, in the order they were posted. See `Inbox.pending`."""
        return tuple(self._requests)

    def done(self, request: Request) -> None:
        """Take a request out. See `Inbox.done`."""
        if request in self._requests:
            self._requests.remove(request)

    def close(self) -> None:
        """Nothing is held. See `Inbox.close`."""

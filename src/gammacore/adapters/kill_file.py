"""The kill file: while it exists, everything is closed and stays halted. The switch that needs no gammacore to pull."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

from gammacore.errors import StorageError
from gammacore.ports.storage import Request, RequestKind


class KillFile:
    """A file whose existence asks the loop to flatten. Implements `gammacore.ports.storage.Inbox`. Rule: R10.

    `touch` is all it takes. Once obeyed the request is not pending again in this process, and the file stays: the next
    start finds it and halts again. Removed and made anew it is a new request.

    Raises (every method):
        StorageError: whether it exists cannot be seen; that is never taken for "no".
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._obeyed = False

    @classmethod
    def beside(cls, ledger: Path) -> KillFile:
        """The kill file of one ledger: `<ledger>.halt`.

        >>> KillFile.beside(Path("runs/day.sqlite")).path.name
        'day.sqlite.halt'
        """
        return cls(ledger.with_name(ledger.name + ".halt"))

    def post(self, request: Request) -> None:
        """Make the file: a kill file knows one request, to flatten. See `Inbox.post`.

        Raises:
            StorageError: it cannot be made, or the request is another.
        """
        if request.kind is not RequestKind.FLATTEN:
            raise StorageError(f"{self.path}: a kill file asks to flatten, never to {request.kind}; use the inbox")
        try:
            self.path.touch(mode=0o600)
        except OSError as refusal:
            raise StorageError(f"{self.path}: {refusal.strerror}; make its folder exist and be writable") from refusal

    def pending(self) -> Sequence[Request]:
        """The request to flatten, from the file's appearance until it is obeyed. See `Inbox.pending`."""
        if (request := self._standing()) is None:
            self._obeyed = False
            return ()
        return () if self._obeyed else (request,)

    def done(self, request: Request) -> None:
        """It was obeyed; the file stays. See `Inbox.done`."""
        self._obeyed = self._obeyed or request == self._standing()

    def close(self) -> None:
        """Nothing is held; the file stays. See `Inbox.close`."""

    def stands(self) -> bool:
        """Whether the file is there."""
        return self._standing() is not None

    def _standing(self) -> Request | None:
        try:
            made = os.stat(self.path).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as refusal:
            raise StorageError(f"{self.path}: {refusal.strerror}; whether to halt cannot be seen") from refusal
        at = dt.datetime.fromtimestamp(made, dt.UTC)
        return Request(RequestKind.FLATTEN, at, f"kill file {self.path.name}")

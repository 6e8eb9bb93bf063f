"""The inbox beside a ledger: requests of other processes to the loop that writes it."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from gammacore.adapters.codec.conversion import instant_from_text, instant_to_text
from gammacore.adapters.sqlite.layout import Schema, as_storage_errors, beside, connect, create
from gammacore.errors import CorruptLedger, StorageError
from gammacore.ports.storage import Request, RequestKind

INBOX = Schema(
    application_id=int.from_bytes(b"gcIn", "big"),
    version=1,
    statements=(
        "CREATE TABLE requests (\n"
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
        "  kind TEXT NOT NULL,\n"
        "  at TEXT NOT NULL,\n"
        "  reason TEXT NOT NULL,\n"
        "  UNIQUE (kind, at, reason)\n"
        ")",
    ),
)

BUSY_SECONDS = 5.0


class SqliteInbox:
    """Requests in `<ledger>.inbox`, a file of its own: posting never waits for the ledger's writer. Rule: R10.

    A request is on the disk when `post` returns and stays until `done`, over any number of restarts. Posted twice it is
    pending once. The file is made by the first post.

    Raises (every method):
        CorruptLedger: the inbox cannot be read; a halt may be in it, so it is never taken for empty.
        StorageError: it cannot be read or written; the message names the path and the remedy.
    """

    def __init__(self, ledger: Path | str) -> None:
        self.path = beside(Path(ledger).resolve(), ".inbox")

    def post(self, request: Request) -> None:
        """Leave a request, durably. See `Inbox.post`."""
        with as_storage_errors(self.path):
            if not self.path.exists():
                create(self.path, INBOX, "DELETE")
        with self._opened() as connection:
            connection.execute("INSERT OR IGNORE INTO requests (kind, at, reason) VALUES (?, ?, ?)", _row(request))

    def pending(self) -> Sequence[Request]:
        """Requests not yet done, in the order they were posted. See `Inbox.pending`."""
        if not self.path.exists():
            return ()
        with self._opened() as connection:
            rows = connection.execute("SELECT kind, at, reason FROM requests ORDER BY id").fetchall()
        try:
            return tuple(Request(RequestKind(kind), instant_from_text(at), reason) for kind, at, reason in rows)
        except ValueError as fault:
            raise self._corrupt(str(fault)) from fault

    def done(self, request: Request) -> None:
        """Take a request out. See `Inbox.done`."""
        if not self.path.exists():
            return
        with self._opened() as connection:
            connection.execute("DELETE FROM requests WHERE kind = ? AND at = ? AND reason = ?", _row(request))

    def close(self) -> None:
        """Nothing is held between two calls. See `Inbox.close`."""

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with as_storage_errors(self.path):
                if self.path.stat().st_size == 0:
                    raise self._corrupt("the file is empty, which no inbox ever is")
                with closing(connect(self.path, "mode=rw")) as connection:
                    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
                    connection.execute("PRAGMA synchronous=FULL")
                    connection.execute("PRAGMA fullfsync=ON")
                    self._check(connection)
                    yield connection
        except CorruptLedger as damage:
            raise self._corrupt(damage.problem) from damage

    def _check(self, connection: sqlite3.Connection) -> None:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if mark != INBOX.application_id:
            raise self._corrupt(f"it is not an inbox (application id {mark})")
        if version > INBOX.version:
            raise StorageError(f"{self.path}: a newer gammacore wrote it (schema {version}); update this one")

    def _corrupt(self, problem: str) -> CorruptLedger:
        named = problem if str(self.path) in problem else f"{self.path}: {problem}"
        aside = shlex.join(["mv", str(self.path), f"{self.path}.damaged"])
        return CorruptLedger(named, f"{aside}, and post what was asked again")


def _row(request: Request) -> tuple[str, str, str]:
    return str(request.kind), instant_to_text(request.at), request.reason

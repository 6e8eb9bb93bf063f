"""Shared by halt, resume and flatten: reach the loop that runs, or journal the request ourselves."""

from __future__ import annotations

from pathlib import Path

from gammacore.errors import MissingData, WriteConflict
from gammacore.ports.storage import RequestKind
from gammacore_cli.frame import Frame


def ledger_to_control(frame: Frame, named: Path | None) -> Path:
    """The named ledger, else the configured paper ledger.

    Raises:
        MissingData: it does not exist; `trade` makes one.
    """
    path = named or frame.paper_ledger
    if not path.exists():
        raise MissingData(f"{path}: no such ledger; name one with --ledger")
    return path


def ask(path: Path, kind: RequestKind, reason: str) -> tuple[bool, str]:
    """Leave the request with the running loop, or journal it when none runs; whether a loop has it, and a sentence.

    Raises:
        StorageError: the ledger cannot be read or written.
    """
    from gammacore import wiring
    from gammacore.adapters.sqlite import SqliteInbox
    from gammacore.ports.storage import Request

    now = wiring.system_clock().now()
    request = Request(kind, now, reason)
    try:
        wiring.journal_request(path, request)
    except WriteConflict:
        SqliteInbox(path).post(request)
        return True, "left with the running loop; it acts within one cycle"
    return False, "journaled; no loop is running"

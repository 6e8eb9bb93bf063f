"""Shared by halt, resume and flatten: reach the loop that runs, or journal the request ourselves."""

from __future__ import annotations

from itertools import islice
from shlex import quote
from typing import TYPE_CHECKING

from gammacore.errors import GammacoreError, MissingData, WriteConflict
from gammacore.ports.storage import RequestKind
from gammacore_cli.frame import Frame

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


SIGNED_WITHIN = 2
"""The hedging filter signs its ledger with the first so many events."""


def ledger_to_control(frame: Frame, named: LedgerPlace | None) -> LedgerPlace:
    """The named ledger, else the configured paper ledger.

    Raises:
        MissingData: it does not exist; `trade` makes one.
    """
    from gammacore.wiring import ledger_exists

    ledger = named or frame.paper_ledger
    if not ledger_exists(frame.settings, ledger):
        raise MissingData(f"{ledger}: no such ledger; name one with --ledger{_newest(frame)}")
    return ledger


def _newest(frame: Frame) -> str:
    """The run somebody most likely means, to be copied from the refusal: a study keeps a ledger of its own."""
    try:
        return f" {quote(str(frame.ledger_path(None)))} (the newest run)"
    except GammacoreError:
        return ""


def _is_kept_by_the_filter(frame: Frame, ledger: LedgerPlace) -> bool:
    """By its first events, for a running ledger may be long. Rules: R10, DH-712, DH-1001."""
    from gammacore import wiring
    from gammacore_cli.hedge_ledger import is_hedge_ledger

    storage = wiring.open_storage(frame.settings, ledger, read_only=True)
    try:
        return is_hedge_ledger(list(islice(storage.events(), SIGNED_WITHIN)))
    finally:
        storage.close()


def ask(frame: Frame, ledger: LedgerPlace, kind: RequestKind, reason: str) -> tuple[bool, str]:
    """Leave the request with the running loop, or journal it when none runs; whether a loop has it, and a sentence.

    Raises:
        WriteConflict: the one who writes the ledger is the hedging filter, which hears no requests.
        StorageError: the ledger cannot be read or written.
    """
    from gammacore import wiring
    from gammacore.ports.storage import Request

    now = wiring.system_clock().now()
    request = Request(kind, now, reason)
    try:
        wiring.journal_request(frame.settings, ledger, request)
    except WriteConflict:
        if _is_kept_by_the_filter(frame, ledger):
            raise WriteConflict(
                f"{ledger}: a running `gammacore hedge` writes it and hears no requests; write 1 into the file that "
                "its EXECUTION_HALTED_FILE names, or stop it and ask again"
            ) from None
        wiring.leave_request(frame.settings, ledger, request)
        return True, "left with the running loop; it acts within one cycle"
    return False, "journaled; no loop is running"

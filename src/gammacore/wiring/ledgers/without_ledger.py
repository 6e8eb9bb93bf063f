"""Flatten where the ledger cannot be read: by what the account holds, behind the gates that need no ledger.

The person says so (--all-holdings): without a ledger it is not known whose contracts they are. Rules: R10, OP-104.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gammacore.adapters.kill_file import KillFile
from gammacore.application.flatten_holdings import FlattenHoldings
from gammacore.configuration import Configuration, Settings
from gammacore.domain.broker_facts.dated import REAL_BROKERS
from gammacore.domain.ledger import LedgerOpened
from gammacore.errors import ConfigurationError, GammacoreError, InvalidInput, StorageError
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.storage import Request
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces, open_broker
from gammacore.wiring.controls import HOME_HALT, book_of, system_clock
from gammacore.wiring.ledgers.choice import FoundLedger, whose_ledger
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path, opening_of
from gammacore.wiring.ledgers.whose_ledger import in_mode_of, mark_of, refuse_another_account
from gammacore.wiring.ledgers.without_loop import Flattened, in_words
from gammacore.wiring.service.arming import Armed, armed_mode
from gammacore.wiring.venues import NOTHING_SENT

LOOK = dt.timedelta(seconds=2)
"""From one look at the account to the next."""


def why_unreadable(settings: Settings, ledger: LedgerPlace) -> str:
    """Why the book of a ledger cannot be had; "" where it can."""
    try:
        book_of(settings, ledger)
    except (StorageError, InvalidInput) as fault:
        return str(fault)
    return ""


def armed_without_ledger(
    configuration: Configuration, credentials: CredentialStore, ledger: FoundLedger | None
) -> Armed:
    """Whose account it is by credentials, options and the ledger's folder: every lock of live trading holds. OP-104.

    Raises:
        ConfigurationError: a lock is closed, a credential is missing, or no broker is named.
    """
    in_mode = configuration if ledger is None else in_mode_of(configuration, ledger)
    armed = armed_mode(in_mode, credentials)
    if not armed.broker.is_real:
        raise ConfigurationError(f"--all-holdings: a simulated exchange has no account; give --broker {REAL_BROKERS}")
    if ledger is not None and ledger.mode not in (None, armed.mode):
        raise ConfigurationError(
            f"{ledger.place} is a {ledger.mode} ledger and this run is {armed.mode}; {NOTHING_SENT}"
        )
    return armed


def flatten_holdings_now(
    settings: Settings,
    armed: Armed,
    credentials: CredentialStore,
    ledger: FoundLedger | None,
    request: Request,
    patience: dt.timedelta,
    *,
    clock: Clock | None = None,
    places: BrokerPlaces = BROKERS_OWN,
) -> Flattened:
    """Close every option contract the account holds, shorts first, and leave a kill file beside the ledger.

    Raises:
        ConfigurationError: the keys open another account than the one meant, or than the ledger recorded.
        BrokerError: the account does not answer at all; nothing was sent.
    """
    clock, place = clock or system_clock(), None if ledger is None else ledger.place
    halted_by, halt_fault = _latch(settings, place, request)
    notes = Notes(clock.now())
    opened = open_broker(armed, credentials, clock, places)
    try:
        number = opened.broker.account().number
        armed.require_account(number)
        _refuse_the_recorded_other(settings, place, armed, number)
        closing = FlattenHoldings(
            opened.broker, clock, account=settings.account.id, lineage=_lineage(settings, place), note=notes
        )
        deadline = clock.now() + patience
        is_flat = _step(closing)
        while not is_flat and clock.now() < deadline:
            clock.wait_until(min(clock.now() + LOOK, deadline))
            is_flat = _step(closing)
    finally:
        opened.close()
        notes.close()
    fault = "" if is_flat else closing.problem or f"not everything closed within {patience.total_seconds():g} s"
    said = [f"closed by the account's holdings, without a ledger; what was sent is in {notes.place}"]
    said += [f"halted by {halted_by}: remove it once the cause is known"] if halted_by else [halt_fault]
    said += [f"left alone: {in_words(closing.left_alone)}"] if closing.left_alone else []
    held = closing.held
    return Flattened((), bool(halted_by), held, closing.orders, fault, held, noted="; ".join(said))


def _step(closing: FlattenHoldings) -> bool:
    try:
        return closing.step()
    except Exception as fault:  # whatever was not foreseen: the next look goes on
        closing.problem = f"unforeseen {type(fault).__name__}"
        return False


def _latch(settings: Settings, place: LedgerPlace | None, request: Request) -> tuple[str, str]:
    """The kill file that halts the next start; else why there is none."""
    home = KillFile(settings.storage.home / HOME_HALT)
    file = home if place is None else KillFile.beside(local_path(settings, place))
    try:
        file.post(request)
    except (StorageError, OSError) as refusal:
        return "", f"no kill file could be made: {refusal}"
    return str(file.path), ""


def _refuse_the_recorded_other(settings: Settings, place: LedgerPlace | None, armed: Armed, number: str) -> None:
    if place is None:
        return
    with suppress(StorageError, InvalidInput):  # of what cannot be read nothing is known
        whose = whose_ledger(settings, place)
        refuse_another_account(place, whose.account, mark_of(armed, whose.lineage, number), NOTHING_SENT)


def _lineage(settings: Settings, place: LedgerPlace | None) -> str:
    """The ledger's own where its first event can be read: its next start then knows the orders for its own."""
    if place is not None:
        with suppress(GammacoreError):
            opened = next((event for event in opening_of(settings, place, 1) if isinstance(event, LedgerOpened)), None)
            if opened is not None:
                return opened.lineage
    return uuid.uuid4().hex[:16]


class Notes:
    """What was sent, one JSON line each, in the temporary folder; on stderr where no file can be made."""

    def __init__(self, at: dt.datetime) -> None:
        path = Path(tempfile.gettempdir()) / f"gammacore-flatten-{at:%Y%m%dT%H%M%S}-{os.getpid()}.ndjson"
        self.place = str(path)
        self._file: int | None = None
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError:
            self.place = "the lines on stderr"

    def __call__(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line) + "\n"
        if self._file is not None:
            try:
                os.write(self._file, text.encode())
                os.fsync(self._file)
            except OSError:
                self.close()
                self.place += " and, once it took no more, on stderr"
            else:
                return
        sys.stderr.write(text)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

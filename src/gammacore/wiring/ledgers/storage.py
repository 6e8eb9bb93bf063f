"""Where a ledger is, and how it is opened: a file, or a place in Firestore."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any, Protocol

from attrs import field, frozen

from gammacore.adapters.firestore import (
    Documents,
    FirestoreInbox,
    FirestoreStorage,
    LeaseTerms,
    Outages,
    Patience,
    connect,
    ledger_place,
)
from gammacore.adapters.firestore import repair as repair_in_firestore
from gammacore.adapters.firestore import writer_of as writer_in_firestore
from gammacore.adapters.second_journal import FileJournal, drop, kept, places_for
from gammacore.adapters.sqlite.backup import refuse_a_backup
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.adapters.sqlite.lock import writer_of as writer_of_file
from gammacore.adapters.sqlite.repair import repair as repair_file
from gammacore.adapters.sqlite.storage import SqliteStorage, first_events
from gammacore.adapters.system_clock import SystemClock
from gammacore.configuration import Settings
from gammacore.domain.ledger import Event, Mode
from gammacore.errors import ConfigurationError, CorruptLedger, DoesNotFold, InvalidInput, StorageError, WriteConflict
from gammacore.ports.storage import Inbox, Request, RequestKind, SecondJournal, Storage

SCHEME = "firestore:"


def _is_a_ledger_name(_instance: object, _field: Any, name: str) -> None:
    ledger_place(name)


@frozen
class FirestoreLedger:
    """A ledger in Firestore, written `firestore:NAME`.

    >>> str(FirestoreLedger("paper-1"))
    'firestore:paper-1'
    """

    name: str = field(validator=_is_a_ledger_name)

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}"


LedgerPlace = Path | FirestoreLedger
"""Where a ledger is kept."""


def ledger_named(text: str) -> LedgerPlace:
    """The place a person names: `firestore:NAME`, or else a file.

    >>> ledger_named("firestore:paper-1"), ledger_named("runs/day.sqlite").name
    (FirestoreLedger(name='paper-1'), 'day.sqlite')

    Raises:
        ConfigurationError: a name that no ledger can have.
    """
    if not text.startswith(SCHEME):
        return Path(text)
    try:
        return FirestoreLedger(text.removeprefix(SCHEME))
    except InvalidInput as wrong:
        raise ConfigurationError(str(wrong)) from wrong


def account_ledger(settings: Settings, mode: Mode = Mode.PAPER) -> LedgerPlace:
    """The configured account's own ledger; paper and live never share one. Rule: CS-609."""
    if settings.storage.kind == "firestore":
        return FirestoreLedger(settings.account.id if mode is Mode.PAPER else f"{mode}-{settings.account.id}")
    if (file := settings.storage.file) is not None:
        return file if mode is Mode.PAPER else file.with_name(f"{mode}-{file.name}")
    return settings.storage.home / mode.value / f"{settings.account.id}.sqlite"


def local_path(settings: Settings, ledger: LedgerPlace) -> Path:
    """The path beside which lies what belongs to a ledger on this machine: kill file, sent alerts, fake exchange."""
    return ledger if isinstance(ledger, Path) else settings.storage.home / "firestore" / ledger.name


def outages_of(settings: Settings) -> Outages:
    """What lets a loop outlast a store that does not answer, and report it afterwards; a file never stays silent."""
    return Outages(SystemClock(), settings.firestore.outage_seconds)


def open_storage(
    settings: Settings,
    ledger: LedgerPlace,
    *,
    grouped: bool = False,
    read_only: bool = False,
    outages: Outages | None = None,
) -> Storage:
    """The events of a ledger, written by us alone or, `read_only`, beside the process that writes them. R12.

    `grouped` spares a file the sync of every append, as replays do; Firestore knows no such thing. Its appends outlast
    `outages`, where a loop gives them.

    Raises:
        ConfigurationError: a Firestore ledger and no project.
        WriteConflict: another process writes it; the message names it.
        StorageError: it cannot be opened.
    """
    if isinstance(ledger, Path):
        if not read_only and settings.storage.home in ledger.parents:
            make_folder(ledger.parent)
        if read_only:
            return SqliteStorage(ledger, read_only=True)
        refuse_a_backup(ledger)
        storage = SqliteStorage(ledger, grouped=grouped)
        try:
            _take_up_what_waits(storage, ledger)
        except BaseException:
            storage.close()
            raise
        return storage
    if not read_only:
        make_folder(local_path(settings, ledger).parent)
    store = settings.firestore
    return FirestoreStorage(
        firestore_documents(settings),
        ledger.name,
        clock=SystemClock(),
        holder=store.holder or f"{socket.gethostname()} process {os.getpid()}",
        read_only=read_only,
        terms=LeaseTerms(store.lease_seconds, store.renew_after_seconds),
        collection=store.collection,
        outages=outages,
        hangs_up=True,
    )


def second_journal(ledger: LedgerPlace | None, storage: Storage) -> SecondJournal | None:
    """Where a loop keeps what the ledger's own disk does not take. Decision 0033.

    None of a ledger in Firestore: who is out of its reach may have lost its lease to another writer, and must end.
    """
    if not isinstance(ledger, Path) or not isinstance(storage, SqliteStorage):
        return None
    return FileJournal(places_for(ledger), lambda: storage.checksum)


@contextmanager
def keeping_writers_out(ledger: LedgerPlace) -> Iterator[None]:
    """Hold the writer's lock of a ledger that is only read, as far as its folder lets it be held.

    Raises:
        WriteConflict: a loop writes it.
    """
    lock = None
    if isinstance(ledger, Path):
        try:
            lock = WriterLock.take(ledger.resolve())
        except WriteConflict:
            raise
        except StorageError:
            lock = None  # a folder that takes no lock lets no writer in either
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def waiting_beside(ledger: LedgerPlace | None, storage: Storage) -> tuple[Event, ...]:
    """What a second journal has that follows the last event of a storage which can only be read."""
    if not isinstance(ledger, Path) or not isinstance(storage, SqliteStorage):
        return ()
    waits = kept(places_for(ledger))
    follows = waits is not None and (waits.after, waits.checksum) == (storage.version, storage.checksum)
    return waits.events if waits is not None and follows else ()


def _take_up_what_waits(storage: SqliteStorage, ledger: Path) -> None:
    """Write what a process could not, before anything else is written.

    Raises:
        StorageError: the disk still does not take it; it stays where it is.
    """
    waits = kept(places := places_for(ledger))
    if waits is None:
        return
    if waits.events and (waits.after, waits.checksum) == (storage.version, storage.checksum):
        storage.append(waits.events, storage.version)
    elif waits.after > storage.version:
        return  # of a ledger that has lost its end: a repair may want to look at it
    drop(places)


def open_inbox(settings: Settings, ledger: LedgerPlace, outages: Outages | None = None) -> Inbox:
    """The requests beside a ledger, to be closed by the caller; who listens outlasts `outages`, where given."""
    if isinstance(ledger, Path):
        return SqliteInbox(ledger)
    return FirestoreInbox(
        firestore_documents(settings),
        ledger.name,
        collection=settings.firestore.collection,
        outages=outages,
        hangs_up=True,
    )


def does_not_fold(ledger: LedgerPlace, refusal: DoesNotFold) -> CorruptLedger:
    """The error of a ledger that holds an event which cannot follow the others: it names the command that cuts it."""
    return CorruptLedger(f"{ledger}: {refusal}", f"gammacore ledger repair --ledger {quote(str(ledger))}")


@contextmanager
def folding(ledger: LedgerPlace | None) -> Iterator[None]:
    """Raise what does not fold inside as a damaged ledger, with the repair command. None: a ledger in memory."""
    try:
        yield
    except DoesNotFold as refusal:
        if ledger is None:
            raise
        raise does_not_fold(ledger, refusal) from refusal


class Repaired(Protocol):
    """What a repair did: events kept and lost (None: unknown), where the damaged part is, what was wrong."""

    @property
    def kept(self) -> int: ...
    @property
    def lost(self) -> int | None: ...
    @property
    def damaged(self) -> object | None: ...
    @property
    def problem(self) -> str: ...


def repair_ledger(settings: Settings, ledger: LedgerPlace) -> Repaired:
    """Keep the events before the first damage; what is behind it stays beside the ledger. Rule: R6.

    Where events were lost, the ledger does not know what the broker holds: its loop takes no entries until `resume`,
    while it reconciles and exits go on.

    Raises:
        WriteConflict: another process writes to it.
        StorageError: there is no ledger, or nothing of it can be kept: nothing is changed.
    """
    report = _repaired(settings, ledger)
    if report.problem and report.lost != 0:
        inbox = open_inbox(settings, ledger)
        try:
            inbox.post(Request(RequestKind.HALT, SystemClock().now(), _lost_in_repair(report)))
        finally:
            inbox.close()
    return report


def _lost_in_repair(report: Repaired) -> str:
    lost = "an unknown number of" if report.lost is None else str(report.lost)
    return f"repaired after event {report.kept}, {lost} events lost: compare with the broker, then resume"


def _repaired(settings: Settings, ledger: LedgerPlace) -> Repaired:
    if isinstance(ledger, Path):
        return repair_file(ledger)
    documents = firestore_documents(settings)
    try:
        return repair_in_firestore(
            documents, ledger.name, clock=SystemClock(), collection=settings.firestore.collection
        )
    finally:
        documents.close()


def ledger_exists(settings: Settings, ledger: LedgerPlace) -> bool:
    """Whether there is such a ledger.

    Raises:
        StoreUnreachable: Firestore does not answer. Never to be read as "no".
    """
    if isinstance(ledger, Path):
        return ledger.exists()
    documents = firestore_documents(settings)
    try:
        return documents.get(ledger_place(ledger.name, settings.firestore.collection)) is not None
    finally:
        documents.close()


def writer_of(settings: Settings, ledger: LedgerPlace) -> str | None:
    """The process that writes a ledger; None when no loop runs on it. Nothing is made or changed. Rule: OP-102.

    Raises:
        StorageError: whether one does cannot be seen, which is never taken for "none".
    """
    if isinstance(ledger, Path):
        return writer_of_file(ledger)
    documents = firestore_documents(settings)
    try:
        return writer_in_firestore(documents, ledger.name, SystemClock().now(), settings.firestore.collection)
    finally:
        documents.close()


def opening_of(settings: Settings, ledger: LedgerPlace, count: int = 2) -> list[Event]:
    """The first events of a ledger: they say whose it is, and whether the hedging filter keeps it (DH-712).

    Raises:
        StorageError: they cannot be read.
    """
    if isinstance(ledger, Path):
        return first_events(ledger, count)
    storage = open_storage(settings, ledger, read_only=True)
    try:
        return list(islice(storage.events(), count))
    finally:
        storage.close()


def firestore_documents(settings: Settings) -> Documents:
    """A connection to the configured project, by Google's own credentials; to be closed by the caller.

    Raises:
        ConfigurationError: no project, no key, or Google's library is not installed.
    """
    store = settings.firestore
    return connect(store.project, Patience(call_seconds=store.call_seconds, attempts=store.attempts))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, for their owner alone. Rule: OP-001.

    Raises:
        ConfigurationError: it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
    except OSError as wrong:
        raise ConfigurationError(f"{folder}: cannot be written ({wrong.strerror}); set GAMMACORE_HOME") from wrong

"""Backups of ledgers, proven when they are made, and ledgers restored from them, which trade nothing by themselves.

A backup is a ledger under a name of its own, with what lies beside it and a manifest that vouches for every file::

    paper-20261130T210512Z.sqlite                 the events
    paper-20261130T210512Z.sqlite.inbox           requests that waited
    paper-20261130T210512Z.sqlite.exchange.json   a study's exchange
    paper-20261130T210512Z.sqlite.manifest.json   version, events, checksums

Rules: OP-701, OP-703.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import count
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.codec.records import GENESIS, NewerRecord, UnreadableRecord, decode, encode, link
from gammacore.adapters.notifiers.spool import SPOOL
from gammacore.adapters.sqlite.backup import (
    MANIFEST,
    OF_THE_WRITER,
    copy_inbox,
    copy_whole,
    put_in_place,
    write_whole_ledger,
)
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.layout import as_storage_errors
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.whole_file import write_whole
from gammacore.configuration import Settings
from gammacore.domain.book.check import LedgerCheck
from gammacore.domain.ledger import Event, Halted, LedgerOpened, Mode, Resumed
from gammacore.errors import ConfigurationError, CorruptLedger, StorageError, TradingHalted
from gammacore.ports.clock import Clock
from gammacore.ports.storage import RequestKind
from gammacore.version import __version__
from gammacore.wiring.controls import events_of, system_clock
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path, make_folder

LINES = ".ndjson"
"""How the backup of a ledger in Firestore ends: its canonical events, one a line."""
RESTORED = "restored"
"""Why a restored account ledger is halted: what was ordered since the backup is unknown to it."""
COMPARED = "restored, and compared with the broker"
"""Why it still is, once a comparison left no finding open: now a person may resume."""


@frozen
class BackedUp:
    """A backup: its ledger, how many events, the checksum of the last, and the sha256 of each file by its name."""

    file: Path
    events: int
    checksum: str
    sha256: Mapping[str, str]
    made_at: dt.datetime


def backup_folder(settings: Settings) -> Path:
    """Where backups are written: `backup.folder`, default HOME/backups."""
    return Path(settings.backup.folder) if settings.backup.folder else settings.storage.home / "backups"


def back_up(
    settings: Settings, ledger: FoundLedger, folder: Path | None = None, clock: Clock | None = None
) -> BackedUp:
    """Copy a ledger, and what lies beside it, into a folder (`backup_folder`), beside a loop that writes it.

    Nothing has its final name before all of it was read again; the ledger gets its own last.

    Raises:
        CorruptLedger: it is damaged; repair it first.
        StorageError: the disk does not take it, or it cannot be read.
    """
    now = (clock or system_clock()).now()
    into = folder or backup_folder(settings)
    make_folder(into)
    with _draft_in(into) as draft:
        name = _free_name(into, ledger, now)
        file = draft / name
        if isinstance(ledger.place, Path):
            head = copy_whole(ledger.place, file)
            _check_events(file)
            _copy_what_is_beside(local_path(settings, ledger.place), file)
            events, checksum = head.version, head.checksum
        else:
            lines = [encode(event) for event in events_of(settings, ledger.place)]
            write_whole(file, "".join(f"{line}\n" for line in lines))
            _copy_what_is_beside(local_path(settings, ledger.place), file)
            events, checksum = len(lines), reduce(link, lines, GENESIS)
        sums = {one.relative_to(draft).as_posix(): _sha256(one) for one in _files_below(draft)}
        made = BackedUp(into / name, events, checksum, sums, now)
        write_whole(file.with_name(name + MANIFEST), _manifest(made, ledger))
        for one in _files_below(draft):
            one.chmod(0o600)
        _publish(draft, into, name)
    return made


def _manifest(made: BackedUp, ledger: FoundLedger) -> str:
    rows = {
        "format": 1,
        "version": __version__,
        "ledger": str(ledger.place),
        "mode": None if ledger.mode is None else ledger.mode.value,
        "made_at": made.made_at.isoformat(),
        "events": made.events,
        "checksum": made.checksum,
        "sha256": dict(sorted(made.sha256.items())),
    }
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _free_name(folder: Path, ledger: FoundLedger, now: dt.datetime) -> str:
    """MODE-ID-TIME, numbered where two are made in one second."""
    place = ledger.place
    stem, ending = (place.stem, place.suffix or ".sqlite") if isinstance(place, Path) else (place.name, LINES)
    mode = "" if ledger.mode is None or stem.startswith(ledger.mode.value) else f"{ledger.mode.value}-"
    begins = f"{mode}{stem}-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    names = (f"{begins}{'' if n == 1 else f'-{n}'}{ending}" for n in count(1))
    return next(name for name in names if not (folder / name).exists())


@contextmanager
def _draft_in(folder: Path) -> Iterator[Path]:
    """A folder of ours on the same disk; what is left of one that was killed is no backup and bears no such name."""
    with as_storage_errors(folder):
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_what_is_beside(ledger: Path, file: Path) -> None:
    """Inbox, exchange book, alerts that were sent, view: all that bears the ledger's name and is not its writer's."""
    copy_inbox(ledger, file.with_name(f"{file.name}.inbox"))
    with as_storage_errors(file):
        for one in sorted(ledger.parent.glob(f"{_literally(ledger.name)}.*")):
            ending = one.name.removeprefix(ledger.name)
            if ending in (*OF_THE_WRITER, ".inbox", MANIFEST) or _is_passing(ending):
                continue
            copy = shutil.copytree if one.is_dir() else _copy_file
            copy(one, file.with_name(file.name + ending))


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _is_passing(ending: str) -> bool:
    """Whether a file is one that is being written, what a repair left, or an alarm that waits: it comes from here."""
    return ending.startswith((".damaged", ".repaired", ".new-", ".inbox", ".inbox-", SPOOL)) or ending.endswith(
        ".draft"
    )


def _literally(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "[]*?" else letter for letter in name)


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(file: Path) -> str:
    with as_storage_errors(file), file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _publish(draft: Path, folder: Path, name: str) -> None:
    """Give everything its name, the ledger last."""
    for one in sorted(draft.iterdir(), key=lambda path: path.name == name):
        if one.is_dir():
            with as_storage_errors(folder):
                os.rename(one, folder / one.name)
        else:
            try:
                put_in_place(one, folder / one.name)
            except FileExistsError as fault:
                raise StorageError(f"{folder / one.name} was made meanwhile; back up again") from fault


def _check_events(file: Path) -> None:
    """Every event of a copy can be read and follows those before it, or the copy is refused."""
    storage, check = SqliteStorage(file, read_only=True), LedgerCheck()
    try:
        for event in storage.events():
            check.take(event)
    finally:
        storage.close()


# -- restoring ----------------------------------------------------------------------------------------------------


@frozen
class Restored:
    """A ledger made from a backup: its events, and whether it is halted until it was compared with its broker."""

    ledger: Path
    events: int
    mode: Mode | None
    is_halted: bool


def restore(file: Path, to: Path, clock: Clock | None = None) -> Restored:
    """Make a ledger of a backup at a path where nothing stands. An account's opens halted, `restored`.

    Raises:
        ConfigurationError: something stands there; a ledger is never replaced.
        CorruptLedger: the backup is not what was written.
        StorageError: it cannot be read, or the disk does not take it.
    """
    taken = [one for one in (to, *_beside(to)) if one.exists()]
    if taken:
        raise ConfigurationError(f"{taken[0]} stands there and is not replaced; move it away, or give another --to")
    if not file.is_file():
        raise StorageError(f"there is no backup at {file}; give the path of one")
    _hold_against_its_manifest(file)
    make_folder(to.parent)
    with _draft_in(to.parent) as draft:
        name = draft / to.name
        if file.name.endswith(LINES):
            write_whole_ledger(_events_in(file), name)
        else:
            copy_whole(file, name)
        _check_events(name)
        opened, events = _latch(name, (clock or system_clock()).now())
        _copy_what_is_beside(file, name)
        is_halted = opened is not None and opened.mode is not Mode.STUDY
        if is_halted:
            _forget_resumes(name)
        _drop_the_writers(name)
        stale = to.with_name(f"{to.name}.reached")  # of a ledger that stood here: this one is what goes on
        stale.unlink(missing_ok=True)
        _publish(draft, to.parent, to.name)
    mode = None if opened is None else opened.mode
    return Restored(to, events, mode, is_halted)


def _beside(to: Path) -> Iterable[Path]:
    """What of another ledger may stand around a free path and would be taken for this one's."""
    return (to.with_name(to.name + ending) for ending in ("-wal", "-shm", ".inbox", ".repaired", ".exchange.json"))


def _hold_against_its_manifest(file: Path) -> None:
    manifest = file.with_name(file.name + MANIFEST)
    if not manifest.exists():
        return  # a ledger that was copied by hand: its own chain vouches for it
    again = f"take another backup; {manifest} says what it should be"
    try:
        rows: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        sums = {str(name): str(digest) for name, digest in rows["sha256"].items()}
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise CorruptLedger(f"{manifest} cannot be read", "take another backup") from fault
    for name, digest in sums.items():
        renamed = file.parent / name
        if not renamed.is_file():
            raise CorruptLedger(f"{renamed} is missing", again)
        if _sha256(renamed) != digest:
            raise CorruptLedger(f"{renamed} is not what was written", again)


def _events_in(file: Path) -> Iterator[Event]:
    with as_storage_errors(file), file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield decode(line.rstrip("\n"))
            except UnreadableRecord as fault:
                raise CorruptLedger(f"{file}, line {number}: {fault.problem}", "take another backup") from fault
            except NewerRecord as fault:
                raise StorageError(f"{file}, line {number}: {fault}") from fault


def _latch(name: Path, now: dt.datetime) -> tuple[LedgerOpened | None, int]:
    """Journal the halt in an account's ledger; whose it is, and how many events it has then."""
    storage = SqliteStorage(name)
    try:
        opened = next((event for event in storage.events() if isinstance(event, LedgerOpened)), None)
        if opened is not None and opened.mode is not Mode.STUDY:
            storage.append([Halted(now, RESTORED)], storage.version)
        return opened, storage.version
    finally:
        storage.close()


def _forget_resumes(name: Path) -> None:
    """A resume that waited in the backup was meant for a ledger that knew its orders."""
    inbox = SqliteInbox(name)
    for request in inbox.pending():
        if request.kind is RequestKind.RESUME:
            inbox.done(request)


def _drop_the_writers(name: Path) -> None:
    """No lock or note of a draft goes to the ledger's own name."""
    for ending in OF_THE_WRITER:
        name.with_name(name.name + ending).unlink(missing_ok=True)


def waits_for_comparison(events: Sequence[Event]) -> bool:
    """Whether an account's ledger was restored and not compared with its broker since."""
    waits = False
    for event in events:
        if isinstance(event, Halted) and event.reason in (RESTORED, COMPARED):
            waits = event.reason == RESTORED
        elif isinstance(event, Resumed):
            waits = False
    return waits


def refuse_while_restored(settings: Settings, ledger: LedgerPlace) -> None:
    """A restored ledger does not know what was ordered since: it is compared before it may be resumed. OP-703.

    Raises:
        TradingHalted: it was not, or a finding is open.
    """
    if waits_for_comparison(events_of(settings, ledger)):
        raise TradingHalted(
            f"{ledger}: restored from a backup, and orders since then are unknown to it; run `gammacore reconcile` "
            "with no loop running until no finding is open, then resume"
        )

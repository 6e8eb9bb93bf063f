"""Backups of an account after each day's end: made, copied off the machine, the old ones removed. Rule: OP-702."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.adapters.sqlite.backup import MANIFEST
from gammacore.configuration import Settings
from gammacore.domain.service.keeping import superseded
from gammacore.domain.sessions import new_york_date
from gammacore.ports.clock import Calendar, Clock
from gammacore.wiring.ledgers.backups import BackedUp, back_up, backup_folder
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import LedgerPlace, opening_of

COMMAND_SECONDS = 120.0
"""So long `backup.command` may take."""
SLICE_SECONDS = 10.0
OLDEST_SESSIONS = 3
"""A ledger that so many sessions were not backed up of is a warning."""


@frozen
class KeptBackup:
    """A backup that is there: its ledger file, what it is of, when it was made, its events, by which gammacore."""

    file: Path
    ledger: str
    made_at: dt.datetime
    events: int
    version: str


def backups_in(folder: Path) -> tuple[KeptBackup, ...]:
    """The backups in a folder by their manifests, oldest first; what cannot be read is no backup."""
    return tuple(sorted(_read(folder), key=lambda one: one.made_at))


def _read(folder: Path) -> Iterator[KeptBackup]:
    for manifest in folder.glob(f"*{MANIFEST}"):
        file = manifest.with_name(manifest.name.removesuffix(MANIFEST))
        with suppress(OSError, ValueError, KeyError, TypeError):
            rows = json.loads(manifest.read_bytes())
            made = dt.datetime.fromisoformat(rows["made_at"])
            if file.is_file() and made.tzinfo is not None:
                yield KeptBackup(file, str(rows["ledger"]), made, int(rows["events"]), str(rows["version"]))


def last_backup(settings: Settings, place: LedgerPlace) -> KeptBackup | None:
    """The newest backup of a ledger in the configured folder; None where there is none."""
    ours = [one for one in backups_in(backup_folder(settings)) if _is_of(one, place)]
    return ours[-1] if ours else None


def unsaved_sessions(settings: Settings, place: LedgerPlace, now: dt.datetime, calendar: Calendar) -> int:
    """Sessions that ended since a ledger was last backed up; of one that never was, since it began.

    Raises:
        StorageError: the ledger cannot be read.
    """
    kept = last_backup(settings, place)
    begun = None if kept is not None else next(iter(opening_of(settings, place, 1)), None)
    since = kept.made_at if kept is not None else now if begun is None else begun.at
    date, count = new_york_date(since) - dt.timedelta(days=1), 0
    while (session := calendar.next_session(date)).close < now:
        count, date = count + (session.close > since), session.date
    return count


def _is_of(backup: KeptBackup, place: LedgerPlace) -> bool:
    if isinstance(place, Path):
        return Path(backup.ledger).resolve() == place.resolve()
    return backup.ledger == str(place)


def keep_backup(
    settings: Settings, ledger: FoundLedger, clock: Clock, is_alive: Callable[[], None] = lambda: None
) -> tuple[BackedUp, tuple[str, ...]]:
    """Back up, copy it off the machine, remove what is superseded; the backup, and what went wrong after it was made.

    Raises:
        CorruptLedger: the ledger is damaged.
        StorageError: the disk does not take it, or the ledger cannot be read.
    """
    rules = settings.backup
    made = back_up(settings, ledger, clock=clock)
    wrong = list(_copied_off(rules.command, made.file, is_alive)) if rules.command else []
    ours = [(str(one.file), one.made_at) for one in backups_in(made.file.parent) if _is_of(one, ledger.place)]
    for old in superseded(ours, clock.now(), rules.keep_days, rules.keep_months):
        try:
            _remove(Path(old))
        except OSError as fault:
            wrong.append(f"{old} is not removed ({fault.strerror or type(fault).__name__})")
    return made, tuple(wrong)


def _copied_off(command: tuple[str, ...], file: Path, is_alive: Callable[[], None]) -> Iterator[str]:
    """Run `backup.command` on the backup; it has no shell and 120 s, its words are not repeated: they may be secret."""
    try:
        process = subprocess.Popen(
            [*command, str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as fault:
        yield f"backup.command does not start ({fault.strerror or type(fault).__name__}): {command[0]}"
        return
    for _ in range(int(COMMAND_SECONDS / SLICE_SECONDS)):
        with suppress(subprocess.TimeoutExpired):
            if code := process.wait(SLICE_SECONDS):
                yield f"backup.command ended with exit code {code}: {command[0]}"
            return
        is_alive()
    process.kill()
    process.wait()
    yield f"backup.command took longer than {COMMAND_SECONDS:.0f} s and was killed: {command[0]}"


def _remove(file: Path) -> None:
    """A backup with all that bears its name, the manifest last: without it nothing vouches for the rest."""
    beside = [one for one in file.parent.glob("*") if one.name.startswith(f"{file.name}.")]
    for one in (file, *sorted(beside, key=lambda path: path.name.endswith(MANIFEST))):
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink(missing_ok=True)

"""Old studies, listed and removed; an account's ledger never is. Rule: OP-705."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.errors import StorageError
from gammacore.wiring.ledgers.choice import STUDIES, look_at


@frozen
class OldStudy:
    """A study that was last written to before an instant: its ledger or folder, bytes, and all that goes with it."""

    path: Path
    written_at: dt.datetime
    size: int
    parts: tuple[Path, ...]


def old_studies(settings: Settings, before: dt.datetime) -> tuple[OldStudy, ...]:
    """Studies below HOME/runs and HOME/studies that nothing was written to since; none that a process writes.

    What is no ledger of a study stays: an account's that was put there, or a file that cannot be read.
    """
    found = sorted(_studies(settings), key=lambda one: (one.written_at, str(one.path)))
    return tuple(one for one in found if one.written_at < before)


def _studies(settings: Settings) -> Iterator[OldStudy]:
    home = settings.storage.home
    for ledger in sorted((home / "runs").glob("*.sqlite")):
        found = look_at(settings, ledger)
        if found is not None and found.mode is Mode.STUDY and found.writer is None:
            yield _of(ledger, (ledger, *_beside(ledger)))
    for folder in sorted(path for path in (home / STUDIES).glob("*") if path.is_dir()):
        ledgers = [look_at(settings, ledger) for ledger in folder.rglob("*.sqlite")]
        if all(one is not None and one.mode is Mode.STUDY and one.writer is None for one in ledgers):
            yield _of(folder, (folder,))


def _beside(ledger: Path) -> list[Path]:
    names = (f"{ledger.name}.", f"{ledger.name}-")
    return sorted(one for one in ledger.parent.iterdir() if one.name.startswith(names))


def _of(path: Path, parts: tuple[Path, ...]) -> OldStudy:
    files = [file for part in parts for file in (part.rglob("*") if part.is_dir() else (part,)) if file.is_file()]
    stats = [file.stat() for file in files]
    newest = max((one.st_mtime for one in stats), default=path.stat().st_mtime)
    return OldStudy(path, dt.datetime.fromtimestamp(newest, dt.UTC), sum(one.st_size for one in stats), parts)


def remove(study: OldStudy) -> None:
    """Remove a study with all that goes with it, the ledger first.

    Raises:
        StorageError: something of it cannot be removed.
    """
    for part in study.parts:
        try:
            if part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
        except OSError as fault:
            raise StorageError(f"{part}: cannot be removed ({fault.strerror or type(fault).__name__})") from fault

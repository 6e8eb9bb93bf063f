"""A register of the loops of this user: a file each, so that a command finds them from any folder. Rule: OP-102.

It lies in $XDG_RUNTIME_DIR/gammacore, else in /tmp/gammacore-UID, and counts only where that is our own folder and no
one else's to read or write. An entry proves nothing: whether its loop runs, the lock of its ledger says.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_ENTRY = 8192


def register_folder() -> Path:
    """Where the register is, whether it exists or not."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "gammacore"
    return Path(f"/tmp/gammacore-{os.getuid()}")


def _is_ours(folder: Path) -> bool:
    with suppress(OSError):
        seen = folder.lstat()
        return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and not seen.st_mode & 0o077
    return False


@contextmanager
def registered(ledger: Path) -> Iterator[None]:
    """While this is open, the loop of a ledger stands in the register; where that cannot be written, it does not."""
    entry = _enter(ledger.resolve())
    try:
        yield
    finally:
        if entry is not None:
            entry.unlink(missing_ok=True)


def _enter(ledger: Path) -> Path | None:
    folder = register_folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_ours(folder):
            return None
        _drop_the_dead(folder)
        entry = folder / f"{os.getpid()}-{hashlib.sha256(os.fsencode(ledger)).hexdigest()[:12]}"
        descriptor = os.open(entry, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.fsencode(ledger))
        return entry
    return None


def _drop_the_dead(folder: Path) -> None:
    """Entries of processes that are no more, left by a SIGKILL."""
    for entry in folder.iterdir():
        pid = entry.name.partition("-")[0]
        if pid.isdecimal():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                entry.unlink(missing_ok=True)
            except (OSError, OverflowError):
                continue


def registered_ledgers() -> tuple[Path, ...]:
    """The ledgers in the register, each once; nothing is made or changed."""
    folder, found = register_folder(), []
    if not _is_ours(folder):
        return ()
    with suppress(OSError):
        for entry in sorted(folder.iterdir()):
            with suppress(OSError, ValueError):
                written = os.fsdecode(entry.read_bytes()[:LONGEST_ENTRY])
                if written and Path(written).is_absolute() and Path(written).is_file():
                    found.append(Path(written))
    return tuple(dict.fromkeys(found))

"""Messages on disk until they are delivered: a kill loses none, the next start sends them. Rule: OP-403.

They are what is critical, and what quiet hours hold.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gammacore.domain.alerts.messages import Message
from gammacore.domain.service.endings import Level as Severity

SPOOL = ".alerts.spool"
"""How the folder beside a ledger ends."""
LOCK, FAILED, DELIVERED = "lock", "failed-", "delivered-"
MOST_TAKEN = 200
"""Messages of processes that died, sent at one start; of more the critical ones first, then the oldest (ours)."""


class Spool:
    """A folder beside a ledger; each process has a folder of its own in it, under a lock that dies with the process.

    One file a channel and alarm, so that a repeat takes the place of what it repeats; of what is not critical each has
    its own. What the disk refuses is passed over: the message is sent all the same. Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._own: Path | None = None
        self._held: int | None = None

    def keep(self, channel: str, message: Message) -> bool:
        """Whether it is on the disk, to be sent by the next process if this one dies."""
        with self._lock:
            try:
                if (own := self._begin()) is None:
                    return False
                draft = own / f".{uuid.uuid4().hex}"
                with open(draft, "x", encoding="utf-8", opener=_private) as file:
                    file.write(json.dumps({"channel": channel, **_document(message)}))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(draft, own / _name(channel, message))
            except OSError:
                return False
            return True

    def forget(self, channel: str, message: Message) -> None:
        """It is delivered."""
        with self._lock, suppress(OSError):
            if self._own is not None:
                (self._own / _name(channel, message)).unlink(missing_ok=True)

    def mark(self, channel: str, problem: str) -> None:
        """A channel fails message after message; "": one was delivered now. Rule: OP-404."""
        if self._folder is None:
            return
        failed = self._folder / f"{FAILED}{channel}"
        file = failed if problem else self._folder / f"{DELIVERED}{channel}"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(file, "w", encoding="utf-8", opener=_private) as mark:
                mark.write(problem)
            os.utime(file)
            if not problem:
                failed.unlink(missing_ok=True)

    def take_over(self) -> list[tuple[str, Message]]:
        """What processes that have died left undelivered, oldest first, with its channel; it is ours from now on."""
        found: list[tuple[str, Message]] = []
        for folder in self._others():
            with suppress(OSError), _locked(folder) as is_dead:
                if not is_dead:
                    continue
                for file in sorted(folder.glob("*.json")):
                    if (one := _read(file)) is not None:
                        found.append(one)
                    if one is None or self.keep(*one):
                        file.unlink(missing_ok=True)
                if not any(folder.glob("*.json")):  # on a full disk they stay: sent twice is better than never
                    _remove(folder)
        return sorted(found, key=lambda one: (not one[1].is_critical, one[1].at))[:MOST_TAKEN]

    def close(self) -> None:
        """Let go: what is left is the next process's to send."""
        with self._lock:
            if self._own is not None and self._held is not None:
                if not any(self._own.glob("*.json")):
                    _remove(self._own)
                    with suppress(OSError):
                        self._own.parent.rmdir()
                os.close(self._held)
            self._own = self._held = None

    def _begin(self) -> Path | None:
        if self._own is None and self._folder is not None:
            own = self._folder / uuid.uuid4().hex
            own.mkdir(mode=0o700, parents=True)
            held = os.open(own / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._own, self._held = own, held
        return self._own

    def _others(self) -> Iterator[Path]:
        if self._folder is None:
            return
        with suppress(OSError):
            yield from (one for one in sorted(self._folder.iterdir()) if one.is_dir() and one != self._own)


def failed_channels(folder: Path) -> dict[str, str]:
    """Channels whose last messages all failed, with what was wrong. Rule: OP-404."""
    with suppress(OSError):
        return {file.name.removeprefix(FAILED): file.read_text(encoding="utf-8") for file in folder.glob(f"{FAILED}*")}
    return {}


def delivered_at(folder: Path) -> dict[str, dt.datetime]:
    """When a message last arrived, by channel. Rule: OP-707."""
    found = {file.name.removeprefix(DELIVERED): changed_at(file) for file in folder.glob(f"{DELIVERED}*")}
    return {name: at for name, at in found.items() if at is not None}


def changed_at(file: Path) -> dt.datetime | None:
    """When a file was changed last; None where there is none."""
    try:
        return dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC)
    except OSError:
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Holds a folder's lock; False where its process lives."""
    held = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield _takes(held)
    finally:
        os.close(held)


def _takes(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _name(channel: str, message: Message) -> str:
    parts = message.key if message.is_critical else (*message.key, message.at.isoformat())
    mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]
    return f"{channel}.{mark}.json"


def _document(message: Message) -> dict[str, str]:
    return {
        "code": message.code,
        "level": message.level.value,
        "title": message.title,
        "text": message.text,
        "at": message.at.isoformat(),
        "subject": message.subject,
        "headline": message.headline,
    }


def _read(file: Path) -> tuple[str, Message] | None:
    """A file that is torn is no message."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        code, title, text, subject, headline = (
            str(document[name]) for name in ("code", "title", "text", "subject", "headline")
        )
        at = dt.datetime.fromisoformat(document["at"])
        if at.tzinfo is None:
            return None
        return str(document["channel"]), Message(
            code, Severity(document["level"]), title, text, at, subject, headline
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

"""Which messages stand in the channel and until when; kept in a file, so that a restart still deletes them. CS-627."""

from __future__ import annotations

import datetime as dt
import json
import threading
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from gammacore.adapters.whole_file import write_whole
from gammacore.errors import StorageError

MOST_KEPT = 1000


@frozen
class SentMessage:
    """A message by the channel's id; `copy` when it went through the second webhook."""

    id: str
    until: dt.datetime
    copy: bool = False


class SentMessages:
    """The messages to be deleted, and the last day that was summed up. No trading state: a damaged file is forgotten.

    With no path they are known until the process ends.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._messages: list[SentMessage] = []
        self._summarised = ""
        self._load()

    def add(self, message: SentMessage) -> None:
        with self._lock:
            self._messages = [*self._messages, message][-MOST_KEPT:]
            self._save()

    def take_expired(self, now: dt.datetime) -> list[SentMessage]:
        """The messages whose time is over; they are not known here any more."""
        with self._lock:
            over = [message for message in self._messages if message.until <= now]
            if over:
                self._messages = [message for message in self._messages if message.until > now]
                self._save()
            return over

    def first_summary_of(self, date: dt.date) -> bool:
        """Whether this day has not been summed up yet; from now on it has."""
        with self._lock:
            if self._summarised >= date.isoformat():
                return False
            self._summarised = date.isoformat()
            self._save()
            return True

    def has_summary_of(self, date: dt.date) -> bool:
        """Whether this day, or a later one, has been summed up."""
        return self._summarised >= date.isoformat()

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            self._messages = [
                SentMessage(str(row["id"]), _instant(row["until"]), bool(row["copy"])) for row in document["messages"]
            ]
            self._summarised = str(document["summarised"])
        except (OSError, ValueError, KeyError, TypeError):
            self._messages, self._summarised = [], ""

    def _save(self) -> None:
        if self._path is None:
            return
        rows = [{"id": each.id, "until": each.until.isoformat(), "copy": each.copy} for each in self._messages]
        with suppress(StorageError):  # the messages stay in the channel: no reason to stop anything
            text = json.dumps({"messages": rows, "summarised": self._summarised})
            write_whole(self._path, text, 0o600)  # OP-001


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return instant

"""A ping to a watchdog every so many cycles: when it stays away, the watchdog raises the alarm. CS-501, CS-627."""

from __future__ import annotations

import datetime as dt
import logging

import requests

from gammacore.adapters.notifiers.https import Https
from gammacore.adapters.notifiers.outbox import Outbox
from gammacore.adapters.notifiers.redaction import Redactor, WireLogs
from gammacore.adapters.notifiers.settings import PingSettings
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Mode


class HealthPing:
    """Counts the loop's cycles and pings on a thread of its own; a ping that fails is a log line without its URL."""

    def __init__(
        self, settings: PingSettings, mode: Mode, logger: logging.Logger, *, session: requests.Session | None = None
    ) -> None:
        self._url = settings.url(mode)
        self._every = settings.every_cycles
        self._cycles = 0
        self._wire_logs = WireLogs(Redactor.of_urls((self._url,)))
        self._send = Https(session or requests.Session(), settings.timeout_seconds, attempts=2)
        self._outbox = Outbox("health ping", 2, logger)

    def tick(self, now: dt.datetime) -> None:
        """One cycle is over."""
        self._cycles += 1
        if self._url and self._cycles % self._every == 0:
            self._outbox.put("a ping", self._ping)

    def take_up(self, book: Book) -> None:
        """A ping says that the loop is alive and nothing of what it trades."""

    def crashed(self, detail: str, at: dt.datetime) -> None:
        """The watchdog learns it from the silence."""

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """The watchdog learns it from the silence."""

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until what is due is sent; whether it was in time."""
        return self._outbox.drain(timeout_seconds)

    def close(self, now: dt.datetime, timeout_seconds: float = 10.0) -> None:
        self._outbox.close(timeout_seconds)
        self._wire_logs.close()

    def _ping(self) -> None:
        self._send("GET", self._url)

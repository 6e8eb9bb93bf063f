"""A ping to a watchdog every so many cycles: when it stays away, somebody else raises the alarm. CS-501, CS-627."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import attrs
import requests
from attrs import frozen

from gammacore.adapters.notifiers.https import Https
from gammacore.adapters.notifiers.outbox import Outbox
from gammacore.adapters.notifiers.redaction import Redactor, WireLogs
from gammacore.domain.ledger import Mode
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


def _webhook(doc: str) -> Any:
    return attrs.field(default="", repr=False, metadata={"doc": doc})


@frozen
class PingSettings:
    """One URL per mode, asked for every so many cycles. Rules: CS-501, CS-627."""

    webhook_paper: str = _webhook("URL to ping while trading on paper; empty = none. Secret.")
    webhook_live: str = _webhook("URL to ping while trading live; empty = none. Secret.")
    every_cycles: int = parameter(100, "Cycles from ping to ping (100 of 3 s: 5 min).", at_least=1)
    timeout_seconds: float = parameter(5.0, "A ping may take this long, seconds.", above=0)

    def __attrs_post_init__(self) -> None:
        for name in ("webhook_paper", "webhook_live"):
            if (url := getattr(self, name)) and not url.startswith("https://"):
                raise InvalidInput(name, "***", "give the watchdog's URL, beginning with https://")
        if self.webhook_paper and self.webhook_paper == self.webhook_live:
            raise InvalidInput(
                "webhook_live", "***", "give another URL than on paper: one must not speak for the other"
            )

    def url(self, mode: Mode) -> str:
        """The URL of a mode; a study has none."""
        return {Mode.PAPER: self.webhook_paper, Mode.LIVE: self.webhook_live}.get(mode, "")


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

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until what is due is sent; whether it was in time."""
        return self._outbox.drain(timeout_seconds)

    def close(self, now: dt.datetime, timeout_seconds: float = 10.0) -> None:
        self._outbox.close(timeout_seconds)
        self._wire_logs.close()

    def _ping(self) -> None:
        self._send("GET", self._url)

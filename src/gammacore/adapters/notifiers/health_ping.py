"""Pings to a watchdog elsewhere: start, still running, failure, end; silence is the alarm. CS-501, OP-213."""

from __future__ import annotations

import datetime as dt
import logging
from typing import assert_never
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests

from gammacore.adapters.notifiers.https import Https
from gammacore.adapters.notifiers.outbox import Outbox, Patience
from gammacore.adapters.notifiers.redaction import Redactor, WireLogs
from gammacore.adapters.notifiers.settings import PingSettings, PingStyle
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Mode

LONGEST_BODY = 10_000
"""Bytes. Rule: OP-213."""
DONE, FAILED, HALTED = 0, 1, 3
"""The exit codes of a loop as they are pinged."""


class Pings:
    """One URL, asked for on a thread of its own; a ping that fails is a log line without its URL."""

    def __init__(
        self,
        url: str,
        settings: PingSettings,
        logger: logging.Logger,
        *,
        redact: Redactor | None = None,
        session: requests.Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._url = url
        self._style = settings.style
        self._redact = redact or Redactor.of_urls((url,))
        self._wire_logs = WireLogs(Redactor.of_urls((url,)))
        self._send = Https(session or requests.Session(), settings.timeout_seconds, attempts=2)
        self._outbox = Outbox("health ping", 10, logger)
        self._patience = patience or Patience()

    def start(self) -> None:
        self._put("/start", "")

    def alive(self) -> None:
        self._put("", "")

    def fail(self, code: str, detail: str = "") -> None:
        """Something is wrong, by a stable code."""
        self._put("/fail", f"{code}: {detail}" if detail else code, is_well=False)

    def ended(self, code: int, reason: str = "") -> None:
        """The day is over: a halted one, exit code 3, is a success with its reason."""
        sent = DONE if code == HALTED else code
        self._put(f"/{sent}", reason, is_well=sent == DONE)

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until what is due is sent; whether it was in time."""
        return self._outbox.drain(timeout_seconds)

    def close(self) -> None:
        self._outbox.close(self._patience.left())
        self._wire_logs.close()

    def _put(self, suffix: str, body: str, *, is_well: bool = True) -> None:
        if not self._url:
            return
        text = self._redact(body).encode()[:LONGEST_BODY].decode(errors="ignore")
        match self._style:
            case PingStyle.HEALTHCHECKS:
                parts = urlsplit(self._url)
                url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}{suffix}"))
                self._outbox.put("a ping", lambda: self._ask(url, text))
            case PingStyle.KUMA:
                self._outbox.put("a ping", lambda: self._ask(self._for_kuma(text or "OK", is_well=is_well)))
            case PingStyle.PLAIN:
                if is_well:
                    self._outbox.put("a ping", lambda: self._ask(self._url))
            case _:
                assert_never(self._style)

    def _for_kuma(self, text: str, *, is_well: bool) -> str:
        parts = urlsplit(self._url)
        own = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("status", "msg")]
        query = urlencode([*own, ("status", "up" if is_well else "down"), ("msg", text[:200])])
        return urlunsplit(parts._replace(query=query))

    def _ask(self, url: str, body: str = "") -> None:
        if body:
            self._send("POST", url, data=body.encode())
        else:
            self._send("GET", url)


class HealthPing:
    """The loop's: counts its cycles. Implements `gammacore.ports.people.LoopWatch`. Rules: CS-501, CS-627."""

    def __init__(
        self,
        settings: PingSettings,
        mode: Mode,
        logger: logging.Logger,
        *,
        redact: Redactor | None = None,
        session: requests.Session | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._every = settings.every_cycles
        self._cycles = 0
        self._book: Book | None = None
        self._has_crashed = False
        self._pings = Pings(
            settings.url(mode), settings, logger, redact=redact, session=session, patience=patience
        )  # fmt: skip

    def tick(self, now: dt.datetime) -> None:
        """One cycle is over."""
        self._cycles += 1
        if self._cycles == 1:
            self._pings.start()
        if self._cycles % self._every == 0:
            self._pings.alive()

    def take_up(self, book: Book) -> None:
        """Of what is traded only the last ping reports: whether the day is finished, and halted."""
        self._book = book

    def crashed(self, detail: str, at: dt.datetime) -> None:
        self._has_crashed = True
        self._pings.fail("crashed", detail)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """A slow cycle is not the end of the loop: one that stays away is missed."""

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until what is due is sent; whether it was in time."""
        return self._pings.drain(timeout_seconds)

    def close(self, now: dt.datetime) -> None:
        """The day's end; a loop that is left before it sends nothing, and is missed."""
        book = self._book
        if self._cycles and not self._has_crashed and book is not None and book.day is not None:
            is_finished = book.finished is not None and book.finished.date == book.day.date
            if is_finished or now >= book.day.session_close:
                halted = book.halted
                code = FAILED if not is_finished else DONE if halted is None else HALTED
                self._pings.ended(code, "the day is not finished" if code == FAILED else str(halted or ""))
        self._pings.close()

"""Alerts in a Discord channel: after the ledger, on a thread of their own, redacted, deleted when they are old."""

from __future__ import annotations

import datetime as dt
import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import requests

from gammacore.adapters.notifiers.day_messages import DayMessages
from gammacore.adapters.notifiers.https import Https
from gammacore.adapters.notifiers.outbox import Outbox, Patience
from gammacore.adapters.notifiers.redaction import Redactor, WireLogs
from gammacore.adapters.notifiers.sent_messages import SentMessage, SentMessages
from gammacore.adapters.notifiers.settings import WebhookSettings
from gammacore.domain.alerts.messages import Message
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event, Mode
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Tone
from gammacore.domain.reports.notice import CRASHED, Life, Notice, crash, stall
from gammacore.domain.reports.notices import notices
from gammacore.domain.service.endings import Level as Severity

LONGEST_TITLE, LONGEST_TEXT, LONGEST_FIGURE, MOST_FIGURES = 256, 2000, 500, 25

COLOURS: Mapping[Tone, int] = {
    Tone.PLAIN: 0x95A5A6,
    Tone.STRONG: 0x95A5A6,
    Tone.MUTED: 0x808080,
    Tone.GAIN: 0x2ECC71,
    Tone.LOSS: 0xE74C3C,
    Tone.DOUBT: 0xFF9900,
    Tone.URGENT: 0xFF0000,
    Tone.CALLS: 0xFF6B6B,
    Tone.PUTS: 0x4ECDC4,
    Tone.CONDOR: 0xFFE66D,
}
"""The colours of section 6, as 0xRRGGBB."""

SUMMARY_COLOURS: Mapping[Tone, int] = {Tone.PLAIN: 0x808080, Tone.GAIN: 0x17DFAD, Tone.LOSS: 0xDD326B}
"""The day summary has shades of its own."""


class WebhookNotifier:
    """Implements `gammacore.ports.people.Notifier`; the loop also calls `tick` once a cycle.

    `notify` and `tick` only put things in a queue: the network is another thread's. `sent` keeps the ids of what stands
    in the channel; `newest_day` is asked for the day summary; `is_spooled`: critical notices come by `post_now`, from a
    channel that keeps them until they are delivered. Rules: CS-501, CS-626..628.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        logger: logging.Logger,
        *,
        session: requests.Session | None = None,
        sent: SentMessages | None = None,
        newest_day: Callable[[], DayReport | None] | None = None,
        patience: Patience | None = None,
        redact: Redactor | None = None,
        is_spooled: bool = False,
    ) -> None:
        self._settings = settings
        self._patience = patience or Patience()
        self._logger = logger
        self._is_spooled = is_spooled
        self._redact = redact or Redactor.of_urls((settings.webhook_url, settings.webhook_copy_url))
        self._wire_logs = WireLogs(self._redact)
        self._send = Https(session or requests.Session(), settings.timeout_seconds, settings.attempts)
        self._outbox = Outbox("alerts", settings.queue_size, logger)
        self._sent = sent or SentMessages()
        self._of_the_day = DayMessages(settings.heartbeat_minutes, self._sent.first_summary_of, newest_day)
        self._copies: deque[tuple[dt.datetime, Notice]] = deque(maxlen=settings.queue_size)

    def take_up(self, book: Book) -> None:
        """Know the day, the mode and the balance: after a restart, before the first event, and with every event."""
        self._of_the_day.take_up(book)

    def notify(self, event: Event, book: Book) -> None:
        """Tell of an event, if people wait for it; nothing is raised."""
        try:
            self.take_up(book)
            for notice in notices(event, book):
                if notice.alerts:
                    self.report(notice, event.at)
        except Exception as fault:  # people are alerted after the fact: never in an order's path
            self._fault(type(event).__name__, fault)

    def tick(self, now: dt.datetime) -> None:
        """What is due by now: late copies, deletions, the day summary, a heartbeat. Once a cycle; nothing is raised."""
        try:
            self._post_copies(now)
            self._delete_old(now)
            for notice in self._of_the_day.due(now):
                self.report(notice, now)
        except Exception as fault:
            self._fault("tick", fault)

    def report(self, notice: Notice, at: dt.datetime) -> None:
        """Post a notice, and on a live account a copy of it later. What is critical comes through the spool."""
        if not self._settings.webhook_url:
            return
        if not (self._is_spooled and notice.severity is Severity.CRITICAL):
            self._put(notice, at, copy=False)
        if self._of_the_day.mode is Mode.LIVE and self._settings.webhook_copy_url:
            self._copies.append((at + dt.timedelta(seconds=self._settings.copy_delay_seconds), notice))

    def post_now(self, message: Message) -> None:
        """Post a message from this thread, and wait for the answer.

        Raises:
            NotDelivered: it did not arrive.
        """
        life = Life.CRASH if message.code == CRASHED else Life.OTHER
        tone = Tone.URGENT if message.is_critical else Tone.PLAIN
        self._post(Notice(message.title, message.text, tone=tone, life=life), message.at, copy=False)

    def crashed(self, detail: str, at: dt.datetime) -> None:
        """Tell that the loop has ended by a fault."""
        self.report(crash(detail), at)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """Tell that a cycle hangs; only the queue is touched, for this is another thread."""
        if self._settings.webhook_url:
            self._put(stall(detail), at, copy=False)

    def close(self, now: dt.datetime) -> None:
        """The loop is over: sum a finished day up, give what waits its time, and stop. Copies not due are dropped."""
        self.tick(now)
        for notice in self._of_the_day.at_the_end(now):
            self.report(notice, now)
        if self._copies:
            self._logger.info("alerts: %d late copies are dropped, the loop is over", len(self._copies))
        self._outbox.close(self._patience.left())
        self._wire_logs.close()

    def drain(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until everything put in the queue is sent; whether it was in time."""
        return self._outbox.drain(timeout_seconds)

    # -- what is due ---------------------------------------------------------------------------------------------------

    def _post_copies(self, now: dt.datetime) -> None:
        while self._copies and self._copies[0][0] <= now:
            due, notice = self._copies.popleft()
            self._put(notice, due, copy=True)

    def _delete_old(self, now: dt.datetime) -> None:
        if not self._settings.delete_old:
            return
        for message in self._sent.take_expired(now):
            if not self._outbox.put("a deletion", partial(self._delete, message)):
                self._sent.add(message)

    # -- on the wire ---------------------------------------------------------------------------------------------------

    def _put(self, notice: Notice, at: dt.datetime, *, copy: bool) -> None:
        self._outbox.put(self._redact(notice.headline), lambda: self._post(notice, at, copy=copy))

    def _post(self, notice: Notice, at: dt.datetime, *, copy: bool) -> None:
        """Send it with `wait=true`, so that the answer names it, and keep the id. Rule: CS-627."""
        body = {"embeds": [self._embed(notice, at)], "allowed_mentions": {"parse": []}}
        answer = self._send("POST", self._url(copy=copy), params={"wait": "true"}, json=body)
        message_id = _id_in(answer)
        if message_id is not None:
            self._sent.add(SentMessage(message_id, at + self._settings.life(notice.life), copy))

    def _delete(self, message: SentMessage) -> None:
        self._send("DELETE", f"{self._url(copy=message.copy)}/messages/{message.id}")

    def _url(self, *, copy: bool) -> str:
        return self._settings.webhook_copy_url if copy else self._settings.webhook_url

    def _embed(self, notice: Notice, at: dt.datetime) -> dict[str, object]:
        return {
            "title": self._redact(notice.headline)[:LONGEST_TITLE],
            "description": self._redact(notice.text)[:LONGEST_TEXT],
            "color": (SUMMARY_COLOURS if notice.sums_up else COLOURS)[notice.tone],
            "timestamp": at.isoformat(),
            "fields": [
                {
                    "name": f"{figure.label[:1].upper()}{figure.label[1:]}"[:LONGEST_TITLE],
                    "value": self._redact(figure.full_text)[:LONGEST_FIGURE] or "-",
                    "inline": True,
                }
                for figure in notice.figures[:MOST_FIGURES]
            ],
        }

    def _fault(self, where: str, fault: Exception) -> None:
        self._logger.error("alerts: none for %s: %s: %s", where, type(fault).__name__, self._redact(str(fault)))


def kept_beside(ledger: Path) -> SentMessages:
    """The messages a ledger's alerts left in the channel, kept in a file beside it."""
    return SentMessages(kept_beside_path(ledger))


def kept_beside_path(ledger: Path) -> Path:
    """That file; it changes with each message."""
    return ledger.with_name(ledger.name + ".alerts.json")


def _id_in(answer: requests.Response) -> str | None:
    try:
        found = answer.json()["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and found.isdigit() else None

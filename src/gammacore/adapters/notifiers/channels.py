"""Every configured channel as one notifier: a notice is only put into queues. Rules: OP-401..406, CS-626."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve

from gammacore.adapters.notifiers.channel import Channel
from gammacore.adapters.notifiers.day_messages import DayMessages
from gammacore.adapters.notifiers.digest import digest_of
from gammacore.adapters.notifiers.outbox import Outbox, Patience
from gammacore.adapters.notifiers.redaction import Redactor, WireLogs
from gammacore.adapters.notifiers.settings import WebhookSettings
from gammacore.adapters.notifiers.spool import Spool
from gammacore.domain.alerts.messages import Message
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.ledger import Event
from gammacore.domain.reports.notice import Level, Notice, crash, stall
from gammacore.domain.reports.notices import notices
from gammacore.domain.service.endings import Level as Severity


class Channels:
    """Implements `Notifier` and `LoopWatch` of `gammacore.ports.people`.

    A critical message is on the disk before any channel tries it, by a thread of its own: no channel that hangs keeps
    it from there. `picture` is what the loop publishes, for the digests; `mode` stands in every title.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        channels: Sequence[Channel],
        day: DayMessages,
        logger: logging.Logger,
        *,
        spool: Spool,
        redact: Redactor,
        mode: str = "",
        picture: Callable[[], Mapping[str, Any] | None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.channels = tuple(channels)
        self._of_the_day = day
        self._logger = logger
        self._spool = spool
        self._redact = redact
        self._mode = mode
        self._picture = picture
        self._patience = patience or Patience()
        self._wire_logs = WireLogs(redact)
        self._disk = Outbox("alerts", settings.queue_size, logger)
        self._zone = ZoneInfo(settings.zone)
        self._digest_at = sorted(settings.digest_at)
        self._last_tick: dt.datetime | None = None
        self._hedges = 0

    def take_up(self, book: Book) -> None:
        self._of_the_day.take_up(book)

    def take_over(self) -> None:
        """Send what processes that died left in the spool, without waiting."""
        self._disk.put("the spool", self._send_left_over)

    def standing(self) -> tuple[Message, ...]:
        """Alarms that some channel repeats until they are over, each once."""
        found = {message.key: message for channel in self.channels for message in channel.standing}
        return tuple(found.values())

    def carry_on(self, alarms: Sequence[Message]) -> None:
        """Send what stood on the channels before these, and repeat it."""
        for message in alarms:
            self._disk.put(message.code, partial(self._put_on_every_channel, message))

    def notify(self, event: Event, book: Book) -> None:
        """Send the notices of an event; nothing is raised."""
        try:
            self.take_up(book)
            if isinstance(event, HedgeDecided) and event.shares:
                self._hedges += 1
            for notice in notices(event, book):
                self.report(notice, event.at)
        except Exception as fault:  # people are alerted after the fact: never in an order's path
            self._fault(type(event).__name__, fault)

    def report(self, notice: Notice, at: dt.datetime) -> None:
        """Put a notice before every channel. Never waits."""
        if notice.level is Level.DEBUG:
            return
        if notice.severity is Severity.CRITICAL:
            self._disk.put(notice.code, partial(self._put_urgent, notice, at))
            return
        for channel in self.channels:
            channel.put(partial(self._message, notice, at))

    def tick(self, now: dt.datetime) -> None:
        """What is due by now: heartbeat, digest, summary. Once a cycle; nothing is raised."""
        try:
            for notice in self._of_the_day.due(now):
                self.report(notice, now)
            if self._is_time_for_a_digest(now):
                hedges, self._hedges = self._hedges, 0
                balance, held = self._of_the_day.balance, self._of_the_day.open
                self._disk.put(
                    "a digest", lambda: self.report(digest_of(now, self._picture(), balance, held, hedges), now)
                )
        except Exception as fault:
            self._fault("tick", fault)

    def crashed(self, detail: str, at: dt.datetime) -> None:
        """The loop has ended by a fault: critical while something is held."""
        crashed = crash(detail)
        self.report(crashed if self._of_the_day.open else evolve(crashed, severity=Severity.WARNING), at)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        """A cycle hangs; only queues are touched, for this is another thread."""
        self.report(stall(detail), at)

    def close(self, now: dt.datetime) -> None:
        """The loop is over: sum a finished day up, give what waits its time. What is critical and undone stays kept."""
        self.tick(now)
        for notice in self._of_the_day.at_the_end(now):
            self.report(notice, now)
        self._disk.close(self._patience.left())
        for channel in self.channels:
            channel.close()
        for channel in self.channels:
            if not channel.drain(self._patience.left()):
                self._logger.warning("alerts: channel %s: closed with %d undone", channel.name, channel.undone)
        self._spool.close()
        self._wire_logs.close()

    def channel_failed(self, name: str, problem: str) -> None:
        """From a channel's thread: the others report that one is dead. OP-404."""
        text = f"its last messages did not arrive: {problem}"
        dead = Notice(f"Channel {name} fails", text, level=Level.WARNING, code="channel_failed", subject=name)
        at = dt.datetime.now(dt.UTC)
        for channel in self.channels:
            if channel.name != name:
                channel.put(partial(self._message, dead, at))

    def _is_time_for_a_digest(self, now: dt.datetime) -> bool:
        last, self._last_tick = self._last_tick, now
        if last is None or not self._of_the_day.is_in_session(now):
            return False
        before, after = last.astimezone(self._zone), now.astimezone(self._zone)
        return any(before < after.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0) <= after
                   for at in self._digest_at)  # fmt: skip

    def _message(self, notice: Notice, at: dt.datetime) -> Message:
        return Message.of(notice, at, self._redact, self._mode)

    def _put_urgent(self, notice: Notice, at: dt.datetime) -> None:
        self._put_on_every_channel(self._message(notice, at))

    def _put_on_every_channel(self, message: Message) -> None:
        for channel in self.channels:
            self._spool.keep(channel.name, message)
            channel.put_urgent(message)

    def _send_left_over(self) -> None:
        by_name = {channel.name: channel for channel in self.channels}
        for name, message in self._spool.take_over():
            if (channel := by_name.get(name)) is None:
                self._spool.forget(name, message)  # it is not configured any more
            elif message.is_critical:
                channel.put_urgent(message.left_over())
            else:
                channel.put(message.left_over)

    def _fault(self, where: str, fault: Exception) -> None:
        self._logger.error("alerts: none for %s: %s: %s", where, type(fault).__name__, self._redact(str(fault)))

"""What a service reports, through the channels and to the watchdog. Implement `ports.service.Operator`. OP-213."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import evolve, frozen

from gammacore.adapters.notifiers.channels import Channels
from gammacore.adapters.notifiers.health_ping import Pings
from gammacore.adapters.notifiers.webhook import WebhookNotifier
from gammacore.domain.alerts.messages import Message
from gammacore.domain.reports.figures import Tone
from gammacore.domain.reports.notice import Level, Notice
from gammacore.domain.reports.notices import SUMMARY
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sessions import new_york_date
from gammacore.ports.service import Operator

FAILURES = frozenset(
    {"cannot_start", "loop_stalled", "loop_failed", "loop_killed", "loop_refused", "not_armed", "stopped_with_holdings"}
)
"""What is pinged to the loop's watchdog as a failure."""
DAILY = frozenset({SUMMARY, "no_session"})
"""One of these is reported on each calendar day: with it the service's own watchdog is pinged."""


def notice_of(alert: ServiceAlert) -> Notice:
    """What a supervisor reports, in the form of every other notice.

    >>> now = dt.datetime(2026, 3, 3, 14, 20, tzinfo=dt.UTC)
    >>> notice_of(ServiceAlert("cannot_start", Severity.CRITICAL, "broker: no answer", now)).headline
    'Cannot start'
    """
    is_loud = alert.level in (Severity.CRITICAL, Severity.WARNING)
    tone = {Severity.CRITICAL: Tone.URGENT, Severity.WARNING: Tone.DOUBT}.get(alert.level, Tone.PLAIN)
    return Notice(
        alert.code.replace("_", " ").capitalize(),
        alert.text,
        level=Level.WARNING if is_loud else Level.INFO,
        alerts=True,
        tone=tone,
        code=alert.code,
        severity=alert.level,
    )


class Closing(Protocol):
    def close(self) -> None: ...


@frozen
class ChannelOperator:
    """Reports to every channel and the Discord webhook. A day that the loop has summed up is summed up once. OP-406."""

    channels: Channels | None
    webhook: WebhookNotifier | None
    is_summed_up: Callable[[dt.date], bool] = lambda _date: False

    def report(self, alert: ServiceAlert) -> None:
        notice = notice_of(alert)
        if alert.code == SUMMARY and self.is_summed_up(new_york_date(alert.at)):
            notice = evolve(notice, severity=Severity.INFO)
        if self.webhook is not None and notice.severity is not Severity.INFO:
            self.webhook.report(notice, alert.at)
        if self.webhook is not None:
            self.webhook.tick(alert.at)  # deletes what is old
        if self.channels is not None:
            self.channels.report(notice, alert.at)
            if alert.code.startswith(("loop_", "day_")):
                self.channels.take_over()  # what a loop that died could not deliver

    def close(self) -> None:
        now = dt.datetime.now(dt.UTC)
        for one in (self.webhook, self.channels):
            if one is not None:
                one.close(now)


@frozen
class PingOperator:
    """Failures go to the URL of the mode, what comes each calendar day to that of the service. Rule: OP-213."""

    loop: Pings
    service: Pings

    def report(self, alert: ServiceAlert) -> None:
        if alert.code in FAILURES:
            self.loop.fail(alert.code, alert.text)
        if alert.code in DAILY:
            self.service.alive()
        elif alert.code == "service_started":
            self.service.start()

    def close(self) -> None:
        self.loop.close()
        self.service.close()


@frozen
class SeveralOperators:
    """Each receives everything; a fault in one reaches neither the others nor the service."""

    logger: logging.Logger
    operators: tuple[Operator, ...]
    closing: tuple[Closing, ...] = ()
    channels: Channels | None = None
    """Those among the operators that repeat alarms."""

    def standing(self) -> tuple[Message, ...]:
        """Alarms that the channels repeat until they are over."""
        return () if self.channels is None else self.channels.standing()

    def carry_on(self, alarms: Sequence[Message]) -> None:
        if self.channels is not None:
            self.channels.carry_on(alarms)

    def report(self, alert: ServiceAlert) -> None:
        for operator in self.operators:
            try:
                operator.report(alert)
            except Exception as fault:  # its text may hold a secret: only its kind is logged
                self.logger.error("an operator did not take a report: %s", type(fault).__name__)

    def close(self) -> None:
        for one in self.closing:
            try:
                one.close()
            except Exception as fault:
                self.logger.error("an operator could not be closed: %s", type(fault).__name__)

"""Who is alerted of a run (log, channel, watchdog), and what a loop notices of its own time."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from gammacore.adapters.credentials import Variables
from gammacore.adapters.journal_csv import PerformanceFile
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.adapters.service.operator_log import OperatorLog
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.watchdog import CycleWatchdog
from gammacore.application.day_ledger import DayLedger
from gammacore.application.keep_time import KeepTime
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.day_report import DayReport, day_reports
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import CredentialStore
from gammacore.ports.people import LoopWatch, Notifier
from gammacore.ports.storage import Storage
from gammacore.wiring.ledgers.storage import account_ledger, local_path
from gammacore.wiring.strategies import spec_of

if TYPE_CHECKING:
    from gammacore.adapters.notifiers.operator import SeveralOperators

LOOP_SECONDS = 6.0
"""So long a loop that ends waits for its last messages (ours); what is critical stays for the next start."""
SERVICE_SECONDS = 4.0
"""So long a service that ends waits for its last messages (ours): systemd kills it 75 s after SIGTERM."""
NO_CREDENTIALS = Variables({}, "none")


def notices_of(
    settings: Settings,
    mode: Mode,
    book: Book,
    storage: Storage,
    *,
    ledger: Path | None = None,
    logger: logging.Logger | None = None,
    also: tuple[Notifier, ...] = (),
    credentials: CredentialStore = NO_CREDENTIALS,
) -> CompositeNotifier:
    """Log lines where there is a logger, alerts and pings where a URL is set, a scalping desk's table of trades.

    Rules: CS-501, CS-625..627, SC-707, OP-401.

    A study sends no alerts unless `alerts.studies` says so, and never pings: a watchdog waits for a loop that trades.

    Raises:
        ConfigurationError: a channel that cannot be opened.
    """
    notifiers: list[Notifier] = [*also] if logger is None else [*also, LogNotifier(logger, settings.sizing)]
    watchers: list[LoopWatch] = []
    said_by = logger or logging.getLogger("gammacore")
    alerting = _alerting(settings, mode, storage, ledger, said_by, credentials)
    notifiers += alerting.of_events
    watchers += alerting.of_events
    if ledger is not None and settings.scalping.track_performance and spec_of(settings.trade.strategy).is_scalping:
        performance = PerformanceFile(ledger.with_name(f"{ledger.name}.trades.csv"), storage.events())
        notifiers.append(performance)
        watchers.append(performance)
    watchers += alerting.of_cycles
    if logger is not None and settings.sizing.warning:
        logger.warning("%s", settings.sizing.warning)
    notices = CompositeNotifier(said_by, tuple(notifiers), tuple(watchers))
    notices.take_up(book)
    return notices


class _Both(Notifier, LoopWatch, Protocol):
    """Follows events and the loop."""


@frozen
class _Alerting:
    of_events: tuple[_Both, ...] = ()
    of_cycles: tuple[LoopWatch, ...] = ()


def _alerting(
    settings: Settings,
    mode: Mode,
    storage: Storage,
    ledger: Path | None,
    logger: logging.Logger,
    credentials: CredentialStore,
) -> _Alerting:
    """Discord, the configured channels, the watchdog."""
    alerts = settings.alerts
    is_alerted = mode is not Mode.STUDY or alerts.studies
    if not (alerts.channels or (alerts.webhook_url and is_alerted) or settings.health.url(mode)):
        return _Alerting()
    from gammacore.adapters.notifiers.health_ping import HealthPing  # the HTTP client is slow to load
    from gammacore.adapters.notifiers.outbox import Patience
    from gammacore.adapters.notifiers.webhook import WebhookNotifier, kept_beside
    from gammacore.wiring.alerts.channels import (
        Surroundings,
        find_channels,
        open_channels,
        redactor_of,
        refuse_without_apprise,
    )  # fmt: skip

    def newest_day() -> DayReport | None:
        return next(reversed(day_reports(storage.events())), None)

    if not is_alerted:
        refuse_without_apprise(settings)
        return _Alerting()
    found = find_channels(settings, credentials)
    around = Surroundings(mode, ledger, redactor_of(settings, credentials, found), Patience(LOOP_SECONDS), logger)
    webhook: WebhookNotifier | None = None
    if alerts.webhook_url:
        sent = None if ledger is None else kept_beside(ledger)
        webhook = WebhookNotifier(
            alerts, logger, sent=sent, newest_day=newest_day, patience=around.patience, redact=around.redact,
            is_spooled=True,
        )  # fmt: skip
    channels = open_channels(settings, found, around, newest_day, webhook)
    ping: tuple[LoopWatch, ...] = ()
    if settings.health.url(mode):
        ping = (HealthPing(settings.health, mode, logger, redact=around.redact, patience=around.patience),)
    of_events: tuple[_Both | None, ...] = (webhook, channels)
    return _Alerting(tuple(one for one in of_events if one is not None), ping)


def operator_of(
    settings: Settings, mode: Mode, beside: Path, credentials: CredentialStore, logger: logging.Logger
) -> SeveralOperators:
    """Who receives what the service of an account reports: its log, the channels, the watchdogs. OP-206..208, OP-213.

    Raises:
        ConfigurationError: a channel that cannot be opened.
    """
    from gammacore.adapters.notifiers.health_ping import Pings
    from gammacore.adapters.notifiers.operator import ChannelOperator, PingOperator, SeveralOperators
    from gammacore.adapters.notifiers.outbox import Patience
    from gammacore.adapters.notifiers.sent_messages import SentMessages
    from gammacore.adapters.notifiers.webhook import WebhookNotifier, kept_beside
    from gammacore.wiring.alerts.channels import Surroundings, find_channels, open_channels, redactor_of, summaries_of

    alerts, health = settings.alerts, settings.health
    found = find_channels(settings, credentials)
    around = Surroundings(
        mode, beside, redactor_of(settings, credentials, found), Patience(SERVICE_SECONDS, least=0.5), logger
    )
    webhook = None
    if alerts.webhook_url:  # with a file of its own: the loop keeps which of its messages stand in another
        sent = SentMessages(beside.with_name(f"{beside.name}.service.alerts.json"))
        webhook = WebhookNotifier(
            alerts, logger, sent=sent, patience=around.patience, redact=around.redact, is_spooled=True
        )
    opened = open_channels(settings, found, around, discord=webhook)
    channels = ChannelOperator(
        opened,
        webhook,
        lambda date: kept_beside(beside).has_summary_of(date) or summaries_of(beside).has_summary_of(date),
    )
    loop, own = (
        Pings(url, health, logger, redact=around.redact, patience=around.patience)
        for url in (health.url(mode), health.service_url(mode))
    )
    pings = PingOperator(loop, own)
    return SeveralOperators(logger, (OperatorLog(logger), channels, pings), (channels, pings), opened)


def report_once(settings: Settings, mode: Mode, credentials: CredentialStore, code: str, text: str) -> None:
    """A warning to log and channels from a process that has opened no day, and may open none. Rule: OP-202.

    Raises:
        ConfigurationError: a channel that cannot be opened.
    """
    beside = local_path(settings, account_ledger(settings, mode))
    operator = operator_of(settings, mode, beside, credentials, logging.getLogger("gammacore"))
    operator.report(ServiceAlert(code, Severity.WARNING, text, SystemClock().now()))
    operator.close()


def keep_time_of(
    settings: Settings, mode: Mode, ledger: DayLedger, clock: Clock, broker: Broker, notices: CompositeNotifier | None
) -> KeepTime | None:
    """What notices jumps of the clock, sleep and slow cycles; a study's time is simulated and has none of them."""
    if mode is Mode.STUDY:
        return None

    def reported() -> BrokerClock | None:
        try:
            return broker.clock()
        except BrokerError:
            return None

    watchdog = CycleWatchdog(settings.loop.cycle_seconds, (lambda *_: None) if notices is None else notices.stalled)
    return KeepTime(ledger, clock, settings.loop, reported, watchdog)

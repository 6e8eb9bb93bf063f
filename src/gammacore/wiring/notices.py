"""Who is alerted of a run (log, channel, watchdog), and what a loop notices of its own time."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from gammacore.adapters.journal_csv import PerformanceFile
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.adapters.watchdog import CycleWatchdog
from gammacore.application.day_ledger import DayLedger
from gammacore.application.keep_time import KeepTime
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.day_report import DayReport, day_reports
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock
from gammacore.ports.people import LoopWatch, Notifier
from gammacore.ports.storage import Storage
from gammacore.wiring.strategies import spec_of


def notices_of(
    settings: Settings,
    mode: Mode,
    book: Book,
    storage: Storage,
    *,
    ledger: Path | None = None,
    logger: logging.Logger | None = None,
    also: tuple[Notifier, ...] = (),
) -> CompositeNotifier:
    """Log lines where there is a logger, alerts and pings where a URL is set, a scalping desk's table of trades.

    Rules: CS-501, CS-625..627, SC-707.

    A study sends no alerts unless `alerts.studies` says so, and never pings: a watchdog waits for a loop that trades.
    """
    notifiers: list[Notifier] = [*also] if logger is None else [*also, LogNotifier(logger, settings.sizing)]
    watchers: list[LoopWatch] = []
    said_by = logger or logging.getLogger("gammacore")
    if settings.alerts.webhook_url and (mode is not Mode.STUDY or settings.alerts.studies):
        from gammacore.adapters.notifiers.webhook import WebhookNotifier, kept_beside  # the HTTP client is slow to load

        def newest_day() -> DayReport | None:
            return next(reversed(day_reports(storage.events())), None)

        sent = None if ledger is None else kept_beside(ledger)
        channel = WebhookNotifier(settings.alerts, said_by, sent=sent, newest_day=newest_day)
        notifiers.append(channel)
        watchers.append(channel)
    if ledger is not None and settings.scalping.track_performance and spec_of(settings.trade.strategy).is_scalping:
        performance = PerformanceFile(ledger.with_name(f"{ledger.name}.trades.csv"), storage.events())
        notifiers.append(performance)
        watchers.append(performance)
    if settings.health.url(mode):
        from gammacore.adapters.notifiers.health_ping import HealthPing

        watchers.append(HealthPing(settings.health, mode, said_by))
    if logger is not None and settings.sizing.warning:
        logger.warning("%s", settings.sizing.warning)
    notices = CompositeNotifier(said_by, tuple(notifiers), tuple(watchers))
    notices.take_up(book)
    return notices


def channel_names(settings: Settings) -> tuple[str, ...]:
    """The configured channels that an alarm reaches a person by, by name."""
    return ("webhook",) if settings.alerts.webhook_url else ()


def delivered_at(beside: Path) -> dt.datetime | None:
    """When a message of the ledger kept beside this path was last delivered, as far as that is known."""
    try:
        return dt.datetime.fromtimestamp(beside.with_name(f"{beside.name}.alerts.json").stat().st_mtime, dt.UTC)
    except OSError:
        return None


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

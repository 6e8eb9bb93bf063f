"""The configured channels of alerts, opened: their URLs, Apprise, the spool beside the ledger. Rules: OP-401..404."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from gammacore.adapters.notifiers.channel import Channel
from gammacore.adapters.notifiers.channels import Channels
from gammacore.adapters.notifiers.day_messages import DayMessages
from gammacore.adapters.notifiers.outbox import Patience
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.sent_messages import SentMessages
from gammacore.adapters.notifiers.settings import DISCORD, AlertChannel
from gammacore.adapters.notifiers.spool import SPOOL, Spool, changed_at, delivered_at, failed_channels
from gammacore.adapters.notifiers.webhook import WebhookNotifier, kept_beside_path
from gammacore.adapters.view_files.reading import read_now, view_folder
from gammacore.configuration import Settings
from gammacore.configuration.brokers import credential_names
from gammacore.domain.alerts.gate import Gate, GateRules, QuietHours
from gammacore.domain.alerts.messages import Message
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.service.endings import Level as Severity
from gammacore.errors import ConfigurationError, GammacoreError, InvalidInput
from gammacore.ports.credentials import CredentialStore


@frozen
class FoundChannel:
    """A configured channel with its URL, wherever that was written."""

    settings: AlertChannel
    url: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.settings.name


@frozen
class Surroundings:
    """Who is alerted of what: the mode, the path beside which files lie, whose words are hidden, how long to wait."""

    mode: Mode
    beside: Path | None
    redact: Redactor
    patience: Patience
    logger: logging.Logger


def find_channels(settings: Settings, credentials: CredentialStore) -> tuple[FoundChannel, ...]:
    """Every configured channel.

    Raises:
        ConfigurationError: Apprise is not installed, or the secret that holds a URL is not there.
    """
    refuse_without_apprise(settings)
    return tuple(FoundChannel(one, _url_of(one, credentials)) for one in settings.alerts.channels)


def refuse_without_apprise(settings: Settings) -> None:
    """Also where nothing is sent, as in a study: what is configured must work when it matters.

    Raises:
        ConfigurationError: a channel is configured, and Apprise is not installed.
    """
    if settings.alerts.channels:
        from gammacore.adapters.notifiers.apprise_sender import require_apprise

        require_apprise()


def refuse_bad_channels(settings: Settings) -> None:
    """Whether Apprise is there and knows each URL that is written in the file; nothing is sent.

    Raises:
        ConfigurationError: names the channel, without its URL.
    """
    refuse_without_apprise(settings)
    for channel in settings.alerts.channels:
        if channel.url:
            sender_of(FoundChannel(channel, channel.url), settings.alerts.timeout_seconds)


def _url_of(channel: AlertChannel, credentials: CredentialStore) -> str:
    if channel.url:
        return channel.url
    found = credentials.find(channel.url_from)
    if found is None:
        raise ConfigurationError(
            f"alerts.channels: channel {channel.name}: {channel.url_from} is not set; give its URL as a variable, in "
            f"the file that {channel.url_from}_FILE names, in .env, or by `keyring set gammacore {channel.url_from}`"
        )
    return found.secret.reveal()


def redactor_of(settings: Settings, credentials: CredentialStore, channels: tuple[FoundChannel, ...]) -> Redactor:
    """Hides every credential at hand and every URL of a channel, a webhook or a watchdog. Rule: OP-304."""
    urls = (*settings.alerts.urls, *settings.health.urls, *(channel.url for channel in channels))
    return Redactor.of(_credentials(credentials), urls)


def _credentials(store: CredentialStore) -> Iterator[str]:
    for name in credential_names():
        try:
            found = store.find(name)
        except GammacoreError:  # what cannot be read is not sent either
            continue
        if found is not None:
            yield found.secret.reveal()


def sender_of(channel: FoundChannel, timeout_seconds: float) -> Callable[[Message], None]:
    """What sends to a channel.

    Raises:
        ConfigurationError: Apprise knows no such URL; it is not shown.
    """
    from gammacore.adapters.notifiers.apprise_sender import AppriseSender

    try:
        return AppriseSender(channel.url, timeout_seconds)
    except InvalidInput as wrong:
        raise ConfigurationError(f"alerts.channels: channel {channel.name}: {wrong}") from None


def open_channels(
    settings: Settings,
    channels: tuple[FoundChannel, ...],
    around: Surroundings,
    newest_day: Callable[[], DayReport | None] | None = None,
    discord: WebhookNotifier | None = None,
) -> Channels | None:
    """The channels of this mode; None without one. They also send what processes that died left undelivered.

    Through one of them `discord` gets what is critical: kept until it is delivered, and again until it is over.

    Raises:
        ConfigurationError: a URL that Apprise does not know.
    """
    alerts, mode = settings.alerts, around.mode
    asked = [one for one in channels if mode is Mode.STUDY or mode.value in one.settings.modes]
    if not asked and discord is None:
        return None
    spool = Spool(None if around.beside is None else spool_of(around.beside))
    opened: list[Channels] = []

    def failed(name: str, problem: str) -> None:
        for one in opened:
            one.channel_failed(name, problem)

    def channel(own: AlertChannel, send: Callable[[Message], None], attempts: int) -> Channel:
        rules = GateRules(
            own.level, frozenset(own.events), QuietHours.read(own.quiet), mode is Mode.LIVE, ZoneInfo(alerts.zone),
            alerts.per_minute, alerts.per_day, dt.timedelta(minutes=alerts.again_minutes),
        )  # fmt: skip
        return Channel(
            own.name, Gate(rules), send, around.logger,
            now=lambda: dt.datetime.now(dt.UTC), spool=spool, attempts=attempts, size=alerts.queue_size,
            failed=failed, acknowledged=lambda: acknowledged_at(around.beside),
        )  # fmt: skip

    every = [channel(one.settings, sender_of(one, alerts.timeout_seconds), alerts.attempts) for one in asked]
    if discord is not None:  # which tries by itself, and gets all else directly
        only_critical = AlertChannel(DISCORD, url="***", level=Severity.CRITICAL)
        every.append(channel(only_critical, discord.post_now, 1))
    made = Channels(
        alerts, every,
        DayMessages(alerts.heartbeat_minutes, _first_summary(around.beside), newest_day), around.logger,
        spool=spool, redact=around.redact, mode=mode.value, picture=lambda: _picture(around.beside),
        patience=around.patience,
    )  # fmt: skip
    opened.append(made)
    made.take_over()
    return made


def summaries_of(beside: Path) -> SentMessages:
    """Which day was summed up in the channels last, by whichever process."""
    return SentMessages(beside.with_name(f"{beside.name}.alerts.summary.json"))


def _first_summary(beside: Path | None) -> Callable[[dt.date], bool]:
    """Once a date, also where the service has sent it meanwhile: the file is read anew each time."""
    if beside is None:
        return SentMessages().first_summary_of
    return lambda date: summaries_of(beside).first_summary_of(date)


def _picture(beside: Path | None) -> Mapping[str, Any] | None:
    return None if beside is None else read_now(view_folder(beside))


def spool_of(beside: Path) -> Path:
    """Where critical messages wait, beside the ledger."""
    return beside.with_name(f"{beside.name}{SPOOL}")


def red_channels(settings: Settings, beside: Path) -> dict[str, str]:
    """Configured channels whose last messages all failed, with what was wrong. Rule: OP-404."""
    known = {DISCORD, *(channel.name for channel in settings.alerts.channels)}
    return {name: problem for name, problem in failed_channels(spool_of(beside)).items() if name in known}


def last_delivered(settings: Settings, beside: Path) -> dict[str, dt.datetime | None]:
    """When a message last arrived, by channel; None: never. Rule: OP-707."""
    alerts, marks = settings.alerts, delivered_at(spool_of(beside))
    last: dict[str, dt.datetime | None] = {one.name: marks.get(one.name) for one in alerts.channels}
    if alerts.webhook_url:
        both = (marks.get(DISCORD), changed_at(kept_beside_path(beside)))
        last[DISCORD] = max((at for at in both if at is not None), default=None)
    return last


def acknowledge(beside: Path) -> None:
    """A person knows of every alarm up to now: it comes no more. Rule: section 4 of the operator's desk.

    Raises:
        OSError: it cannot be written there.
    """
    file = _acknowledged(beside)
    file.touch(mode=0o600)


def acknowledged_at(beside: Path | None) -> dt.datetime | None:
    """When a person last said so; None when never."""
    return None if beside is None else changed_at(_acknowledged(beside))


def _acknowledged(beside: Path) -> Path:
    return beside.with_name(f"{beside.name}.alerts.acknowledged")

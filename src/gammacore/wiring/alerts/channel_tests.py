"""One message to each channel, and whether the channels are well: `gammacore alerts`, `doctor`. Rule: OP-404."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from attrs import evolve, frozen

from gammacore.adapters.notifiers.https import NotDelivered
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.settings import DISCORD
from gammacore.adapters.notifiers.spool import Spool
from gammacore.application.diagnose import Check, failed, passed
from gammacore.configuration import Settings
from gammacore.configuration.settings import nearest
from gammacore.domain.alerts.messages import Message
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.notice import Notice
from gammacore.domain.service.endings import Level as Severity
from gammacore.errors import ConfigurationError, GammacoreError
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.alerts.channels import acknowledge, find_channels, red_channels, redactor_of, sender_of, spool_of
from gammacore.wiring.ledgers.storage import account_ledger, local_path

CODE, FIX = "test", "gammacore alerts test"


@frozen
class ListedChannel:
    """A channel as it may be shown to anybody: its URL is ***."""

    name: str
    level: str
    modes: tuple[str, ...]
    events: tuple[str, ...] = ()
    quiet: str = ""
    url: str = "***"
    failing: str = ""


@frozen
class TriedChannel:
    """What became of one message, in milliseconds; `problem` is "" where it was delivered."""

    name: str
    delivered: bool
    problem: str
    milliseconds: int


def list_channels(settings: Settings) -> tuple[ListedChannel, ...]:
    """Every configured channel, Discord's webhook among them; nothing is opened or sent."""
    alerts = settings.alerts
    failing: dict[str, str] = {}
    for beside in _account_places(settings):
        failing |= red_channels(settings, beside)
    own = [
        ListedChannel(one.name, one.level.value, one.modes, one.events, one.quiet, failing=failing.get(one.name, ""))
        for one in alerts.channels
    ]
    both = (Mode.PAPER.value, Mode.LIVE.value)
    discord = ListedChannel(DISCORD, Severity.NOTICE.value, both, failing=failing.get(DISCORD, ""))
    return (*((discord,) if alerts.webhook_url else ()), *own)


def try_channels(
    settings: Settings, credentials: CredentialStore, only: str | None = None, level: Severity = Severity.NOTICE
) -> tuple[TriedChannel, ...]:
    """Send one message to each channel, all at the same time, one try each.

    Raises:
        ConfigurationError: there is no channel, or none of that name; a channel that cannot be opened.
    """
    names = [channel.name for channel in list_channels(settings)]
    if not names:
        raise ConfigurationError("no channel is configured; add a table [[alerts.channels]], see docs/alerts.md")
    if only is not None and only not in names:
        raise ConfigurationError(f"no channel {only}{nearest(only, names)}; there are {', '.join(names)}")
    found = find_channels(settings, credentials)
    redact = redactor_of(settings, credentials, found)
    now = dt.datetime.now(dt.UTC)

    def notice(name: str) -> Notice:
        return Notice(f"Test of channel {name}", "sent by `gammacore alerts test`", code=CODE, severity=level)

    sends: dict[str, Callable[[], None]] = {}
    for channel in found:
        if only in (None, channel.name):
            sender = sender_of(channel, settings.alerts.timeout_seconds)
            message = Message.of(notice(channel.name), now, redact)
            sends[channel.name] = _sending(sender, message)
    if settings.alerts.webhook_url and only in (None, DISCORD):
        sends[DISCORD] = _to_discord(settings, redact, notice(DISCORD), now)
    with ThreadPoolExecutor(len(sends)) as pool:
        tested = list(pool.map(_timed, sends.items()))
    for one in tested:
        if one.delivered:
            for beside in _account_places(settings):
                Spool(spool_of(beside)).mark(one.name, "")
    return tuple(sorted(tested, key=lambda one: names.index(one.name)))


def _sending(send: Callable[[Message], None], message: Message) -> Callable[[], None]:
    return lambda: send(message)


def _to_discord(settings: Settings, redact: Redactor, notice: Notice, now: dt.datetime) -> Callable[[], None]:
    from gammacore.adapters.notifiers.webhook import WebhookNotifier

    webhook = WebhookNotifier(evolve(settings.alerts, attempts=1), logging.getLogger("gammacore"), redact=redact)
    message = Message.of(notice, now, redact)
    return lambda: webhook.post_now(message)


def _timed(send: tuple[str, Callable[[], None]]) -> TriedChannel:
    name, deliver = send
    begun, problem = monotonic(), ""
    try:
        deliver()
    except NotDelivered as refusal:
        problem = str(refusal)
    except Exception as fault:  # its text may hold the URL
        problem = type(fault).__name__
    return TriedChannel(name, not problem, problem, round((monotonic() - begun) * 1000))


def acknowledge_alarms(settings: Settings, modes: tuple[Mode, ...]) -> tuple[Path, ...]:
    """No alarm up to now comes again, on these accounts; the ledgers beside which that was noted."""
    places = []
    for beside in _account_places(settings, modes):
        if beside.parent.is_dir():
            acknowledge(beside)
            places.append(beside)
    return tuple(places)


def channel_check(settings: Settings, credentials: CredentialStore) -> Check | None:
    """Whether every channel can be opened, and none failed its last messages; None where none is configured."""
    listed = list_channels(settings)
    if not listed:
        return None
    try:
        for channel in find_channels(settings, credentials):
            sender_of(channel, settings.alerts.timeout_seconds)
    except GammacoreError as wrong:
        return failed("channels", str(wrong), FIX)
    if failing := [one for one in listed if one.failing]:
        return failed("channels", "; ".join(f"{one.name}: {one.failing}" for one in failing), FIX)
    return passed("channels", f"{', '.join(one.name for one in listed)}: none failed its last messages")


def _account_places(settings: Settings, modes: tuple[Mode, ...] = (Mode.PAPER, Mode.LIVE)) -> Iterator[Path]:
    for mode in modes:
        yield local_path(settings, account_ledger(settings, mode))

"""What can be set of alerts, pings and the kept log, apart from the code that words and sends them."""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import attrs
from attrs import frozen

from gammacore.domain.alerts.gate import QuietHours
from gammacore.domain.parameters import parameter
from gammacore.domain.reports.notice import Life
from gammacore.domain.service.endings import Level as Severity
from gammacore.errors import InvalidInput

if TYPE_CHECKING:
    from gammacore.domain.ledger import Mode

DISCORD = "discord"
"""What the channel of `alerts.webhook_url` is called."""
PREFIX = "https://discord.com/api/webhooks/"
_WEBHOOK = re.compile(re.escape(PREFIX) + r"\d+/[\w-]+")


def _webhook(doc: str) -> Any:
    return attrs.field(default="", repr=False, metadata={"doc": doc})


_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
MODES = ("paper", "live")


@frozen
class AlertChannel:
    """One place where alerts go, through Apprise: a phone, a chat, a mailbox. Rule: OP-401.

    >>> AlertChannel("phone", url="ntfys://ntfy.sh/a-topic", quiet="22:00-07:00")
    AlertChannel(name='phone', url_from='', level=<Level.NOTICE: 'notice'>, modes=('paper', 'live'), events=(),
    quiet='22:00-07:00')
    """

    name: str = parameter(attrs.NOTHING, "What it is called in the log and in `gammacore alerts`.")
    url: str = _webhook("Its Apprise URL. Secret.")
    url_from: str = parameter("", "Or the name of the secret that holds the URL: a variable, a file, the keyring.")
    level: Severity = parameter(Severity.NOTICE, f"Sent from this level on: {', '.join(Severity)}; critical always.")
    modes: tuple[str, ...] = parameter(MODES, "Accounts whose alerts it receives.")
    events: tuple[str, ...] = parameter((), "Only these event codes, and what is critical; none = all of its level.")
    quiet: str = parameter("", 'Hours without messages, like "22:00-07:00"; critical ones come through on live.')

    def __attrs_post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput("name", self.name, "give a short word of letters, digits, - and _")
        if bool(self.url) == bool(self.url_from):
            raise InvalidInput("url", "***" if self.url else "none", f"give channel {self.name} url or url_from")
        if self.url_from and not _VARIABLE.fullmatch(self.url_from):
            raise InvalidInput("url_from", "***", "give the name of a variable, like PHONE_URL; a URL is `url`")
        for mode in self.modes:
            if mode not in MODES:
                raise InvalidInput("modes", mode, "give paper, live or both; studies are alerts.studies")
        QuietHours.read(self.quiet)

    def __str__(self) -> str:
        quiet = f", quiet {self.quiet}" if self.quiet else ""
        only = f", only {' '.join(self.events)}" if self.events else ""
        where = f", from {self.url_from}" if self.url_from else ""
        return f"{self.name}: {self.level} on {' and '.join(self.modes)}{only}{quiet}{where}"


@frozen
class WebhookSettings:
    """Where alerts go and how long they stay; no URL, no alerts. Rules: CS-626, CS-627, OP-401, OP-402."""

    webhook_url: str = _webhook("Discord webhook of the alerts; empty = none. Secret.")
    webhook_copy_url: str = _webhook("Second webhook that gets a late copy, live only; empty = none. Secret.")
    studies: bool = parameter(False, "Also alert on simulated and replayed days.")
    copy_delay_seconds: int = parameter(420, "The second copy comes this much later, seconds.", at_least=0)
    signal_life_seconds: int = parameter(86_400, "Entries and exits are deleted after this, seconds.", above=0)
    crash_life_seconds: int = parameter(3_600, "Crash messages are deleted after this, seconds.", above=0)
    heartbeat_life_seconds: int = parameter(1_800, "Heartbeats are deleted after this, seconds.", above=0)
    other_life_seconds: int = parameter(7_200, "All other messages are deleted after this, seconds.", above=0)
    delete_old: bool = parameter(True, "Delete messages whose time is over.")
    heartbeat_minutes: int = parameter(0, "Minutes between heartbeats; 0 = none.", at_least=0)
    queue_size: int = parameter(200, "Messages that may wait; more are dropped and logged.", at_least=1)
    timeout_seconds: float = parameter(5.0, "A request may take this long, seconds.", above=0)
    attempts: int = parameter(3, "Times a message is tried.", at_least=1, at_most=10)
    channels: tuple[AlertChannel, ...] = parameter((), "Tables [[alerts.channels]], through the extra `alerts`.")
    zone: str = parameter("America/New_York", "Time zone of quiet hours and digests.")
    per_minute: int = parameter(20, "Messages a channel has in a minute; more are counted in one.", at_least=1)
    per_day: int = parameter(200, "Messages a channel has in a day; more are counted in one.", at_least=1)
    again_minutes: float = parameter(
        5.0, "The same comes again after so many minutes; critical until it is over.", above=0
    )
    digest_at: tuple[dt.time, ...] = parameter(
        (dt.time(10, 30), dt.time(13), dt.time(15, 30)), "When the day so far is sent in a session, in `zone`."
    )

    def __attrs_post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ValueError, OSError, KeyError):
            raise InvalidInput("zone", self.zone, 'give a name like "Europe/Berlin"') from None
        names = [channel.name for channel in self.channels]
        if twice := next((name for name in names if names.count(name) > 1 or name == DISCORD), None):
            raise InvalidInput("channels", twice, f"give each channel a name of its own, and none {DISCORD}")
        for name in ("webhook_url", "webhook_copy_url"):
            if (url := getattr(self, name)) and not _WEBHOOK.fullmatch(url):
                raise InvalidInput(name, "***", f"give {PREFIX}ID/TOKEN as the channel's settings show it")

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that is written here: each is a secret."""
        own = (self.webhook_url, self.webhook_copy_url, *(channel.url for channel in self.channels))
        return tuple(filter(None, own))

    def life(self, kind: Life) -> dt.timedelta:
        """How long a message of this kind stays. Rule: CS-627."""
        return dt.timedelta(seconds=getattr(self, f"{kind}_life_seconds"))


class PingStyle(StrEnum):
    """How more than "alive" is pinged to a watchdog. Rule: OP-213."""

    HEALTHCHECKS = "healthchecks"
    """URL/start, URL, URL/fail, URL/CODE, as healthchecks.io has them."""
    KUMA = "kuma"
    """URL?status=up or down&msg=…, as Uptime Kuma's push monitors have them."""
    PLAIN = "plain"
    """The URL alone, and nothing when something is wrong."""


PING_URLS = ("webhook_paper", "webhook_live", "service_paper", "service_live")


@frozen
class PingSettings:
    """One URL per mode, asked for every so many cycles, and one that is asked for each day. CS-501, CS-627, OP-213."""

    webhook_paper: str = _webhook("URL to ping while trading on paper; empty = none. Secret.")
    webhook_live: str = _webhook("URL to ping while trading live; empty = none. Secret.")
    service_paper: str = _webhook("URL that the service of the paper account pings each day; empty = none. Secret.")
    service_live: str = _webhook("URL that the service of the live account pings each day; empty = none. Secret.")
    style: PingStyle = parameter(
        PingStyle.HEALTHCHECKS, f"How start, failure and end are pinged: {', '.join(PingStyle)}."
    )
    every_cycles: int = parameter(100, "Cycles from ping to ping (100 of 3 s: 5 min).", at_least=1)
    timeout_seconds: float = parameter(5.0, "A ping may take this long, seconds.", above=0)

    def __attrs_post_init__(self) -> None:
        given = [(name, url) for name in PING_URLS if (url := getattr(self, name))]
        for name, url in given:
            if not url.startswith("https://") and not _is_on_this_machine(url):
                raise InvalidInput(name, "***", "give the watchdog's URL, beginning with https://")
        for number, (name, url) in enumerate(given):
            if url in [other for _, other in given[:number]]:
                raise InvalidInput(name, "***", "give each a URL of its own: one must not stand for the other")

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that is written here: each is a secret."""
        return tuple(filter(None, (getattr(self, name) for name in PING_URLS)))

    def url(self, mode: Mode) -> str:
        """The URL of a mode; a study has none."""
        from gammacore.domain.ledger import Mode

        return {Mode.PAPER: self.webhook_paper, Mode.LIVE: self.webhook_live}.get(mode, "")

    def service_url(self, mode: Mode) -> str:
        """The URL of a mode's service."""
        from gammacore.domain.ledger import Mode

        return {Mode.PAPER: self.service_paper, Mode.LIVE: self.service_live}.get(mode, "")


def _is_on_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")


@frozen
class LogSettings:
    """When a log's file is changed, and how long old ones are kept. Rule: OP-303."""

    max_bytes: int = parameter(50_000_000, "A file of the log is changed beyond this many bytes.", at_least=1_000)
    keep_days: int = parameter(90, "Days that old files of the log are kept.", at_least=1)
    rotate: bool = parameter(True, "Change files by ourselves; false: reopen a file that something else moved.")

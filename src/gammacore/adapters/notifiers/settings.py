"""What can be set of alerts, pings and the kept log, apart from the code that words and sends them."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.reports.notice import Life
from gammacore.errors import InvalidInput

if TYPE_CHECKING:
    from gammacore.domain.ledger import Mode

PREFIX = "https://discord.com/api/webhooks/"
_WEBHOOK = re.compile(re.escape(PREFIX) + r"\d+/[\w-]+")


def _webhook(doc: str) -> Any:
    return attrs.field(default="", repr=False, metadata={"doc": doc})


@frozen
class WebhookSettings:
    """Where alerts go and how long they stay; no URL, no alerts. Rules: CS-626, CS-627."""

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

    def __attrs_post_init__(self) -> None:
        for name in ("webhook_url", "webhook_copy_url"):
            if (url := getattr(self, name)) and not _WEBHOOK.fullmatch(url):
                raise InvalidInput(name, "***", f"give {PREFIX}ID/TOKEN as the channel's settings show it")

    def life(self, kind: Life) -> dt.timedelta:
        """How long a message of this kind stays. Rule: CS-627."""
        return dt.timedelta(seconds=getattr(self, f"{kind}_life_seconds"))


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
        from gammacore.domain.ledger import Mode

        return {Mode.PAPER: self.webhook_paper, Mode.LIVE: self.webhook_live}.get(mode, "")


@frozen
class LogSettings:
    """When a log's file is changed, and how long old ones are kept. Rule: OP-303."""

    max_bytes: int = parameter(50_000_000, "A file of the log is changed beyond this many bytes.", at_least=1_000)
    keep_days: int = parameter(90, "Days that old files of the log are kept.", at_least=1)
    rotate: bool = parameter(True, "Change files by ourselves; false: reopen a file that something else moved.")

"""The watchdog hears from the loop every hundred cycles; several notifiers do not trip over each other."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
import requests
from attrs import define, field

from builders import at
from builders_day import ledger_opened
from builders_loopback import Channel
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.notifiers.health_ping import HealthPing
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.settings import PingSettings
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event, Mode
from gammacore.errors import InvalidInput

PAPER, LIVE = "https://ping.example/paper-uuid", "https://ping.example/live-uuid"
BOTH = PingSettings(webhook_paper=PAPER, webhook_live=LIVE)
LOG = logging.getLogger("gammacore.test.ping")
NOON = at("12:00")


@pytest.mark.parametrize(("mode", "path"), [(Mode.PAPER, "/paper-uuid"), (Mode.LIVE, "/live-uuid")])
def test_each_hundredth_cycle_pings_the_url_of_its_mode(
    session: requests.Session, channel: Channel, mode: Mode, path: str
) -> None:
    """CS-501, CS-627."""
    ping = HealthPing(BOTH, mode, LOG, session=session)

    for _ in range(99):
        ping.tick(NOON)
    assert ping.drain()
    assert not channel.received
    ping.tick(NOON)
    assert ping.drain()
    for _ in range(100):
        ping.tick(NOON)
    ping.close(NOON)

    assert [(request.method, request.path) for request in channel.received] == [("GET", path)] * 2


@pytest.mark.parametrize(("settings", "mode"), [(BOTH, Mode.STUDY), (PingSettings(webhook_live=LIVE), Mode.PAPER)])
def test_a_mode_without_a_url_pings_no_one(
    session: requests.Session, channel: Channel, settings: PingSettings, mode: Mode
) -> None:
    ping = HealthPing(settings, mode, LOG, session=session)

    for _ in range(300):
        ping.tick(NOON)
    ping.close(NOON)

    assert not channel.received


def test_a_watchdog_that_refuses_is_a_log_line_without_its_url(
    session: requests.Session, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel.answers.append((404, {}))
    ping = HealthPing(PingSettings(webhook_paper=PAPER, every_cycles=1), Mode.PAPER, LOG, session=session)

    ping.tick(NOON)
    ping.close(NOON)

    assert "answered 404" in caplog.text
    assert "paper-uuid" not in caplog.text


@pytest.mark.parametrize(
    "urls", [{"webhook_paper": "http://ping.example/x"}, {"webhook_paper": PAPER, "webhook_live": PAPER}]
)
def test_a_ping_url_is_https_and_of_one_mode(urls: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        PingSettings(**urls)

    assert "ping.example" not in str(refusal.value)
    assert "paper-uuid" not in repr(BOTH)


@define
class Listening:
    """Remembers what it was given, and may be out of order."""

    broken: bool = False
    heard: list[str] = field(factory=list)

    def notify(self, event: Event, book: Book) -> None:
        self._hear(type(event).__name__)

    def take_up(self, book: Book) -> None:
        self._hear("take_up")

    def tick(self, now: dt.datetime) -> None:
        self._hear("tick")

    def crashed(self, detail: str, at: dt.datetime) -> None:
        self._hear(detail)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        self._hear(detail)

    def close(self, now: dt.datetime) -> None:
        self._hear("close")

    def _hear(self, what: str) -> None:
        if self.broken:
            raise ValueError("token=abc123")
        self.heard.append(what)


def test_a_broken_notifier_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Listening(broken=True), Listening()
    several = CompositeNotifier(LOG, (broken, sound), (broken, sound))

    several.take_up(Book())
    several.notify(ledger_opened(), Book())
    several.tick(NOON)
    several.crashed("out of memory", NOON)
    several.close(NOON)

    assert sound.heard == ["take_up", "LedgerOpened", "tick", "out of memory", "close"]
    assert caplog.text.count("a notifier failed: ValueError") == 5
    assert "abc123" not in caplog.text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("POST /api/webhooks/1/abc?wait=true", "POST /api/webhooks/***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ('{"api_key": "abc"}', '{"api_key": "***"}'),
        ("TRADIER_ACCESS_TOKEN=abc rest", "TRADIER_ACCESS_TOKEN=*** rest"),
        ("stop 2.88, -38 a contract", "stop 2.88, -38 a contract"),
    ],
)
def test_what_is_written_like_a_secret_is_hidden(text: str, redacted: str) -> None:
    assert Redactor()(text) == redacted

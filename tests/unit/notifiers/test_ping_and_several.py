"""The watchdog hears from the loop every hundred cycles; several notifiers do not trip over each other."""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal
from typing import Any

import pytest
import requests
from attrs import define, field

from builders import at
from builders_day import day_started, ledger_opened
from builders_loopback import Channel
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.notifiers.health_ping import HealthPing, Pings
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.settings import PingSettings, PingStyle
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import DayFinished, Event, Halted, Mode
from gammacore.errors import InvalidInput

PAPER, LIVE = "https://ping.example/paper-uuid", "https://ping.example/live-uuid"
BOTH = PingSettings(webhook_paper=PAPER, webhook_live=LIVE)
LOG = logging.getLogger("gammacore.test.ping")
NOON = at("12:00")


def asked(channel: Channel) -> list[str]:
    return [request.path for request in channel.received]


@pytest.mark.parametrize(("mode", "path"), [(Mode.PAPER, "/paper-uuid"), (Mode.LIVE, "/live-uuid")])
def test_each_hundredth_cycle_pings_the_url_of_its_mode(
    session: requests.Session, channel: Channel, mode: Mode, path: str
) -> None:
    """CS-501, CS-627."""
    ping = HealthPing(BOTH, mode, LOG, session=session)

    for _ in range(99):
        ping.tick(NOON)
    assert ping.drain()
    assert asked(channel) == [f"{path}/start"]
    ping.tick(NOON)
    assert ping.drain()
    for _ in range(100):
        ping.tick(NOON)
    ping.close(NOON)

    assert asked(channel) == [f"{path}/start", path, path]


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


def a_loop(
    session: requests.Session, *events: Event, ends: dt.datetime, crashes: bool = False, **settings: Any
) -> None:
    """One cycle, over the book of these events."""
    book = Book()
    for event in (ledger_opened(), day_started(), *events):
        book.apply(event)
    ping = HealthPing(PingSettings(webhook_paper=PAPER, **settings), Mode.PAPER, LOG, session=session)
    ping.take_up(book)
    ping.tick(NOON)
    if crashes:
        ping.crashed("ValueError: Authorization: Bearer abc", NOON)
    ping.close(ends)


FINISHED = DayFinished(at("16:06"), day_started().date, Decimal(20_000))
STOPPED = Halted(NOON, "enough")


@pytest.mark.parametrize(
    ("events", "ends", "last", "body"),
    [
        ([FINISHED], "16:06", "/paper-uuid/0", None),
        ([STOPPED, FINISHED], "16:06", "/paper-uuid/0", "enough"),
        ([], "16:31", "/paper-uuid/1", "the day is not finished"),
        ([], "12:01", "/paper-uuid/start", None),
    ],
)
def test_the_end_of_a_day_tells_how_the_loop_ended(
    session: requests.Session, channel: Channel, events: list[Event], ends: str, last: str, body: str | None
) -> None:
    """OP-213: a halted day, exit code 3, is a success with its reason; a loop that is left early is missed."""
    a_loop(session, *events, ends=at(ends))

    assert (channel.received[-1].path, channel.received[-1].body) == (last, body)


def test_a_crash_is_a_failure_with_its_reason_and_without_secrets(session: requests.Session, channel: Channel) -> None:
    a_loop(session, ends=at("16:31"), crashes=True)

    assert asked(channel)[1:] == ["/paper-uuid/fail"]
    assert channel.received[-1].body == "crashed: ValueError: Authorization: Bearer ***"


@pytest.mark.parametrize(
    ("style", "paths"),
    [
        ("healthchecks", ["/paper-uuid/start", "/paper-uuid/fail"]),
        ("kuma", ["?status=up&msg=OK", "?status=down&msg=crashed%3A+ValueError%3A+Authorization%3A+Bearer+%2A%2A%2A"]),
        ("plain", [""]),
    ],
)
def test_each_style_tells_start_and_failure_in_its_own_way(
    session: requests.Session, channel: Channel, style: str, paths: list[str]
) -> None:
    a_loop(session, ends=at("12:01"), crashes=True, style=PingStyle(style))

    assert [path.removeprefix("/paper-uuid") for path in asked(channel)] == [
        path.removeprefix("/paper-uuid") for path in paths
    ]


def test_a_query_stays_behind_the_path_and_a_body_is_bounded(session: requests.Session, channel: Channel) -> None:
    pings = Pings(f"{PAPER}?create=1", PingSettings(), LOG, session=session)

    pings.fail("loop_stalled", "é" * 20_000)
    pings.close()

    (request,) = channel.received
    assert request.path == "/paper-uuid/fail?create=1"
    assert 9_990 <= len(str(request.body).encode()) <= 10_000


@pytest.mark.parametrize(
    "urls",
    [
        {"webhook_paper": "http://ping.example/x"},
        {"webhook_paper": PAPER, "webhook_live": PAPER},
        {"webhook_paper": PAPER, "service_paper": PAPER},
    ],
)
def test_a_ping_url_is_https_and_of_one_mode(urls: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        PingSettings(**urls)

    assert "ping.example" not in str(refusal.value)
    assert "paper-uuid" not in repr(BOTH)


def test_a_watchdog_on_this_machine_needs_no_certificate() -> None:
    assert PingSettings(webhook_paper="http://127.0.0.1:3001/api/push/abc").webhook_paper


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

"""Every setting of alerts and health changes what a channel or a watchdog is told. Rules: OP-003, OP-401..405."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import attrs
import pytest

from builders import at
from builders_day import day_started, ledger_opened
from gammacore.adapters.credentials import Variables
from gammacore.adapters.notifiers.channels import Channels
from gammacore.adapters.notifiers.outbox import Patience
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.settings import AlertChannel, PingSettings, WebhookSettings
from gammacore.adapters.notifiers.spool import Spool
from gammacore.configuration import Settings, configure, sample_toml
from gammacore.configuration.layers import SECRET
from gammacore.domain.alerts.messages import Message
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event, Halted, Mode
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import ConfigurationError
from gammacore.wiring.alerts import channels as alert_channels
from gammacore.wiring.alerts.channel_tests import channel_check, list_channels
from gammacore.wiring.alerts.channels import (
    Surroundings,
    acknowledge,
    find_channels,
    last_delivered,
    open_channels,
    red_channels,
    spool_of,
)

LOG = logging.getLogger("gammacore.test.alert-settings")
PHONE = {"name": "phone", "url": "json://127.0.0.1:9/tok3n-77f"}
_NOW = dt.datetime.now(NEW_YORK)
AN_HOUR_AROUND_NOW = f"{_NOW - dt.timedelta(minutes=30):%H:%M}-{_NOW + dt.timedelta(minutes=30):%H:%M}"
NOBODY = Variables({}, "none")


class Recorder:
    """In place of Apprise: what was sent, and after how many tries of how many seconds."""

    def __init__(self) -> None:
        self.arrived: list[Message] = []
        self.seconds: list[float] = []

    def sender_of(self, _channel: object, timeout_seconds: float) -> Any:
        self.seconds.append(timeout_seconds)
        return self.arrived.append


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(alert_channels, "sender_of", made.sender_of)
    return made


def settings_of(channel: dict[str, object] | None = None, **given: Any) -> Settings:
    keys = {key.replace("__", "."): value for key, value in given.items()}
    return configure([{"alerts.channels": [{**PHONE, **(channel or {})}], **keys}]).settings


def opened(settings: Settings, mode: Mode = Mode.PAPER, beside: Path | None = None) -> Channels | None:
    around = Surroundings(mode, beside, Redactor(), Patience(5.0), LOG)
    return open_channels(settings, find_channels(settings, NOBODY), around)


def told(recorder: Recorder, settings: Settings, *events: Event, mode: Mode = Mode.PAPER) -> list[str]:
    """The codes that arrive of these events, in a day that ticks through the morning."""
    channels = opened(settings, mode)
    if channels is None:
        return []
    book = Book()
    for event in (ledger_opened(), day_started(), *events):
        book.apply(event)
        channels.notify(event, book)
    for minute in ("10:00", "10:31", "11:00"):
        channels.tick(at(minute))
    channels.close(at("11:01"))
    return [message.code for message in recorder.arrived]


def halts(count: int = 3) -> list[Event]:
    return [Halted(at("10:00"), f"reason {number}") for number in range(count)]


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({}, ["day_started", "halted", "digest"]),
        ({"alerts__digest_at": []}, ["day_started", "halted"]),
        ({"alerts__digest_at": ["10:05", "10:50"]}, ["day_started", "halted", "digest", "digest"]),
        ({"alerts__zone": "Europe/Berlin"}, ["day_started", "halted"]),
        ({"alerts__per_minute": 1}, ["day_started", "gathered"]),
        ({"alerts__per_day": 1}, ["day_started", "gathered"]),
        ({"alerts__heartbeat_minutes": 30}, ["day_started", "halted", "digest"]),
    ],
)
def test_a_setting_changes_what_arrives(recorder: Recorder, given: dict[str, Any], changed: list[str]) -> None:
    assert told(recorder, settings_of(**given), halts(1)[0]) == changed


@pytest.mark.parametrize(
    ("channel", "mode", "changed"),
    [
        ({"level": "warning"}, Mode.PAPER, ["halted"]),
        ({"level": "critical"}, Mode.PAPER, []),
        ({"events": ["day_started"]}, Mode.PAPER, ["day_started"]),
        ({"modes": ["live"]}, Mode.PAPER, []),
        ({"modes": ["live"]}, Mode.LIVE, ["day_started", "halted", "digest"]),
        ({"modes": ["live"]}, Mode.STUDY, ["day_started", "halted", "digest"]),
        ({"quiet": AN_HOUR_AROUND_NOW}, Mode.PAPER, []),
        ({"level": "info"}, Mode.PAPER, ["ledger_opened"]),
    ],
)
def test_a_key_of_a_channel_changes_what_arrives(
    recorder: Recorder, channel: dict[str, object], mode: Mode, changed: list[str]
) -> None:
    arrived = told(recorder, settings_of(channel), halts(1)[0], mode=mode)

    if channel.get("level") == "info":
        assert "halted" in arrived
    else:
        assert arrived == changed


def test_how_often_and_how_long_a_message_is_tried(recorder: Recorder) -> None:
    channels = opened(settings_of(alerts__attempts=1, alerts__queue_size=7, alerts__timeout_seconds=2.5))
    assert channels is not None
    (channel,) = channels.channels

    assert (channel._attempts, channel._size, recorder.seconds) == (1, 7, [2.5])
    channels.close(at("16:00"))


def test_again_minutes_say_when_the_same_comes_again(recorder: Recorder) -> None:
    channels = opened(settings_of(alerts__again_minutes=0.5))
    assert channels is not None

    assert channels.channels[0]._gate.rules.again == dt.timedelta(seconds=30)
    channels.close(at("16:00"))


def test_an_alarm_that_a_person_acknowledged_comes_no_more(recorder: Recorder, tmp_path: Path) -> None:
    beside = tmp_path / "paper.sqlite"
    channels = opened(settings_of(), beside=beside)
    assert channels is not None
    assert channels.channels[0]._acknowledged() is None

    acknowledge(beside)

    assert channels.channels[0]._acknowledged() is not None
    channels.close(at("16:00"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"alerts.zone": "Mars/Olympus"}, "alerts.zone: Mars/Olympus is not valid"),
        ({"alerts.channels": [PHONE, PHONE]}, "give each channel a name of its own"),
        ({"alerts.channels": [{**PHONE, "name": "discord"}]}, "none discord"),
        ({"alerts.channels": [{**PHONE, "name": "two words"}]}, "give a short word"),
        ({"alerts.channels": [{**PHONE, "modes": ["study"]}]}, "studies are alerts.studies"),
        ({"alerts.channels": "json://127.0.0.1/tok3n-77f"}, r"alerts.channels: \*\*\* is not valid; give a table of"),
        ({"alerts.channels": [{**PHONE, "qiet": "x"}]}, "did you mean quiet"),
        ({"health.style": "loud"}, "healthchecks, kuma, plain"),
        ({"health.service_paper": "ping.example/tok3n-77f"}, r"\*\*\* is not valid"),
    ],
)
def test_what_cannot_be_is_refused_without_a_secret(given: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refusal:
        configure([given])

    assert "tok3n-77f" not in str(refusal.value)


def test_every_secret_url_is_shown_as_stars() -> None:
    """A field that its class does not print is one whose key says that it is secret."""
    for table, kind in (("alerts", WebhookSettings), ("health", PingSettings)):
        hidden = [f"{table}.{one.name}" for one in attrs.fields(kind) if not one.repr]
        assert hidden
        assert all(SECRET.search(key) for key in hidden)
    rows = {key: value for key, value, _ in configure([{"alerts.channels": [PHONE]}]).rows()}
    assert rows["alerts.channels"] == "[phone: notice on paper and live]"
    assert [one.name for one in attrs.fields(AlertChannel) if not one.repr] == ["url"]


def test_the_sample_shows_a_channel() -> None:
    words = sample_toml().split("# [[alerts.channels]]")[1]

    assert all(f"# {one.name} = " in words for one in attrs.fields(AlertChannel))


def test_a_channel_that_fails_is_red_in_doctor_until_it_does_not(tmp_path: Path) -> None:
    """OP-404."""
    settings = settings_of(storage__home=tmp_path)
    green = channel_check(settings, NOBODY)
    beside = tmp_path / "paper" / "paper.sqlite"
    spool_of(beside).mkdir(parents=True)
    (spool_of(beside) / "failed-phone").write_text("no connection")

    red = channel_check(settings, NOBODY)
    assert green is not None
    assert red is not None

    assert (green.ok, red.ok, red.detail) == (True, False, "phone: no connection")
    assert red_channels(settings, beside) == {"phone": "no connection"}
    assert [one.failing for one in list_channels(settings)] == ["no connection"]
    assert channel_check(Settings(), NOBODY) is None
    unset = channel_check(configure([{"alerts.channels": [{"name": "a", "url_from": "A_URL"}]}]).settings, NOBODY)
    assert unset is not None
    assert "A_URL is not set" in unset.detail


def test_when_a_message_last_arrived_is_known_of_each_channel(tmp_path: Path) -> None:
    """OP-707: the checklist asks for one on each within 30 days."""
    settings = settings_of(alerts__webhook_url="https://discord.com/api/webhooks/4711/s3cret-T0ken")
    beside = tmp_path / "paper.sqlite"
    assert last_delivered(settings, beside) == {"phone": None, "discord": None}

    Spool(spool_of(beside)).mark("phone", "no connection")
    assert last_delivered(settings, beside)["phone"] is None
    Spool(spool_of(beside)).mark("phone", "")
    (tmp_path / "paper.sqlite.alerts.json").write_text("{}")

    assert None not in last_delivered(settings, beside).values()
    assert red_channels(settings, beside) == {}

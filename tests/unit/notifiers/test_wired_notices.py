"""Who is alerted: the log, with a URL the channel and the watchdog, of a study nobody by default. CS-501, CS-626."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import pytest
import requests
from attrs import define, evolve, field, frozen

from builders import at
from builders_cli import trading_seed
from builders_day import day_started, ledger_opened
from builders_loopback import Channel
from builders_world import Scripted, a_world
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, Event, Mode
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.strategy import Decisions, Situation
from gammacore.errors import ConfigurationError, GammacoreError
from gammacore.wiring import wire_day
from gammacore.wiring.alerts.notices import notices_of

URL = "https://discord.com/api/webhooks/4711/s3cret-T0ken"
PAPER, LIVE = "https://ping.example/paper-uuid", "https://ping.example/live-uuid"
LOG = logging.getLogger("gammacore.test.wired")
CHANNELS = {"alerts.webhook_url": URL, "health.webhook_paper": PAPER, "health.webhook_live": LIVE}


def configured(**given: object) -> Configuration:
    return configure([{key.replace("__", "."): Sourced(value, "test.toml, line 1") for key, value in given.items()}])


def watchers(configuration: Configuration, mode: Mode) -> list[str]:
    """Who follows the loop, by kind."""
    notices = notices_of(configuration.settings, mode, Book(), MemoryStorage(), logger=LOG)
    notices.close(at("16:06"))
    return [type(watcher).__name__ for watcher in notices.watchers]


@pytest.mark.parametrize(
    ("given", "mode", "kinds"),
    [
        ({}, Mode.LIVE, []),
        (CHANNELS, Mode.LIVE, ["WebhookNotifier", "Channels", "HealthPing"]),
        (CHANNELS, Mode.PAPER, ["WebhookNotifier", "Channels", "HealthPing"]),
        ({"health.webhook_paper": PAPER}, Mode.LIVE, []),
        (CHANNELS, Mode.STUDY, []),
        ({**CHANNELS, "alerts.studies": True}, Mode.STUDY, ["WebhookNotifier", "Channels"]),
    ],
)
def test_only_who_has_a_url_is_notified_and_of_a_study_who_asks(
    given: dict[str, object], mode: Mode, kinds: list[str]
) -> None:
    assert watchers(configured(**given), mode) == kinds


def test_a_simulated_day_posts_its_trades_and_its_summary_where_that_is_asked(
    session: requests.Session, channel: Channel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CS-501: the summary once, after the close; the same for a library user, who calls `wire_day` alone."""
    monkeypatch.setattr(requests, "Session", lambda: session)
    given = {"alerts.webhook_url": URL, "alerts.studies": True, "market.step_seconds": 300,
             "market.seed": trading_seed()}  # fmt: skip
    day = wire_day(configured(**given), tmp_path / "run.sqlite")
    day.trade()
    day.close()

    titles = [posted["title"] for posted in channel.posted]
    assert any(title.startswith("Opened SPX") for title in titles)
    assert any(title.startswith("Closed SPX") for title in titles)
    assert [title for title in titles if title.endswith("SPX credit-spread")] == titles[-1:]


def test_a_simulated_day_posts_nothing_by_default(
    session: requests.Session, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "Session", lambda: session)
    day = wire_day(configured(**CHANNELS, **{"market.step_seconds": 300}))
    day.trade()
    day.close()

    assert not channel.received


def test_what_is_critical_reaches_discord_once_and_is_kept_until_it_does(
    session: requests.Session, channel: Channel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """OP-403: the house's own channel too, without the extra."""
    monkeypatch.setattr(requests, "Session", lambda: session)
    monkeypatch.setattr("gammacore.adapters.notifiers.apprise_sender.find_spec", lambda _name: None)
    settings = configured(**{"alerts.webhook_url": URL}).settings
    channel.answers.append((404, {}))

    stuck: list[Event] = [AlarmRaised(at("12:00"), "stuck", "5 attempts", "p1")]
    for alarms in (stuck, stuck[:0]):
        book = Book()
        notices = notices_of(settings, Mode.PAPER, book, MemoryStorage(), ledger=tmp_path / "p.sqlite", logger=LOG)
        book.apply(ledger_opened())
        book.apply(day_started())
        for alarm in alarms:
            book.apply(alarm)
            notices.notify(alarm, book)
        notices.close(at("12:01"))

    assert [posted["title"] for posted in channel.posted] == ["CRITICAL PAPER: Alarm stuck p1"] * 2
    assert channel.posted[1]["color"] == 0xFF0000
    assert "kept since" in channel.posted[1]["description"]
    assert not list((tmp_path / "p.sqlite.alerts.spool").rglob("*.json"))


@define
class Following:
    """Remembers what it heard of the loop."""

    heard: list[str] = field(factory=list)

    def take_up(self, book: Book) -> None:
        self.heard.append("take_up")

    def tick(self, now: dt.datetime) -> None:
        self.heard.append("tick")

    def crashed(self, detail: str, at: dt.datetime) -> None:
        self.heard.append(detail)

    def stalled(self, detail: str, at: dt.datetime) -> None:
        self.heard.append(detail)

    def close(self, now: dt.datetime) -> None:
        self.heard.append("close")


def test_a_watcher_is_notified_of_every_cycle() -> None:
    follower, world = Following(), a_world(start="09:30")
    day = evolve(world.day, watch=follower)

    day.once()
    day.once()

    assert follower.heard == ["tick", "tick"]


@frozen
class Failing(Scripted):
    """Cannot decide."""

    def decide(self, situation: Situation) -> Decisions:
        raise GammacoreError("the disk is gone")


def test_a_watcher_is_notified_of_the_fault_that_ends_the_loop() -> None:
    """CS-627: the fault goes on; nobody swallows it."""
    follower, world = Following(), a_world(start="09:30")
    day = evolve(world.day, watch=follower, strategy=Failing())

    with pytest.raises(GammacoreError):
        day.once()

    assert follower.heard == ["GammacoreError: the disk is gone"]


def test_a_url_is_shown_to_nobody() -> None:
    """`config show` prints ***, a refusal names the key and the fix."""
    rows = {key: value for key, value, _ in configured(**CHANNELS).rows()}

    assert [rows[key] for key in CHANNELS] == ["***"] * 3
    assert rows["alerts.webhook_copy_url"] == ""
    with pytest.raises(
        ConfigurationError, match=r"line 1: alerts.webhook_url: \*\*\* .* give https://discord"
    ) as wrong:
        configured(**{"alerts.webhook_url": "https://evil.example/t0ken"})
    assert "t0ken" not in str(wrong.value)


def test_who_is_notified_changes_no_decision() -> None:
    """R14: lineage and client ids are those of the same day without alerts."""
    assert configured(**CHANNELS, **{"alerts.studies": True}).fingerprint() == configure([]).fingerprint()


def test_the_log_lines_know_the_configured_sizing() -> None:
    """CS-625: the half of the statistics line is that of the configured fraction."""
    settings = configured(**{"sizing.window": 20}).settings
    (log_lines,) = notices_of(settings, Mode.STUDY, Book(), MemoryStorage(), logger=LOG).notifiers

    assert getattr(log_lines, "sizing", None) == SizingRules(window=20)

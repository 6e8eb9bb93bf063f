"""What a supervisor reports reaches people and watchdogs: every calendar day one ping. Rules: OP-204, OP-213."""

from __future__ import annotations

import datetime as dt
import logging

import requests
from attrs import define, field

from builders_loopback import Channel
from fakes_service import FakeChildren, a_desk
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.notifiers.health_ping import Pings
from gammacore.adapters.notifiers.operator import ChannelOperator, PingOperator, SeveralOperators, notice_of
from gammacore.adapters.notifiers.settings import PingSettings, WebhookSettings
from gammacore.adapters.notifiers.webhook import WebhookNotifier
from gammacore.domain.reports.notice import Level
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sessions import new_york

LOG = logging.getLogger("gammacore.test.operator")
NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
LOOP, SERVICE = "https://ping.example/loop", "https://ping.example/service"


@define
class Listening:
    broken: bool = False
    heard: list[str] = field(factory=list)

    def report(self, alert: ServiceAlert) -> None:
        if self.broken:
            raise ValueError("token=abc123")
        self.heard.append(alert.code)

    def close(self) -> None:
        self.report(ServiceAlert("closed", Severity.INFO, "", NOON))


def test_a_broken_operator_keeps_nothing_from_the_others() -> None:
    broken, sound = Listening(broken=True), Listening()
    several = SeveralOperators(LOG, (broken, sound), (broken, sound))

    several.report(ServiceAlert("cannot_start", Severity.CRITICAL, "", NOON))
    several.close()

    assert sound.heard == ["cannot_start", "closed"]


def test_the_log_is_as_loud_as_the_alert() -> None:
    levels = {level: notice_of(ServiceAlert("x", level, "", NOON)).level for level in Severity}

    assert [level for level, loud in levels.items() if loud is Level.WARNING] == [Severity.CRITICAL, Severity.WARNING]
    assert all(notice_of(ServiceAlert("x", level, "", NOON)).severity is level for level in Severity)


def test_discord_is_told_what_is_more_than_information(session: requests.Session, channel: Channel) -> None:
    settings = WebhookSettings(webhook_url="https://discord.com/api/webhooks/4711/s3cret-T0ken")
    operator = ChannelOperator(None, WebhookNotifier(settings, LOG, session=session))

    operator.report(ServiceAlert("no_session", Severity.INFO, "a holiday", NOON))
    operator.report(ServiceAlert("stopped_with_holdings", Severity.CRITICAL, "nothing watches p1", NOON))
    operator.close()

    (embed,) = channel.posted
    assert (embed["title"], embed["description"], embed["color"]) == (
        "Stopped with holdings", "nothing watches p1", 0xFF0000
    )  # fmt: skip


def test_the_service_pings_on_each_calendar_day_of_a_week_with_a_holiday(
    session: requests.Session, channel: Channel
) -> None:
    """Thanksgiving and a weekend, so that silence means one thing only."""
    begins = new_york(dt.date(2026, 11, 25), dt.time(6))
    desk = a_desk(begins, NyseCalendar(), tick=60.0)
    desk.children.day_long = lambda now: _after_the_close(desk.children, now)
    asked: list[tuple[dt.date, str]] = []

    class Noted(Pings):
        def _put(self, suffix: str, body: str, *, is_well: bool = True) -> None:
            asked.append((desk.clock.now().date(), suffix))
            super()._put(suffix, body, is_well=is_well)

    loop, service = (Noted(url, PingSettings(), LOG, session=session) for url in (LOOP, SERVICE))
    operator = PingOperator(loop, service)
    desk.diary.on = operator.report
    desk.run_until(new_york(dt.date(2026, 12, 1), dt.time(3)))
    operator.close()

    assert asked[0] == (dt.date(2026, 11, 25), "/start")
    assert [date.day for date, suffix in asked if suffix == ""] == [25, 26, 27, 28, 29, 30]
    assert {request.path for request in channel.received} == {"/service/start", "/service"}


def _after_the_close(children: FakeChildren, now: dt.datetime) -> dt.datetime:
    session = NyseCalendar().session(now.date())
    assert session is not None
    return session.close + dt.timedelta(minutes=10)

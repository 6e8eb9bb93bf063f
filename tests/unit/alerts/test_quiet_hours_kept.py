"""What quiet hours hold survives the end of the process. Rules: OP-402, OP-403."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from attrs import define, field

from gammacore.adapters.notifiers.channel import Channel
from gammacore.adapters.notifiers.channels import Channels
from gammacore.adapters.notifiers.day_messages import DayMessages
from gammacore.adapters.notifiers.https import NotDelivered
from gammacore.adapters.notifiers.outbox import Patience
from gammacore.adapters.notifiers.redaction import Redactor
from gammacore.adapters.notifiers.sent_messages import SentMessages
from gammacore.adapters.notifiers.settings import WebhookSettings
from gammacore.adapters.notifiers.spool import Spool
from gammacore.domain.alerts.gate import Gate, GateRules, QuietHours
from gammacore.domain.alerts.messages import Message
from gammacore.domain.reports.notice import Notice
from gammacore.domain.service.endings import Level

NIGHT = dt.datetime(2026, 3, 4, 5, tzinfo=dt.UTC)
"""00:00 in New York."""
MORNING = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
"""07:00 in New York, where quiet hours end."""
LOG = logging.getLogger("gammacore.test.quiet")
HALTED = Notice("Halted", "daily loss", code="halted", severity=Level.WARNING)
FILLED = Notice("Filled", "", code="order_filled", severity=Level.NOTICE, subject="p1")
ASLEEP = GateRules(quiet=QuietHours.read("22:00-07:00"))


@define
class Phone:
    arrived: list[Message] = field(factory=list)
    is_off: bool = False

    def __call__(self, message: Message) -> None:
        if self.is_off:
            raise NotDelivered("answered 403")
        self.arrived.append(message)


Opened = Callable[..., Channels]


@pytest.fixture
def process(tmp_path: Path) -> Opened:
    """One process with a channel at an hour of the wall clock."""

    def opened(phone: Phone, now: dt.datetime, rules: GateRules = ASLEEP, folder: Path | None = tmp_path) -> Channels:
        spool = Spool(None if folder is None else folder / "spool")
        channel = Channel("phone", Gate(rules), phone, LOG, now=lambda: now, spool=spool)
        day = DayMessages(0, SentMessages().first_summary_of, None)
        return Channels(
            WebhookSettings(), [channel], day, LOG, spool=spool, redact=Redactor.of([]), patience=Patience(10.0)
        )

    return opened


def drained(channels: Channels) -> None:
    assert channels._disk.drain(10)
    assert channels.channels[0].drain(10)


def taken_over(channels: Channels) -> None:
    channels.take_over()
    drained(channels)


def texts(phone: Phone) -> list[tuple[str, str]]:
    return [(message.code, message.text) for message in phone.arrived]


KEPT = "kept since 2026-03-04 00:00 New York, by a process that ended"


def test_what_a_process_that_ends_at_night_held_is_sent_by_the_next_in_the_morning(
    process: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    phone = Phone()
    evening = process(phone, NIGHT)
    evening.report(HALTED, NIGHT)
    evening.report(FILLED, NIGHT)
    evening.close(NIGHT)
    assert phone.arrived == []
    assert "channel phone: 2 messages of quiet hours are kept for the next start" in caplog.text

    morning = process(phone, MORNING)
    taken_over(morning)
    morning.close(MORNING)

    assert sorted(texts(phone)) == [("halted", f"daily loss\n{KEPT}"), ("order_filled", KEPT)]
    assert not [*tmp_path.rglob("*.json")]


def test_a_second_process_of_the_same_night_holds_it_too_and_says_its_time_once(
    process: Opened, tmp_path: Path
) -> None:
    phone = Phone()
    first = process(phone, NIGHT)
    first.report(HALTED, NIGHT)
    first.close(NIGHT)
    for hours in (1, 2):
        again = process(phone, NIGHT + dt.timedelta(hours=hours))
        taken_over(again)
        again.close(NIGHT)
    assert phone.arrived == []

    taken_over(process(phone, MORNING))

    assert texts(phone) == [("halted", f"daily loss\n{KEPT}")]
    assert not [*tmp_path.rglob("*.json")]


def test_a_process_that_lives_through_the_night_sends_it_once_and_leaves_nothing(tmp_path: Path) -> None:
    phone, spool, hour = Phone(), Spool(tmp_path / "spool"), [NIGHT]
    channel = Channel("phone", Gate(ASLEEP), phone, LOG, now=lambda: hour[0], spool=spool)
    for number in range(3):
        channel.put(partial(Message, "a", Level.NOTICE, f"a {number}", "", NIGHT, f"{number}"))
    assert channel.drain(10)
    assert len([*tmp_path.rglob("*.json")]) == 3

    hour[0] = MORNING
    channel.close()
    assert channel.drain(10)

    assert [message.title for message in phone.arrived] == ["3 messages"]
    assert not [*tmp_path.rglob("*.json")]


def test_what_does_not_arrive_in_the_morning_stays_for_the_next_process(tmp_path: Path) -> None:
    phone, spool, hour = Phone(is_off=True), Spool(tmp_path / "spool"), [NIGHT]
    channel = Channel("phone", Gate(ASLEEP), phone, LOG, now=lambda: hour[0], spool=spool)
    channel.put(lambda: Message("halted", Level.WARNING, "Halted", "", NIGHT))
    assert channel.drain(10)
    hour[0] = MORNING
    channel.close()
    assert channel.drain(10)
    spool.close()

    assert [message.code for _, message in Spool(tmp_path / "spool").take_over()] == ["halted"]


def test_what_a_channel_asks_for_no_more_is_forgotten(process: Opened, tmp_path: Path) -> None:
    phone = Phone()
    evening = process(phone, NIGHT)
    evening.report(FILLED, NIGHT)
    evening.close(NIGHT)

    only_critical = process(phone, MORNING, GateRules(level=Level.CRITICAL))
    taken_over(only_critical)

    assert phone.arrived == []
    assert not [*tmp_path.rglob("*.json")]


def test_without_a_disk_what_quiet_hours_hold_is_lost_and_logged(
    process: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = process(Phone(), NIGHT, folder=None)
    nowhere.report(HALTED, NIGHT)
    nowhere.close(NIGHT)

    assert "channel phone: 1 messages of quiet hours could not be kept" in caplog.text

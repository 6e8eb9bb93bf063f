"""Alerts reach the channel after the ledger, never hold the loop up, are deleted in time and give no secret away."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from attrs import evolve

from builders import DAY, a_plan, at
from builders_day import PUT_TRADE, closed, day_started, judged, ledger_opened, opened
from builders_loopback import Channel
from gammacore.adapters.notifiers.https import _wait_asked
from gammacore.adapters.notifiers.outbox import Patience
from gammacore.adapters.notifiers.sent_messages import SentMessages
from gammacore.adapters.notifiers.settings import WebhookSettings
from gammacore.adapters.notifiers.webhook import WebhookNotifier, kept_beside
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, Event, Mode
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

TOKEN = "s3cret-T0ken"
COPY_TOKEN = "c0py-T0ken"
URL = f"https://discord.com/api/webhooks/4711/{TOKEN}"
COPY_URL = f"https://discord.com/api/webhooks/4712/{COPY_TOKEN}"
LOG = logging.getLogger("gammacore.test.alerts")
NOON = at("12:00")
Notifying = Callable[..., WebhookNotifier]


@pytest.fixture
def notifying(session: requests.Session) -> Notifying:
    """A notifier that reaches the channel of this test."""

    def build(
        sent: SentMessages | None = None, newest_day: Any = None, patience: Patience | None = None, **settings: Any
    ) -> WebhookNotifier:
        chosen = WebhookSettings(**{"webhook_url": URL, **settings})
        return WebhookNotifier(chosen, LOG, session=session, sent=sent, newest_day=newest_day, patience=patience)

    return build


def tell(notifier: WebhookNotifier, *events: Event, mode: Mode = Mode.PAPER) -> Book:
    book = Book()
    for event in (evolve(ledger_opened(), mode=mode), day_started(), *events):
        book.apply(event)
        notifier.notify(event, book)
    return book


def an_alarm(detail: str = "trying on", when: dt.datetime = NOON) -> AlarmRaised:
    return AlarmRaised(when, "stuck", detail, "p1")


# Settings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.com/api/webhooks/1/abc",
        "https://discord.com.evil.example/api/webhooks/1/abc",
        "https://example.com/?https://discord.com/api/webhooks/1/abc",
        "https://discord.com/api/webhooks/1/abc/../../x",
        "https://discord.com/api/webhooks/4711",
    ],
)
@pytest.mark.parametrize("name", ["webhook_url", "webhook_copy_url"])
def test_only_a_discord_webhook_is_taken_and_the_refusal_does_not_repeat_it(url: str, name: str) -> None:
    """CS-626."""
    chosen: dict[str, Any] = {name: url}

    with pytest.raises(InvalidInput, match="webhooks/ID/TOKEN") as refusal:
        WebhookSettings(**chosen)

    assert url not in str(refusal.value)


def test_settings_are_printed_without_their_secrets() -> None:
    assert TOKEN not in repr(WebhookSettings(webhook_url=URL))


def test_without_a_url_nothing_is_sent(notifying: Notifying, channel: Channel) -> None:
    notifier = notifying(webhook_url="")

    tell(notifier, an_alarm())
    notifier.close(at("16:06"))

    assert not channel.received


# Sending --------------------------------------------------------------------------------------------------------------


def test_an_event_becomes_an_embed_sent_with_wait_so_that_its_id_comes_back(
    notifying: Notifying, channel: Channel
) -> None:
    """CS-627."""
    notifier = notifying()

    tell(notifier, *opened(a_plan(contracts=3)))
    assert notifier.drain()

    (request,) = channel.received
    assert (request.method, request.path) == ("POST", f"/api/webhooks/4711/{TOKEN}?wait=true")
    assert request.body["allowed_mentions"] == {"parse": []}
    (embed,) = channel.posted
    assert embed["color"] == 0x4ECDC4
    assert {"name": "Premium", "value": "$750", "inline": True} in embed["fields"]
    notifier.close(NOON)


def test_the_loop_goes_on_while_the_channel_does_not_answer(notifying: Notifying, channel: Channel) -> None:
    """CS-626: never in an order's path. The queue is bounded; what does not fit is dropped and logged."""
    channel.may_answer.clear()
    notifier = notifying(queue_size=3)

    tell(notifier, *(an_alarm(f"number {number}") for number in range(20)))
    notifier.tick(NOON)
    channel.may_answer.set()

    assert notifier.drain()
    assert 3 <= len(channel.received) <= 4
    notifier.close(NOON)


def test_messages_arrive_in_the_order_of_the_ledger(notifying: Notifying, channel: Channel) -> None:
    notifier = notifying()

    tell(notifier, *(an_alarm(f"number {number}") for number in range(20)))
    assert notifier.drain()

    assert [embed["description"] for embed in channel.posted] == [f"number {number}" for number in range(20)]
    notifier.close(NOON)


@pytest.mark.parametrize(
    ("answers", "requests_made"),
    [
        ([(500, {})], 2),
        ([(429, {"Retry-After": "0.5"}), (503, {})], 3),
        ([(429, {"Retry-After": "soon"})], 2),
        ([(500, {})] * 5, 3),
        ([(404, {})], 1),
        ([(302, {"Location": "https://example.com/"})], 1),
    ],
)
def test_a_busy_channel_is_asked_again_a_few_times_and_a_refusal_never(
    notifying: Notifying, channel: Channel, answers: list[tuple[int, dict[str, str]]], requests_made: int
) -> None:
    channel.answers.extend(answers)
    notifier = notifying()

    tell(notifier, an_alarm())
    assert notifier.drain()

    assert len(channel.received) == requests_made
    notifier.close(NOON)


@pytest.mark.parametrize(("named", "waited"), [("0.5", 0.5), ("7", 7.0), ("3600", 10.0), ("-1", 0.0)])
def test_a_busy_channel_is_left_alone_as_long_as_it_asks_and_no_longer_than_ten_seconds(
    notifying: Notifying, channel: Channel, waits: list[float], named: str, waited: float
) -> None:
    channel.answers.append((429, {"Retry-After": named}))
    notifier = notifying()

    tell(notifier, an_alarm())
    assert notifier.drain()

    assert waits == [waited]
    notifier.close(NOON)


@pytest.mark.parametrize(
    ("until", "waited"),
    [
        ("Tue, 03 Mar 2026 17:00:04 GMT", 4.0),
        ("Tue, 03 Mar 2026 16:00:00 GMT", 0.0),
        ("Wed, 04 Mar 2026 17:00:00 GMT", 10.0),
    ],
)
def test_an_instant_to_wait_for_counts_from_the_clock_of_who_names_it(until: str, waited: float) -> None:
    assert _wait_asked(_busy(until, "Tue, 03 Mar 2026 17:00:00 GMT")) == waited


@pytest.mark.parametrize("named", ["nan", "soon", "", "Tue, 03 Mar 2026 17:00:04 GMT", "Tue, 03 Mar 2026 17:00:04"])
def test_a_wait_that_cannot_be_read_is_the_ordinary_one(named: str) -> None:
    assert _wait_asked(_busy(named, "yesterday")) is True


def _busy(retry_after: str, date: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 429
    answer.headers.update({"Retry-After": retry_after, "Date": date})
    return answer


def test_no_mention_and_no_endless_text_comes_through(notifying: Notifying, channel: Channel) -> None:
    notifier = notifying()

    tell(notifier, an_alarm("x" * 5000))
    assert notifier.drain()

    assert len(channel.posted[0]["description"]) == 2000
    notifier.close(NOON)


# Secrets --------------------------------------------------------------------------------------------------------------


def test_no_secret_reaches_a_log_whatever_goes_wrong(
    notifying: Notifying, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """CS-626: not in ours and not in the HTTP client's, at any level."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")  # a command line run before in this process had it quieter
    channel.answers.extend([(500, {}), (200, {}), (404, {})])
    notifier = notifying(webhook_copy_url=COPY_URL)

    tell(notifier, an_alarm(), an_alarm(), mode=Mode.LIVE)
    notifier.tick(at("12:07"))
    assert notifier.drain()
    notifier.close(NOON)

    assert len(channel.received) >= 4
    assert "answered 404" in caplog.text
    assert "urllib3" in {record.name.split(".")[0] for record in caplog.records}
    assert TOKEN not in caplog.text
    assert COPY_TOKEN not in caplog.text


def test_a_server_that_is_not_there_is_one_line_without_its_url(caplog: pytest.LogCaptureFixture) -> None:
    class Unplugged(requests.Session):
        def request(self, *_: Any, **__: Any) -> Any:
            raise requests.ConnectionError(f"Max retries exceeded with url: {URL}")

    notifier = WebhookNotifier(WebhookSettings(webhook_url=URL), LOG, session=Unplugged())

    tell(notifier, an_alarm())
    assert notifier.drain()
    notifier.close(NOON)

    assert "failed: no connection" in caplog.text
    assert TOKEN not in caplog.text


def test_secrets_in_a_detail_do_not_reach_the_channel(notifying: Notifying, channel: Channel) -> None:
    notifier = notifying()

    tell(notifier, an_alarm(f"401 for https://api.example/v1?access_token=abc123 Bearer xyz789 via {URL}"))
    assert notifier.drain()

    text = str(channel.posted)
    assert not any(secret in text for secret in ("abc123", "xyz789", TOKEN))
    notifier.close(NOON)


# What is due later ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "copies"), [(Mode.LIVE, 1), (Mode.PAPER, 0), (Mode.STUDY, 0)])
def test_a_live_account_sends_a_copy_420_seconds_later(
    notifying: Notifying, channel: Channel, mode: Mode, copies: int
) -> None:
    """CS-626: by the loop, inclusive."""
    notifier = notifying(webhook_copy_url=COPY_URL)
    tell(notifier, an_alarm(), mode=mode)

    notifier.tick(NOON + dt.timedelta(seconds=419))
    assert notifier.drain()
    assert len(channel.received) == 1
    notifier.tick(NOON + dt.timedelta(seconds=420))
    assert notifier.drain()

    assert [COPY_TOKEN in request.path for request in channel.received[1:]] == [True] * copies
    notifier.close(NOON)


@pytest.mark.parametrize(
    ("event", "life"),
    [
        (opened(a_plan())[-1], dt.timedelta(hours=24)),
        (judged("10:30", Verdict.skip("vix_ceiling")), dt.timedelta(hours=2)),
        (an_alarm(), dt.timedelta(hours=2)),
    ],
)
def test_a_message_is_deleted_by_its_id_when_its_time_is_over(
    notifying: Notifying, channel: Channel, event: Event, life: dt.timedelta
) -> None:
    """CS-627."""
    notifier = notifying()
    tell(notifier, *opened(a_plan())[:-1], event)
    assert notifier.drain()

    notifier.tick(event.at + life - dt.timedelta(seconds=1))
    assert notifier.drain()
    assert [request.method for request in channel.received] == ["POST"]
    notifier.tick(event.at + life)
    assert notifier.drain()

    assert channel.received[-1].method == "DELETE"
    assert channel.received[-1].path == f"/api/webhooks/4711/{TOKEN}/messages/1001"
    notifier.close(NOON)


def test_crash_messages_live_an_hour_and_heartbeats_half_of_it(notifying: Notifying, channel: Channel) -> None:
    """CS-627."""
    notifier = notifying(heartbeat_minutes=60)
    tell(notifier)
    notifier.tick(NOON)
    notifier.crashed("disk full", NOON)
    assert notifier.drain()

    notifier.tick(NOON + dt.timedelta(minutes=30))
    assert notifier.drain()
    assert [request.path[-5:] for request in channel.received[2:]] == ["/1001"]
    notifier.tick(NOON + dt.timedelta(minutes=59, seconds=59))
    assert notifier.drain()
    assert len(channel.received) == 3
    notifier.close(NOON + dt.timedelta(minutes=60))

    assert "/messages/1002" in [request.path for request in channel.received][3][-14:]


def test_what_stands_in_the_channel_is_known_after_a_restart(
    notifying: Notifying, channel: Channel, tmp_path: Path
) -> None:
    """CS-627: keep the id, delete later. The file holds no URL."""
    ledger = tmp_path / "paper.sqlite"
    first = notifying(kept_beside(ledger))
    tell(first, an_alarm())
    first.close(NOON)

    second = notifying(kept_beside(ledger))
    second.tick(NOON + dt.timedelta(hours=2))
    assert second.drain()

    assert [request.method for request in channel.received] == ["POST", "DELETE"]
    assert TOKEN not in (tmp_path / "paper.sqlite.alerts.json").read_text()
    second.close(NOON)


@pytest.mark.parametrize(
    "content",
    [
        '{"messages": [{"id": 1}]}',
        '{"messages": [{"id": "1", "until": "2026-01-05T10:00:00", "copy": false}], "summarised": ""}',
        "",
    ],
)
def test_a_damaged_file_of_sent_messages_stops_nothing(notifying: Notifying, tmp_path: Path, content: str) -> None:
    """CS-626: missing fields, a time without an offset, nothing at all."""
    path = tmp_path / "paper.sqlite.alerts.json"
    path.write_text(content)

    notifier = notifying(SentMessages(path))
    notifier.tick(NOON)
    tell(notifier, an_alarm())
    notifier.close(NOON)

    assert len(path.read_text()) > 50


def test_the_day_is_summed_up_once_five_minutes_after_the_close(notifying: Notifying, channel: Channel) -> None:
    """CS-501."""
    events = [ledger_opened(), day_started(), *opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "x", "0.75", "525")]
    sent = SentMessages()
    notifier = notifying(sent, lambda: day_report(events))
    tell(notifier)

    notifier.tick(at("16:04") + dt.timedelta(seconds=59))
    assert notifier.drain()
    assert not channel.received
    for _ in range(3):
        notifier.tick(at("16:05"))
    notifier.close(at("16:06"))
    again = notifying(sent, lambda: day_report(events))
    tell(again)
    again.tick(at("16:07"))
    again.close(at("16:07"))

    (embed,) = channel.posted
    assert embed["title"] == f"{DAY}: SPX credit-spread"
    assert embed["color"] == 0x17DFAD


def test_after_a_restart_the_day_is_known_before_anything_happens(notifying: Notifying, channel: Channel) -> None:
    events: list[Event] = [ledger_opened(), day_started()]
    notifier = notifying(newest_day=lambda: day_report(events))

    notifier.take_up(Book.of(events))
    notifier.tick(at("16:05"))
    notifier.close(at("16:05"))

    assert len(channel.posted) == 1


def test_a_loop_that_ends_at_the_close_sums_the_day_up_before_it_goes(notifying: Notifying, channel: Channel) -> None:
    notifier = notifying(newest_day=lambda: day_report([ledger_opened(), day_started()]))
    tell(notifier)

    notifier.close(at("16:00"))

    assert [embed["color"] for embed in channel.posted] == [0x808080]


def test_a_fault_of_ours_is_a_log_line_and_nothing_more(notifying: Notifying, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ValueError(f"cannot read {URL}")

    notifier = notifying(newest_day=broken)
    tell(notifier)
    notifier.notify(opened(a_plan())[-1], Book())  # an event this book never saw
    notifier.tick(at("16:05"))
    notifier.close(at("16:05"))

    assert "alerts: none for OrderFilled" in caplog.text
    assert "alerts: none for tick: ValueError" in caplog.text
    assert TOKEN not in caplog.text


def test_closing_is_bounded_in_time_even_without_an_answer(
    notifying: Notifying, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    channel.may_answer.clear()
    notifier = notifying(patience=Patience(0.01, least=0.0))
    tell(notifier, an_alarm(), an_alarm())

    notifier.close(NOON)
    channel.may_answer.set()

    assert "undone" in caplog.text
    assert threading.active_count() < 20

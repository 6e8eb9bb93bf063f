"""A channel that takes a message and never answers: no order, stop or settlement waits for it. CS-414, CS-626."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import requests

from gammacore.configuration import Configuration, configure
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import Event
from gammacore.wiring import wire_day

URL = "https://discord.com/api/webhooks/1/t0ken"
A_MINUTE = 60.0


class HangingChannel:
    """Takes the first message and answers nobody until it is let go, at the latest after a minute."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()
        self.was_waited_for = False

    def request(self, *_: Any, **__: Any) -> NoReturn:
        self.asked.set()
        if not self.was_waited_for and not self.let_go.wait(A_MINUTE):
            self.was_waited_for = True
        raise requests.ReadTimeout


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingChannel]:
    hanging = HangingChannel()
    monkeypatch.setattr(requests.Session, "request", hanging.request)
    yield hanging
    hanging.let_go.set()


def configured(**settings: object) -> Configuration:
    return configure([{"alerts.studies": True, "market.seed": 14} | settings])


def events_of_the_day(configuration: Configuration, channel: HangingChannel | None = None) -> list[Event]:
    day = wire_day(configuration)
    day.trade()
    if channel is not None:
        assert channel.asked.wait(A_MINUTE)
        assert not channel.was_waited_for  # the day is over, and the first message is still on its way
        channel.let_go.set()
    events = list(day.storage.events())
    day.close()
    return events


def test_a_whole_day_is_traded_while_its_first_message_hangs(channel: HangingChannel) -> None:
    """Nothing is decided otherwise or later than on the same day without a channel."""
    alone = events_of_the_day(configured())

    assert events_of_the_day(configured(**{"alerts.webhook_url": URL}), channel) == alone
    assert [event.reason for event in alone if isinstance(event, HoldingClosed)] == ["stop_loss"] * 4

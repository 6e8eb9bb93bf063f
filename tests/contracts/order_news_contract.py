"""What order news promise, whatever stream they come from. Rules: R4, CS-501.

Inherit `OrderNewsContract` and give it a fixture `control` that is an `OrderNewsControl`; each kind of stream says by
itself what garbles, silences or refuses it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import pytest

from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Broker, News, OrderNews

PATIENCE_SECONDS = 10.0
"""Real seconds that the thread of a stream may take; news without one are there at once."""


class OrderNewsControl(Protocol):
    """The far side of a stream under test."""

    @property
    def news(self) -> OrderNews:
        """The adapter under test, listening to an account without orders; closed by whoever made it."""
        ...

    @property
    def broker(self) -> Broker:
        """The account it listens to. An order fills whole at the next step, or rests where that was asked."""
        ...

    def entry(self, order_id: str) -> OrderTicket:
        """An order that sells a spread for a credit limit the market meets."""
        ...

    def rests(self) -> None:
        """The next order is never filled."""
        ...

    def step(self) -> None:
        """Let time pass until working orders had their chance."""
        ...

    def outage(self) -> AbstractContextManager[None]:
        """The stream is down while this is open, and can be connected to afterwards; orders go on being taken."""
        ...


def until(news: OrderNews, wanted: Callable[[News], bool]) -> News:
    """The first news that is as wanted."""
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, threading.Event()
    while not wanted(reported := news.received()):
        assert time.monotonic() < deadline, f"never received; {getattr(news, 'trouble', '')}"
        pause.wait(0.005)
    return reported


def is_connected(reported: News) -> bool:
    return not reported.gap


def names_orders(reported: News) -> bool:
    return bool(reported.orders)


class OrderNewsContract:
    """The cases. A subclass overrides the fixture `control`."""

    @pytest.fixture
    def control(self) -> OrderNewsControl:
        raise TypeError(f"{type(self).__name__} gives no fixture `control`")

    def test_the_first_news_is_a_gap(self, control: OrderNewsControl) -> None:
        """What happened before it listened was not received."""
        assert control.news.received().gap

    def test_each_change_of_an_order_is_reported_once(self, control: OrderNewsControl) -> None:
        news = control.news
        until(news, is_connected)

        control.broker.submit(control.entry("gc-1"))
        taken = until(news, names_orders)
        quiet = news.received()
        control.step()
        filled = until(news, names_orders)

        assert taken == filled == News(frozenset({"gc-1"}))
        assert quiet == News()

    def test_a_cancel_is_reported(self, control: OrderNewsControl) -> None:
        news = control.news
        until(news, is_connected)
        control.rests()
        control.broker.submit(control.entry("gc-1"))
        until(news, names_orders)

        control.broker.cancel("gc-1")

        assert until(news, names_orders) == News(frozenset({"gc-1"}))

    def test_an_outage_is_a_gap_and_what_comes_after_it_is_reported(self, control: OrderNewsControl) -> None:
        news = control.news
        until(news, is_connected)

        with control.outage():
            until(news, lambda reported: reported.gap)
        until(news, is_connected)
        control.broker.submit(control.entry("gc-1"))

        assert until(news, names_orders) == News(frozenset({"gc-1"}))

    def test_closing_may_be_repeated_and_later_questions_are_answered(self, control: OrderNewsControl) -> None:
        until(control.news, is_connected)

        control.news.close()
        control.news.close()

        assert control.news.received().orders == frozenset()

"""Each task killed in turn ends the run with its cause; a stream is connected again. Rules: SC-1006, SC-1007."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from builders_runner import Said, Scalp, VirtualLoop, a_market, finished, running
from gammacore.adapters.asyncio_runner.supervision import Supervised, first_end, started
from gammacore.application.trade_day import TradeDay
from gammacore.application.trading_core import DayCore
from gammacore.errors import MissingData, StreamRefused
from gammacore.ports.broker import News
from gammacore.ports.market_data import StreamedQuote

FLAT_MARKET = [(float(second), "590.00") for second in range(600)]
SCALP = Scalp(Decimal("600"), Decimal("700"))
"""Buys at once and holds."""


class NoNews:
    """Order news of which there are none."""

    def received(self) -> News:
        return News()

    def close(self) -> None:
        """Nothing is held."""


class Dying(DayCore):
    """A core that fails at one of its three calls, after so many of them."""

    def __init__(self, day: TradeDay, call: str, after: int) -> None:
        super().__init__(day, by_events=True)
        self._left = {call: after}

    def _counted(self, call: str) -> None:
        self._left[call] = self._left.get(call, -1) - 1
        if self._left[call] == 0:
            raise ZeroDivisionError("by a test")

    def on_quote(self, quote: StreamedQuote) -> None:
        self._counted("on_quote")
        super().on_quote(quote)

    def on_timer(self, now: Any) -> None:
        self._counted("on_timer")
        super().on_timer(now)


@pytest.mark.parametrize(
    "task", ["core", "timer", "performance export", "fill listener", "market data recorded quotes"]
)
def test_a_task_that_is_killed_ends_the_run_in_order_with_its_name(task: str) -> None:
    driven = running(a_market(FLAT_MARKET), SCALP, news=NoNews())

    def kill() -> None:
        next(one for one in asyncio.all_tasks(driven.loop) if one.get_name() == task).cancel()

    ended = driven.until(30, kill)

    assert str(ended.fault) == f'the task "{task}" ended: it was killed'
    assert ended.is_orderly
    assert driven.world.held == {}
    assert driven.loop.time() < 30 + 15
    assert driven.world.alarms == ["run_ended"]
    assert driven.world.day.ledger.book.halted is None


@pytest.mark.parametrize("call", ["on_quote", "on_timer"])
def test_a_core_that_fails_is_the_cause_and_what_is_held_is_closed(call: str) -> None:
    driven = running(a_market(FLAT_MARKET), SCALP, core=lambda day, by_events: Dying(day, call, 20))

    ended = driven.until(300)

    assert ended.fault is not None
    assert ended.fault.task == "core"
    assert ended.fault.cause.startswith("ZeroDivisionError at test_supervision.py")
    assert ended.signal == ""
    assert driven.world.held == {}


def test_a_stream_that_is_cut_is_connected_again_after_1_2_4_seconds_and_30_at_most() -> None:
    loop = VirtualLoop()
    begun: list[float] = []
    notes: list[str] = []

    async def connect() -> None:
        begun.append(loop.time())
        raise MissingData("cut")

    assert run_for(loop, 200, Supervised("market data", connect, restarts=True, note=notes.append)) is None

    pauses = [later - earlier for earlier, later in pairwise(begun)]
    for pause, least in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30], strict=False):
        assert least <= pause <= least + 0.5
    assert len(pauses) >= 8
    assert notes[0].startswith("market data: cut; again in 1.")


def test_after_a_connection_that_brought_something_the_pauses_begin_anew() -> None:
    loop = VirtualLoop()
    begun: list[float] = []
    brought = 0

    async def connect() -> None:
        nonlocal brought
        begun.append(loop.time())
        brought += len(begun) == 5
        raise MissingData("cut")

    run_for(loop, 100, Supervised("market data", connect, restarts=True, delivered=lambda: brought))

    pauses = [later - earlier for earlier, later in pairwise(begun)]
    assert [int(pause) for pause in pauses[:7]] == [1, 2, 4, 8, 1, 2, 4]


def test_a_recorded_stream_that_is_over_ends_nothing() -> None:
    driven = running(a_market(FLAT_MARKET[:20]), SCALP)

    ended = driven.until(100)

    assert ended.signal == "SIGINT"
    assert ended.fault is None


def test_a_stream_that_is_refused_leaves_polling_every_second() -> None:
    """Rule: SC-1008."""
    refused = Said([StreamRefused("one listener too many")] * 20)
    driven = running(a_market(FLAT_MARKET), SCALP, streams=(refused,), polls=10.0)
    driven.until(20)

    assert [second for second in driven.world.polled.looks if 11 <= second < 20] == pytest.approx(list(range(11, 20)))


def test_streams_of_one_host_are_opened_five_seconds_apart() -> None:
    """Rule: SC-1013."""
    opened: list[tuple[str, float]] = []

    class Noted(Said):
        async def messages(self) -> Any:
            opened.append((self.name, driven.loop.time()))
            async for message in super().messages():
                yield message

    driven = running(a_market(FLAT_MARKET), SCALP, streams=(Noted([], "one"), Noted([], "two")), news=NoNews())
    driven.runner._flow = type(driven.runner._flow)(
        driven.world.feed.take, driven.runner._flow.streams, driven.runner._flow.news
    )
    driven.until(30)

    assert opened == [("one", 5.0), ("two", 10.0)]


def run_for(loop: VirtualLoop, after: float, supervised: Supervised) -> object:
    async def run() -> object:
        stop = asyncio.Event()
        loop.call_later(after, stop.set)
        task = started(supervised)
        try:
            return await first_end({task: supervised}, stop)
        finally:
            task.cancel()

    return finished(loop, run())

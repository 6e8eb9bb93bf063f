"""A scalping day at each broker's server, run by events in real time for a few seconds, and ended by a real SIGINT.

The shares are bought on a streamed quote; the end sells them and asks the broker. Rules: SC-1001, SC-1002, SC-1009.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from attrs import define, field

from builders_broker_day import CREDENTIALS, PLACES, SESSION, a_world, configuration
from builders_runner import SHARE, Scalp
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.wiring import wire_day
from gammacore.wiring.ledgers.runs import run_day

PATIENCE_SECONDS = 60.0
TICK_SECONDS = 0.02

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")


@define(eq=False)
class Paced:
    """The world's clock, which a thread moves on at the pace of this machine."""

    world: World
    _over: threading.Event = field(factory=threading.Event)

    def now(self) -> dt.datetime:
        return self.world.now()

    def wait_until(self, instant: dt.datetime) -> None:
        while self.now() < instant and not self._over.wait(TICK_SECONDS):
            pass

    @contextmanager
    def going(self) -> Iterator[None]:
        def go() -> None:
            last = time.monotonic()
            while not self._over.wait(TICK_SECONDS):
                now = time.monotonic()
                self.world.advance(now - last)
                last = now

        mover = threading.Thread(target=go, daemon=True)
        mover.start()
        try:
            yield
        finally:
            self._over.set()
            mover.join()


@contextmanager
def interrupted_once(holds: Callable[[], bool]) -> Iterator[None]:
    """SIGINT to this process once something holds."""

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds() and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    yield
    waiting.join()


@pytest.mark.parametrize("broker", ["tradier", "alpaca"])
def test_shares_bought_on_a_streamed_quote_are_sold_when_the_run_is_interrupted(broker: str) -> None:
    world = a_world(SHARE, 57, 1, SESSION.open)
    clock = Paced(world)
    with serving(tradier_app(world) if broker == "tradier" else alpaca_app(world)) as server, clock.going():
        day = wire_day(
            configuration(broker, SHARE, "st0cka", more={"market.look_seconds": 1.0}),
            strategy=Scalp(Decimal(10_000), Decimal(20_000), name="st0cka"),
            credentials=CREDENTIALS,
            clock=clock,
            places=PLACES[broker](server.url),
        )
        try:

            def holds() -> bool:
                slots = None if day.trade.feed is None else day.trade.feed.feed.newest
                return slots is not None and any(isinstance(one, OrderFilled) for one in list(day.storage.events()))

            with interrupted_once(holds):
                ended = run_day(day)
            events = list(day.storage.events())
        finally:
            day.close()

    assert ended is not None
    assert (ended.signal, ended.fault, ended.problem, dict(ended.held)) == ("SIGINT", None, "", {})
    assert ended.is_orderly
    assert world.exchange.holdings() == {}
    assert ended.stats is not None
    counts = ended.stats.slots[SHARE]
    assert counts.put == counts.overwritten + counts.taken > 0
    assert [event.ticket.purpose for event in events if isinstance(event, OrderIntended)][-1] == "exit"
    assert day.trade.ledger.book.halted is None

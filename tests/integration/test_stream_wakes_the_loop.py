"""The whole loop over each broker's server with the account stream on: a fill is booked long before the next look. R4.

The world's time jumps from second to second while the stream lives in ours, so a test waits for what it must hear.
"""

from __future__ import annotations

import threading
import time

import pytest
from attrs import define, evolve

from builders_broker_day import CREDENTIALS, PLACES, a_world, configuration
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.ports.broker import News, OrderNews
from gammacore.wiring import wire_day

LOOK_SECONDS = 300
MARKET_SECONDS = 60
PATIENCE_SECONDS = 20.0


@define
class Attentive:
    """The broker's own news, which waits until it is connected, and until it has reported what was filled."""

    news: OrderNews
    world: World
    connected: bool = False

    def received(self) -> News:
        reported, deadline = self.news.received(), time.monotonic() + PATIENCE_SECONDS
        while not self._is_reported(reported):
            assert time.monotonic() < deadline, "the stream said nothing"
            threading.Event().wait(0.01)
            more = self.news.received()
            reported = News(reported.orders | more.orders, more.gap)
        self.connected = True
        return reported

    def _is_reported(self, reported: News) -> bool:
        if not self.connected:
            return not reported.gap
        with self.world.lock:
            filled = {report.id for report in self.world.exchange.orders() if report.execution.any}
        return filled <= reported.orders

    def close(self) -> None:
        self.news.close()


@pytest.mark.parametrize(("broker", "underlying"), [("tradier", "SPX"), ("alpaca", "SPY")])
def test_a_fill_reported_by_the_stream_is_booked_before_the_next_look(broker: str, underlying: str) -> None:
    world = a_world(underlying, 57, MARKET_SECONDS)
    with serving(tradier_app(world) if broker == "tradier" else alpaca_app(world)) as server:
        day = wire_day(
            configuration(broker, underlying, "credit-spread", LOOK_SECONDS),
            credentials=CREDENTIALS,
            clock=world,
            places=PLACES[broker](server.url),
        )
        try:
            assert day.trade.news is not None
            trade = evolve(day.trade, news=Attentive(day.trade.news, world))
            trade.run_until(lambda book: bool(book.live_spreads))
            events = list(day.storage.events())
        finally:
            day.close()

    (sent,) = (event for event in events if isinstance(event, OrderIntended))
    (fill,) = (event for event in events if isinstance(event, OrderFilled))
    assert sent.ticket.id == fill.id
    assert MARKET_SECONDS <= (fill.at - sent.at).total_seconds() < LOOK_SECONDS / 2

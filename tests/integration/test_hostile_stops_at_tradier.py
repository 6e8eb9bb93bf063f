"""A stop at Tradier's counterpart that is refused, fills in part or as it is called back: the day ends flat.

Over the wire, in one process; the day is that of `builders_protected`. Rules: R2, R3. Decision 0058.
"""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import builders_unbid
from builders_broker_day import CREDENTIALS, at_alpaca, at_tradier, configuration
from builders_protected import CLOSED, CONTRACTS, FILLED, LONG, OPTION, SHORT, STEP, a_strategy, a_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.domain.book.book import Book
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.orders import Order, OrderState
from gammacore.wiring import wire_day


def traded(world: World) -> tuple[Book, list[str]]:
    """The day at the counterpart to its end: the book, and the alarms."""
    with serving(tradier_app(world)) as server:
        day = wire_day(
            configuration("tradier", "SPX", "credit-spread", STEP, OPTION), strategy=a_strategy(),
            credentials=CREDENTIALS, clock=world, places=at_tradier(server.url),
        )  # fmt: skip
        try:
            evolve(day.trade, news=None)()
            events = list(day.storage.events())
        finally:
            day.close()
    return Book.of(events), [event.code for event in events if isinstance(event, AlarmRaised)]


def stops(book: Book) -> list[Order]:
    return [order for order in book.orders.values() if order.ticket.is_stop]


@pytest.mark.parametrize(
    ("way", "stop", "states", "alarm"),
    [
        (CLOSED, {"rejects": "no stops today"}, [OrderState.REJECTED, OrderState.CANCELED], "protective_stop_ended"),
        (CLOSED, {"on_cancel": "filled_first"}, [OrderState.FILLED], "leg_imbalance"),
        (CLOSED, {"ignored_cancels": 2}, [OrderState.CANCELED], ""),
        (CLOSED, {"times_out": True}, [OrderState.CANCELED], ""),
        (FILLED, {"parts": (1,)}, [OrderState.CANCELED], "protective_stop_filled"),
        (FILLED, {"delay": 3}, [OrderState.FILLED], "protective_stop_filled"),
    ],
    ids=lambda case: str(case)[:40],
)
def test_whatever_becomes_of_the_stop_the_short_is_bought_back_once(
    way: str, stop: dict[str, Any], states: list[OrderState], alarm: str
) -> None:
    world = a_world(way)
    world.exchange.next_submit()
    world.exchange.next_submit(**stop)
    book, alarms = traded(world)

    assert [order.state for order in stops(book)] == states
    assert alarm == "" or alarm in alarms
    assert book.finished is not None
    assert (list(book.live_holdings), list(book.working_orders), dict(book.quarantined)) == ([], [], {})
    fills = [fill for report in world.exchange.every_order for fill in report.execution.legs]
    assert sum(fill.quantity for fill in fills if (fill.symbol, fill.side) == (SHORT.occ, Side.BUY)) == CONTRACTS
    assert sum(fill.quantity for fill in fills if (fill.symbol, fill.side) == (LONG.occ, Side.SELL)) == CONTRACTS
    assert world.exchange.holdings() == {}
    assert book.balance == world.exchange.account().balance


def test_at_alpaca_no_stop_is_sent_and_the_start_says_why() -> None:
    world = builders_unbid.a_world("SPY")
    with serving(alpaca_app(world)) as server:
        day = wire_day(
            configuration("alpaca", "SPY", "credit-spread", 60, OPTION),
            strategy=builders_unbid.a_strategy("SPY", "stop_loss"), credentials=CREDENTIALS, clock=world,
            places=at_alpaca(server.url),
        )  # fmt: skip
        try:
            day.trade.once()
            events = list(day.storage.events())
        finally:
            day.close()

    assert [event.code for event in events if isinstance(event, AlarmRaised)] == ["protective_stop_unavailable"]
    assert not [ticket for ticket in world.exchange.received if ticket.is_stop]

"""The slow broker keeps an order back until it was asked about often enough; called back meanwhile, it never fills."""

from __future__ import annotations

import datetime as dt

import pytest
from attrs import evolve

from builders_hedge_day import share_ticket
from gammacore import configure, wire_day
from gammacore.adapters.fake.stand_ins import SlowBroker
from gammacore.domain.orders import OrderState, OrderTicket, Purpose
from gammacore.errors import BrokerError


@pytest.fixture
def broker() -> SlowBroker:
    day = wire_day(configure([{"market.underlying": "SPY"}]))
    day.trade.clock.wait_until(day.session.open + dt.timedelta(minutes=30))
    return SlowBroker(day.trade.broker, fills_on=3)


def a_ticket(order: str = "gc-1") -> OrderTicket:
    return evolve(share_ticket(order, Purpose.ENTRY, 10, closes=False, reason="test"), limit=None)


def test_an_order_reaches_the_exchange_on_the_query_it_was_given_and_not_before(broker: SlowBroker) -> None:
    broker.submit(a_ticket())
    reached = []
    for _ in range(3):
        report = broker.order("gc-1")
        assert report is not None
        assert report.state is OrderState.ACCEPTED
        reached.append(broker.inner.order("gc-1") is not None)

    assert reached == [False, False, True]
    assert [one.id for one in broker.orders()] == ["gc-1"]


def test_an_order_called_back_in_time_never_fills(broker: SlowBroker) -> None:
    broker.submit(a_ticket())
    broker.cancel("gc-1")

    assert [report.state for report in (broker.order("gc-1") for _ in range(4)) if report] == [OrderState.CANCELED] * 4
    assert broker.holdings() == {}
    with pytest.raises(BrokerError):
        broker.cancel("gc-1")


def test_a_repeated_id_is_one_order_and_an_unknown_one_is_none(broker: SlowBroker) -> None:
    assert broker.submit(a_ticket()) == broker.submit(a_ticket())
    assert len(broker.taken) == 1
    assert broker.order("gc-2") is None

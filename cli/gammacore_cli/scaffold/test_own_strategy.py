"""own-strategy trades a simulated day, offline, at a broker that fills at once and at slow ones. Run with pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

import gammacore
from gammacore.adapters.fake.stand_ins import SlowBroker
from gammacore.domain.ledger import TicketRefused
from gammacore.domain.orders import Purpose
from gammacore.ports.broker import Broker
from gammacore.wiring import load_strategy

FILE = Path(__file__).with_name("own_strategy.py")
STRATEGY = f"{FILE}:OwnStrategy"  # as in `gammacore trade --strategy`


def trade_a_day(fills_on: int, seed: int = 57) -> tuple[SlowBroker, gammacore.DayReport, list[TicketRefused]]:
    """A simulated day at a broker that fills an order on the `fills_on`-th query; and what the guard refused."""
    brokers: list[SlowBroker] = []

    def slow(broker: Broker) -> Broker:
        brokers.append(SlowBroker(broker, fills_on))
        return brokers[0]

    settings = {"trade.strategy": STRATEGY, "market.seed": seed, "orders.poll_seconds": 0}
    day = gammacore.wire_day(gammacore.configure([settings]), wrap_broker=slow)
    try:
        day.trade()
        events = list(day.storage.events())
        refused = [event for event in events if isinstance(event, TicketRefused)]
        return brokers[0], gammacore.day_report(events), refused
    finally:
        day.close()


def shares(broker: SlowBroker, purpose: Purpose) -> list[int]:
    return [ticket.quantity for ticket in broker.taken if ticket.purpose is purpose]


def test_it_can_be_loaded() -> None:
    assert load_strategy(STRATEGY).name == "own-strategy"


@pytest.mark.parametrize("seed", [1, 57])
def test_a_simulated_day_ends_flat_and_its_money_adds_up(seed: int) -> None:
    broker, report, _ = trade_a_day(fills_on=1, seed=seed)

    assert (report.entries, report.ended, report.finished) == (1, 1, True)
    assert report.balance == report.starting_balance + report.pnl - report.fees
    assert broker.holdings() == {}


@pytest.mark.parametrize("fills_on", [1, 2, 3, 4])
def test_slow_fills_never_buy_or_sell_twice(fills_on: int) -> None:
    broker, _, refused = trade_a_day(fills_on)

    assert (shares(broker, Purpose.ENTRY), shares(broker, Purpose.EXIT)) == ([5], [5])
    assert broker.holdings() == {}
    assert refused == []  # the guard stops a second order of the same kind; a good strategy never asks for one

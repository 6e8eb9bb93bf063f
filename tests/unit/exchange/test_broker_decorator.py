"""A broker around another one passes every call of the port on, and each in one place."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, evolve, field

from builders_exchange import an_entry
from counterparts.world import scripted_world
from gammacore.domain.orders import OrderReport
from gammacore.ports.broker import Answer, Broker, BrokerCall, BrokerDecorator


@define(eq=False)
class Noting(BrokerDecorator):
    calls: list[BrokerCall] = field(factory=list)

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        self.calls.append(call)
        return ask()

    def passed_on(self, report: OrderReport) -> OrderReport:
        return evolve(report, reason="seen")


def test_every_call_is_made_once_by_around_and_every_report_is_passed_on() -> None:
    world, ticket = scripted_world(), an_entry()
    broker = Noting(world.exchange)

    receipt = broker.submit(ticket)
    broker.cancel(ticket.id)
    reports = [broker.order(ticket.id), broker.order_by_broker_id(ticket.id, receipt.broker_id), *broker.orders()]
    answers = broker.holdings(), broker.clock(), broker.account()

    assert broker.calls == list(BrokerCall)
    assert [report and report.reason for report in reports] == ["seen"] * 3
    assert answers == (world.exchange.holdings(), world.exchange.clock(), world.exchange.account())
    assert broker.order("gc-none") is None


def test_no_call_of_the_port_is_left_to_a_broker_that_changes_nothing() -> None:
    calls = {name for name, method in vars(Broker).items() if callable(method) and not name.startswith("_")}

    assert len(calls) == len(BrokerCall)
    assert calls <= vars(BrokerDecorator).keys()

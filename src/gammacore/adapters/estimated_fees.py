"""A broker whose fills cost what its orders leave out: rows of orders at Tradier and Alpaca carry no fee.

Clearing tells it the night after. Until then P/L after fees and the balance would be overstated, so what a fill costs
by the schedule is booked with it: an estimate, as good as the figures the user entered. Rules: CS-419, brokers.md 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open


@frozen
class EstimatedFees:
    """Implements ports.broker over another. A fee that the broker reports is kept.

    Where a report lacks its legs, `ticket_of` says what was ordered; an order of another sender costs nothing then.
    """

    broker: Broker
    schedule: FeeSchedule
    ticket_of: Callable[[str], OrderTicket | None] = lambda order_id: None

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self.broker.submit(ticket, gate)

    def cancel(self, order_id: str) -> None:
        self.broker.cancel(order_id)

    def order(self, order_id: str) -> OrderReport | None:
        report = self.broker.order(order_id)
        return None if report is None else self._charged(report)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        report = self.broker.order_by_broker_id(order_id, broker_id)
        return None if report is None else self._charged(report)

    def orders(self) -> Sequence[OrderReport]:
        return [self._charged(report) for report in self.broker.orders()]

    def holdings(self) -> Mapping[str, int]:
        return self.broker.holdings()

    def clock(self) -> BrokerClock:
        return self.broker.clock()

    def account(self) -> BrokerAccount:
        return self.broker.account()

    def _charged(self, report: OrderReport) -> OrderReport:
        filled = report.execution
        if filled.fees or not filled.any:
            return report
        fills = filled.legs or self._fills_of(self.ticket_of(report.id), filled)
        return evolve(report, execution=evolve(filled, fees=self.schedule.of_fills(fills)))

    def _fills_of(self, ticket: OrderTicket | None, filled: Execution) -> tuple[LegFill, ...]:
        legs = () if ticket is None else ticket.legs
        return tuple(LegFill(leg.symbol, leg.side, filled.filled_of(leg), Decimal(0)) for leg in legs)

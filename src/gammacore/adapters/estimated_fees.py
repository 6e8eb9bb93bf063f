"""A broker whose fills cost what its orders leave out: rows of orders at Tradier and Alpaca carry no fee.

Clearing tells it the night after. Until then P/L after fees and the balance would be overstated, so what a fill costs
by the schedule is booked with it: an estimate, as good as the figures the user entered. Rules: CS-419, brokers.md 7.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import define, evolve

from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderTicket
from gammacore.ports.broker import BrokerDecorator


@define(eq=False)
class EstimatedFees(BrokerDecorator):
    """A broker whose fills are charged by a schedule. A fee that the broker reports is kept.

    Where a report lacks its legs, `ticket_of` says what was ordered; an order of another sender costs nothing then.
    """

    schedule: FeeSchedule
    ticket_of: Callable[[str], OrderTicket | None] = lambda order_id: None

    def passed_on(self, report: OrderReport) -> OrderReport:
        filled = report.execution
        if filled.fees or not filled.any:
            return report
        fills = filled.legs or self._fills_of(self.ticket_of(report.id), filled)
        return evolve(report, execution=evolve(filled, fees=self.schedule.of_fills(fills)))

    def _fills_of(self, ticket: OrderTicket | None, filled: Execution) -> tuple[LegFill, ...]:
        legs = () if ticket is None else ticket.legs
        return tuple(LegFill(leg.symbol, leg.side, filled.filled_of(leg), Decimal(0)) for leg in legs)

"""A broker that takes its time: an order fills only when it was asked about often enough. For tests of strategies."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field

from gammacore.domain.orders import NOTHING_FILLED, OrderReport, OrderState, OrderTicket
from gammacore.errors import BrokerError
from gammacore.ports.broker import BrokerDecorator, Receipt, SendGate, always_open


@define(eq=False)
class SlowBroker(BrokerDecorator):
    """Keeps each order back until the `fills_on`-th query about it, then hands it to the broker inside.

    Until then it is accepted and unfilled, and may be called back. `taken` are all orders it received, oldest first.
    Give it to a day as `wire_day(..., wrap_broker=lambda broker: SlowBroker(broker, fills_on=3))`.
    """

    fills_on: int
    taken: list[OrderTicket] = field(factory=list)
    _waiting: dict[str, OrderTicket] = field(factory=dict)
    _reports: dict[str, OrderReport] = field(factory=dict)
    _queries: dict[str, int] = field(factory=dict)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if ticket.id not in self._reports:
            gate()
            now = self.inner.clock().at
            report = OrderReport(ticket.id, f"slow-{ticket.id}", OrderState.ACCEPTED, NOTHING_FILLED, now)
            self.taken.append(ticket)
            self._waiting[ticket.id], self._reports[ticket.id] = ticket, report
        return Receipt(f"slow-{ticket.id}")

    def order(self, order_id: str) -> OrderReport | None:
        if order_id in self._waiting:
            self._queries[order_id] = self._queries.get(order_id, 0) + 1
            if self._queries[order_id] >= self.fills_on:
                self.inner.submit(self._waiting.pop(order_id))
                del self._reports[order_id]
        return self._reports.get(order_id) or self.inner.order(order_id)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self._reports.get(order_id) or self.inner.order_by_broker_id(order_id, broker_id)

    def cancel(self, order_id: str) -> None:
        if order_id not in self._waiting:
            if order_id in self._reports:
                raise BrokerError(f"order {order_id} is already canceled")
            self.inner.cancel(order_id)
            return
        del self._waiting[order_id]
        now = self.inner.clock().at
        self._reports[order_id] = evolve(self._reports[order_id], state=OrderState.CANCELED, at=now)

    def orders(self) -> Sequence[OrderReport]:
        return sorted((*self.inner.orders(), *self._reports.values()), key=lambda report: report.at)

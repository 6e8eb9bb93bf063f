"""A broker that passes every call on; a test overrides the one that it wants otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open


@frozen
class Relay:
    """Stands between a desk and the broker it reaches."""

    inner: Broker

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self.inner.submit(ticket, gate)

    def cancel(self, order_id: str) -> None:
        self.inner.cancel(order_id)

    def order(self, order_id: str) -> OrderReport | None:
        return self.inner.order(order_id)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self.inner.order_by_broker_id(order_id, broker_id)

    def orders(self) -> Sequence[OrderReport]:
        return self.inner.orders()

    def holdings(self) -> Mapping[str, int]:
        return self.inner.holdings()

    def clock(self) -> BrokerClock:
        return self.inner.clock()

    def account(self) -> BrokerAccount:
        return self.inner.account()

"""A broker whose words are fit for the ledger: account number, token and keys in them become ***.

What a broker says of a fault or a rejection is journaled and shown as it said it, and some quote the account back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from attrs import evolve, frozen

from gammacore.domain.orders import OrderReport, OrderTicket
from gammacore.domain.sessions import BrokerClock
from gammacore.errors import BrokerError, OutcomeUnknown
from gammacore.ports.broker import Broker, BrokerAccount, Receipt, SendGate, always_open
from gammacore.ports.credentials import HIDDEN, Secret

Answer = TypeVar("Answer")


@frozen
class DiscreetBroker:
    """Implements ports.broker over another, whose faults and reports it tells without the secrets."""

    broker: Broker
    secrets: tuple[Secret, ...]

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        return self.discreetly(lambda: self.broker.submit(ticket, gate))

    def cancel(self, order_id: str) -> None:
        self.discreetly(lambda: self.broker.cancel(order_id))

    def order(self, order_id: str) -> OrderReport | None:
        report = self.discreetly(lambda: self.broker.order(order_id))
        return None if report is None else self._report(report)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        report = self.discreetly(lambda: self.broker.order_by_broker_id(order_id, broker_id))
        return None if report is None else self._report(report)

    def orders(self) -> Sequence[OrderReport]:
        return [self._report(report) for report in self.discreetly(self.broker.orders)]

    def holdings(self) -> Mapping[str, int]:
        return self.discreetly(self.broker.holdings)

    def clock(self) -> BrokerClock:
        return self.discreetly(self.broker.clock)

    def account(self) -> BrokerAccount:
        return self.discreetly(self.broker.account)

    def discreetly(self, call: Callable[[], Answer]) -> Answer:
        """The answer of a call to this broker; a fault is the same fault in words without the secrets.

        Raises:
            BrokerError: of the class the call raised.
        """
        try:
            return call()
        except BrokerError as fault:
            said = str(fault)
            if (fit := self._hidden(said)) == said:
                raise
            if isinstance(fault, OutcomeUnknown):
                raise OutcomeUnknown(fit, fault.broker_id) from None
            raise type(fault)(fit) from None

    def _report(self, report: OrderReport) -> OrderReport:
        fit = self._hidden(report.reason)
        return report if fit == report.reason else evolve(report, reason=fit)

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret.reveal(), HIDDEN)
        return text

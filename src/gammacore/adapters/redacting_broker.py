"""A broker whose words are fit for the ledger: account number, token and keys in them become ***.

What a broker says of a fault or a rejection is journaled and shown as it said it, and some quote the account back.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, evolve

from gammacore.domain.orders import OrderReport
from gammacore.errors import BrokerError, OutcomeUnknown
from gammacore.ports.broker import Answer, BrokerCall, BrokerDecorator
from gammacore.ports.credentials import HIDDEN, Secret


@define(eq=False)
class RedactingBroker(BrokerDecorator):
    """A broker whose faults and reports are passed on without the secrets."""

    secrets: tuple[Secret, ...]

    def around(self, call: BrokerCall, ask: Callable[[], Answer]) -> Answer:
        return self.redacted(ask)

    def redacted(self, ask: Callable[[], Answer]) -> Answer:
        """The answer of a call to this broker; a fault is the same fault in words without the secrets.

        Raises:
            BrokerError: of the class the call raised.
        """
        try:
            return ask()
        except BrokerError as fault:
            words = str(fault)
            if (fit := self._hidden(words)) == words:
                raise
            if isinstance(fault, OutcomeUnknown):
                raise OutcomeUnknown(fit, fault.broker_id) from None
            raise type(fault)(fit) from None

    def passed_on(self, report: OrderReport) -> OrderReport:
        fit = self._hidden(report.reason)
        return report if fit == report.reason else evolve(report, reason=fit)

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret.reveal(), HIDDEN)
        return text

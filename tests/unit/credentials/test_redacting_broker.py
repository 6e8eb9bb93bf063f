"""What a broker says goes into the ledger without account number, token and keys."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from builders_exchange import an_entry
from builders_ledger import at
from counterparts.world import scripted_world
from gammacore.adapters.redacting_broker import RedactingBroker
from gammacore.domain.orders import NOTHING_FILLED, OrderReport, OrderState, OrderTicket
from gammacore.errors import BrokerError, BrokerUnavailable, OrderRejected, OutcomeUnknown
from gammacore.ports.broker import Broker, Receipt, SendGate, always_open
from gammacore.ports.credentials import Secret

NUMBER, TOKEN = "6YA12345", "t0ken-of-ours"
SECRETS = (Secret(NUMBER), Secret(TOKEN))
LEAKY = f"account {NUMBER} refused Bearer {TOKEN}"


class Talkative:
    """A broker that quotes everything back, over a real fake exchange for what it does not fail at."""

    def __init__(self, fault: BrokerError) -> None:
        self._fault = fault

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        raise self._fault

    def orders(self) -> Sequence[OrderReport]:
        return [OrderReport("gc-1", "7", OrderState.REJECTED, NOTHING_FILLED, at(1), LEAKY)]

    def order(self, order_id: str) -> OrderReport | None:
        return next((report for report in self.orders() if report.id == order_id), None)


@pytest.mark.parametrize("kind", [OrderRejected, BrokerUnavailable, OutcomeUnknown, BrokerError])
def test_a_fault_stays_what_it_is_and_loses_the_secrets(kind: type[BrokerError]) -> None:
    broker = RedactingBroker(Talkative(kind(LEAKY)), SECRETS)  # type: ignore[arg-type]  # only what is asked here

    with pytest.raises(BrokerError) as refused:
        broker.submit(an_entry())

    assert type(refused.value) is kind
    assert str(refused.value) == "account *** refused Bearer ***"
    assert refused.value.__suppress_context__


def test_a_report_loses_them_too() -> None:
    broker = RedactingBroker(Talkative(BrokerError("-")), SECRETS)  # type: ignore[arg-type]  # only what is asked here

    found = broker.order("gc-1")

    assert found is not None
    assert found.reason == broker.orders()[0].reason == "account *** refused Bearer ***"
    assert broker.order("gc-2") is None


def test_all_else_is_as_the_broker_has_it() -> None:
    world = scripted_world()
    broker: Broker = RedactingBroker(world.exchange, SECRETS)
    ticket = an_entry()

    receipt = broker.submit(ticket)

    assert broker.submit(ticket) == receipt
    assert broker.order(ticket.id) == world.exchange.order(ticket.id)
    assert (broker.clock(), broker.account()) == (world.exchange.clock(), world.exchange.account())
    assert broker.holdings() == world.exchange.holdings()
    broker.cancel(ticket.id)
    assert broker.orders() == list(world.exchange.orders())


def test_a_fault_without_secrets_is_the_very_same() -> None:
    fault = BrokerUnavailable("nobody answers")

    with pytest.raises(BrokerUnavailable) as refused:
        RedactingBroker(Talkative(fault), SECRETS).submit(an_entry())  # type: ignore[arg-type]

    assert refused.value is fault

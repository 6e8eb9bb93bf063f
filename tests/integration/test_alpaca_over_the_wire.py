"""Every trouble of Alpaca's wire, met by the adapter at a real socket: what a question and what an order make of it.

Rules: R4, R5, CS-572. No order is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import frozen

from builders import a_put_spread
from builders_exchange import an_entry
from counterparts.alpaca_control import clients_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.alpaca_words import FAULTS
from counterparts.serving import LoopbackServer, serving
from counterparts.world import Asked, World
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.wire import RequestRefused
from gammacore.domain.orders import OrderState, OrderTicket
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

AN_ORDER: dict[str, tuple[type[BrokerError], int]] = {
    "no_answer": (OutcomeUnknown, 0),
    "no_answer_but_taken": (OutcomeUnknown, 1),
    "hung_up": (OutcomeUnknown, 0),
    "hung_up_but_taken": (OutcomeUnknown, 1),
    "400_malformed": (OrderRejected, 0),
    "401_keys": (CredentialRefused, 0),
    "403_level": (OrderRejected, 0),
    "422_no_sense": (OrderRejected, 0),
    "429": (BrokerUnavailable, 0),
    "500": (OutcomeUnknown, 0),
    "500_but_taken": (OutcomeUnknown, 1),
    "502_page": (OutcomeUnknown, 0),
    "503": (OutcomeUnknown, 0),
    "504": (OutcomeUnknown, 0),
    "200_page": (OutcomeUnknown, 1),
    "200_rejection": (OrderRejected, 0),
    "cut_json": (OutcomeUnknown, 1),
    "cut_connection": (OutcomeUnknown, 1),
}
"""What an order is told, and how many orders are at the broker then."""

FINAL_FOR_A_QUESTION: dict[str, type[BrokerError]] = {
    "400_malformed": RequestRefused,
    "401_keys": CredentialRefused,
    "403_level": RequestRefused,
    "422_no_sense": RequestRefused,
}
"""Asking again is useless; after any other trouble a question is asked again."""


@frozen
class Line:
    world: World
    server: LoopbackServer
    broker: AlpacaBroker

    @property
    def arrived(self) -> int:
        return len(self.world.exchange.every_order)


@pytest.fixture
def line() -> Iterator[Line]:
    world = spy_world()
    with serving(alpaca_app(world)) as server:
        clients = clients_of(server)
        yield Line(world, server, AlpacaBroker(clients, world.clock))
        clients.close()


def order(order_id: str = "gc-1") -> OrderTicket:
    return an_entry(order_id, a_put_spread(688, 687, "SPY"), limit="0.23")


def test_every_trouble_is_in_the_table() -> None:
    assert set(AN_ORDER) == set(FAULTS)


@pytest.mark.parametrize("name", AN_ORDER)
def test_an_order_in_trouble_is_sent_once_and_found_again(line: Line, name: str) -> None:
    error, taken = AN_ORDER[name]
    line.world.faults.plan(Asked.SUBMIT, FAULTS[name])
    with pytest.raises(BrokerError) as told:
        line.broker.submit(order())
    sent, at_the_broker = line.world.faults.counted[Asked.SUBMIT], line.arrived
    report = line.broker.order("gc-1")
    line.broker.submit(order())

    assert type(told.value) is error
    assert (sent, at_the_broker) == (1, taken)
    assert (report is not None) == bool(taken)
    assert line.arrived == 1


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"200_rejection"}))
def test_a_question_in_trouble_is_asked_again_where_that_helps(line: Line, name: str) -> None:
    """An order that says it was rejected is no trouble but an answer to this question."""
    line.broker.submit(order())
    before = line.world.faults.counted[Asked.READ]
    line.world.faults.plan(Asked.READ, FAULTS[name])
    if (error := FINAL_FOR_A_QUESTION.get(name)) is None:
        report = line.broker.order("gc-1")
        assert report is not None
        assert report.state is OrderState.ACCEPTED
        return
    with pytest.raises(error):
        line.broker.order("gc-1")
    assert line.world.faults.counted[Asked.READ] == before + 1


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_trouble_that_stays_is_no_answer(line: Line, name: str) -> None:
    """CS-572."""
    line.broker.submit(order())
    line.world.faults.always(Asked.READ, FAULTS[name])
    with pytest.raises(BrokerUnavailable):
        line.broker.holdings()
    line.world.faults.lift()

    assert line.broker.holdings() == {}


def test_nobody_listening_is_unavailable_for_everything(line: Line) -> None:
    asked = (line.broker.orders, line.broker.holdings, line.broker.clock, line.broker.account)
    with line.server.unplugged():
        for question in asked:
            with pytest.raises(BrokerUnavailable):
                question()
        with pytest.raises(BrokerUnavailable):
            line.broker.submit(order())

    assert line.arrived == 0
    assert line.broker.orders() == ()


@pytest.mark.parametrize("name", ["no_answer_but_taken", "hung_up_but_taken", "500_but_taken"])
def test_a_cancel_whose_answer_was_lost_may_have_worked(line: Line, name: str) -> None:
    line.world.exchange.next_submit(never=True)
    line.broker.submit(order())
    line.world.faults.plan(Asked.CANCEL, FAULTS[name])
    with pytest.raises(OutcomeUnknown):
        line.broker.cancel("gc-1")

    report = line.broker.order("gc-1")
    assert report is not None
    assert report.state is OrderState.CANCELED
    assert line.world.faults.counted[Asked.CANCEL] == 1

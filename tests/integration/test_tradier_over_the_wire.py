"""Every trouble of Tradier's wire, met by the adapter at a real socket: what a question and what an order make of it.

Rules: R4, R5, CS-572. No order is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import define

from builders_exchange import an_entry
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import FAULTS, tradier_app
from counterparts.world import ACCOUNT, Asked, World, scripted_world
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.client import Patience, TradierClient
from gammacore.adapters.wire import RequestRefused
from gammacore.domain.orders import OrderState
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

IMPATIENT = Patience(connect_seconds=1.0, answer_seconds=1.0)

AN_ORDER: dict[str, tuple[type[BrokerError], int]] = {
    "connection_refused": (BrokerUnavailable, 0),
    "no_answer": (OutcomeUnknown, 0),
    "no_answer_but_taken": (OutcomeUnknown, 1),
    "hung_up": (OutcomeUnknown, 0),
    "hung_up_but_taken": (OutcomeUnknown, 1),
    "400_text": (OrderRejected, 0),
    "400_list": (OrderRejected, 0),
    "401_fault": (CredentialRefused, 0),
    "429": (BrokerUnavailable, 0),
    "500_datastore": (OutcomeUnknown, 0),
    "500_datastore_but_taken": (OutcomeUnknown, 1),
    "500_expired_token": (CredentialRefused, 0),
    "502_page": (OutcomeUnknown, 0),
    "504": (OutcomeUnknown, 0),
    "200_rejection": (OrderRejected, 0),
    "cut_json": (OutcomeUnknown, 1),
    "cut_connection": (OutcomeUnknown, 1),
}
"""What an order is told, and how many orders are at the broker then."""

FINAL_FOR_A_QUESTION: dict[str, type[BrokerError]] = {
    "400_text": RequestRefused,
    "400_list": RequestRefused,
    "401_fault": CredentialRefused,
    "500_expired_token": CredentialRefused,
    "200_rejection": RequestRefused,
}
"""Asking again is useless; after any other trouble a question is asked again."""


@define
class Line:
    world: World
    server: LoopbackServer
    client: TradierClient
    broker: TradierBroker


@pytest.fixture
def line() -> Iterator[Line]:
    world = scripted_world()
    with serving(tradier_app(world)) as server:
        client = tradier_client(server, world, IMPATIENT)
        yield Line(world, server, client, TradierBroker(client, ACCOUNT))
        client.close()


def meet(line: Line, name: str, asked: Asked, times: int = 1) -> None:
    """A refused connection is planned for the question before the order: nobody listens after its answer."""
    before = Asked.READ if name == "connection_refused" else asked
    line.world.faults.plan(before, FAULTS[name], times)
    if name == "connection_refused" and asked is Asked.SUBMIT:
        line.broker.orders()


def arrived(line: Line) -> int:
    return len(line.world.exchange.every_order)


def test_every_trouble_is_in_the_table() -> None:
    assert set(AN_ORDER) == set(FAULTS)


@pytest.mark.parametrize("name", AN_ORDER)
def test_an_order_in_trouble_is_sent_once_and_found_again(line: Line, name: str) -> None:
    error, taken = AN_ORDER[name]
    meet(line, name, Asked.SUBMIT)
    with pytest.raises(BrokerError) as told:
        line.broker.submit(ticket := an_entry("gc-1"))
    sent, at_the_broker = line.world.faults.counted[Asked.SUBMIT], arrived(line)
    if name == "connection_refused":
        line.server.plug()
    report = line.broker.order("gc-1")
    line.broker.submit(ticket)

    assert type(told.value) is error
    assert sent == (0 if name == "connection_refused" else 1)
    assert at_the_broker == taken
    assert (report is not None) == bool(taken)
    assert arrived(line) == 1


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"connection_refused"}))
def test_a_question_in_trouble_is_asked_again_where_that_helps(line: Line, name: str) -> None:
    line.broker.submit(an_entry("gc-1"))
    before = line.world.faults.counted[Asked.READ]
    meet(line, name, Asked.READ)
    if (error := FINAL_FOR_A_QUESTION.get(name)) is None:
        report = line.broker.order("gc-1")
        assert report is not None
        assert report.state is OrderState.ACCEPTED
        return
    with pytest.raises(error):
        line.broker.order("gc-1")
    assert line.world.faults.counted[Asked.READ] == before + 1


@pytest.mark.parametrize("name", sorted(set(FAULTS) - set(FINAL_FOR_A_QUESTION) - {"connection_refused"}))
def test_a_trouble_that_stays_is_no_answer(line: Line, name: str) -> None:
    """CS-572."""
    line.broker.submit(an_entry("gc-1"))
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
            line.broker.submit(an_entry("gc-1"))

    assert arrived(line) == 0


@pytest.mark.parametrize("name", ["no_answer_but_taken", "hung_up_but_taken", "500_datastore_but_taken"])
def test_a_cancel_whose_answer_was_lost_may_have_worked(line: Line, name: str) -> None:
    line.world.exchange.next_submit(never=True)
    line.broker.submit(an_entry("gc-1"))
    meet(line, name, Asked.CANCEL)
    with pytest.raises(OutcomeUnknown):
        line.broker.cancel("gc-1")

    report = line.broker.order("gc-1")
    assert report is not None
    assert report.state is OrderState.CANCELED
    assert line.world.faults.counted[Asked.CANCEL] == 1


def test_paced_below_the_limit_nobody_is_turned_away(line: Line) -> None:
    """brokers.md 3.2: waiting is the world's time, so it takes none of ours."""
    began = line.world.now()
    for _ in range(300):
        line.broker.clock()

    assert 120 <= (line.world.now() - began).total_seconds() <= 240

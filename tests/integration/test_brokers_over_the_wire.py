"""Every trouble of a broker's wire, met by its adapter at a real socket: what a question and what an order make of it.

Rules: R4, R5, CS-572. No order is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from attrs import frozen

from counterparts.served_brokers import ALPACA, TRADIER, Dialect, ServedBroker, served
from counterparts.world import Asked
from gammacore.adapters.wire import RequestRefused
from gammacore.domain.orders import OrderState
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

UNPLUGGED = "connection_refused"


@frozen
class Troubles:
    """What an order is answered by the name of a trouble, how many orders are at the broker then; what a question is
    answered where asking again is useless (after any other it is asked again), and what is an answer to one."""

    dialect: Dialect
    of_an_order: Mapping[str, tuple[type[BrokerError], int]]
    final_for_a_question: Mapping[str, type[BrokerError]]
    answers: frozenset[str] = frozenset()


AT = {
    "tradier": Troubles(
        TRADIER,
        {
            UNPLUGGED: (BrokerUnavailable, 0),
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
        },
        {
            "400_text": RequestRefused,
            "400_list": RequestRefused,
            "401_fault": CredentialRefused,
            "500_expired_token": CredentialRefused,
            "200_rejection": RequestRefused,
        },
    ),
    "alpaca": Troubles(
        ALPACA,
        {
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
        },
        {
            "400_malformed": RequestRefused,
            "401_keys": CredentialRefused,
            "403_level": RequestRefused,
            "422_no_sense": RequestRefused,
        },
        answers=frozenset({"200_rejection"}),  # an order that says it was rejected
    ),
}


def each(*without: str, ending: str = "") -> list[tuple[str, str]]:
    """(broker, trouble) of all that are served."""
    return [
        (broker, name)
        for broker, troubles in AT.items()
        for name in troubles.dialect.faults
        if name not in without and name.endswith(ending)
    ]


def at_each(cases: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("broker", "name"), cases)


@pytest.fixture
def line(broker: str) -> Iterator[ServedBroker]:
    with served(AT[broker].dialect) as control:
        yield control


@pytest.mark.parametrize("broker", AT)
def test_every_trouble_is_in_the_table(broker: str) -> None:
    assert set(AT[broker].of_an_order) == set(AT[broker].dialect.faults)


@at_each(each())
def test_an_order_in_trouble_is_sent_once_and_found_again(line: ServedBroker, broker: str, name: str) -> None:
    """A refused connection is planned for the question before the order: nobody listens after its answer."""
    (error, taken), ticket = AT[broker].of_an_order[name], line.entry("gc-1")
    is_unplugged = name == UNPLUGGED
    line.world.faults.plan(Asked.READ if is_unplugged else Asked.SUBMIT, line.dialect.faults[name])
    if is_unplugged:
        line.broker.orders()
    with pytest.raises(BrokerError) as raised:
        line.broker.submit(ticket)
    sent, at_the_broker = line.world.faults.counted[Asked.SUBMIT], line.orders_arrived()
    if is_unplugged:
        line.server.plug()
    report = line.broker.order("gc-1")
    line.broker.submit(ticket)

    assert type(raised.value) is error
    assert (sent, at_the_broker) == (0 if is_unplugged else 1, taken)
    assert (report is not None) == bool(taken)
    assert line.orders_arrived() == 1


@at_each([case for case in each(UNPLUGGED) if case[1] not in AT[case[0]].answers])
def test_a_question_in_trouble_is_asked_again_where_that_helps(line: ServedBroker, broker: str, name: str) -> None:
    line.broker.submit(line.entry("gc-1"))
    before = line.world.faults.counted[Asked.READ]
    line.world.faults.plan(Asked.READ, line.dialect.faults[name])
    if (error := AT[broker].final_for_a_question.get(name)) is None:
        report = line.broker.order("gc-1")
        assert report is not None
        assert report.state is OrderState.ACCEPTED
        return
    with pytest.raises(error):
        line.broker.order("gc-1")
    assert line.world.faults.counted[Asked.READ] == before + 1


@at_each(each(UNPLUGGED))
def test_a_trouble_that_stays_is_no_answer(line: ServedBroker, name: str) -> None:
    """CS-572."""
    line.broker.submit(line.entry("gc-1"))
    line.world.faults.always(Asked.READ, line.dialect.faults[name])
    with pytest.raises(BrokerUnavailable):
        line.broker.holdings()
    line.world.faults.lift()

    assert line.broker.holdings() == {}


@pytest.mark.parametrize("broker", AT)
def test_no_listener_is_unavailable_for_everything(line: ServedBroker) -> None:
    asked = (line.broker.orders, line.broker.holdings, line.broker.clock, line.broker.account)
    with line.server.unplugged():
        for question in asked:
            with pytest.raises(BrokerUnavailable):
                question()
        with pytest.raises(BrokerUnavailable):
            line.broker.submit(line.entry("gc-1"))

    assert line.orders_arrived() == 0
    assert list(line.broker.orders()) == []


@at_each(each(ending="_but_taken"))
def test_a_cancel_whose_answer_was_lost_may_have_worked(line: ServedBroker, name: str) -> None:
    line.rests()
    line.broker.submit(line.entry("gc-1"))
    line.world.faults.plan(Asked.CANCEL, line.dialect.faults[name])
    with pytest.raises(OutcomeUnknown):
        line.broker.cancel("gc-1")

    report = line.broker.order("gc-1")
    assert report is not None
    assert report.state is OrderState.CANCELED
    assert line.world.faults.counted[Asked.CANCEL] == 1


@pytest.mark.parametrize("broker", ["tradier"])
def test_paced_below_the_limit_no_request_is_turned_away(line: ServedBroker) -> None:
    """brokers.md 3.2: waiting is the world's time, so it takes none of ours."""
    began = line.world.now()
    for _ in range(300):
        line.broker.clock()

    assert 120 <= (line.world.now() - began).total_seconds() <= 240

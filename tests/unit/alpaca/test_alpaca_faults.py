"""The fault table: what each trouble of the wire means for a question and for an order; no order is posted twice."""

from __future__ import annotations

import socket
import traceback

import pytest
import requests
from attrs import evolve

from builders import a_put_spread
from builders_alpaca import KEYS, NOT_FOUND_WORDS, Answer, Wire, answering, order_words
from builders_exchange import an_entry
from gammacore.adapters.alpaca.client import Endpoints, connect
from gammacore.adapters.alpaca.faults import trouble_of
from gammacore.adapters.wire import Repeats, RequestRefused, Trouble, UnreadableAnswer
from gammacore.domain.orders import OrderState
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

TICKET = an_entry("gc-1", a_put_spread(688, 687, "SPY"), limit="0.23")
HTML = Answer(502, "<html><h1>502 Bad Gateway</h1></html>", "text/html")
ATTEMPTS = Repeats().attempts

TABLE = [
    ("silence", Answer(fault="silence"), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("hang up", Answer(fault="hang_up"), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("cut JSON", Answer(body='{"id": "83f', fault="cut"), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("half JSON", Answer(body='{"id": "83f'), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("empty 200", Answer(body=""), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("HTML 200", evolve(HTML, status=200), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("another JSON", answering(["surprise"]), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("deep JSON", Answer(body="[" * 100_000), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("redirect", Answer(302, ""), UnreadableAnswer, OutcomeUnknown, ATTEMPTS),
    ("400 text", Answer(400, "bad request"), RequestRefused, OrderRejected, 1),
    ("400 list", answering(["a", "b"], 400), RequestRefused, OrderRejected, 1),
    (
        "401",
        answering({"code": 40110000, "message": "request is not authorized"}, 401),
        CredentialRefused,
        CredentialRefused,
        1,
    ),
    ("403", answering({"code": 40310000, "message": "no buying power"}, 403), RequestRefused, OrderRejected, 1),
    ("404 page", Answer(404, "<html>", "text/html"), RequestRefused, RequestRefused, 1),
    ("408", Answer(408), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("422", answering({"code": 42210000, "message": "side is missing"}, 422), RequestRefused, OrderRejected, 1),
    ("429", answering({"message": "too many requests."}, 429), BrokerUnavailable, BrokerUnavailable, ATTEMPTS),
    (
        "500",
        answering({"code": 50010000, "message": "internal server error"}, 500),
        BrokerUnavailable,
        OutcomeUnknown,
        4,
    ),
    ("502 HTML", HTML, BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("503", Answer(503), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
    ("504", Answer(504), BrokerUnavailable, OutcomeUnknown, ATTEMPTS),
]
CASES = [pytest.param(*row[1:], id=row[0]) for row in TABLE]


@pytest.mark.parametrize(("answer", "for_a_read", "for_an_order", "reads"), CASES)
def test_a_question_is_repeated_while_its_trouble_may_pass(
    wire: Wire, answer: Answer, for_a_read: type[BrokerError], for_an_order: type[BrokerError], reads: int
) -> None:
    """Rules: R5, CS-572."""
    wire.script.tell(answer)
    began = wire.clock.now()

    for number, ask in enumerate((wire.broker.account, wire.broker.orders), start=1):
        with pytest.raises(BrokerError) as fault:
            ask()
        assert type(fault.value) is for_a_read
        assert len(wire.script.asked) == number * reads
    pauses = 2 * (0.5 + 1 + 2) if reads > 1 else 0
    assert (wire.clock.now() - began).total_seconds() == pauses


@pytest.mark.parametrize(("answer", "for_a_read", "for_an_order", "reads"), CASES)
def test_an_order_is_posted_once_whatever_becomes_of_it(
    wire: Wire, answer: Answer, for_a_read: type[BrokerError], for_an_order: type[BrokerError], reads: int
) -> None:
    """Rule: R4."""
    wire.script.tell(answer)

    with pytest.raises(BrokerError) as fault:
        wire.broker.submit(TICKET)

    assert type(fault.value) is for_an_order
    assert [request.method for request in wire.script.asked] == ["POST"]


def test_a_cancel_is_asked_once_and_a_lost_answer_is_no_cancel(wire: Wire) -> None:
    for answer, kind in (
        (Answer(504), OutcomeUnknown),
        (Answer(fault="silence"), OutcomeUnknown),
        (answering({"message": "order is not cancelable"}, 422), RequestRefused),
        (answering(NOT_FOUND_WORDS, 404), RequestRefused),
    ):
        wire.script.asked.clear()
        wire.script.tell(order_words(), answer)
        with pytest.raises(BrokerError) as fault:
            wire.broker.cancel("gc-1")
        assert type(fault.value) is kind
        assert [request.method for request in wire.script.asked] == ["GET", "DELETE"]


def test_without_a_connection_nothing_left(wire: Wire) -> None:
    """Nobody listens on the port: the order may be sent again."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        clients = connect(KEYS, Endpoints(trading=url, data=url))
        with pytest.raises(BrokerUnavailable):
            evolve(wire.broker, clients=clients).submit(TICKET)
        with pytest.raises(BrokerUnavailable):
            evolve(wire.broker, clients=clients).account()
        clients.close()


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (requests.ConnectTimeout(), Trouble.NOT_CONNECTED),
        (requests.ReadTimeout(), Trouble.NO_ANSWER),
        (requests.ConnectionError("reset"), Trouble.NO_ANSWER),
        (requests.exceptions.ChunkedEncodingError(), Trouble.NO_ANSWER),
        (requests.exceptions.ContentDecodingError(), Trouble.NO_ANSWER),
        (requests.exceptions.SSLError("in the middle"), Trouble.NO_ANSWER),
        (requests.exceptions.InvalidURL(), Trouble.NOT_CONNECTED),
        (requests.exceptions.MissingSchema(), Trouble.NOT_CONNECTED),
        (KeyError("next_page_token"), Trouble.UNREADABLE),
        (AttributeError("NoneType"), Trouble.UNREADABLE),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), Trouble.UNREADABLE),
    ],
)
def test_only_what_surely_never_left_counts_as_not_sent(fault: Exception, trouble: Trouble) -> None:
    assert trouble_of(fault).trouble is trouble


def test_a_rejection_inside_a_200_has_an_id_and_is_looked_up(wire: Wire) -> None:
    """Rule: CS-408."""
    wire.script.tell(order_words(status="rejected"), order_words(status="rejected"))
    with pytest.raises(OutcomeUnknown):
        wire.broker.submit(TICKET)
    report = wire.broker.order(TICKET.id)
    assert report is not None
    assert report.state is OrderState.REJECTED


def test_the_vendors_own_words_are_the_reason(wire: Wire) -> None:
    wire.script.tell(answering({"code": 40310000, "message": "insufficient options buying power"}, 403))
    with pytest.raises(OrderRejected) as refusal:
        wire.broker.submit(TICKET)
    assert refusal.value.reason == "insufficient options buying power"


def test_keys_are_in_no_error_and_no_repr_even_when_the_server_repeats_them(wire: Wire) -> None:
    key, secret = KEYS.key.reveal(), KEYS.secret.reveal()
    for status in (400, 401, 403, 429, 500):
        wire.script.tell(answering({"message": f"forbidden for {key} with {secret}"}, status))
        for ask in (lambda: wire.broker.submit(TICKET), wire.broker.account):
            with pytest.raises(BrokerError) as fault:
                ask()
            all_of_it = "".join(traceback.format_exception(fault.value)) + repr(fault.value)
            assert key not in all_of_it
            assert secret not in all_of_it
    for shown in (repr(wire.broker), repr(wire.clients), repr(KEYS)):
        assert key not in shown
        assert secret not in shown

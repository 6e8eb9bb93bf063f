"""What our code does when Tradier's wire goes wrong: for a question, an order, a cancel. Rules: R4, R5, CS-572."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from attrs import frozen

from builders_tradier import ACCOUNT, NO_ORDERS, TAKEN, TOKEN, Answer, ScriptedWire, a_put_spread, a_row, answered

from builders_tradier import broker_of, client_of  # isort: skip

from gammacore.adapters.tradier.faults import WireTrouble
from gammacore.adapters.wire import Asked, RequestRefused, Trouble, UnreadableAnswer
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

ASKED_AGAIN, ASKED_ONCE = 3, 1


@frozen
class Case:
    """One fault: what a question ends with after so many requests, an order and a cancel after one."""

    answer: Answer
    read: type[BrokerError]
    requests: int
    order: type[BrokerError]
    cancel: type[BrokerError]


def fault(text: str, code: str) -> dict[str, object]:
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


EXPIRED = fault("Access Token expired", "keymanagement.service.access_token_expired")
INVALID = fault("Invalid Access Token", "keymanagement.service.invalid_access_token")
DATASTORE = fault("Datastore Error", "steps.servicecallout.ExecutionFailed")
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"

GONE = (BrokerUnavailable, ASKED_AGAIN, BrokerUnavailable, BrokerUnavailable)
DOUBT = (BrokerUnavailable, ASKED_AGAIN, OutcomeUnknown, OutcomeUnknown)
GARBLED = (UnreadableAnswer, ASKED_AGAIN, OutcomeUnknown, OutcomeUnknown)
NO = (RequestRefused, ASKED_ONCE, OrderRejected, RequestRefused)
TOKEN_NO = (CredentialRefused, ASKED_ONCE, CredentialRefused, CredentialRefused)

FAULTS = {
    "connect time-out": Case(httpx.ConnectTimeout("late"), *GONE),
    "connection refused": Case(httpx.ConnectError("no"), *GONE),
    "no free connection": Case(httpx.PoolTimeout("late"), *GONE),
    "read time-out": Case(httpx.ReadTimeout("late"), *DOUBT),
    "write time-out": Case(httpx.WriteTimeout("late"), *DOUBT),
    "connection broken": Case(httpx.ReadError("reset"), *DOUBT),
    "disconnected without an answer": Case(httpx.RemoteProtocolError("gone"), *DOUBT),
    "400 text": Case(answered("Invalid parameter, quantity: must be 1 or more.", 400), *NO),
    "400 error": Case(answered({"errors": {"error": "Invalid symbol"}}, 400), *NO),
    "400 list": Case(answered({"errors": {"error": ["Invalid symbol", "Invalid price"]}}, 400), *NO),
    "404": Case(answered("", 404), *NO),
    "redirect": Case(answered("", 302, {"location": "http://elsewhere.test"}), *NO),
    "401 fault": Case(answered(INVALID, 401), *TOKEN_NO),
    "401 text": Case(answered("Invalid access token", 401), *TOKEN_NO),
    "403": Case(answered("Access denied", 403), *TOKEN_NO),
    "429": Case(answered("Quota Violation", 429), *GONE),
    "500 Datastore Error": Case(answered(DATASTORE, 500), *DOUBT),
    "500 expired token": Case(answered(EXPIRED, 500), *TOKEN_NO),
    "500 nothing": Case(answered("", 500), *DOUBT),
    "502 HTML": Case(answered(HTML, 502), *DOUBT),
    "503": Case(answered("Service Unavailable", 503), *DOUBT),
    "504": Case(answered("Gateway Timeout", 504), *DOUBT),
    "408": Case(answered("", 408), *DOUBT),
    "200 with errors": Case(answered({"errors": {"error": "Order would exceed buying power"}}), *NO),
    "200 with a fault": Case(answered(INVALID), *TOKEN_NO),
    "200 cut": Case(answered('{"order": {"id": 7, "sta'), *GARBLED),
    "200 empty": Case(answered(""), *GARBLED),
    "200 HTML": Case(answered(HTML), *GARBLED),
    "200 NaN": Case(answered('{"order": {"id": NaN, "status": "ok"}}'), *GARBLED),
}
each_fault = pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())


@each_fault
def test_a_question_is_asked_again_while_that_may_help_and_never_answered_with_nothing(case: Case) -> None:
    wire = ScriptedWire({"GET": [case.answer]})

    with pytest.raises(BrokerUnavailable) as outage:
        broker_of(wire).holdings()

    assert type(outage.value) is case.read
    assert wire.count("GET") == case.requests


@each_fault
def test_an_order_is_sent_once_whatever_happens(case: Case) -> None:
    wire = ScriptedWire({"GET": [answered(NO_ORDERS)], "POST": [case.answer]})

    with pytest.raises(BrokerError) as outcome:
        broker_of(wire).submit(a_put_spread())

    assert type(outcome.value) is case.order
    assert wire.count("POST") == 1


@each_fault
def test_a_cancel_is_sent_once_and_its_failure_says_whether_it_left(case: Case) -> None:
    wire = ScriptedWire({"GET": [answered({"orders": {"order": a_row()}})], "DELETE": [case.answer]})

    with pytest.raises(BrokerError) as outcome:
        broker_of(wire).cancel(a_put_spread().id)

    assert type(outcome.value) is case.cancel
    assert wire.count("DELETE") == 1


@each_fault
def test_an_order_that_cannot_be_looked_up_is_not_sent_again(case: Case) -> None:
    """Rule: R1."""
    wire = ScriptedWire({"GET": [case.answer], "POST": [httpx.ReadTimeout("late"), answered(TAKEN)]})
    broker = broker_of(wire)
    with pytest.raises(OutcomeUnknown):
        broker.submit(a_put_spread())

    with pytest.raises(BrokerUnavailable):
        broker.submit(a_put_spread())

    assert wire.count("POST") == 1


@each_fault
def test_a_new_order_leaves_while_the_list_of_orders_is_down(case: Case) -> None:
    """CS-408: the stop of an issue could not be sent 355 times."""
    wire = ScriptedWire({"GET": [case.answer], "POST": [answered(TAKEN)]})

    assert broker_of(wire).submit(a_put_spread()).broker_id == "7"
    assert wire.count("GET") == 0


@each_fault
def test_no_error_tells_the_token_or_the_account(case: Case) -> None:
    for method in ("GET", "POST", "DELETE"):
        wire = ScriptedWire({method: [case.answer]})
        with pytest.raises(BrokerError) as outcome:
            ask(wire, method)
        assert TOKEN not in f"{outcome.value!r}{outcome.value}"
        assert ACCOUNT not in str(outcome.value)
        assert outcome.value.__cause__ is None


def ask(wire: ScriptedWire, method: str) -> object:
    client = client_of(wire)
    path = f"accounts/{ACCOUNT}/orders"
    if method == "GET":
        return client.get(path)
    return client.post(path, {}) if method == "POST" else client.delete(f"{path}/7")


def test_a_question_is_answered_when_the_fault_has_passed() -> None:
    wire = ScriptedWire({"GET": [httpx.ReadTimeout("late"), answered(DATASTORE, 500), answered({"positions": "null"})]})
    assert broker_of(wire).holdings() == {}
    assert wire.count("GET") == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"order": {"errors": "Not enough buying power.", "status": "Bad Request", "result": False}}, "Not enough"),
        ({"errors": {"error": ["Backoffice rejected", "InitialMargin"]}}, "Backoffice rejected; InitialMargin"),
    ],
)
def test_a_rejection_inside_a_success_is_a_rejection_in_tradiers_words(body: object, reason: str) -> None:
    wire = ScriptedWire({"GET": [answered(NO_ORDERS)], "POST": [answered(body)]})

    with pytest.raises(OrderRejected) as refusal:
        broker_of(wire).submit(a_put_spread())

    assert reason in refusal.value.reason


@pytest.mark.parametrize("status", [200, 202, 400, 403, 422, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"order": {"id": 41, "status": "error", "reason_description": "OptionLevelRestriction"}},
        {"order": {"id": 41, "status": "rejected"}},
        {"order": {"id": 41, "status": "ok"}, "errors": {"error": ["Warning: PDT"]}},
        {"order": {"id": "41", "status": "ok", "errors": {"error": "Duplicate order"}}},
    ],
    ids=["error", "rejected", "errors beside", "errors inside"],
)
def test_an_error_beside_an_id_leaves_the_order_in_doubt_and_its_id_is_kept(body: object, status: int) -> None:
    """CS-408: it is looked up by that id, and called back by it."""
    wire = ScriptedWire({"POST": [answered(body, status)], "DELETE": [answered({"order": {"id": 41, "status": "ok"}})]})
    broker = broker_of(wire)

    with pytest.raises(OutcomeUnknown) as doubt:
        broker.submit(a_put_spread())

    assert doubt.value.broker_id == "41"
    broker.cancel(a_put_spread().id)
    assert wire.sent[-1].url.path.endswith("/orders/41")


@pytest.mark.parametrize("body", [{}, {"order": {}}, {"order": {"status": "ok"}}, {"order": "null"}, [], "text"])
def test_a_success_without_a_receipt_leaves_the_order_in_doubt(body: object) -> None:
    wire = ScriptedWire({"GET": [answered(NO_ORDERS)], "POST": [answered(json.dumps(body))]})
    with pytest.raises(OutcomeUnknown):
        broker_of(wire).submit(a_put_spread())
    assert wire.count("POST") == 1


def test_a_gateway_that_quotes_the_token_back_is_not_quoted() -> None:
    wire = ScriptedWire({"GET": [answered(f"Bearer {TOKEN} is unknown", 401)]})
    with pytest.raises(CredentialRefused, match=r"Bearer \*\*\* is unknown"):
        client_of(wire).get("user/profile")


@pytest.mark.parametrize(
    ("file", "status", "error"),
    [
        ("fault_access_token_expired.json", 500, CredentialRefused),
        ("fault_invalid_access_token.json", 401, CredentialRefused),
        ("fault_datastore_error_transient.json", 500, BrokerUnavailable),
        ("ws_error.json", 200, RequestRefused),
    ],
)
def test_recorded_faults_are_distinguished(shared_data: Path, file: str, status: int, error: type[BrokerError]) -> None:
    body = (shared_data / "tradier_fixtures" / file).read_text()
    with pytest.raises(error) as raised:
        client_of(ScriptedWire({"GET": [answered(body, status)]})).get("user/profile")
    assert type(raised.value) is error


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_its_error_for_whatever_was_asked(asked: Asked, trouble: Trouble) -> None:
    error = WireTrouble(trouble, "504").to_broker_error(asked, "Tradier GET orders")
    assert isinstance(error, BrokerError)
    assert "504" in str(error)


def test_a_cancel_answered_with_what_is_no_receipt_is_in_doubt() -> None:
    wire = ScriptedWire({"GET": [answered({"orders": {"order": a_row()}})], "DELETE": [answered({"order": "null"})]})
    with pytest.raises(OutcomeUnknown):
        broker_of(wire).cancel(a_put_spread().id)

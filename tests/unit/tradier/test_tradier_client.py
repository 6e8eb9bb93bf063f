"""What the client puts on the wire, and what it never shows."""

from __future__ import annotations

import json
import logging
from decimal import Decimal

import httpx
import pytest

from builders_tradier import ACCOUNT, HOSTS, NOON, TOKEN, ScriptedWire, answered, broker_of, client_of
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import LIVE, SANDBOX, Patience, TradierClient
from gammacore.errors import BrokerUnavailable, InvalidInput
from gammacore.ports.credentials import Secret


def test_every_request_asks_for_json_and_bears_the_token() -> None:
    wire = ScriptedWire({"GET": [answered({})], "POST": [answered({})], "DELETE": [answered({})]})
    client = client_of(wire)

    client.get("user/profile")
    client.post("markets/events/session", {})
    client.delete(f"accounts/{ACCOUNT}/orders/7")

    for request in wire.sent:
        assert request.headers["accept"] == "application/json"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert str(request.url).startswith(HOSTS.rest + "/")


def test_what_is_posted_is_a_form_and_what_is_asked_a_query() -> None:
    wire = ScriptedWire({"GET": [answered({})], "POST": [answered({})]})
    client = client_of(wire)

    client.post(f"accounts/{ACCOUNT}/orders", {"option_symbol[0]": "SPXW260819P06880000", "price": "1.25"})
    client.get("markets/quotes", {"symbols": "SPX,VIX", "greeks": "false"})

    assert wire.sent[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert wire.forms() == [{"option_symbol[0]": "SPXW260819P06880000", "price": "1.25"}]
    assert dict(wire.sent[1].url.params) == {"symbols": "SPX,VIX", "greeks": "false"}


def test_figures_come_as_they_are_written() -> None:
    wire = ScriptedWire({"GET": [answered('{"a": 1.10, "b": 1e2, "c": 3, "d": "1.10"}')]})
    assert client_of(wire).get("x") == {"a": Decimal("1.10"), "b": Decimal("1e2"), "c": 3, "d": "1.10"}


def test_every_wait_for_the_network_is_bounded() -> None:
    seen: list[object] = []

    def wire(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return answered({})

    client_of(wire, patience=Patience(connect_seconds=2, answer_seconds=7)).get("x")
    assert seen == [{"connect": 2, "read": 7, "write": 7, "pool": 7}]


def test_a_session_is_asked_for_again_because_it_orders_nothing() -> None:
    wire = ScriptedWire({"POST": [httpx.ReadTimeout("late"), answered({"stream": {}})]})
    assert client_of(wire).post("accounts/events/session", {}) == {"stream": {}}


def test_the_token_is_in_no_repr_and_in_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    wire = ScriptedWire({"GET": [httpx.ReadTimeout(f"while sending Bearer {TOKEN}")]})
    client = client_of(wire)
    broker = broker_of(wire)

    with caplog.at_level(logging.DEBUG), pytest.raises(BrokerUnavailable) as outage:
        client.get("user/profile")

    shown = [
        repr(client),
        str(client),
        repr(broker),
        repr(outage.value),
        caplog.text,
        json.dumps(vars(client), default=repr),
    ]
    assert not [text for text in shown if TOKEN in text]
    assert ACCOUNT not in repr(broker)


@pytest.mark.parametrize("text", ["", "two words", "line\n", "tökén"])
def test_a_token_no_header_can_bear_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        TradierClient(HOSTS, Secret(text), FakeClock(NOON))
    assert not text or text not in str(refusal.value)


def test_live_and_sandbox_are_different_hosts() -> None:
    assert LIVE.rest == "https://api.tradier.com/v1"
    assert SANDBOX.rest == "https://sandbox.tradier.com/v1"
    assert LIVE.socket != SANDBOX.socket

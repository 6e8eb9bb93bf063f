"""A connection that fails says which host and what to check, at either broker and under either library. OP-004."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
import requests

from gammacore.adapters.alpaca.faults import trouble_of
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import SANDBOX, TradierClient
from gammacore.adapters.tradier.faults import WireTrouble, read_answer, transport_trouble
from gammacore.adapters.wire import Asked, explain
from gammacore.errors import BrokerUnavailable, ConfigurationError, CredentialRefused
from gammacore.ports.credentials import Secret

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
LIBRARY_WORDS = ("ConnectError", "ConnectionError", "HTTPConnection", "Errno", "MaxRetry", "Timeout", "SSLError")

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)

Ask = Callable[[str], object]


def by_httpx(url: str) -> object:
    return httpx.get(url, timeout=2)


def by_requests(url: str) -> object:
    return requests.get(url, timeout=2)


ASKS = pytest.mark.parametrize("ask", [by_httpx, by_requests], ids=["httpx", "requests"])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which no process listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """A server that sends these bytes, whatever it receives, and hangs up."""
    listening: list[socket.socket] = []

    def serve(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=once, daemon=True).start()
        return int(server.getsockname()[1])

    yield serve
    for server in listening:
        server.close()


def sentence(ask: Ask, url: str) -> str:
    with pytest.raises((httpx.HTTPError, requests.RequestException)) as fault:
        ask(url)
    said = explain(fault.value, "api.example.com")
    assert "api.example.com" in said
    assert "check" in said or "try again" in said
    assert not [word for word in LIBRARY_WORDS if word in said]
    return said


@ASKS
def test_a_closed_port_is_refused(ask: Ask, closed_port: int) -> None:
    assert "refuses the connection" in sentence(ask, f"http://127.0.0.1:{closed_port}/")


@ASKS
def test_an_unknown_name_is_a_matter_of_dns(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "the name api.example.com cannot be resolved" in sentence(ask, "http://api.example.com/")


@ASKS
def test_no_route_is_a_matter_of_the_network(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> object:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert "cannot be reached; check the network" in sentence(ask, "http://127.0.0.1:9/")


@ASKS
def test_a_server_without_tls_is_a_matter_of_certificates(ask: Ask, answering: Callable[[bytes], int]) -> None:
    assert "no secure connection" in sentence(ask, f"https://127.0.0.1:{answering(b'HTTP/1.1 200 OK' * 9)}/")


@ASKS
def test_an_answer_that_is_cut_is_distinguished_from_none(ask: Ask, answering: Callable[[bytes], int]) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    assert "broke the connection off" in sentence(ask, f"http://127.0.0.1:{answering(cut)}/")


@ASKS
def test_a_server_that_never_answers_is_reported_as_a_time_out(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "does not answer in time" in sentence(ask, f"http://127.0.0.1:{silent.getsockname()[1]}/")


@ASKS
def test_a_proxy_that_is_not_there_is_named_instead_of_the_broker(
    ask: Ask, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pass-word@127.0.0.1:{closed_port}")

    said = sentence(ask, "http://api.example.com/")

    assert "the proxy on the way to api.example.com failed; check HTTPS_PROXY" in said
    assert "pass-word" not in said


@pytest.mark.parametrize("proxy", ["foo://x", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_a_matter_of_configuration(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=r"the proxy on the way to sandbox\.tradier\.com cannot be used"):
        TradierClient(SANDBOX, Secret("t"), FakeClock(NOON))


def test_certificates_that_are_not_there_are_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="check SSL_CERT_FILE"):
        TradierClient(SANDBOX, Secret("t"), FakeClock(NOON))
    trouble = trouble_of(OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere/ca.pem"))
    assert "REQUESTS_CA_BUNDLE" in trouble.words


@pytest.mark.parametrize("status", [401, 403])
def test_a_page_of_html_that_refuses_is_a_matter_of_the_token_or_keys(status: int) -> None:
    """No word of the page reaches a sentence at Alpaca, no markup at Tradier."""
    page = "<html><head><title>Forbidden</title></head><body><h1>no</h1></body></html>"
    with pytest.raises(WireTrouble) as tradier:
        read_answer(status, page, "api.tradier.com")
    refused = tradier.value.to_broker_error(Asked.READ, "Tradier GET user/profile")
    assert isinstance(refused, CredentialRefused)
    assert "check the Tradier token" in str(refused)
    assert "<" not in str(refused)

    alpaca = trouble_of(requests.HTTPError(response=answered(status, page))).to_broker_error(Asked.READ, "account")
    assert isinstance(alpaca, CredentialRefused)
    assert "check the Alpaca key and secret" in str(alpaca)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_server_that_fails_says_when_to_try_again(status: int) -> None:
    with pytest.raises(WireTrouble) as tradier:
        read_answer(status, "<html>oops</html>", "api.tradier.com")
    alpaca = trouble_of(requests.HTTPError(response=answered(status, "<html>oops</html>")))
    for fault, host in (
        (tradier.value.to_broker_error(Asked.READ, "quotes"), "api.tradier.com"),
        (alpaca.to_broker_error(Asked.READ, "account"), "paper-api.alpaca.markets"),
    ):
        assert type(fault) is BrokerUnavailable
        assert f"{status} " in str(fault)
        assert f"{host} failed on its side; try again" in str(fault) or f"{host} allows no more requests" in str(fault)


def test_the_text_of_a_fault_is_never_quoted() -> None:
    """It may hold what was being sent."""
    for fault in (httpx.ConnectError("Bearer s3cret"), httpx.ReadError("Bearer s3cret")):
        assert "s3cret" not in str(transport_trouble(fault, "api.tradier.com").to_broker_error(Asked.READ, "quotes"))
    assert "s3cret" not in explain(ssl.SSLError("Bearer s3cret"), "api.tradier.com")


def answered(status: int, body: str) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    response.url = "https://paper-api.alpaca.markets/v2/account"
    response.request = requests.Request("GET", response.url).prepare()
    return response

"""One client for Tradier's REST interface: resources by name, JSON in and out, faults in our words.

Questions are asked again a few times, with a growing pause; an order is sent once and never again. Rules: R4, R5.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from functools import cache
from os import environ
from typing import TypeAlias

import httpx
from attrs import frozen

from gammacore.adapters.tradier.accounts import Accounts, Users
from gammacore.adapters.tradier.bounded import bound
from gammacore.adapters.tradier.faults import WireTrouble, read_answer, transport_trouble
from gammacore.adapters.tradier.markets import Markets
from gammacore.adapters.tradier.orders import Orders
from gammacore.adapters.tradier.pacing import Pacer, PacingLimits, lane_of
from gammacore.adapters.wire import Asked, Repeats, Trouble, as_broker_error
from gammacore.adapters.wire.deadline import ask_the_gate, is_over
from gammacore.domain.parameters import parameter
from gammacore.errors import ConfigurationError
from gammacore.ports.broker import SendGate, always_open
from gammacore.ports.clock import Clock
from gammacore.ports.credentials import HIDDEN, Secret

Form: TypeAlias = Mapping[str, str]


@frozen
class TradierHosts:
    """Where one environment answers: REST, the market's HTTP stream, the web-sockets. No slash at the end."""

    rest: str
    stream: str
    socket: str


LIVE = TradierHosts("https://api.tradier.com/v1", "https://stream.tradier.com/v1", "wss://ws.tradier.com/v1")
SANDBOX = TradierHosts(
    "https://sandbox.tradier.com/v1", "https://stream.tradier.com/v1", "wss://sandbox-ws.tradier.com/v1"
)


@frozen
class Patience(Repeats):
    """How long Tradier may take, and how often a question is asked."""

    attempts: int = parameter(3, "Times a question is asked; an order is sent once whatever stands here.", at_least=1)
    connect_seconds: float = parameter(3.0, "To be connected, seconds.", above=0)
    answer_seconds: float = parameter(10.0, "To be answered, seconds.", above=0)


@cache
def _certificates(_file: str, _folder: str) -> ssl.SSLContext:
    """What hosts must prove themselves by, as these variables of the environment say: read once for all clients."""
    return httpx.create_ssl_context()


class TradierClient:
    """Tradier by its resources: `user`, `accounts`, `orders`, `markets`.

    Raises of every request: BrokerUnavailable (nothing was done: no connection, over the limit, CredentialRefused,
    RequestRefused, UnreadableAnswer); of an order or a cancel also OutcomeUnknown; of an order also OrderRejected.

    `transport` is the seam for tests (httpx.MockTransport).
    """

    def __init__(
        self,
        hosts: TradierHosts,
        token: Secret,
        clock: Clock,
        *,
        limits: PacingLimits = PacingLimits(),  # noqa: B008  frozen
        patience: Patience = Patience(),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.hosts = hosts
        self._token = token
        self._clock = clock
        self._patience = patience
        self._pacer = Pacer(clock, limits)
        try:
            self._http = httpx.Client(
                base_url=hosts.rest,
                headers={"Accept": "application/json"},  # XML otherwise
                auth=self._signed,
                timeout=httpx.Timeout(patience.answer_seconds, connect=patience.connect_seconds),
                follow_redirects=False,
                transport=transport,
                verify=_certificates(environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")),
            )
            bound(self._http)
        except (ValueError, ImportError, httpx.InvalidURL):
            raise ConfigurationError(
                f"the proxy on the way to {httpx.URL(hosts.rest).host} cannot be used; check HTTPS_PROXY, HTTP_PROXY "
                "and ALL_PROXY: give http://HOST:PORT (a SOCKS proxy also needs `pip install httpx[socks]`)"
            ) from None
        except OSError:
            raise ConfigurationError("the certificates cannot be read; check SSL_CERT_FILE and SSL_CERT_DIR") from None

    def __repr__(self) -> str:
        return f"TradierClient({self.hosts.rest})"

    @property
    def user(self) -> Users:
        return Users(self)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self)

    @property
    def orders(self) -> Orders:
        return Orders(self)

    @property
    def markets(self) -> Markets:
        return Markets(self)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> object:
        """The decoded JSON of a question; figures with a point are Decimal."""
        return self._asked_again(Asked.READ, "GET", path, params=params)

    def post(self, path: str, form: Form, gate: SendGate = always_open) -> object:
        """The decoded JSON of a form. Under `orders` it is sent once; anything else (a session) may be repeated.

        `gate` is asked after our own pacing and the connection, right before the first byte; see `Broker.submit`.
        """
        if not _places_order(path):
            return self._asked_again(Asked.READ, "POST", path, form=form)
        return self._asked_once(Asked.ORDER, "POST", path, form=form, gate=gate)

    def delete(self, path: str) -> object:
        """The decoded JSON of a cancel, sent once."""
        return self._asked_once(Asked.CANCEL, "DELETE", path)

    def close(self) -> None:
        """Let go of the connections; idempotent."""
        self._http.close()

    # -- one request --------------------------------------------------------------------------------------------------

    def _asked_again(
        self, asked: Asked, method: str, path: str, *, params: Form | None = None, form: Form | None = None
    ) -> object:
        with as_broker_error(asked, _place(method, path)):
            return self._patience.ask(lambda: self._once(method, path, params, form), self._clock)

    def _asked_once(
        self, asked: Asked, method: str, path: str, *, form: Form | None = None, gate: SendGate = always_open
    ) -> object:
        with as_broker_error(asked, _place(method, path)):
            return self._patience.send(lambda: self._once(method, path, None, form), gate)

    def _once(self, method: str, path: str, params: Form | None, form: Form | None) -> object:
        lane = lane_of(method, path)
        if not self._pacer.take_turn(lane, is_over):
            late = "our own rate limit held it back beyond its deadline"
            raise WireTrouble(Trouble.NOT_CONNECTED, f"{late}; look less often (market.look_seconds)")
        ask_the_gate()
        try:
            answer = self._http.request(method, self._address(path), params=params, data=form)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise transport_trouble(fault, self._http.base_url.host) from None
        self._pacer.received(lane, answer.headers)
        try:
            return read_answer(answer.status_code, answer.text, self._http.base_url.host)
        except WireTrouble as reported:
            if reported.trouble is Trouble.BUSY:
                self._pacer.turned_away(lane)
            # A gateway that quotes our header back does not get it into an error.
            words = reported.words.replace(self._token.reveal(), HIDDEN)
            raise WireTrouble(reported.trouble, words, reported.broker_id) from None

    def _address(self, path: str) -> str:
        """Under the interface's version, but for what Tradier serves beside it."""
        return f"{self.hosts.rest.removesuffix('/v1')}/{path}" if path.startswith("beta/") else path

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


def _places_order(path: str) -> bool:
    return path.startswith("accounts/") and path.endswith("/orders")


_ACCOUNT = re.compile(r"(?<=accounts/)(?!events/)[^/]+")


def _place(method: str, path: str) -> str:
    """What a message calls a request: without the account number.

    >>> _place("GET", "accounts/VA12345678/orders")
    'Tradier GET accounts/***/orders'
    """
    return f"Tradier {method} {_ACCOUNT.sub(HIDDEN, path)}"

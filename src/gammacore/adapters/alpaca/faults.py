"""Everything that can go wrong between alpaca-py and Alpaca, told apart in one place and turned into our errors.

The same trouble means different things for a question and for an order: a lost answer to a question may be asked for
again, a lost answer to an order may be an order. Rules: R4, R5, CS-572.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from gammacore.adapters.wire import explain, explain_status
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown

ORDER_NOT_FOUND = 40410000
"""Alpaca's own code for an order it does not have."""

_REFUSALS = frozenset({400, 403, 422})
_SERVER_GAVE_UP = 408
_TOO_MANY = 429
_LONGEST_WORDS = 300
_HIDDEN = "***"
_PLAN_WORDS = ("subscription", "opra agreement")
"""What a refusal of data is about that the account does not pay for."""


class KeysRefused(CredentialRefused):
    """The keys are wrong, or of the other account (paper, live): nothing was done, and asking again is useless."""


class RequestRefused(BrokerUnavailable):
    """Alpaca understood the request and will not: nothing was done, and asking again is useless."""


class UnreadableAnswer(BrokerUnavailable):
    """Alpaca answered a question with something we cannot read: to be taken as no answer, never as "none"."""


class Asked(StrEnum):
    """What a request was for: what its failure means depends on it."""

    READ = "read"
    ORDER = "order"
    CANCEL = "cancel"


class Trouble(StrEnum):
    """What happened on the wire."""

    NOT_CONNECTED = "not_connected"
    """No connection: not a byte of the request left."""
    NO_ANSWER = "no_answer"
    """It left (or some of it), and the time-out came first or the connection broke."""
    UNREADABLE = "unreadable"
    """A success whose body is cut, no JSON, an HTML page or not what alpaca-py expects."""
    BROKEN = "broken"
    """5xx: something behind the gateway failed, before or after it did what was asked."""
    BUSY = "busy"
    """429: over the rate limit, turned away at the gateway."""
    KEYS = "keys"
    """401, or a 403 that is about the keys and not about the request."""
    ABSENT = "absent"
    """404: no such path, or nothing there; whether it proves an order absent is `proves_absence`."""
    REFUSED = "refused"
    """400, 403, 422: the vendor's verdict on the request."""
    TURNED_AWAY = "turned_away"
    """Any other 4xx: not taken, without a verdict."""

    @property
    def passes(self) -> bool:
        """Whether the same question may well be answered a moment later."""
        return self in _PASSING


_PASSING = frozenset({Trouble.NOT_CONNECTED, Trouble.NO_ANSWER, Trouble.UNREADABLE, Trouble.BROKEN, Trouble.BUSY})

_READ: Mapping[Trouble, type[BrokerError]] = {
    Trouble.NOT_CONNECTED: BrokerUnavailable,
    Trouble.NO_ANSWER: BrokerUnavailable,
    Trouble.UNREADABLE: UnreadableAnswer,
    Trouble.BROKEN: BrokerUnavailable,
    Trouble.BUSY: BrokerUnavailable,
    Trouble.KEYS: KeysRefused,
    Trouble.ABSENT: RequestRefused,
    Trouble.REFUSED: RequestRefused,
    Trouble.TURNED_AWAY: RequestRefused,
}
_LEFT_WITHOUT_ANSWER: Mapping[Trouble, type[BrokerError]] = {
    Trouble.NO_ANSWER: OutcomeUnknown,
    Trouble.UNREADABLE: OutcomeUnknown,
    Trouble.BROKEN: OutcomeUnknown,
}
_ERRORS: Mapping[Asked, Mapping[Trouble, type[BrokerError]]] = {
    Asked.READ: _READ,
    Asked.ORDER: {**_READ, **_LEFT_WITHOUT_ANSWER, Trouble.REFUSED: OrderRejected},
    Asked.CANCEL: {**_READ, **_LEFT_WITHOUT_ANSWER},
}
"""The table: what our side is told, by what was asked and what went wrong."""


class WireTrouble(Exception):
    """A trouble on its way from the wire to the table; it never leaves this package."""

    def __init__(self, trouble: Trouble, words: str, code: int | None = None) -> None:
        super().__init__(trouble, words)
        self.trouble = trouble
        self.words = words
        self.code = code

    @property
    def proves_absence(self) -> bool:
        """Alpaca itself says that it has no such order; a 404 of a gateway or of a wrong path proves nothing."""
        return self.trouble is Trouble.ABSENT and self.code == ORDER_NOT_FOUND

    @property
    def is_known_id(self) -> bool:
        """The refusal of a client id that Alpaca already has."""
        return self.trouble is Trouble.REFUSED and "client_order_id must be unique" in self.words

    def in_our_words(self, asked: Asked, place: str) -> BrokerError:
        """The error of our tree; an order's refusal is Alpaca's own word, alone."""
        kind = _ERRORS[asked][self.trouble]
        if kind is OrderRejected:
            return OrderRejected(self.words)
        return kind(f"{place}: {self.words}{self._remedy}")

    @property
    def _remedy(self) -> str:
        if self.trouble is Trouble.KEYS:
            return (
                "; check the Alpaca key and secret: whether they are a pair, of this account (live or paper), complete"
            )
        if self.trouble is Trouble.UNREADABLE:
            return "; check the network for a proxy or a login page that answers in Alpaca's place"
        if self.trouble is Trouble.REFUSED and any(word in self.words.lower() for word in _PLAN_WORDS):
            return "; the account's data plan does not include it: check market.alpaca_full_plan"
        return ""


def trouble_of(fault: Exception) -> WireTrouble:
    """What kept a call of alpaca-py from its answer. Only kinds and the vendor's message are told, never a body.

    >>> trouble_of(requests.ConnectTimeout("secret")).words
    "Alpaca does not answer in time; check the network connection and the broker's status page"
    """
    if isinstance(fault, WireTrouble):
        return fault
    response = getattr(fault, "response", None)
    if isinstance(response, requests.Response) and response.status_code >= 400:
        return _of_status(response)
    if isinstance(fault, requests.JSONDecodeError | ValueError) and not isinstance(fault, _NEVER_SENT):
        return WireTrouble(Trouble.UNREADABLE, "an answer that is not Alpaca's JSON")
    if isinstance(fault, requests.RequestException):
        left = not (isinstance(fault, _NEVER_SENT) or any(isinstance(cause, _NO_LINE) for cause in _causes(fault)))
        return WireTrouble(Trouble.NO_ANSWER if left else Trouble.NOT_CONNECTED, explain(fault, _host(fault)))
    if type(fault) is OSError:  # requests does not find the certificates it was given, and sends nothing
        return WireTrouble(Trouble.NOT_CONNECTED, explain(ssl.SSLError(), "Alpaca"))
    return WireTrouble(Trouble.UNREADABLE, "an answer with parts missing or of another type")


def _host(fault: requests.RequestException) -> str:
    """The host that was asked, "Alpaca" where the fault does not say."""
    url = getattr(fault.request, "url", None)
    return (urlsplit(url).hostname if isinstance(url, str) else None) or "Alpaca"


_NEVER_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
)
_NO_LINE = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
_DEEPEST = 6


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """What urllib3 says inside of what requests says, outermost first.

    Only a line that was never there counts as "never left"; anything else that broke may have broken after.
    """
    inner: object = fault
    for _ in range(_DEEPEST):
        if not isinstance(inner, BaseException):
            return
        yield inner
        first = inner.args[0] if inner.args else None
        inner = getattr(inner, "reason", None) or getattr(inner, "original_error", None) or first


def _of_status(response: requests.Response) -> WireTrouble:
    status = response.status_code
    message, code = _verdict(response)
    words = f"{status} {message or 'without a reason'}"
    if status == 401 or (status == 403 and _is_of_the_keys(message, code)):
        return WireTrouble(Trouble.KEYS, words, code)
    if remedy := explain_status(status, urlsplit(response.url or "").hostname or "Alpaca"):
        words = f"{words}; {remedy}"
    if status in _REFUSALS:
        return WireTrouble(Trouble.REFUSED, message or words, code)
    if status >= 500 or status == _SERVER_GAVE_UP:
        return WireTrouble(Trouble.BROKEN, words, code)
    by_status = {404: Trouble.ABSENT, _TOO_MANY: Trouble.BUSY}
    return WireTrouble(by_status.get(status, Trouble.TURNED_AWAY), words, code)


def _is_of_the_keys(message: str, code: int | None) -> bool:
    """A 403 that is no verdict on the request: a page, "forbidden", or a code that Alpaca derives from 401."""
    return message.lower().rstrip(".") in ("", "forbidden", "unauthorized", "access denied") or (
        code is not None and code // 100_000 == 401
    )


def _verdict(response: requests.Response) -> tuple[str, int | None]:
    """Alpaca's own message and code; nothing of a body that is not its JSON, such as a gateway's page."""
    try:
        body = json.loads(response.text)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(body, dict):
        return "", None
    message, code = body.get("message"), body.get("code")
    words = " ".join(message.split())[:_LONGEST_WORDS] if isinstance(message, str) else ""
    for name, value in response.request.headers.items():
        if name.upper().startswith("APCA-") and value:
            words = words.replace(str(value), _HIDDEN)
    return words, code if isinstance(code, int) and not isinstance(code, bool) else None

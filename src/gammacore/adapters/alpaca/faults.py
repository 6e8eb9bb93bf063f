"""The table of faults between alpaca-py and Alpaca. Rules: R4, R5, CS-572."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from gammacore.adapters.wire import Trouble, explain, explain_status, faults, well_formed

ORDER_NOT_FOUND = 40410000
"""Alpaca's own code for an order it does not have."""

_REFUSALS = frozenset({400, 403, 422})
_LONGEST_WORDS = 300
_HIDDEN = "***"
_PLAN_WORDS = ("subscription", "opra agreement")
"""What a refusal of data is about that the account does not pay for."""


class WireTrouble(faults.WireTrouble):
    """A trouble of a call of alpaca-py; `code` is Alpaca's own, where it gave one."""

    vendor = "Alpaca"
    credentials_remedy = (
        "check the Alpaca key and secret: whether they are a pair, of this account (live or paper), complete"
    )

    def __init__(self, trouble: Trouble, words: str, code: int | None = None, broker_id: str = "") -> None:
        super().__init__(trouble, words, broker_id)
        self.code = code

    @property
    def proves_absence(self) -> bool:
        """Alpaca itself says that it has no such order; a 404 of a gateway or of a wrong path proves nothing."""
        return self.trouble is Trouble.ABSENT and self.code == ORDER_NOT_FOUND

    @property
    def is_known_id(self) -> bool:
        """The refusal of a client id that Alpaca already has."""
        return self.trouble is Trouble.REFUSED and "client_order_id must be unique" in self.words

    @property
    def remedy(self) -> str:
        if self.trouble is Trouble.REFUSED and any(word in self.words.lower() for word in _PLAN_WORDS):
            return "the account's data plan does not include it: check market.alpaca_full_plan"
        return super().remedy


def trouble_of(fault: Exception) -> WireTrouble:
    """What kept a call of alpaca-py from its answer. Only kinds and the vendor's message are reported, never a body.

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
    number = _body_of(response).get("id")
    if isinstance(number, str) and number:  # an order that the error came beside
        return WireTrouble(Trouble.BESIDE_AN_ID, words, code, number)
    if status == 401 or (status == 403 and _is_of_the_keys(message, code)):
        return WireTrouble(Trouble.CREDENTIALS, words, code)
    if remedy := explain_status(status, urlsplit(response.url or "").hostname or "Alpaca"):
        words = f"{words}; {remedy}"
    if status in _REFUSALS:
        return WireTrouble(Trouble.REFUSED, message or words, code)
    absent = Trouble.ABSENT if status == 404 else Trouble.TURNED_AWAY
    return WireTrouble(faults.trouble_of_status(status) or absent, words, code)


def _body_of(response: requests.Response) -> dict[str, object]:
    """Alpaca's JSON; empty for a body that is none, such as a gateway's page."""
    try:
        body = json.loads(response.text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _is_of_the_keys(message: str, code: int | None) -> bool:
    """A 403 that is no verdict on the request: a page, "forbidden", or a code that Alpaca derives from 401."""
    return message.lower().rstrip(".") in ("", "forbidden", "unauthorized", "access denied") or (
        code is not None and code // 100_000 == 401
    )


def _verdict(response: requests.Response) -> tuple[str, int | None]:
    """Alpaca's own message and code; nothing of a body that is not its JSON."""
    body = _body_of(response)
    message, code = body.get("message"), body.get("code")
    words = well_formed(" ".join(message.split())[:_LONGEST_WORDS]) if isinstance(message, str) else ""
    for name, value in response.request.headers.items():
        if name.upper().startswith("APCA-") and value:
            words = words.replace(str(value), _HIDDEN)
    return words, code if isinstance(code, int) and not isinstance(code, bool) else None

"""The table of faults on Tradier's wire. Rules: R4, R5, CS-572."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

import httpx

from gammacore.adapters.wire import Trouble, explain, explain_status, faults, well_formed

_TOKEN_STATUS = frozenset({401, 403})
_MARKUP = re.compile(r"<[^>]*>")


class WireTrouble(faults.WireTrouble):
    """A trouble of Tradier's wire, with what to check there."""

    vendor = "Tradier"
    credentials_remedy = (
        "check the Tradier token: whether it is still valid, of this account (live or sandbox), complete"
    )


def transport_trouble(fault: httpx.HTTPError | httpx.InvalidURL, host: str = "Tradier") -> WireTrouble:
    """What kept a request from being answered, with the remedy. Of the fault only its kind is used."""
    never_left = isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.InvalidURL)
    never_left = never_left or isinstance(fault, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
    return WireTrouble(Trouble.NOT_CONNECTED if never_left else Trouble.NO_ANSWER, explain(fault, host))


def read_answer(status: int, body: str, host: str = "Tradier") -> object:
    """The JSON of an answer that is one, numbers with a point as Decimal.

    Raises:
        WireTrouble: it is a fault, a refusal or not JSON.

    >>> read_answer(200, '{"orders": "null"}')
    {'orders': 'null'}
    """
    if not 200 <= status < 300:
        raise _of_status(status, body, host)  # where it names an order, it may be there all the same
    try:
        answer = decode(body)
    except ValueError:
        raise WireTrouble(Trouble.UNREADABLE, f"{status} without JSON: {_excerpt(body)}") from None
    if (words := _errors_inside(answer)) is not None:
        if number := order_id_in(answer):
            raise WireTrouble(Trouble.BESIDE_AN_ID, words, number)
        trouble = Trouble.CREDENTIALS if _is_key_fault(answer) else Trouble.REFUSED
        raise WireTrouble(trouble, words)
    return answer


def decode(body: str) -> object:
    """JSON with the figures as they are written (Decimal), never NaN or infinite.

    Raises:
        ValueError: no JSON, or nested or figured beyond reason.

    >>> decode('{"price": 1.10}')
    {'price': Decimal('1.10')}
    """
    try:
        answer: object = json.loads(body, parse_float=_figure, parse_constant=_no_figure)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return answer


def _figure(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except ArithmeticError:
        raise ValueError(f"{digits[:20]} is out of all bounds") from None


def _no_figure(name: str) -> object:
    raise ValueError(f"{name} is no figure")


def _of_status(status: int, body: str, host: str) -> WireTrouble:
    try:
        answer = decode(body)
    except ValueError:
        answer = None
    words = f"{status} {_errors_inside(answer) or _excerpt(body)}".strip()
    if number := order_id_in(answer):
        return WireTrouble(Trouble.BESIDE_AN_ID, words, number)
    if status in _TOKEN_STATUS or _is_key_fault(answer):
        return WireTrouble(Trouble.CREDENTIALS, words)
    if remedy := explain_status(status, host):
        words = f"{words}; {remedy}"
    return WireTrouble(faults.trouble_of_status(status) or Trouble.REFUSED, words)


def order_id_in(answer: object) -> str:
    """The id of the order an answer is about; "" where it names none.

    >>> order_id_in({"order": {"id": 257459, "status": "ok"}, "errors": {"error": "Warning"}})
    '257459'
    """
    order = answer.get("order") if isinstance(answer, dict) else None
    number = order.get("id") if isinstance(order, dict) else None
    is_one = isinstance(number, str | int) and not isinstance(number, bool) and number not in ("", "null", 0)
    return str(number) if is_one else ""


def _errors_inside(answer: object) -> str | None:
    """What an answer complains of: {"errors": {"error": text or list}}, {"fault": {"faultstring"}} or {"error": text}.

    >>> _errors_inside({"errors": {"error": ["Invalid quantity", "Invalid price"]}})
    'Invalid quantity; Invalid price'
    """
    if not isinstance(answer, dict):
        return None
    if isinstance(fault := answer.get("fault"), dict):
        return _words(fault.get("faultstring")) or "a fault without words"
    return complaint_in(answer)


def complaint_in(row: Mapping[str, object]) -> str | None:
    """The words under `errors` or `error`; None where there are none."""
    for name in ("errors", "error"):
        if (words := _words(row.get(name))) is not None:
            return words
    return None


def _words(value: object) -> str | None:
    if isinstance(value, dict):
        return _words(list(value.values()))
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value))) or None
    if value is None or value in ("null", ""):
        return None
    return _excerpt(str(value))


def _is_key_fault(answer: object) -> bool:
    """The gateway's key management refuses, under whatever status: an expired token came with a 500."""
    fault = answer.get("fault") if isinstance(answer, dict) else None
    detail = fault.get("detail") if isinstance(fault, dict) else None
    code = detail.get("errorcode") if isinstance(detail, dict) else None
    return isinstance(code, str) and code.startswith("keymanagement.")


def _excerpt(text: str) -> str:
    """The first words of a body, without its markup."""
    return well_formed(" ".join(_MARKUP.sub(" ", text[:2000]).split())[:200])

"""Why a server did not answer, as a sentence with host and remedy: whichever library met the fault. Rule: OP-004.

A fault of httpx or requests wraps the one of the operating system; the innermost one that is known decides. Only its
kind is used: its text may hold what was being sent.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import assert_never
from urllib.request import getproxies, proxy_bypass

_DEEPEST = 8
_BY_NAME = {
    "ProxyError": "proxy",
    "InvalidProxyURL": "proxy",
    "NameResolutionError": "name",
    "SSLError": "certificate",
    "ConnectTimeout": "silent",
    "ConnectTimeoutError": "silent",
    "PoolTimeout": "silent",
    "ReadTimeout": "silent",
    "ReadTimeoutError": "silent",
    "WriteTimeout": "silent",
    "RemoteProtocolError": "broken_off",
    "ProtocolError": "broken_off",
    "ReadError": "broken_off",
    "WriteError": "broken_off",
    "ChunkedEncodingError": "broken_off",
    "ContentDecodingError": "broken_off",
    "InvalidURL": "address",
    "InvalidSchema": "address",
    "MissingSchema": "address",
    "UnsupportedProtocol": "address",
    "InvalidHeader": "header",
    "LocalProtocolError": "header",
}
"""Kinds by the names of the libraries' own exceptions, so that none of them is imported here."""


class Hindrance(StrEnum):
    """What kept a request from its answer."""

    PROXY = "proxy"
    NAME = "name"
    CERTIFICATE = "certificate"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    BROKEN_OFF = "broken_off"
    ADDRESS = "address"
    HEADER = "header"
    OTHER = "other"


def explain(fault: BaseException, host: str) -> str:
    """One sentence: what failed with which host, and what to check.

    >>> explain(ConnectionRefusedError(), "api.tradier.com")
    "api.tradier.com refuses the connection; check the network, the firewall and the broker's status page"
    """
    kind = hindrance(fault)
    if kind in (Hindrance.REFUSED, Hindrance.NAME, Hindrance.UNREACHABLE) and _goes_through_a_proxy(host):
        kind = Hindrance.PROXY  # the connection that was not made is the one to the proxy
    return _sentence(kind, host)


def _goes_through_a_proxy(host: str) -> bool:
    proxies = getproxies()
    return bool(proxies.keys() & {"https", "http", "all"}) and not proxy_bypass(host)


def hindrance(fault: BaseException) -> Hindrance:
    """The kind of a fault: a proxy's by the outermost name, every other by the innermost cause that is known."""
    causes = list(_causes(fault))
    if any(_BY_NAME.get(type(cause).__name__) == "proxy" for cause in causes):
        return Hindrance.PROXY
    kinds = [kind for kind in map(_kind, causes) if kind is not None]
    return kinds[-1] if kinds else Hindrance.OTHER


def explain_status(status: int, host: str) -> str:
    """What to check after a status that says nothing of the request itself; "" for every other.

    >>> explain_status(503, "api.tradier.com")
    "api.tradier.com failed on its side; try again in a minute and check the broker's status page"
    """
    if status == 407:
        return _sentence(Hindrance.PROXY, host)
    if status == 429:
        return (
            f"{host} allows no more requests for now; wait a minute, and run fewer programs with the same credentials"
        )
    if status == 408 or status >= 500:
        return f"{host} failed on its side; try again in a minute and check the broker's status page"
    return ""


def _kind(cause: BaseException) -> Hindrance | None:
    if isinstance(cause, socket.gaierror):
        return Hindrance.NAME
    if isinstance(cause, ssl.SSLError):
        return Hindrance.CERTIFICATE
    if isinstance(cause, ConnectionRefusedError):
        return Hindrance.REFUSED
    if isinstance(cause, TimeoutError):
        return Hindrance.SILENT
    if isinstance(cause, ConnectionError) and type(cause).__module__ == "builtins":
        return Hindrance.BROKEN_OFF
    if (named := _BY_NAME.get(type(cause).__name__)) is not None:
        return Hindrance(named)
    return Hindrance.UNREACHABLE if type(cause) is OSError else None


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """A fault and what it wraps, outermost first: by `raise … from`, or as urllib3 keeps it."""
    inner: object = fault
    for _ in range(_DEEPEST):
        if not isinstance(inner, BaseException):
            return
        yield inner
        first = inner.args[0] if inner.args else None
        nested = first if isinstance(first, BaseException) else None
        inner = (
            inner.__cause__ or getattr(inner, "reason", None) or getattr(inner, "original_error", None) or nested
            or inner.__context__
        )  # fmt: skip


def _sentence(kind: Hindrance, host: str) -> str:
    match kind:
        case Hindrance.PROXY:
            return f"the proxy on the way to {host} failed; check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY"
        case Hindrance.NAME:
            return f"the name {host} cannot be resolved; check the network connection and its DNS server"
        case Hindrance.CERTIFICATE:
            return (
                f"no secure connection to {host}; check this machine's clock, its certificates (SSL_CERT_FILE, "
                "REQUESTS_CA_BUNDLE) and a proxy that inspects TLS"
            )
        case Hindrance.REFUSED:
            return f"{host} refuses the connection; check the network, the firewall and the broker's status page"
        case Hindrance.UNREACHABLE:
            return f"{host} cannot be reached; check the network connection and the firewall"
        case Hindrance.SILENT:
            return f"{host} does not answer in time; check the network connection and the broker's status page"
        case Hindrance.BROKEN_OFF:
            return f"{host} broke the connection off before its answer was complete; try again in a minute"
        case Hindrance.ADDRESS:
            return f"the address of {host} or of a proxy is not one that can be used; check HTTPS_PROXY and ALL_PROXY"
        case Hindrance.HEADER:
            return f"the token or key cannot be sent to {host}; check it for line breaks and letters that are not ASCII"
        case Hindrance.OTHER:
            return f"no connection to {host}; check the network connection and the broker's status page"
    assert_never(kind)

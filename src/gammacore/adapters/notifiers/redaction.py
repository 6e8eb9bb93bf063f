"""Nothing secret in a log line or a message: what is known to be secret, and what looks like it, becomes ***."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from attrs import field, frozen

HIDDEN = "***"
WIRE_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")
"""They tell the path of every request at level DEBUG; in a webhook's path is its token."""

_WEBHOOK = re.compile(r"(/webhooks/)\S+", re.IGNORECASE)
_BEARER = re.compile(r"(\bbearer\s+)[^\s\"']+", re.IGNORECASE)
# No pattern begins with a repeat: over a long word it would be tried from each letter anew, seconds for one message
_NAMED = re.compile(
    r"((?:token|secret|password|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?)(?!bearer\b)[^\s\"',;&)}]+",
    re.IGNORECASE,
)


@frozen
class Redactor:
    """Hides the secrets it was given, and what is written like one.

    >>> Redactor.of_urls(["https://ping.example/abc-123"])("GET /abc-123, access_token=77f, Bearer 99z")
    'GET ***, access_token=***, Bearer ***'
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of_urls(cls, urls: Iterable[str]) -> Redactor:
        """A URL is secret as a whole and by its path: a client's log may tell host and path apart."""
        parts = [part for url in urls if url for part in (url, urlsplit(url).path)]
        return cls(tuple(sorted((part for part in parts if len(part) > 1), key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        for pattern in (_WEBHOOK, _BEARER, _NAMED):
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text


class WireLogs(logging.Filter):
    """Keeps secrets out of what the HTTP client logs by itself, from now until `close`."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact
        for name in WIRE_LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redact(record.getMessage()), ()
        return True

    def close(self) -> None:
        for name in WIRE_LOGGERS:
            logging.getLogger(name).removeFilter(self)

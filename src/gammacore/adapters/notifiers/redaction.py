"""Nothing secret in a log line or a message: what is known to be secret, and what looks like it, becomes ***."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

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
    def of(cls, secrets: Iterable[str], urls: Iterable[str] = ()) -> Redactor:
        """Hides texts, and what of URLs is secret, as they are, quoted and within base64. Rule: OP-304.

        >>> Redactor.of(["s3cret/T0ken"])("Basic dXNlcjpzM2NyZXQvVDBrZW4= and s3cret%2FT0ken")
        'Basic dXNlcjp***4= and ***'
        """
        texts = [*secrets, *(part for url in urls for part in _secret_parts(url))]
        forms = {form for text in texts if len(text) > 1 for form in _forms(text)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    @classmethod
    def of_urls(cls, urls: Iterable[str]) -> Redactor:
        """A URL is secret as a whole and by its path: a client's log may tell host and path apart."""
        return cls.of((), urls)

    def __call__(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        for pattern in (_WEBHOOK, _BEARER, _NAMED):
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text


LONG_WORD, LONG_ENOUGH, SHORTEST_PASSWORD = 8, 16, 4
"""Characters from which on a part of a URL is a token: with figures among its letters, without, after a colon."""


def _secret_parts(url: str) -> Iterator[str]:
    """A URL is secret as a whole and by its path, and so is each part of it that is written like a token."""
    if not url:
        return
    yield url
    try:
        parts = urlsplit(url)
        yield parts.path
        for text in (parts.username, parts.password):
            if text is not None and len(text) >= SHORTEST_PASSWORD:
                yield text
        words = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
        if "." not in parts.netloc and (parts.hostname or "") != "localhost":
            words.append(parts.netloc)  # no host: of many services a token stands there
    except ValueError:  # no URL after all
        return
    for word in words:
        has_both = any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        if len(word) >= (LONG_WORD if has_both else LONG_ENOUGH):
            yield word


def _forms(text: str) -> Iterator[str]:
    """A text as it is, quoted for a URL, and as base64 has it wherever it begins in what was encoded."""
    yield text
    yield quote(text, safe="")
    yield quote_plus(text)
    raw = text.encode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * before + raw).decode()
            # the first letters hold bits of what stands before, the last ones of what follows
            inner = whole[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
            if len(inner) >= LONG_WORD:
                yield inner


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

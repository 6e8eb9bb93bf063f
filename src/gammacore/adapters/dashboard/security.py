"""Who may ask what: the checks before every answer, and the headers on it. Rules: OP-507..512.

In this order: 400 host, 405 method, 403 origin, 413 length, 415 kind, 401 token or cookie, 403 CSRF, 429, 409.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Callable

from attrs import define, field, frozen

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain"})
CONTROLS = frozenset({"/session", "/controls/halt", "/controls/resume", "/controls/flatten"})
LARGEST_BODY = 4096
KINDS = ("application/json", "application/x-www-form-urlencoded")
COOKIE = "gammacore_session"
SESSION_SECONDS, IDLE_SECONDS, NONCE_SECONDS = 12 * 3600, 30 * 60, 30
WRONG_TOKENS, CONTROLS_A_MINUTE, GETS_A_SECOND = 10, 6, 200
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Refused(Exception):
    """An answer that is no page: its status, and a sentence for the one who asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@frozen
class Terms:
    """How the page is served. `token_hash` is the SHA-256 of the control token, "" without one; `exposed` is another
    address than loopback's: then every route but /health asks for the token.
    """

    allow_hosts: tuple[str, ...] = ()
    controls: bool = False
    token_hash: str = ""
    exposed: bool = False
    trusted_proxy: str = ""

    @property
    def has_controls(self) -> bool:
        return self.controls and bool(self.token_hash)


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own.

    >>> [is_loopback(one) for one in ("127.0.0.1", "localhost", "::1", "evil.example", "10.0.0.1")]
    [True, True, True, False, False]
    """
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bare_host(header: str) -> str:
    """The name in a Host header, without its port.

    >>> bare_host("[::1]:10000"), bare_host("Desk.Example:443"), bare_host("")
    ('::1', 'desk.example', '')
    """
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if name.count(":") == 1 else name


@define
class Rate:
    """At most so many in a span of seconds."""

    most: int
    seconds: float
    timer: Callable[[], float] = time.monotonic
    _times: deque[float] = field(init=False, factory=deque)

    def is_over(self) -> bool:
        now = self.timer()
        while self._times and now - self._times[0] >= self.seconds:
            self._times.popleft()
        return len(self._times) >= self.most

    def count(self) -> None:
        self._times.append(self.timer())


@define
class _Session:
    began: float
    last: float
    key: bytes


class Keys:
    """Tokens, sessions, CSRF tokens and nonces of one process; nothing of it is written anywhere."""

    def __init__(self, token_hash: str, timer: Callable[[], float] = time.monotonic) -> None:
        self._hash = token_hash
        self._timer = timer
        self._sessions: dict[str, _Session] = {}
        self._nonces: dict[str, tuple[float, str]] = {}
        self._wrong = Rate(WRONG_TOKENS, 60, timer)

    def check_token(self, token: str) -> None:
        """Compared in constant time; a right one always gets in, so that a stranger cannot lock out a halt. OP-511.

        Raises:
            Refused: 401, or 429 after too many wrong ones.
        """
        given = hashlib.sha256(_bytes(token)).hexdigest()
        if self._hash and hmac.compare_digest(given, self._hash):
            return
        if self._wrong.is_over():
            raise Refused(429, "too many wrong tokens; wait a minute")
        self._wrong.count()
        raise Refused(401, "the token is not this one's; `gammacore dashboard token --new` makes another")

    def begin(self) -> str:
        """A new session; its name is the cookie."""
        now, name = self._timer(), secrets.token_urlsafe(32)
        self._sessions[name] = _Session(now, now, secrets.token_bytes(32))
        return name

    def session(self, cookie: str) -> _Session | None:
        known, now = self._sessions.get(cookie), self._timer()
        if known is None:
            return None
        if now - known.began >= SESSION_SECONDS or now - known.last >= IDLE_SECONDS:
            del self._sessions[cookie]
            return None
        known.last = now
        return known

    def csrf(self, cookie: str) -> str:
        """A token for one page of a session; "" without a session."""
        if (known := self.session(cookie)) is None:
            return ""
        salt = secrets.token_hex(8)
        return f"{salt}.{hmac.new(known.key, salt.encode(), 'sha256').hexdigest()}"

    def check_csrf(self, cookie: str, token: str) -> None:
        """Raises Refused 403."""
        known, (salt, _, mark) = self._sessions.get(cookie), token.partition(".")
        right = "" if known is None else hmac.new(known.key, _bytes(salt), "sha256").hexdigest()
        if known is None or not hmac.compare_digest(_bytes(mark), right.encode()):
            raise Refused(403, "the page is too old; load it again")

    def nonce(self, subject: str) -> str:
        """Good once, for 30 seconds, for this subject."""
        name, now = secrets.token_urlsafe(16), self._timer()
        self._nonces = {key: one for key, one in self._nonces.items() if one[0] > now}
        self._nonces[name] = (now + NONCE_SECONDS, subject)
        return name

    def use_nonce(self, nonce: str, subject: str) -> None:
        """Raises Refused 409: unknown, used, too old, or of another ledger."""
        until, meant = self._nonces.pop(nonce, (0.0, ""))
        if until <= self._timer() or meant != subject:
            raise Refused(409, "this confirmation was used, or is too old; ask for the preview again")


def _bytes(text: str) -> bytes:
    """A text that somebody sent, of whatever letters: half a surrogate must not be a fault of ours."""
    return text.encode("utf-8", "surrogatepass")


def check_place(host: str, terms: Terms) -> None:
    """The Host header names this machine or what is allowed: a page elsewhere cannot reach it by a name of its own.

    Raises:
        Refused: 400. Rule: OP-508.
    """
    name = bare_host(host)
    if not (is_loopback(name) or name in {one.lower() for one in terms.allow_hosts}):
        raise Refused(400, "this host name is not known here; see dashboard.allow_hosts")


def check_origin(origin: str | None, site: str | None, host: str) -> None:
    """A browser under our no-referrer policy sends the origin of its own form as null: then Sec-Fetch-Site must say so.

    Raises:
        Refused: 403, a page of another place sent it.
    """
    if origin == "null" and site == "same-origin":
        return
    if origin is not None and origin.partition("://")[2].lower() != host.strip().lower():
        raise Refused(403, "sent by a page of another place")
    if site is not None and site not in ("same-origin", "none"):
        raise Refused(403, "sent by a page of another place")

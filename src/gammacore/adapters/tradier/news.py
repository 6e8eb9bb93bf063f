"""Tradier's account stream as order news: which orders changed, and when the stream was down.

The stream is a beta, its events carry less than an order does, and the sandbox may not have it: it only wakes the loop,
and while it is silent every order counts as changed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from attrs import frozen

from gammacore.adapters.tradier.client import TradierClient
from gammacore.adapters.tradier.faults import complaint_in, decode
from gammacore.adapters.tradier.order_reports import client_id
from gammacore.adapters.tradier.orders import OrderRow
from gammacore.adapters.tradier.wire import Row, inside, is_nothing, read
from gammacore.domain.parameters import parameter
from gammacore.errors import BrokerError, ConfigurationError
from gammacore.ports.broker import News

_PATH = "accounts/events"


@frozen
class NewsSettings:
    """How the account stream is listened to. Heartbeats come in between events; their pace is not documented."""

    silence_seconds: float = parameter(60.0, "Neither event nor heartbeat for so long: cut, seconds.", above=0)
    connect_seconds: float = parameter(10.0, "To be connected, seconds; a session is good for 5 minutes.", above=0)
    pause_seconds: float = parameter(1.0, "Before connecting again, seconds; doubled each time.", at_least=0)
    longest_pause_seconds: float = parameter(60.0, "However often it was doubled.", at_least=0)
    stop_seconds: float = parameter(5.0, "Closing waits no longer than this, seconds.", above=0)


class Line(Protocol):
    """One open web-socket."""

    def send(self, message: str) -> None: ...

    def recv(self, timeout: float | None = None) -> str | bytes:
        """The next message. Raises TimeoutError in silence, whatever it likes when the line is cut."""
        ...

    def close(self) -> None:
        """Hang up, from any thread; a waiting `recv` returns."""
        ...


@frozen
class StreamSession:
    """Where one stream may be listened to, within five minutes of asking, and by which word."""

    url: str
    sessionid: str


def read_session(answer: object) -> StreamSession:
    return read(StreamSession, inside(answer, "stream"))


class TradierOrderNews:
    """Implements ports.broker. Listens in one daemon thread, from the first question on, until closed.

    Tradier allows one session at a time: a new one is asked for only when the old line is down. `client` is closed with
    it. `account`: events of another account of the same user are not ours. `dial` is the seam for tests.
    """

    def __init__(
        self,
        client: TradierClient,
        account: str,
        settings: NewsSettings = NewsSettings(),
        dial: Callable[[str, float], Line] | None = None,
    ) -> None:
        self._client = client
        self._account = account
        self._settings = settings
        self._dial = dial or _dialled
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._line: Line | None = None
        self._changed: set[str] = set()
        self._ids: dict[str, str] = {}
        self._listening = False
        self._missed = True
        self._trouble = "not connected yet"

    @property
    def trouble(self) -> str:
        """Why the stream was last down, in words for a person; never a token or a session."""
        with self._lock:
            return self._trouble

    def received(self) -> News:
        self._begin()
        with self._lock:
            news = News(frozenset(self._changed), gap=self._missed or not self._listening)
            self._changed.clear()
            self._missed = not self._listening
            return news

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            line, thread = self._line, self._thread
        if line is not None:
            with suppress(Exception):  # it may be down already
                line.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._settings.stop_seconds)
        self._client.close()

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        with self._lock:
            if self._thread is not None or self._closed.is_set():
                return
            self._thread = threading.Thread(target=self._listen, name="tradier order news", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        """Line after line, until closed. Whatever goes wrong here means one thing: the stream was down."""
        pause = self._settings.pause_seconds
        while not self._closed.is_set():
            trouble = self._hear_one_line()
            with self._lock:
                answered, self._listening = self._listening, False
                self._missed, self._trouble, self._line = True, trouble, None
            if answered:
                pause = self._settings.pause_seconds
            if self._closed.wait(pause):
                return
            pause = min(2 * pause, self._settings.longest_pause_seconds)

    def _hear_one_line(self) -> str:
        """Why it ended."""
        try:
            session = read_session(self._client.post(f"{_PATH}/session", {}))
            line = self._dial(session.url, self._settings.connect_seconds)
        except (BrokerError, ConfigurationError) as refusal:
            return str(refusal)
        except Exception as fault:  # a socket, a handshake: of whatever kind, the words may hold what was sent
            return f"cannot connect: {type(fault).__name__}"
        try:
            self._take_up(line)
            line.send(json.dumps({"events": ["order"], "sessionid": session.sessionid, "excludeAccounts": []}))
            while not self._closed.is_set():
                self._take_in(line.recv(timeout=self._settings.silence_seconds))
        except TimeoutError:
            return f"neither event nor heartbeat for {self._settings.silence_seconds:g} seconds"
        except _StreamRefused as refusal:
            return str(refusal)
        except Exception as fault:
            return f"cut: {type(fault).__name__}"
        finally:
            with suppress(Exception):
                line.close()
        return "closed"

    def _take_up(self, line: Line) -> None:
        with self._lock:
            self._line = line
        if self._closed.is_set():  # closed while it was dialled, before a line stood
            line.close()

    def _take_in(self, message: str | bytes) -> None:
        text = message.decode(errors="replace") if isinstance(message, bytes) else message
        for event in text.splitlines():
            self._take_in_event(event)

    def _take_in_event(self, text: str) -> None:
        """Note which order changed. What cannot be read may have been about any of them."""
        if not text.strip():
            return
        try:
            event = decode(text)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" not in event and (words := complaint_in(event)) is not None:
            raise _StreamRefused(words)
        with self._lock:
            self._listening = True
            if not isinstance(event, dict):
                self._missed = True
            elif event.get("event") == "order" and event.get("account") in (None, self._account):
                self._note(event)

    def _note(self, event: Row) -> None:
        """The client id is in the tag; the event of a leg has none, but names the order it belongs to."""
        number, tag = str(event.get("id")), event.get("tag")
        if isinstance(tag, str) and not is_nothing(tag):
            self._ids[number] = client_id(OrderRow(number, status="", tag=tag))
        known = self._ids.get(number) or self._ids.get(str(event.get("parent_id")))
        if known is None:
            self._missed = True
        else:
            self._changed.add(known)


class _StreamRefused(Exception):
    """The stream answers with an error instead of events."""


def _dialled(url: str, patience_seconds: float) -> Line:
    """A web-socket to where Tradier says; loaded late, for only a stream needs the library.

    Raises:
        ConfigurationError: the library is not installed.
    """
    try:
        from websockets.sync.client import connect
    except ImportError as absent:
        raise ConfigurationError(f"the account stream needs websockets ({absent}): pip install websockets") from None
    # From websockets 17.1 on a connection that was not entered warns; its leaving is our `close`.
    return connect(url, open_timeout=patience_seconds, close_timeout=1, proxy=None).__enter__()

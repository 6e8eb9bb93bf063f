"""requests under the deadline of the present request: every step of a connection gets what is left of it.

requests counts a time-out from one read to the next. urllib3, which it stands on, lets the classes of its connections
be chosen; theirs wrap the socket once it is connected.
"""

from __future__ import annotations

import io
import socket
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from gammacore.adapters.wire.deadline import before_a_byte, step_seconds


class BoundedSocket:
    """A connected socket whose reads and writes last no longer than what is left; everything else is the socket's.

    It asks the gate of an order before its first byte.
    """

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def sendall(self, *arguments: Any) -> None:
        before_a_byte()
        own = self._inner.gettimeout()
        self._inner.settimeout(step_seconds(own))
        try:
            self._inner.sendall(*arguments)
        finally:
            self._inner.settimeout(own)

    def makefile(self, mode: str = "rb", *_arguments: Any, **_options: Any) -> io.BufferedReader:
        """The file http.client reads an answer from."""
        return io.BufferedReader(_BoundedReads(self._inner))


class _BoundedReads(io.RawIOBase):
    """The bytes of a socket, each read within what is left. It keeps the socket open as the socket's own file does."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._raw = inner.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        own = self._inner.gettimeout()
        self._inner.settimeout(step_seconds(own))
        try:
            return self._raw.readinto(buffer)
        finally:
            if self._inner.fileno() >= 0:
                self._inner.settimeout(own)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedHTTP(HTTPConnection):
    def connect(self) -> None:
        _bound_connect(self)
        super().connect()
        self.sock = BoundedSocket(self.sock)


class _BoundedHTTPS(HTTPSConnection):
    def connect(self) -> None:
        _bound_connect(self)
        super().connect()
        self.sock = BoundedSocket(self.sock)


def _bound_connect(connection: HTTPConnection) -> None:
    try:
        connection.timeout = step_seconds(connection.timeout)
    except TimeoutError as late:
        raise ConnectTimeoutError(connection, str(late)) from None


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _BoundedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPS


BOUNDED_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}
"""What a `PoolManager` makes its pools of."""

"""httpx under the deadline of the present request: every step of a connection gets what is left of it.

httpx offers no deadline for a whole request (https://github.com/encode/httpx/issues/1450); httpcore, which it stands
on, takes a network backend. httpx does not pass one on, so it is put into the pools of its transports here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
from attrs import frozen

from gammacore.adapters.wire.deadline import before_a_byte, step_seconds


def bound(client: httpx.Client) -> None:
    """Put every connection of a client, proxied ones too, under the deadlines of `wire.deadline.within`."""
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = BoundedBackend(pool._network_backend)


@frozen(eq=False)
class BoundedBackend(httpcore.NetworkBackend):
    """Connects within what is left."""

    inner: httpcore.NetworkBackend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self.inner.connect_tcp(
            host, port, _left(timeout, httpcore.ConnectTimeout), local_address, socket_options
        )
        return BoundedStream(stream)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return BoundedStream(
            self.inner.connect_unix_socket(path, _left(timeout, httpcore.ConnectTimeout), socket_options)
        )

    def sleep(self, seconds: float) -> None:
        self.inner.sleep(seconds)


@frozen(eq=False)
class BoundedStream(httpcore.NetworkStream):
    """Reads and writes within what is left; asks the gate of an order before its first byte."""

    inner: httpcore.NetworkStream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        before_a_byte()
        self.inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return BoundedStream(self.inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(timeout: float | None, over: type[Exception]) -> float | None:
    try:
        return step_seconds(timeout)
    except TimeoutError as late:
        raise over(str(late)) from None

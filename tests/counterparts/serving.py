"""A dialect on a loopback socket: started in a thread, unplugged and plugged at will, stopped without a trace."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
PATIENCE_SECONDS = 10.0
"""Real seconds a start or a stop may take before the test fails."""

DRIP_SECONDS = 0.02
"""From byte to byte of an answer that drips."""

Answer = TypeVar("Answer")


class LoopbackServer(uvicorn.Server):
    """One Starlette app behind a port the operating system chose; the port stays the same while it is unplugged."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="critical",
                lifespan="off",
                ws="websockets-sansio",
                ws_ping_interval=None,
                timeout_keep_alive=600,  # a child that a busy machine holds up finds its connection still open
            )
        )
        self._app = app
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="loopback-server", daemon=True)
        self._socket = _listening(0)
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    # -- from the test's thread ---------------------------------------------------------------------------------------

    def start_serving(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS), "the loopback server did not start"

    def stop_serving(self) -> None:
        self.should_exit = True
        self._thread.join(PATIENCE_SECONDS)
        self._socket.close()
        assert not self._thread.is_alive(), "the loopback server did not stop"

    def unplug(self) -> None:
        """From now on connecting is refused; what was connected is cut."""
        self._in_loop(self.unplugged_now)

    def plug(self) -> None:
        """Listen again, on the same port."""
        self._in_loop(self._plugged_now)

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Nobody can connect while this is open."""
        self.unplug()
        try:
            yield
        finally:
            self.plug()

    # -- in the server's own loop -------------------------------------------------------------------------------------

    async def unplugged_now(self, keep: tuple[str, int] | None = None) -> None:
        """As `unplug`, but the connection of the client address `keep` may still finish what it says."""
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) != keep or keep is None:
                _abort(connection)

    async def hang_up(self, client: tuple[str, int]) -> None:
        """Close the connection of a client address without a word."""
        for connection in list(self.server_state.connections):
            if getattr(connection, "client", None) == client:
                _abort(connection)

    async def drip(self, client: tuple[str, int]) -> None:
        """Send a client address the head of an answer byte by byte, one header without an end, until it has gone."""
        found = [one for one in self.server_state.connections if getattr(one, "client", None) == client]
        transport: Any = found[0].transport
        head = chain(b"HTTP/1.1 200 OK\r\nx-slow: ", repeat(ord("a")))
        while not transport.is_closing():
            transport.write(bytes([next(head)]))
            await asyncio.sleep(DRIP_SECONDS)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            _abort(connection)
        await super().shutdown(sockets)

    async def _plugged_now(self) -> None:
        loop = asyncio.get_running_loop()
        self._socket = _listening(self.port)

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # chosen at run time
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        self.servers = [await loop.create_server(protocol, sock=self._socket)]

    def _run(self) -> None:
        self.run(sockets=[self._socket])

    def _in_loop(self, action: Callable[[], Awaitable[Answer]]) -> Answer:
        assert self._loop is not None

        async def act() -> Answer:
            return await action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(PATIENCE_SECONDS)


@contextmanager
def serving(app: ASGIApp) -> Iterator[LoopbackServer]:
    """A running server for as long as this is open; its `url` is where to knock.

    An app that was wrapped by `WireTrouble` gets to know its server, so that it can hang up and be unplugged.
    """
    server = LoopbackServer(app)
    if (meet := getattr(app, "meet", None)) is not None:
        meet(server)
    server.start_serving()
    try:
        yield server
    finally:
        server.stop_serving()


def _listening(port: int) -> socket.socket:
    # named TCP, for asyncio then sends small answers at once instead of waiting 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def _abort(connection: Any) -> None:
    with suppress(Exception):  # it may be gone by itself in this very moment
        connection.transport.abort()

"""Alpaca's stream of order events as order news: alpaca-py's TradingStream on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from gammacore.adapters.alpaca.client import AlpacaKeys, Endpoints
from gammacore.errors import ConfigurationError
from gammacore.ports.broker import News

if TYPE_CHECKING:
    from alpaca.trading.stream import TradingStream

_WIRE_LOG = logging.getLogger(__name__ + ".wire")
_WIRE_LOG.setLevel(logging.INFO)  # at DEBUG websockets writes every frame, the one with the keys too

_PING_SECONDS: Final = 10
_CLOSE_SECONDS: Final = 2
_JOIN_SECONDS: Final = 10.0
_ASK_AGAIN_SECONDS: Final = 0.05

Step = Callable[[], Awaitable[None]]
"""One of alpaca-py's own steps, which it leaves untyped."""

_listening: set[tuple[str, str]] = set()
_one_at_a_time = threading.Lock()


class AlpacaOrderNews:
    """Implements ports.broker. Listens from its construction until it is closed, and connects anew when cut.

    Alpaca lets an account listen once: a second listener of the same keys is refused here while the first lives. The
    pauses between connections are those of the world, not of a simulated clock: the thread waits, no use case does.

    Raises:
        ConfigurationError: this process listens to the account already.
    """

    def __init__(self, keys: AlpacaKeys, endpoints: Endpoints | None = None, *, pause_seconds: float = 1.0) -> None:
        where = endpoints or Endpoints()
        self._stream = _trading_stream(keys, where, self._missed)
        self._stream._reconnect_min_backoff = pause_seconds
        self._stream.subscribe_trade_updates(self._take_down)
        self._place = (where.stream or where.label, keys.key.reveal())
        with _one_at_a_time:
            if self._place in _listening:
                raise ConfigurationError(
                    "order news: this process listens to the Alpaca account already, and Alpaca allows one listener; "
                    "share the first one, or close it"
                )
            _listening.add(self._place)
        self._lock = threading.Lock()
        self._orders: set[str] = set()
        self._gap = True
        self._listening = False
        self._closed = False
        self._began = threading.Event()
        self._hanging_up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="alpaca order news", daemon=True)
        self._thread.start()

    def received(self) -> News:
        """Orders changed since the last call; a gap until Alpaca listens, after a cut and after a garbled message."""
        with self._lock:
            news = News(frozenset(self._orders), self._gap)
            self._orders.clear()
            self._gap = not self._listening
        return news

    def close(self) -> None:
        """Hang up and wait until the thread is gone; idempotent."""
        with _one_at_a_time:
            if self._closed:
                return
            self._closed = True
        self._began.wait(_JOIN_SECONDS)
        self._cancel()
        self._thread.join(_JOIN_SECONDS)
        self._missed(listening=False)
        with _one_at_a_time:
            _listening.discard(self._place)

    def _cancel(self) -> None:
        """Ask the listener to end until it does.

        Once is not enough: Python 3.11's wait_for, in which alpaca-py listens, loses a cancellation that comes together
        with a message, and the stream would be listened to for ever.
        """
        while self._loop is not None and self._listener is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # the loop may close in this very moment
                self._loop.call_soon_threadsafe(self._listener.cancel)
            if self._hanging_up.wait(_ASK_AGAIN_SECONDS):
                return

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._listen())

    async def _listen(self) -> None:
        self._loop, self._listener = asyncio.get_running_loop(), asyncio.current_task()
        self._began.set()
        for_ever: Step = self._stream._run_forever
        try:
            await for_ever()
        finally:
            self._hanging_up.set()
            await self._stream.close()

    async def _take_down(self, message: Any) -> None:
        """Note whose order an event is about; an event without one may be about any."""
        order = message.get("data", {}).get("order", {}) if isinstance(message, dict) else {}
        order_id = order.get("client_order_id") if isinstance(order, dict) else None
        with self._lock:
            if isinstance(order_id, str) and order_id:
                self._orders.add(order_id)
            else:
                self._gap = True

    def _missed(self, *, listening: bool) -> None:
        """Something may not have been received; `listening`: what comes from now on will be."""
        with self._lock:
            self._gap, self._listening = True, listening


class Missed(Protocol):
    """Is called when the stream may have missed something."""

    def __call__(self, *, listening: bool) -> None:
        """`listening`: it misses nothing from now on."""
        ...


def _trading_stream(keys: AlpacaKeys, where: Endpoints, missed: Missed) -> TradingStream:
    """alpaca-py's stream, which says when it may have missed something.

    alpaca-py offers no hook for that: its own steps are wrapped.
    """
    from alpaca.trading.stream import TradingStream
    from websockets import WebSocketException

    class Listener(TradingStream):
        async def _start_ws(self) -> None:
            missed(listening=False)
            connect: Step = super()._start_ws
            try:
                await connect()
            except (OSError, ValueError) as refusal:  # alpaca-py logs these with a traceback at every attempt
                raise WebSocketException(str(refusal) or type(refusal).__name__) from None

        async def _dispatch(self, message: Any) -> None:
            if (
                message.get("stream") == "listening"
            ):  # what changed before Alpaca confirmed the subscription was not reported
                missed(listening=True)
            await super()._dispatch(message)

        async def _consume(self) -> None:
            listen: Step = super()._consume
            try:
                await listen()
            except WebSocketException:
                missed(listening=False)
                raise
            except Exception:  # a message that cannot be read: alpaca-py goes on with the next one
                missed(listening=True)
                raise

    return Listener(
        keys.key.reveal(),
        keys.secret.reveal(),
        paper=where.paper,
        raw_data=True,
        url_override=where.stream or "",
        websocket_params={
            "ping_interval": _PING_SECONDS,
            "ping_timeout": 2 * _PING_SECONDS,
            "close_timeout": _CLOSE_SECONDS,
            "max_queue": 1024,
            "logger": _WIRE_LOG,
        },
    )

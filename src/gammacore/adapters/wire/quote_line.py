"""A broker's web-socket of share quotes: connected, subscribed, read until it is cut. One kit for every broker.

It connects once and never again by itself: connecting again is the supervision's, for every stream by one policy.
Rules: SC-1006, SC-1007, SC-1010, R4.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from attrs import define, frozen

from gammacore.adapters.wire.connection import explain
from gammacore.domain.parameters import parameter
from gammacore.errors import ConfigurationError, MarketDataError, MissingData
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import StreamedQuote

_WIRE_LOG = logging.getLogger(__name__ + ".wire")
_WIRE_LOG.setLevel(logging.INFO)  # at DEBUG websockets writes every frame, the one with the keys too

_PING_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_FRAMES_WAITING = 256
"""Frames read ahead at most; beyond, the sender waits: quotes are taken as fast as they come."""


@frozen
class LineLimits:
    """How long a stream of quotes may be silent, and how far its dates may be ahead of our clock."""

    silence_seconds: float = parameter(60.0, "No message for so long: cut, seconds.", above=0)
    connect_seconds: float = parameter(10.0, "To be connected and subscribed, seconds.", above=0)
    ahead_seconds: float = parameter(5.0, "A quote dated further ahead of our clock is undated, seconds.", at_least=0)

    @property
    def ahead(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.ahead_seconds)


class Line(Protocol):
    """One open web-socket."""

    async def send(self, message: str) -> None: ...

    async def recv(self) -> str | bytes: ...


@define(eq=False)
class QuoteLine(ABC):
    """Implements ports.market_data.QuoteStream; a broker says where, how to subscribe, and what a message means.

    `clock` dates the messages as they come.
    """

    symbols: tuple[str, ...]
    clock: Clock
    limits: LineLimits = LineLimits()

    @property
    @abstractmethod
    def name(self) -> str:
        """What alarms and logs call it."""

    @abstractmethod
    async def address(self) -> str:
        """Where to listen now. Blocking questions are asked in a thread of their own.

        Raises:
            StreamRefused: the broker does not let us listen. MarketDataError: it does not answer.
        """

    @abstractmethod
    async def subscribe(self, line: Line) -> None:
        """Say who we are and what is wanted. Raises as `address`."""

    @abstractmethod
    def read(self, text: str, now: dt.datetime) -> Iterator[StreamedQuote]:
        """The quotes in one message; none where it holds none, or cannot be read. Raises StreamRefused."""

    async def messages(self) -> AsyncIterator[StreamedQuote]:
        line = None
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                line = await _dialled(await self.address(), self.limits.connect_seconds)
                await self.subscribe(line)
            while True:
                async with asyncio.timeout(self.limits.silence_seconds):
                    message = await line.recv()
                text = message.decode(errors="replace") if isinstance(message, bytes) else message
                now, is_quoted = self.clock.now(), False
                for quote in self.read(text, now):
                    is_quoted = True
                    yield quote
                if not is_quoted:
                    yield StreamedQuote(self.symbols[0], None, now)
        except (MarketDataError, ConfigurationError):
            raise
        except TimeoutError:
            raise MissingData(f"{self.name}: silent for too long") from None
        except OSError as fault:
            raise MissingData(explain(fault, self.name)) from None
        except Exception as fault:  # of whatever kind: its words may hold what was sent
            raise MissingData(f"{self.name}: cut ({type(fault).__name__})") from None
        finally:
            if line is not None:
                line.transport.abort()  # a closing handshake would keep the end of a run waiting

    def close(self) -> None:  # noqa: B027  a broker may hold more
        """Let go; the connection itself ends with its reader."""


async def _dialled(url: str, patience_seconds: float):  # type: ignore[no-untyped-def]  # loaded late
    """A web-socket; loaded late, for only a stream needs the library.

    Raises:
        ConfigurationError: the library is not installed.
    """
    try:
        from websockets.asyncio.client import connect
    except ImportError as absent:
        raise ConfigurationError(f"a quote stream needs websockets ({absent}): pip install websockets") from None
    return await connect(
        url, open_timeout=patience_seconds, close_timeout=_CLOSE_SECONDS, ping_interval=_PING_SECONDS,
        ping_timeout=2 * _PING_SECONDS, max_queue=_FRAMES_WAITING, logger=_WIRE_LOG, proxy=None, compression=None,
    )  # fmt: skip

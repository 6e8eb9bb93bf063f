"""The hedging desk as a v1 host calls it: plain dicts in, plain dicts out, its own state. Rule: DH-150."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any

from gammacore.application.hedge_filter import HedgeStream
from gammacore.domain.hedge_filter.inbound import read_message, with_exact_numbers
from gammacore.domain.hedge_filter.protocol import MarketEvent, OrderUpdate
from gammacore.errors import InvalidInput

ARITHMETIC = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[DivisionByZero, InvalidOperation, Overflow])
"""The desk's own: a host that computes with fewer digits must not round our sums."""


class HedgingHostDesk:
    """One desk of a host; its desks do not know of each other. Implements `gammacore.ports.driving.HedgingHost`.

    With a ledger, the first call also returns what an earlier run recorded and perhaps never handed over (DH-711), and
    `close`, or a `with` block, lets go of it.
    """

    def __init__(self, stream: HedgeStream, lines: list[str], close: Callable[[], None]) -> None:
        """`lines` is where the stream's writer puts the bodies it writes."""
        self._stream = stream
        self._lines = lines
        self._close = close
        self._resumed = False

    def on_market_event(self, event: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return self._emitted_by(lambda: self._take(event, MarketEvent))

    def on_order_update(self, update: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        return self._emitted_by(lambda: self._take(update, OrderUpdate))

    def on_tick(self, now: dt.datetime) -> list[dict[str, Any]] | None:
        return self._emitted_by(lambda: self._tick(now))

    def close(self) -> None:
        """Make the rest durable and let go of the ledger."""
        self._close()

    def __enter__(self) -> HedgingHostDesk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, message: object, wanted: type[MarketEvent | OrderUpdate]) -> None:
        if not isinstance(message, Mapping):
            raise InvalidInput("event", ascii(message)[:60], "give a dict")
        read = read_message(with_exact_numbers(message))
        if not isinstance(read, wanted):
            raise InvalidInput("type", ascii(message.get("type")), "call the method of its type")
        self._stream.take(read)

    def _tick(self, now: object) -> None:
        if not isinstance(now, dt.datetime) or now.utcoffset() is None:
            raise InvalidInput("now", ascii(now)[:60], "give a datetime with its offset, like datetime.now(UTC)")
        self._stream.tick_at(now.astimezone(dt.UTC))

    def _emitted_by(self, act: Callable[[], None]) -> list[dict[str, Any]] | None:
        """What a call wrote, whatever came before it in a ledger first; a bad one is logged or raised. DH-142."""
        with localcontext(ARITHMETIC):
            if not self._resumed:
                self._resumed = True
                self._stream.resume()
            try:
                act()
            except InvalidInput as fault:
                self._stream.refuse(fault)
        intents = [json.loads(line) for line in self._lines]
        self._lines.clear()
        return intents or None

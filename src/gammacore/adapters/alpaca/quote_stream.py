"""Alpaca's stream of share quotes: its market data web-socket in plain JSON, spoken without alpaca-py.

alpaca-py's own stream keeps a loop, a reconnect policy and repeated log lines of its own; the protocol is three
messages. One connection a feed is allowed: a second one is refused with 406.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import suppress

from attrs import define, field

from gammacore.adapters.alpaca.bodies import figure_or_none, words
from gammacore.adapters.alpaca.client import AlpacaKeys
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.alpaca.share_price import read_quote
from gammacore.adapters.wire.quote_line import Line, QuoteLine
from gammacore.errors import MissingData, StreamRefused
from gammacore.ports.market_data import StreamedQuote

HOST = "wss://stream.data.alpaca.markets/v2"


@define(eq=False)
class AlpacaQuotes(QuoteLine):
    """Implements ports.market_data.QuoteStream. `feed` is sip, iex or delayed_sip, as for the polled market."""

    keys: AlpacaKeys = field(kw_only=True)
    feed: str = field(kw_only=True)
    host: str = field(default=HOST, kw_only=True)

    @property
    def name(self) -> str:
        return "alpaca quotes"

    async def address(self) -> str:
        return f"{self.host}/{self.feed}"

    async def subscribe(self, line: Line) -> None:
        key, secret = self.keys.key.reveal(), self.keys.secret.reveal()
        await self._until(line, "connected")
        with suppress(Exception):  # refused and hung up already: the refusal is still to be read
            await line.send(json.dumps({"action": "auth", "key": key, "secret": secret}))
        await self._until(line, "authenticated")
        await line.send(json.dumps({"action": "subscribe", "quotes": list(self.symbols)}))

    async def _until(self, line: Line, said: str) -> None:
        """Read until the service says so."""
        for _ in range(8):
            message = await line.recv()
            rows = _rows(message.decode(errors="replace") if isinstance(message, bytes) else message)
            self._refuse(rows)
            if any(row.get("T") == "success" and row.get("msg") == said for row in rows):
                return
        raise MissingData(f"{self.name}: never said {said}")

    def read(self, text: str, now: dt.datetime) -> Iterator[StreamedQuote]:
        rows = _rows(text)
        self._refuse(rows)
        for row in rows:
            symbol = row.get("S")
            if row.get("T") == "q" and isinstance(symbol, str) and symbol in self.symbols:
                shown = read_quote(row, now, self.limits.ahead)
                if shown is not None:
                    yield StreamedQuote(symbol, shown, now)

    def _refuse(self, rows: list[dict[str, object]]) -> None:
        """Raises StreamRefused where the service says so."""
        for row in rows:
            if row.get("T") == "error":
                try:
                    code = figure_or_none(row, "code")
                except WireTrouble:
                    code = None
                raise StreamRefused(f"{self.name}: {words(row, 'msg') or 'refused'} ({code})")


def _rows(text: str) -> list[dict[str, object]]:
    """The objects of a message; none where it cannot be read."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [row for row in body if isinstance(row, dict)] if isinstance(body, list) else []

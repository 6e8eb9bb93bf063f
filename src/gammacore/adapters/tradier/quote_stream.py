"""Tradier's market stream: quotes of shares over its web-socket, by a session of its own. brokers.md 3."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator

from attrs import define, field

from gammacore.adapters.tradier.client import TradierClient
from gammacore.adapters.tradier.faults import complaint_in, decode
from gammacore.adapters.tradier.news import read_session
from gammacore.adapters.tradier.quotes import VendorQuote, without_zero_times
from gammacore.adapters.tradier.wire import read
from gammacore.adapters.wire import RequestRefused, UnreadableAnswer
from gammacore.adapters.wire.quote_line import Line, QuoteLine
from gammacore.errors import BrokerError, CredentialRefused, MissingData, StreamRefused
from gammacore.ports.market_data import StreamedQuote

_PATH = "markets/events"


@define(eq=False)
class TradierQuotes(QuoteLine):
    """Implements ports.market_data.QuoteStream. A session is asked for at every connection; `client` stays open."""

    client: TradierClient = field(kw_only=True)
    _session: str = field(default="", init=False)

    @property
    def name(self) -> str:
        return "tradier quotes"

    async def address(self) -> str:
        try:
            answer = await asyncio.to_thread(self.client.post, f"{_PATH}/session", {})
            self._session = read_session(answer).sessionid
        except (CredentialRefused, RequestRefused) as refusal:
            raise StreamRefused(f"{self.name}: {refusal}") from refusal
        except BrokerError as silence:
            raise MissingData(f"{self.name}: {silence}") from silence
        return f"{self.client.hosts.socket}/{_PATH}"

    async def subscribe(self, line: Line) -> None:
        wanted = {"symbols": list(self.symbols), "sessionid": self._session, "filter": ["quote"], "linebreak": True}
        await line.send(json.dumps(wanted))

    def read(self, text: str, now: dt.datetime) -> Iterator[StreamedQuote]:
        for row in text.splitlines():
            if (quote := self._read_row(row, now)) is not None:
                yield quote

    def _read_row(self, text: str, now: dt.datetime) -> StreamedQuote | None:
        try:
            row = decode(text) if text.strip() else None
        except ValueError:
            return None
        if not isinstance(row, dict):
            return None
        if "type" not in row and (words := complaint_in(row)) is not None:
            raise StreamRefused(f"{self.name}: {words}")
        if row.get("type") != "quote" or row.get("symbol") not in self.symbols:
            return None
        try:
            quote = read(VendorQuote, _as_polled(row))
        except UnreadableAnswer:
            return None
        shown = quote.share(now, self.limits.ahead)
        return None if shown is None else StreamedQuote(quote.symbol, shown, now)


def _as_polled(row: dict[str, object]) -> object:
    """The event in the words of a polled quote.

    >>> _as_polled({"symbol": "SPY", "bid": 1, "ask": 2, "biddate": "1557757189000", "askdate": "0"})
    {'symbol': 'SPY', 'bid': 1, 'ask': 2, 'bid_date': '1557757189000'}
    """
    event = {
        "symbol": row.get("symbol"), "bid": row.get("bid"), "ask": row.get("ask"), "bid_date": row.get("biddate"),
        "ask_date": row.get("askdate"),
    }  # fmt: skip
    return without_zero_times(event, ("bid_date", "ask_date"))

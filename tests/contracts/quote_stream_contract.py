"""What every stream of share quotes promises. Rules: SC-008, SC-1006, SC-1007, R13."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, aclosing
from typing import Any, Protocol, TypeVar, cast

import pytest

from gammacore.domain.market import Quote
from gammacore.errors import MarketDataError, StreamRefused
from gammacore.ports.market_data import QuoteStream, StreamedQuote

PATIENCE_SECONDS = 20.0
Answer = TypeVar("Answer")


class QuoteStreamControl(Protocol):
    """Steers the far end of a stream."""

    symbol: str

    def stream(self) -> QuoteStream:
        """A stream of the share's quotes, not yet connected."""
        ...

    def move(self, spot: str) -> None:
        """The share is quoted around another price, one second later."""
        ...

    def now(self) -> dt.datetime: ...

    def refuse(self) -> None:
        """The feed does not let anybody listen from now on."""
        ...

    def outage(self) -> AbstractContextManager[None]:
        """Every connection is cut, and none can be made while this is open."""
        ...


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    async def bounded() -> Answer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await work

    return asyncio.run(bounded())


async def next_quote(messages: AsyncIterator[StreamedQuote], around: str | None = None) -> StreamedQuote:
    """The next message with a quote; with `around` of that price's neighbourhood."""
    while True:
        message = await anext(messages)
        quote = message.shown
        if isinstance(quote, Quote) and (around is None or abs(quote.mid - int(around)) < 1):
            return message


class QuoteStreamContract:
    def listening(
        self, control: QuoteStreamControl, act: Callable[[AsyncIterator[StreamedQuote]], Awaitable[Answer]]
    ) -> Answer:
        async def listen() -> Answer:
            async with aclosing(cast("Any", control.stream().messages())) as messages:
                return await act(messages)

        return run(listen())

    def test_quotes_come_as_they_change_dated_by_the_feed_and_by_our_clock(self, control: QuoteStreamControl) -> None:
        async def act(messages: AsyncIterator[StreamedQuote]) -> list[StreamedQuote]:
            first = await next_quote(messages)
            await asyncio.to_thread(control.move, "691")
            return [first, await next_quote(messages, "691")]

        first, second = self.listening(control, act)

        assert isinstance(first.shown, Quote)
        assert isinstance(second.shown, Quote)
        assert first.symbol == second.symbol == control.symbol
        assert first.shown.at < second.shown.at <= second.arrived_at == control.now()
        assert 0 < second.shown.bid < second.shown.ask

    def test_a_cut_is_an_error_and_the_next_connection_listens_again(self, control: QuoteStreamControl) -> None:
        outage = control.outage()

        async def cut_off(messages: AsyncIterator[StreamedQuote]) -> None:
            await next_quote(messages)
            await asyncio.to_thread(outage.__enter__)
            while True:
                await anext(messages)

        with pytest.raises(MarketDataError):
            self.listening(control, cut_off)
        with pytest.raises(MarketDataError):  # nobody can connect now
            self.listening(control, next_quote)
        outage.__exit__(None, None, None)

        assert isinstance(self.listening(control, next_quote).shown, Quote)

    def test_a_feed_that_does_not_let_us_listen_says_so(self, control: QuoteStreamControl) -> None:
        control.refuse()

        with pytest.raises(StreamRefused):
            self.listening(control, next_quote)

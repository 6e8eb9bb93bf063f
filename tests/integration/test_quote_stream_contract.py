"""Streams of share quotes keep one contract: over each broker's web-socket on a loopback, and of a recorded market.

Rules: SC-1006, SC-1007, SC-1008, R13.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, field

from builders import at
from contracts.quote_stream_contract import QuoteStreamContract, next_quote, run
from counterparts.alpaca_control import SPY_QUOTES, endpoints_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import SECRET, TOKEN, World
from gammacore.adapters.alpaca.client import AlpacaKeys
from gammacore.adapters.alpaca.quote_stream import AlpacaQuotes
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.tradier.quote_stream import TradierQuotes
from gammacore.adapters.wire.quote_line import LineLimits
from gammacore.errors import MissingData, StreamRefused
from gammacore.ports.credentials import Secret
from gammacore.ports.market_data import QuoteStream

KEYS = AlpacaKeys(Secret(TOKEN), Secret(SECRET))
LIMITS = LineLimits(silence_seconds=20, connect_seconds=5)


@define(eq=False)
class Served:
    """A `QuoteStreamControl` over a served world."""

    server: LoopbackServer
    world: World
    open: Callable[[Served, LineLimits], QuoteStream]
    switch: str
    ends: ExitStack
    symbol: str = "SPY"
    limits: LineLimits = field(default=LIMITS)

    def stream(self) -> QuoteStream:
        return self.open(self, self.limits)

    def move(self, spot: str) -> None:
        self.world.show(SPY_QUOTES, seconds=1, spot=spot)

    def now(self) -> dt.datetime:
        return self.world.now()

    def refuse(self) -> None:
        self.world.settings[self.switch] = "off"

    def outage(self) -> AbstractContextManager[None]:
        return self.server.unplugged()


def at_tradier(served: Served, limits: LineLimits) -> QuoteStream:
    client = tradier_client(served.server, SystemClock())
    served.ends.callback(client.close)
    return TradierQuotes((served.symbol,), served.world, limits, client=client)


def at_alpaca(served: Served, limits: LineLimits) -> QuoteStream:
    host = endpoints_of(served.server).quotes
    assert host is not None
    return AlpacaQuotes((served.symbol,), served.world, limits, keys=KEYS, feed="sip", host=host)


def served(app: Callable[[World], Any], opened: Callable[[Served, LineLimits], QuoteStream], switch: str) -> Any:
    world = spy_world()
    with serving(app(world)) as server, ExitStack() as ends:
        yield Served(server, world, opened, switch, ends)


class TestTradierQuotes(QuoteStreamContract):
    @pytest.fixture
    def control(self) -> Iterator[Served]:
        yield from served(tradier_app, at_tradier, "market_stream")

    def test_silence_is_a_cut(self, control: Served) -> None:
        control.limits = LineLimits(silence_seconds=0.1)

        with pytest.raises(MissingData, match="silent for too long"):
            self.listening(control, until_the_end)


class TestAlpacaQuotes(QuoteStreamContract):
    @pytest.fixture
    def control(self) -> Iterator[Served]:
        yield from served(alpaca_app, at_alpaca, "quote_stream")

    def test_a_second_listener_is_refused_with_the_reason(self, control: Served) -> None:
        async def second(messages: Any) -> None:
            await next_quote(messages)
            await anext(control.stream().messages())

        with pytest.raises(StreamRefused, match=r"connection limit exceeded \(406\)"):
            self.listening(control, second)

    def test_wrong_keys_are_refused_and_never_shown(self, control: Served) -> None:
        host = endpoints_of(control.server).quotes or ""
        wrong = AlpacaKeys(Secret("wrong-key"), Secret("wrong-secret"))
        stream = AlpacaQuotes(("SPY",), control.world, LIMITS, keys=wrong, feed="sip", host=host)

        with pytest.raises(StreamRefused, match="auth failed") as refused:
            run(anext(stream.messages()))  # type: ignore[arg-type]  # a coroutine

        assert "wrong" not in str(refused.value)


async def until_the_end(messages: Any) -> None:
    while True:
        await anext(messages)


NOW = at("10:00")
MOMENT = int(NOW.timestamp() * 1000)
QUOTED = f'{{"type":"quote","symbol":"%s","bid":%s,"biddate":"{MOMENT}","ask":%s,"askdate":"{MOMENT}"}}'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (QUOTED % ("SPY", "590.01", "590.02"), ("590.01", "590.02")),
        (QUOTED % ("SPY", "590.03", "590.02"), "crossed"),
        (QUOTED % ("SPY", "0", "590.02"), "missing"),
        (QUOTED % ("QQQ", "1", "2"), None),
        ('{"type":"trade","symbol":"SPY","price":"590.01"}', None),
        ('{"type":"quo', None),
        ("[]", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_message_of_tradier_is_a_quote_its_defect_or_a_sign_of_life(text: str, shown: object) -> None:
    stream = TradierQuotes(("SPY",), SystemClock(), client=None)  # type: ignore[arg-type]  # nothing is asked

    read = [message.shown for message in stream.read(text, NOW)]

    assert [summary(one) for one in read] == ([] if shown is None else [shown])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[{"T":"q","S":"SPY","bp":590.01,"ap":590.02,"t":"2026-01-05T15:00:00.5Z"}]', ("590.01", "590.02")),
        ('[{"T":"q","S":"SPY","bp":590.03,"ap":590.02,"t":"2026-01-05T15:00:00Z"}]', "crossed"),
        ('[{"T":"q","S":"SPY","bp":"x","ap":590.02,"t":"2026-01-05T15:00:00Z"}]', None),
        ('[{"T":"q","S":"SPY","bp":590.01,"ap":590.02}]', None),
        ('[{"T":"t","S":"SPY","p":590.01}]', None),
        ("{}", None),
        ("[", None),
    ],
)
def test_a_message_of_alpaca_is_a_quote_its_defect_or_a_sign_of_life(text: str, shown: object) -> None:
    stream = AlpacaQuotes(("SPY",), SystemClock(), keys=KEYS, feed="sip")

    read = [message.shown for message in stream.read(text, NOW)]

    assert [summary(one) for one in read] == ([] if shown is None else [shown])


def summary(shown: Any) -> object:
    return shown if isinstance(shown, str) else tuple(f"{price:.2f}" for price in (Decimal(shown.bid), shown.ask))

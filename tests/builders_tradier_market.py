"""Tradier's market as it answers a test: bodies by path, every request kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

import httpx
from attrs import define, field

from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import LIVE, Patience, TradierClient, TradierHosts
from gammacore.adapters.tradier.market import TradierMarket, TradierMarketSettings
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.ports.credentials import Secret

DAY = dt.date(2026, 3, 3)
SESSION = TradingSession.of(DAY)
TEN = SESSION.after_open(30)


@define
class AnsweringTradier:
    """Answers each path with its body; a path without one is a 404. `asked` holds path and parameters in order."""

    bodies: dict[str, object] = field(factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        self.asked.append((path, dict(request.url.params)))
        if path not in self.bodies:
            return httpx.Response(404, text="nothing here")
        return httpx.Response(200, text=json.dumps(self.bodies[path]))

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def client(self, clock: FakeClock, hosts: TradierHosts = LIVE) -> TradierClient:
        patience = Patience(attempts=1)
        return TradierClient(hosts, Secret("t0ken"), clock, patience=patience, transport=httpx.MockTransport(self))

    def market(
        self, clock: FakeClock, settings: TradierMarketSettings | None = None, hosts: TradierHosts = LIVE
    ) -> TradierMarket:
        return TradierMarket(
            self.client(clock, hosts), REGISTRY["SPX"], SESSION, clock, settings or TradierMarketSettings()
        )


def milliseconds(instant: dt.datetime) -> int:
    return round(instant.timestamp() * 1000)


def a_quote(symbol: str, last: object, at: dt.datetime, **fields: object) -> dict[str, object]:
    """A quote seen once, without bid and ask."""
    row = {"symbol": symbol, "last": last, "trade_date": milliseconds(at), "bid": None, "ask": None, "close": None}
    return {**row, "bid_date": 0, "ask_date": 0, "prevclose": 5990.5, **fields}


def an_option(strike: float = 6000, right: str = "C", at: dt.datetime = TEN, **fields: object) -> dict[str, object]:
    """A 0DTE row as Tradier lists it, quoted 1.10 at 1.25."""
    root = str(fields.get("root_symbol", "SPXW"))
    return {
        "symbol": f"{root}{DAY:%y%m%d}{right}{round(strike * 1000):08d}", "strike": strike, "bid": 1.10, "ask": 1.25,
        "bid_date": milliseconds(at), "ask_date": milliseconds(at), "open_interest": 321, "contract_size": 100,
        "expiration_date": DAY.isoformat(), "option_type": "call" if right == "C" else "put", "root_symbol": root,
        "greeks": {"gamma": 0.5, "mid_iv": 9.9, "updated_at": "2026-03-03 14:00:00"}, **fields,
    }  # fmt: skip


def answering(now: dt.datetime = TEN) -> AnsweringTradier:
    """SPX at 6000.12, VIX at 15.5 and two contracts, all seen now."""
    return AnsweringTradier({
        "markets/quotes": {"quotes": {"quote": [a_quote("SPX", 6000.12, now), a_quote("VIX", 15.5, now)]}},
        "markets/options/chains": {"options": {"option": [an_option(at=now), an_option(right="P", at=now)]}},
    })  # fmt: skip

"""Every call this library makes through alpaca-py fits Alpaca's own OpenAPI, held against it by Prism."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from prism.loosen_specs import MARKET_DATA, TRADING
from prism_server import loosened_specs, prism_mock, skip_without_prism

pytestmark = [
    pytest.mark.xdist_group("prism"),
    pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning"),
]

KEYS = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "secret"}
SOLD, BOUGHT = "SPY260821P00480000", "SPY260821P00479000"
TODAY = dt.date(2026, 8, 21)
MORNING = dt.datetime(2026, 8, 21, 13, 30, tzinfo=dt.UTC)
ORDER = "61e69015-8549-4bfd-b9c3-01e75843f47d"


@pytest.fixture(scope="session")
def alpaca_specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_without_prism()
    return loosened_specs(tmp_path_factory.mktemp("alpaca_specs"))


@pytest.fixture(scope="session")
def trading_gate(alpaca_specs: Path) -> Iterator[str]:
    with prism_mock(alpaca_specs / TRADING) as address:
        yield address


@pytest.fixture(scope="session")
def market_data_gate(alpaca_specs: Path) -> Iterator[str]:
    with prism_mock(alpaca_specs / MARKET_DATA) as address:
        yield address


# -- what alpaca-py sends for us --------------------------------------------------------------------------------------


def _a_leg(symbol: str, intent: str) -> Any:
    from alpaca.trading.enums import OrderSide, PositionIntent
    from alpaca.trading.requests import OptionLegRequest

    side = OrderSide.BUY if intent.startswith("buy") else OrderSide.SELL
    return OptionLegRequest(symbol=symbol, ratio_qty=1, side=side, position_intent=PositionIntent(intent))


def _spread(intents: tuple[str, str], limit: float | None) -> Any:
    """A put spread; the limit is negative when money comes in."""
    from alpaca.trading.enums import OrderClass, TimeInForce
    from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest

    legs = [_a_leg(SOLD, intents[0]), _a_leg(BOUGHT, intents[1])]
    fields: dict[str, Any] = {
        "qty": 3, "order_class": OrderClass.MLEG, "time_in_force": TimeInForce.DAY, "legs": legs,
        "client_order_id": "gc-1",
    }  # fmt: skip
    return MarketOrderRequest(**fields) if limit is None else LimitOrderRequest(limit_price=limit, **fields)


def _single(symbol: str, side: str, limit: float | None, intent: str | None = None) -> Any:
    from alpaca.trading.enums import OrderSide, PositionIntent, TimeInForce
    from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest

    fields: dict[str, Any] = {
        "symbol": symbol, "qty": 2, "side": OrderSide(side), "time_in_force": TimeInForce.DAY,
        "client_order_id": "gc-2",
    }  # fmt: skip
    if intent is not None:
        fields["position_intent"] = PositionIntent(intent)
    return MarketOrderRequest(**fields) if limit is None else LimitOrderRequest(limit_price=limit, **fields)


def _todays_orders() -> Any:
    from alpaca.common.enums import Sort
    from alpaca.trading.enums import QueryOrderStatus
    from alpaca.trading.requests import GetOrdersRequest

    return GetOrdersRequest(status=QueryOrderStatus.ALL, limit=500, after=MORNING, direction=Sort.ASC, nested=True)


def _order_with_legs() -> Any:
    from alpaca.trading.requests import GetOrderByIdRequest

    return GetOrderByIdRequest(nested=True)


def _this_week() -> Any:
    from alpaca.trading.requests import GetCalendarRequest

    return GetCalendarRequest(start=TODAY, end=TODAY + dt.timedelta(days=7))


def _contracts() -> Any:
    from alpaca.trading.enums import AssetStatus, ContractType
    from alpaca.trading.requests import GetOptionContractsRequest

    return GetOptionContractsRequest(
        underlying_symbols=["SPY"], status=AssetStatus.ACTIVE, expiration_date=TODAY, type=ContractType.PUT,
        strike_price_gte="470", strike_price_lte="490", limit=10_000,
    )  # fmt: skip


def _replacement() -> Any:
    from alpaca.trading.requests import ReplaceOrderRequest

    return ReplaceOrderRequest(limit_price=-0.36)


TRADING_CALLS: dict[str, Callable[[Any], object]] = {
    "account": lambda client: client.get_account(),
    "clock": lambda client: client.get_clock(),
    "calendar": lambda client: client.get_calendar(_this_week()),
    "positions": lambda client: client.get_all_positions(),
    "position": lambda client: client.get_open_position(SOLD),
    "orders of today": lambda client: client.get_orders(_todays_orders()),
    "order by id": lambda client: client.get_order_by_id(ORDER, _order_with_legs()),
    "order by client id": lambda client: client.get_order_by_client_id("gc-1"),
    "spread for a credit": lambda client: client.submit_order(_spread(("sell_to_open", "buy_to_open"), -0.35)),
    "spread for a debit": lambda client: client.submit_order(_spread(("buy_to_close", "sell_to_close"), 0.20)),
    "spread at market": lambda client: client.submit_order(_spread(("buy_to_close", "sell_to_close"), None)),
    "option at a limit": lambda client: client.submit_order(_single(SOLD, "buy", 0.45, "buy_to_close")),
    "option at market": lambda client: client.submit_order(_single(BOUGHT, "sell", None, "sell_to_close")),
    "shares at a limit": lambda client: client.submit_order(_single("SPY", "sell", 480.12)),
    "shares at market": lambda client: client.submit_order(_single("SPY", "buy", None)),
    "cancel": lambda client: client.cancel_order_by_id(ORDER),
    "replace": lambda client: client.replace_order_by_id(ORDER, _replacement()),
    "contracts": lambda client: client.get_option_contracts(_contracts()),
    "contract": lambda client: client.get_option_contract(SOLD),
}
"""By what is asked; each is also read back into alpaca-py's own models."""


@pytest.mark.parametrize("call", TRADING_CALLS.values(), ids=TRADING_CALLS.keys())
def test_a_trading_call_fits_the_schema(trading_gate: str, call: Callable[[Any], object]) -> None:
    from alpaca.trading.client import TradingClient

    client = TradingClient("key", "secret", url_override=trading_gate)
    try:
        call(client)  # an answer of 4xx would raise
    finally:
        client._session.close()


def _chain() -> Any:
    from alpaca.data.enums import OptionsFeed
    from alpaca.data.requests import OptionChainRequest

    return OptionChainRequest(
        underlying_symbol="SPY", expiration_date=TODAY, feed=OptionsFeed.INDICATIVE, strike_price_gte=470,
        strike_price_lte=490,
    )  # fmt: skip


def _option_snapshots() -> Any:
    from alpaca.data.enums import OptionsFeed
    from alpaca.data.requests import OptionSnapshotRequest

    return OptionSnapshotRequest(symbol_or_symbols=[SOLD, BOUGHT], feed=OptionsFeed.INDICATIVE)


def _option_quotes() -> Any:
    from alpaca.data.requests import OptionLatestQuoteRequest

    return OptionLatestQuoteRequest(symbol_or_symbols=[SOLD, BOUGHT])


def _option_bars() -> Any:
    from alpaca.data.requests import OptionBarsRequest
    from alpaca.data.timeframe import TimeFrame

    return OptionBarsRequest(symbol_or_symbols=SOLD, timeframe=TimeFrame.Minute, start=MORNING, end=MORNING)


def _stock(what: str) -> Any:
    from alpaca.data import requests

    return getattr(requests, what)(symbol_or_symbols="SPY", feed="iex")


def _stock_bars() -> Any:
    from alpaca.data.enums import DataFeed
    from alpaca.data.requests import StockBarsRequest
    from alpaca.data.timeframe import TimeFrame

    return StockBarsRequest(
        symbol_or_symbols="SPY", timeframe=TimeFrame.Minute, start=MORNING, end=MORNING, feed=DataFeed.IEX
    )


OPTION_CALLS: dict[str, Callable[[Any], object]] = {
    "chain": lambda client: client.get_option_chain(_chain()),
    "snapshots": lambda client: client.get_option_snapshot(_option_snapshots()),
    "latest quotes": lambda client: client.get_option_latest_quote(_option_quotes()),
    "bars": lambda client: client.get_option_bars(_option_bars()),
}
STOCK_CALLS: dict[str, Callable[[Any], object]] = {
    "latest quote": lambda client: client.get_stock_latest_quote(_stock("StockLatestQuoteRequest")),
    "latest trade": lambda client: client.get_stock_latest_trade(_stock("StockLatestTradeRequest")),
    "snapshot": lambda client: client.get_stock_snapshot(_stock("StockSnapshotRequest")),
    "bars": lambda client: client.get_stock_bars(_stock_bars()),
}


@pytest.mark.parametrize("call", OPTION_CALLS.values(), ids=OPTION_CALLS.keys())
def test_an_option_data_call_fits_the_schema(market_data_gate: str, call: Callable[[Any], object]) -> None:
    from alpaca.data.historical.option import OptionHistoricalDataClient

    client = OptionHistoricalDataClient("key", "secret", url_override=market_data_gate)
    try:
        call(client)
    finally:
        client._session.close()


@pytest.mark.parametrize("call", STOCK_CALLS.values(), ids=STOCK_CALLS.keys())
def test_a_stock_data_call_fits_the_schema(market_data_gate: str, call: Callable[[Any], object]) -> None:
    from alpaca.data.historical.stock import StockHistoricalDataClient

    client = StockHistoricalDataClient("key", "secret", url_override=market_data_gate)
    try:
        call(client)
    finally:
        client._session.close()


# -- what it refuses: a gate that lets everything through proves nothing ----------------------------------------------

GOOD_ORDER: dict[str, Any] = {
    "type": "limit", "time_in_force": "day", "order_class": "mleg", "qty": 1, "limit_price": -0.35,
    "client_order_id": "gc-3",
    "legs": [
        {"symbol": SOLD, "ratio_qty": 1, "side": "sell", "position_intent": "sell_to_open"},
        {"symbol": BOUGHT, "ratio_qty": 1, "side": "buy", "position_intent": "buy_to_open"},
    ],
}  # fmt: skip


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD_ORDER.items() if name != field}


def test_the_order_the_wrong_ones_are_made_of_is_taken(trading_gate: str) -> None:
    assert httpx.post(f"{trading_gate}/v2/orders", json=GOOD_ORDER, headers=KEYS).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (_without("type"), "required property 'type'"),
        (_without("time_in_force"), "required property 'time_in_force'"),
        ({"type": "market", "time_in_force": "day", "symbol": SOLD, "qty": 1, "side": "buyy"}, "buy, sell"),
        ({**GOOD_ORDER, "legs": [{"symbol": SOLD, "side": "sell"}]}, "required property 'ratio_qty'"),
        ({**GOOD_ORDER, "legs": [{"symbol": SOLD, "ratio_qty": 1, "position_intent": "open"}]}, "buy_to_open"),
        ({**GOOD_ORDER, "legs": GOOD_ORDER["legs"] * 3}, "more than 4"),
        ({**GOOD_ORDER, "client_order_id": "x" * 129}, "more than 128"),
        ({**GOOD_ORDER, "order_class": "multileg"}, "mleg"),
    ],
    ids=["no type", "no time in force", "side buyy", "leg without ratio", "intent", "six legs", "long id", "class"],
)  # fmt: skip
def test_a_wrong_order_is_refused(trading_gate: str, wrong: dict[str, object], complaint: str) -> None:
    answer = httpx.post(f"{trading_gate}/v2/orders", json=wrong, headers=KEYS)
    assert answer.status_code == 422
    assert complaint in answer.headers["sl-violations"]


def test_a_call_without_keys_is_refused(trading_gate: str) -> None:
    assert httpx.get(f"{trading_gate}/v2/account").status_code == 401

"""The Alpaca counterpart speaks as Alpaca does: read by alpaca-py's own models, and held beside recorded bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen
from websockets.sync.client import ClientConnection, connect

from builders_exchange import put
from counterparts.alpaca_control import SPOT, SPY_QUOTES, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.alpaca_stream import STREAM_PATH
from counterparts.alpaca_words import FAULTS
from counterparts.serving import LoopbackServer, serving
from counterparts.world import NO_ANSWER, SECRET, TOKEN, Asked, Trouble, WireFault, World

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SOLD, BOUGHT = put(688, "SPY").occ, put(687, "SPY").occ
KEYS = {"APCA-API-KEY-ID": TOKEN, "APCA-API-SECRET-KEY": SECRET}


@frozen
class Counter:
    """A served world, and a plain client with the right keys."""

    world: World
    server: LoopbackServer
    client: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, **order: Any) -> httpx.Response:
        return self.client.post("/v2/orders", json=order)

    def sell_spread(self, name: str = "gc-1", quantity: int = 1, limit: float = -0.23) -> dict[str, Any]:
        answer = self.post(**a_spread(name, quantity, limit))
        assert answer.status_code == 200, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    def step(self) -> None:
        self.world.show(SPY_QUOTES, spot=SPOT)


def a_spread(name: str = "gc-1", quantity: int = 1, limit: float = -0.23) -> dict[str, Any]:
    legs = [(SOLD, "sell_to_open"), (BOUGHT, "buy_to_open")]
    return {
        "order_class": "mleg", "type": "limit", "limit_price": limit, "qty": quantity, "time_in_force": "day",
        "client_order_id": name,
        "legs": [{"symbol": symbol, "ratio_qty": "1", "position_intent": intent} for symbol, intent in legs],
    }  # fmt: skip


@pytest.fixture
def alpaca() -> Iterator[Counter]:
    world = spy_world()
    with (
        serving(alpaca_app(world)) as server,
        httpx.Client(base_url=server.url, headers=KEYS, trust_env=False, timeout=0.5) as client,
    ):
        yield Counter(world, server, client)


# -- alpaca-py reads it ------------------------------------------------------------------------------------------------


def test_alpaca_py_reads_every_trading_answer(alpaca: Counter) -> None:
    from alpaca.trading.client import TradingClient
    from alpaca.trading.enums import QueryOrderStatus
    from alpaca.trading.requests import GetOptionContractsRequest, GetOrdersRequest

    client: Any = TradingClient(TOKEN, SECRET, url_override=alpaca.server.url)
    try:
        alpaca.sell_spread(quantity=2)
        alpaca.step()

        assert client.get_account().options_trading_level == 3
        assert client.get_clock().is_open
        assert len(client.get_calendar()) > 20
        (order,) = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
        assert [leg.filled_avg_price for leg in order.legs] == ["0.5", "0.25"]
        assert client.get_order_by_client_id("gc-1").filled_avg_price == "-0.25"
        assert {position.symbol for position in client.get_all_positions()} == {SOLD, BOUGHT}
        assert client.get_open_position(SOLD).qty == "-2"
        listed = client.get_option_contracts(GetOptionContractsRequest(underlying_symbols=["SPY"]))
        assert [contract.symbol for contract in listed.option_contracts] == [BOUGHT, SOLD]
        assert client.get_option_contract(SOLD).strike_price == 688
        assert client.get_asset("SPY").tradable
    finally:
        client._session.close()


def test_alpaca_py_reads_every_data_answer(alpaca: Counter) -> None:
    from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.requests import (
        OptionChainRequest,
        OptionLatestQuoteRequest,
        StockLatestQuoteRequest,
        StockLatestTradeRequest,
        StockSnapshotRequest,
    )

    options: Any = OptionHistoricalDataClient(TOKEN, SECRET, url_override=alpaca.server.url)
    stocks: Any = StockHistoricalDataClient(TOKEN, SECRET, url_override=alpaca.server.url)
    try:
        chain = options.get_option_chain(OptionChainRequest(underlying_symbol="SPY"))
        assert (chain[SOLD].latest_quote.bid_price, chain[SOLD].latest_quote.ask_price) == (0.50, 0.52)
        quotes = options.get_option_latest_quote(OptionLatestQuoteRequest(symbol_or_symbols=[BOUGHT]))
        assert quotes[BOUGHT].ask_price == 0.25
        quote = stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="SPY"))["SPY"]
        assert (quote.bid_price, quote.ask_price) == (689.99, 690.01)
        assert stocks.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="SPY"))["SPY"].price == 690
        assert stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="SPY"))["SPY"].latest_trade.price == 690
    finally:
        options._session.close()
        stocks._session.close()


# -- beside recorded bodies --------------------------------------------------------------------------------------------


def _recorded(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "alpaca_fixtures" / f"{name}.json").read_text("utf-8"))


GONE = {"daytrade_count", "daytrading_buying_power", "pattern_day_trader"}
"""Fields of an account that Alpaca stopped sending on 2026-07-06 (alpaca-py 0.44.0)."""


def test_an_account_has_the_recorded_fields(alpaca: Counter, shared_data: Path) -> None:
    recorded = _recorded(shared_data, "account_routes__get_account")
    assert recorded.keys() - GONE <= alpaca.get("/v2/account").keys()


def test_a_spread_has_the_recorded_fields_and_quirks(alpaca: Counter, shared_data: Path) -> None:
    recorded = _recorded(shared_data, "openapi_example__MultilegOptionsOrderResponse")
    taken = alpaca.sell_spread()
    alpaca.step()
    shown = alpaca.get(f"/v2/orders/{taken['id']}", nested="true")

    assert recorded.keys() <= shown.keys()
    assert recorded["legs"][0].keys() <= shown["legs"][0].keys()
    quirks = ("asset_class", "asset_id", "symbol", "side")
    assert [shown[name] for name in quirks] == [recorded[name] for name in quirks] == [""] * 4
    assert shown["legs"][0]["type"] == recorded["legs"][0]["type"] == ""
    assert {name: type(value) for name, value in shown.items() if recorded.get(name) is not None} == {
        name: type(value) for name, value in recorded.items() if value is not None
    }


@pytest.mark.parametrize(
    ("recorded", "order"),
    [
        ("OptionOrderResponse", {"symbol": SOLD, "side": "buy", "type": "limit", "limit_price": "0.10"}),
        ("EquityOrderResponse", {"symbol": "SPY", "side": "buy", "type": "limit", "limit_price": "600"}),
    ],
)
def test_a_simple_order_has_the_recorded_fields(
    alpaca: Counter, shared_data: Path, recorded: str, order: dict[str, str]
) -> None:
    body = _recorded(shared_data, f"openapi_example__{recorded}")
    shown = alpaca.post(**order, qty="1", time_in_force="day").json()
    assert body.keys() <= shown.keys()
    assert (shown["asset_class"], shown["order_class"]) == (body["asset_class"], body["order_class"])


def test_positions_contracts_and_snapshots_have_the_recorded_fields(alpaca: Counter, shared_data: Path) -> None:
    alpaca.sell_spread()
    alpaca.step()
    (position, *_) = _recorded(shared_data, "position_routes__get_all_positions")
    contract = _recorded(shared_data, "option_routes__get_option_contract")
    (snapshot,) = _recorded(shared_data, "historical_option_data__get_option_chain")["snapshots"].values()

    assert position.keys() - {"usd"} <= alpaca.get(f"/v2/positions/{SOLD}").keys()
    never_closed = {name for name, value in contract.items() if value is None}
    assert contract.keys() - never_closed <= alpaca.get(f"/v2/options/contracts/{SOLD}").keys()
    shown = alpaca.get("/v1beta1/options/snapshots/SPY")["snapshots"][SOLD]
    assert shown["latestQuote"].keys() == snapshot["latestQuote"].keys()


# -- what it refuses ---------------------------------------------------------------------------------------------------


def _verdict(answer: httpx.Response) -> tuple[int, int, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["message"]


def test_a_client_order_id_is_taken_once(alpaca: Counter) -> None:
    alpaca.sell_spread("gc-1")
    assert _verdict(alpaca.post(**a_spread("gc-1"))) == (422, 40010001, "client_order_id must be unique")


def test_a_refused_order_was_never_there(alpaca: Counter) -> None:
    status, code, message = _verdict(alpaca.post(**a_spread("gc-1", quantity=10_000)))
    assert (status, code) == (403, 40310000)
    assert "buying power" in message
    assert alpaca.client.get("/v2/orders:by_client_order_id", params={"client_order_id": "gc-1"}).status_code == 404
    assert alpaca.get("/v2/orders", status="all") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "stop"}, "invalid order type"),
        ({"time_in_force": "fok"}, "invalid time_in_force"),
        ({"time_in_force": "gtc"}, "time_in_force for options"),
        ({"qty": "0.5"}, "qty must be integer"),
        ({"qty": None}, "qty is required"),
        ({"limit_price": None}, "require a limit price"),
        ({"limit_price": "0"}, "must not be 0"),
        ({"limit_price": "-0.235"}, "price increment"),
        ({"legs": []}, "between 2 and 4 legs"),
        ({"legs": a_spread()["legs"][:1] * 2}, "unique symbols"),
        ({"legs": [{**leg, "ratio_qty": "2"} for leg in a_spread()["legs"]]}, "simplest form"),
        ({"legs": [{**leg, "side": "buyy"} for leg in a_spread()["legs"]]}, "invalid side"),
        ({"legs": [{**leg, "position_intent": "open"} for leg in a_spread()["legs"]]}, "invalid position_intent"),
        ({"legs": [{**leg, "symbol": "SPY"} for leg in a_spread()["legs"]]}, "not found"),
        ({"client_order_id": "x" * 129}, "no more than 128"),
    ],
)
def test_an_order_without_sense_is_refused(alpaca: Counter, change: dict[str, Any], words: str) -> None:
    status, _, message = _verdict(alpaca.post(**{**a_spread(), **change}))
    assert status == 422
    assert words in message
    assert not alpaca.world.exchange.every_order or alpaca.get("/v2/orders", status="all") == []


def test_what_closes_must_be_held(alpaca: Counter) -> None:
    order = {"symbol": SOLD, "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    assert alpaca.post(**order, position_intent="buy_to_close").status_code == 403
    assert alpaca.post(**order).json()["position_intent"] == "buy_to_open"


def test_shares_are_sold_no_further_than_flat(alpaca: Counter) -> None:
    order = {"symbol": "SPY", "type": "market", "time_in_force": "day"}
    alpaca.post(**order, qty="5", side="buy")
    alpaca.step()
    assert alpaca.get("/v2/positions/SPY")["qty"] == "5"

    status, code, message = _verdict(alpaca.post(**order, qty="6", side="sell"))
    assert (status, code) == (403, 40310000)
    assert message == "insufficient qty available for order (requested: 6, available: 5)"


@pytest.mark.parametrize(
    "path", [f"/v2/orders/{'0' * 8}-0000-0000-0000-{'0' * 12}", f"/v2/positions/{SOLD}", "/v2/options/contracts/SPY1"]
)
def test_what_is_not_there_is_404_with_a_code(alpaca: Counter, path: str) -> None:
    status, code, _ = _verdict(alpaca.client.get(path))
    assert (status, code) == (404, 40410000)


def test_a_finished_order_is_not_called_back(alpaca: Counter) -> None:
    order = alpaca.sell_spread()
    alpaca.step()
    status, code, message = _verdict(alpaca.client.delete(f"/v2/orders/{order['id']}"))
    assert (status, code) == (422, 42210000)
    assert "filled" in message


def test_no_client_comes_in_without_the_keys(alpaca: Counter) -> None:
    for keys in ({}, {**KEYS, "APCA-API-SECRET-KEY": "wrong"}):
        answer = httpx.get(f"{alpaca.server.url}/v2/account", headers=keys, trust_env=False)
        assert _verdict(answer)[:2] == (401, 40110000)


# -- orders through their life -----------------------------------------------------------------------------------------


def test_a_list_shows_open_orders_newest_first_and_legs_only_nested(alpaca: Counter) -> None:
    alpaca.sell_spread("gc-1")
    alpaca.step()
    for name in ("gc-2", "gc-3"):
        alpaca.world.exchange.next_submit(never=True)
        alpaca.sell_spread(name)

    assert [row["client_order_id"] for row in alpaca.get("/v2/orders", nested="true")] == ["gc-3", "gc-2"]
    (closed,) = alpaca.get("/v2/orders", status="closed", nested="True")
    assert (closed["client_order_id"], len(closed["legs"])) == ("gc-1", 2)
    flat = alpaca.get("/v2/orders", status="all", direction="asc", limit="3")
    assert [row["symbol"] for row in flat] == ["", SOLD, BOUGHT]
    assert flat[0]["legs"] is None


def test_an_order_is_replaced_by_another(alpaca: Counter) -> None:
    alpaca.world.exchange.next_submit(never=True)
    old = alpaca.sell_spread()
    new = alpaca.client.patch(f"/v2/orders/{old['id']}", json={"limit_price": "-0.20"}).json()
    alpaca.step()

    before, after = (alpaca.get(f"/v2/orders/{order['id']}") for order in (old, new))
    assert (before["status"], before["replaced_by"]) == ("replaced", new["id"])
    assert (after["status"], after["replaces"], after["limit_price"]) == ("filled", old["id"], "-0.2")


def test_all_orders_are_called_back_at_once(alpaca: Counter) -> None:
    alpaca.world.exchange.next_submit(never=True)
    order = alpaca.sell_spread()
    answer = alpaca.client.delete("/v2/orders")
    assert (answer.status_code, answer.json()) == (207, [{"id": order["id"], "status": 200}])
    assert alpaca.get("/v2/orders") == []


# -- the data plan -----------------------------------------------------------------------------------------------------


def test_a_chain_comes_in_pages(alpaca: Counter) -> None:
    first = alpaca.get("/v1beta1/options/snapshots/SPY", limit="1")
    second = alpaca.get("/v1beta1/options/snapshots/SPY", limit="1", page_token=first["next_page_token"])
    assert [*first["snapshots"], *second["snapshots"]] == [BOUGHT, SOLD]
    assert second["next_page_token"] is None


def test_the_free_plan_has_no_paid_feed(alpaca: Counter) -> None:
    alpaca.world.settings["plan"] = "basic"
    refused = {
        "/v1beta1/options/snapshots/SPY": "opra", "/v2/stocks/quotes/latest?symbols=SPY": "sip",
    }  # fmt: skip
    for path, feed in refused.items():
        assert alpaca.client.get(httpx.URL(path).copy_add_param("feed", feed)).status_code == 403
    assert alpaca.get("/v1beta1/options/snapshots/SPY", feed="indicative")["snapshots"]


def test_delayed_quotes_are_as_old_as_they_say(alpaca: Counter) -> None:
    alpaca.world.settings["quote_delay_seconds"] = "60"
    alpaca.world.show({put(688, "SPY"): ("0.60", "0.62")}, seconds=60, spot=SPOT)
    shown = alpaca.get("/v1beta1/options/quotes/latest", symbols=SOLD)["quotes"][SOLD]
    assert (shown["bp"], shown["t"]) == (0.50, "2026-01-05T15:00:00.000000000Z")


# -- trouble on the wire -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        (FAULTS["429"], 429, '{"code": 42910000'),
        (FAULTS["504"], 504, '{"code": 50410000'),
        (FAULTS["502_page"], 502, "<html>"),
    ],
)
def test_a_planned_fault_meets_one_request(alpaca: Counter, fault: WireFault, status: int, start: str) -> None:
    alpaca.world.faults.plan(Asked.SUBMIT, fault)
    answer = alpaca.post(**a_spread())
    assert answer.status_code == status
    assert answer.text.startswith(start)
    assert alpaca.get("/v2/orders", status="all") == []
    alpaca.sell_spread()


def test_an_answer_may_be_cut_or_not_come_at_all(alpaca: Counter) -> None:
    alpaca.world.faults.plan(Asked.SUBMIT, WireFault(Trouble.CUT))
    with pytest.raises(httpx.RemoteProtocolError):
        alpaca.post(**a_spread("gc-1"))
    alpaca.world.faults.plan(Asked.SUBMIT, NO_ANSWER)
    with pytest.raises(httpx.ReadTimeout):
        alpaca.post(**a_spread("gc-2"))
    assert [row["client_order_id"] for row in alpaca.get("/v2/orders", nested="true")] == ["gc-1"]


# -- the stream --------------------------------------------------------------------------------------------------------


def _say(socket: ClientConnection, action: str, **words: Any) -> Any:
    socket.send(json.dumps({"action": action, "data": words}))
    return _hear(socket)


def _hear(socket: ClientConnection) -> Any:
    frame = socket.recv(timeout=5)
    assert isinstance(frame, bytes), "the service sends binary frames"
    return json.loads(frame)


@pytest.fixture
def socket(alpaca: Counter) -> Iterator[ClientConnection]:
    with connect(alpaca.server.websocket_url + STREAM_PATH, proxy=None) as opened:
        yield opened


def test_the_stream_wants_the_keys_first(socket: ClientConnection) -> None:
    answer = _say(socket, "authenticate", key_id=TOKEN, secret_key="wrong")
    assert answer == {"stream": "authorization", "data": {"action": "authenticate", "status": "unauthorized"}}


def test_the_stream_tells_what_becomes_of_an_order(alpaca: Counter, socket: ClientConnection) -> None:
    from alpaca.trading.models import TradeUpdate

    assert _say(socket, "authenticate", key_id=TOKEN, secret_key=SECRET)["data"]["status"] == "authorized"
    assert _say(socket, "listen", streams=["trade_updates"]) == {
        "stream": "listening", "data": {"streams": ["trade_updates"]},
    }  # fmt: skip

    alpaca.world.exchange.next_submit(parts=(1, 1))
    order = alpaca.sell_spread(quantity=3)
    heard = [_hear(socket)]
    for _ in range(2):
        alpaca.step()
        heard.append(_hear(socket))
    alpaca.client.delete(f"/v2/orders/{order['id']}")
    heard.append(_hear(socket))

    assert {event["stream"] for event in heard} == {"trade_updates"}
    updates = [TradeUpdate(**event["data"]) for event in heard]
    assert [update.event for update in updates] == ["new", "partial_fill", "partial_fill", "canceled"]
    assert [update.qty for update in updates] == [None, 1.0, 1.0, None]
    assert {update.order.client_order_id for update in updates} == {"gc-1"}
    assert updates[-1].order.filled_qty == "2"


def test_shares_sold_short_are_a_negative_position(alpaca: Counter) -> None:
    alpaca.post(symbol="SPY", qty="3", side="sell", type="market", time_in_force="day")
    alpaca.step()
    position = alpaca.get("/v2/positions/SPY")
    assert (position["qty"], position["side"], position["asset_class"]) == ("-3", "short", "us_equity")

"""How our Tradier server behaves: orders, refusals, quirks of its JSON, limits, streams, every trouble of the wire."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from attrs import define
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from builders import DAY, at
from builders_exchange import put
from counterparts.served_clock import ServedClock
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import FAULTS, tradier_app
from counterparts.world import ACCOUNT, TOKEN, Asked, World, scripted_world, simulated_world
from fakes import FakeMarket

ORDERS = f"/v1/accounts/{ACCOUNT}/orders"
POSITIONS = f"/v1/accounts/{ACCOUNT}/positions"
SHORT, LONG = put(6880).occ, put(6870).occ
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}

SPREAD = {
    "class": "multileg", "symbol": "SPX", "duration": "day", "type": "credit", "price": "2.35", "tag": "GEXENTRY-gc-1",
    "option_symbol[0]": SHORT, "side[0]": "sell_to_open", "quantity[0]": "2",
    "option_symbol[1]": LONG, "side[1]": "buy_to_open", "quantity[1]": "2",
}  # fmt: skip
ONE_PUT = {
    "class": "option", "symbol": "SPX", "duration": "day", "type": "market", "option_symbol": SHORT,
    "side": "buy_to_open", "quantity": "1",
}  # fmt: skip


@define
class Desk:
    world: World
    server: LoopbackServer
    http: httpx.Client

    def place(self, form: dict[str, str]) -> int:
        answer = self.http.post(ORDERS, data=form)
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["order"]["id"]
        return number

    def row(self, number: int, *, tags: bool = True) -> Any:
        return self.http.get(f"{ORDERS}/{number}", params={"includeTags": str(tags).lower()}).json()["order"]


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = scripted_world()
    with (
        serving(tradier_app(world)) as server,
        httpx.Client(base_url=server.url, headers=HEADERS, timeout=5, trust_env=False) as http,
    ):
        yield Desk(world, server, http)


# -- orders -----------------------------------------------------------------------------------------------------------


def test_a_credit_is_a_negative_average_price_and_its_parent_says_buy(desk: Desk) -> None:
    """brokers.md 3.5."""
    number = desk.place(SPREAD)
    resting = desk.row(number)
    desk.world.show()
    filled = desk.row(number)

    assert (resting["status"], resting["exec_quantity"], resting["remaining_quantity"]) == ("open", 0.0, 2.0)
    assert (filled["status"], filled["side"], filled["price"]) == ("filled", "buy", 2.35)
    assert (filled["avg_fill_price"], filled["exec_quantity"], filled["tag"]) == (-2.5, 2.0, "GEXENTRY-gc-1")
    assert [(leg["side"], leg["avg_fill_price"], leg["exec_quantity"]) for leg in filled["leg"]] == [
        ("sell_to_open", 5.0, 2.0), ("buy_to_open", 2.5, 2.0),
    ]  # fmt: skip
    assert len({number, *(leg["id"] for leg in filled["leg"])}) == 3


def test_parts_are_a_running_total_and_the_last_fill_is_distinguished(desk: Desk) -> None:
    desk.world.exchange.next_submit(parts=(1, 2))
    number = desk.place({**SPREAD, "quantity[0]": "3", "quantity[1]": "3"})
    desk.world.show()
    one = desk.row(number)
    desk.world.show({put(6880): ("5.30", "5.50"), put(6870): ("2.40", "2.50")})
    all_three = desk.row(number)

    assert (one["status"], one["exec_quantity"], one["last_fill_quantity"]) == ("partially_filled", 1.0, 1.0)
    assert (all_three["status"], all_three["exec_quantity"], all_three["last_fill_quantity"]) == ("filled", 3.0, 2.0)
    assert all_three["last_fill_price"] == pytest.approx(-2.8)
    assert all_three["avg_fill_price"] == pytest.approx(-(2.5 + 2 * 2.8) / 3)


def test_a_market_order_of_several_legs_has_no_price(desk: Desk) -> None:
    number = desk.place({name: value for name, value in SPREAD.items() if name != "price"} | {"type": "market"})
    desk.world.show()
    assert "price" not in desk.row(number)
    assert desk.row(number)["avg_fill_price"] == -2.5


def test_tags_are_shown_only_to_those_who_ask(desk: Desk) -> None:
    assert "tag" not in desk.row(desk.place(SPREAD), tags=False)


def test_the_same_tag_twice_is_two_orders(desk: Desk) -> None:
    """Tradier knows no idempotency: who sends twice has two."""
    assert desk.place(SPREAD) != desk.place(SPREAD)
    assert len(desk.world.exchange.every_order) == 2


def test_parameters_are_taken_from_the_query_too(desk: Desk) -> None:
    assert desk.http.post(ORDERS, params=ONE_PUT).json()["order"]["status"] == "ok"


def test_collections_are_null_one_or_many(desk: Desk) -> None:
    """brokers.md 3.6."""
    empty = (desk.http.get(ORDERS).json(), desk.http.get(POSITIONS).json())
    desk.place(ONE_PUT)
    desk.world.show()
    one = (desk.http.get(ORDERS).json(), desk.http.get(POSITIONS).json())
    desk.place({**ONE_PUT, "option_symbol": LONG})
    desk.world.show()
    many = (desk.http.get(ORDERS).json(), desk.http.get(POSITIONS).json())

    assert empty == ({"orders": "null"}, {"positions": "null"})
    assert [type(one[0]["orders"]["order"]), type(one[1]["positions"]["position"])] == [dict, dict]
    assert [len(many[0]["orders"]["order"]), len(many[1]["positions"]["position"])] == [2, 2]


def test_orders_come_in_pages(desk: Desk) -> None:
    numbers = [desk.place(SPREAD) for _ in range(3)]

    def page(number: int) -> Any:
        return desk.http.get(ORDERS, params={"page": str(number), "limit": "2"}).json()["orders"]

    assert [row["id"] for row in page(1)["order"]] == numbers[:2]
    assert page(2)["order"]["id"] == numbers[2]
    assert page(3) == "null"


def test_a_short_position_is_negative_and_so_is_what_it_cost(desk: Desk) -> None:
    desk.place(SPREAD)
    desk.world.show()
    held = {row["symbol"]: row for row in desk.http.get(POSITIONS).json()["positions"]["position"]}

    assert (held[SHORT]["quantity"], held[SHORT]["cost_basis"]) == (-2.0, -1000.0)
    assert (held[LONG]["quantity"], held[LONG]["cost_basis"]) == (2.0, 500.0)


@pytest.mark.parametrize(
    ("side", "opened", "held"), [("buy", True, 5.0), ("sell_short", True, -5.0), ("sell", False, None)]
)
def test_shares_are_bought_sold_and_sold_short(side: str, opened: bool, held: float | None) -> None:
    world = scripted_world(underlying="SPY", cash="200000")
    form = {"class": "equity", "symbol": "SPY", "side": side, "quantity": "5", "type": "market", "duration": "day"}
    with serving(tradier_app(world)) as server, httpx.Client(base_url=server.url, headers=HEADERS) as http:
        answer = http.post(ORDERS, data=form).json()
        world.show({}, spot="690")
        held_now = http.get(POSITIONS).json()["positions"]

    assert ("order" in answer) is opened
    assert (None if held_now == "null" else held_now["position"]["quantity"]) == held


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"duration": "fok"}, "duration"), ({"side[0]": "sell"}, "side[0]"), ({"quantity[1]": "0"}, "quantity[1]"),
        ({"price": "-1"}, "price"), ({"price": ""}, "price"), ({"type": "even"}, "type"), ({"tag": "a b"}, "tag"),
        ({"class": "oco"}, "class"), ({"option_symbol[0]": "SPX"}, "option_symbol[0]"),
    ],
)  # fmt: skip
def test_a_form_that_makes_no_sense_is_400_with_a_text(desk: Desk, changed: dict[str, str], named: str) -> None:
    answer = desk.http.post(ORDERS, data={**SPREAD, **changed})

    assert answer.status_code == 400
    assert answer.text.startswith(f"Invalid parameter, {named}: ")
    assert desk.world.exchange.every_order == ()


def test_a_rejection_is_200_with_errors_inside_and_no_order(desk: Desk) -> None:
    """brokers.md 3.7."""
    desk.world.exchange.next_submit(rejects="OptionLevelRestriction")
    answer = desk.http.post(ORDERS, data=SPREAD)

    assert (answer.status_code, answer.json()) == (200, {"errors": {"error": ["OptionLevelRestriction"]}})
    assert desk.http.get(ORDERS).json() == {"orders": "null"}


def test_a_rejection_may_also_come_as_a_status_later(desk: Desk) -> None:
    desk.world.settings["rejections"] = "status"
    desk.world.exchange.next_submit(rejects="InitialMargin")
    row = desk.row(desk.place(SPREAD))

    assert (row["status"], row["reason_description"]) == ("rejected", "InitialMargin")


def test_a_finished_order_cannot_be_canceled(desk: Desk) -> None:
    number = desk.place(SPREAD)
    desk.world.show()
    answer = desk.http.delete(f"{ORDERS}/{number}")

    assert (answer.status_code, answer.text) == (400, "order already in finalized state: filled")
    assert desk.http.delete(f"{ORDERS}/7").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_token_there_is_a_fault(desk: Desk, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{desk.server.url}/v1/user/profile", headers={**headers, "Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.json()["fault"]["detail"]["errorcode"] == "keymanagement.service.invalid_access_token"


def test_who_does_not_ask_for_json_gets_xml(desk: Desk) -> None:
    answer = desk.http.get("/v1/markets/clock", headers={"Accept": "*/*"})

    assert answer.headers["content-type"].startswith("application/xml")
    assert "<clock><date>2026-01-05</date>" in answer.text


def test_another_account_is_not_answered_for(desk: Desk) -> None:
    assert desk.http.get("/v1/accounts/VA9/positions").status_code == 401


def test_headers_count_a_minute_of_the_worlds_time_and_then_it_is_429(desk: Desk) -> None:
    desk.world.settings["rate_limit"] = "2"
    answers = [desk.http.get("/v1/markets/clock") for _ in range(3)]
    ends = dt.datetime.fromtimestamp(int(answers[0].headers["x-ratelimit-expiry"]) / 1000, dt.UTC)
    other_class = desk.http.get(ORDERS)
    desk.world.move_to(ends)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-ratelimit-available"] for answer in answers] == ["1", "0", "0"]
    assert other_class.status_code == 200
    assert desk.http.get("/v1/markets/clock").headers["x-ratelimit-used"] == "1"


# -- the market -------------------------------------------------------------------------------------------------------


def test_a_delayed_market_is_shown_as_it_was(desk: Desk) -> None:
    desk.world.show({put(6880): ("6.00", "6.20"), put(6870): ("2.40", "2.50")}, seconds=900)
    desk.world.settings["delay_seconds"] = "900"
    row = desk.http.get("/v1/markets/quotes", params={"symbols": SHORT}).json()["quotes"]["quote"]

    assert row["bid"] == 5.0
    assert row["bid_date"] == int((desk.world.now() - dt.timedelta(seconds=900)).timestamp() * 1000)


def test_the_days_close_is_reported_when_the_day_is_over() -> None:
    world = simulated_world()

    def held_now(http: httpx.Client) -> tuple[float | None, str]:
        quote = http.get("/v1/markets/quotes", params={"symbols": "SPX"}).json()["quotes"]["quote"]
        days = http.get("/v1/markets/history", params={"symbol": "SPX", "start": "2025-12-29"}).json()["history"]["day"]
        return quote["close"], days[-1]["date"]

    with serving(tradier_app(world)) as server, httpx.Client(base_url=server.url, headers=HEADERS) as http:
        world.move_to(at("15:59"))
        before = held_now(http)
        world.move_to(at("16:00"))
        after = held_now(http)

    printed = world.markets["SPX"].settlement("SPX", DAY)
    assert printed is not None
    assert before == (None, "2026-01-02")
    assert after == (float(printed.price), DAY.isoformat())


def test_another_root_is_seen_only_with_all_roots(desk: Desk) -> None:
    """brokers.md 3.3."""

    def expirations(**flags: str) -> Any:
        return desk.http.get("/v1/markets/options/expirations", params={"symbol": "SPX", **flags}).json()["expirations"]

    assert expirations() is None
    assert expirations(includeAllRoots="true") == {"date": DAY.isoformat()}


@pytest.mark.parametrize(
    ("path", "name"),
    [("chains", "options"), ("strikes", "strikes"), ("expirations", "expirations")],
)
def test_what_is_not_listed_is_null(desk: Desk, path: str, name: str) -> None:
    params = {"symbol": "NOSUCH", "expiration": DAY.isoformat()}
    assert desk.http.get(f"/v1/markets/options/{path}", params=params).json() == {name: None}


def test_a_market_that_cannot_be_read_is_a_datastore_error(desk: Desk) -> None:
    market = desk.world.markets["SPX"]
    assert isinstance(market, FakeMarket)
    market.fails(1)
    answer = desk.http.get("/v1/markets/options/chains", params={"symbol": "SPX", "expiration": DAY.isoformat()})

    assert (answer.status_code, answer.json()["fault"]["faultstring"]) == (500, "Datastore Error")


# -- trouble ----------------------------------------------------------------------------------------------------------

ANSWERED = {
    "400_text": 400, "400_list": 400, "401_fault": 401, "429": 429, "500_datastore": 500,
    "500_datastore_but_taken": 500, "500_expired_token": 500, "502_page": 502, "504": 504, "200_rejection": 200,
    "cut_json": 200,
}  # fmt: skip
BROKEN: dict[str, type[Exception]] = {
    "no_answer": httpx.ReadTimeout, "no_answer_but_taken": httpx.ReadTimeout, "hung_up": httpx.RemoteProtocolError,
    "hung_up_but_taken": httpx.RemoteProtocolError, "cut_connection": httpx.RemoteProtocolError,
}  # fmt: skip
TAKEN = {"no_answer_but_taken", "hung_up_but_taken", "500_datastore_but_taken", "cut_json", "cut_connection"}


def test_every_trouble_is_tried_here() -> None:
    assert {*ANSWERED, *BROKEN, "connection_refused"} == set(FAULTS)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_trouble_is_answered_once(desk: Desk, name: str) -> None:
    desk.world.faults.plan(Asked.SUBMIT, FAULTS[name])
    answer = desk.http.post(ORDERS, data=SPREAD)

    assert answer.status_code == ANSWERED[name]
    assert len(desk.world.exchange.every_order) == (name in TAKEN)
    assert desk.http.post(ORDERS, data=SPREAD).status_code == 200


@pytest.mark.parametrize("name", BROKEN)
def test_a_trouble_breaks_the_connection(desk: Desk, name: str) -> None:
    desk.world.faults.plan(Asked.SUBMIT, FAULTS[name])
    with pytest.raises(BROKEN[name]):
        desk.http.post(ORDERS, data=SPREAD, timeout=0.5)

    assert len(desk.world.exchange.every_order) == (name in TAKEN)
    assert desk.http.post(ORDERS, data=SPREAD).status_code == 200


def test_a_connection_can_be_refused_after_a_question_was_answered(desk: Desk) -> None:
    desk.world.faults.plan(Asked.READ, FAULTS["connection_refused"])
    assert desk.http.get(ORDERS).status_code == 200
    with pytest.raises(httpx.ConnectError):
        desk.http.post(ORDERS, data=SPREAD)

    desk.server.plug()
    assert desk.http.post(ORDERS, data=SPREAD).status_code == 200


# -- from another process ---------------------------------------------------------------------------------------------


def test_a_clients_clock_moves_the_world(desk: Desk) -> None:
    clock = ServedClock(desk.server.url)
    before = clock.now()
    clock.wait_until(before - dt.timedelta(hours=1))
    unmoved = clock.now()
    clock.wait_until(before + dt.timedelta(hours=1))
    clock.close()

    assert unmoved == before
    assert desk.world.now() == clock.now() == before + dt.timedelta(hours=1)


def test_faults_orders_and_settings_are_switched_over_the_wire(desk: Desk) -> None:
    def held_now(method: str, path: str, body: object = None) -> httpx.Response:
        return desk.http.request(method, f"/_control/{path}", json=body).raise_for_status()

    held_now("POST", "faults", {"asked": "read", "times": 2, "fault": {"trouble": "answer", "status": 504}})
    gave_up = [desk.http.get(ORDERS).status_code for _ in range(3)]
    held_now("POST", "faults", {"asked": "read", "always": True, "fault": {"status": 500}})
    held_now("DELETE", "faults")
    held_now("POST", "orders", {"parts": [1], "delay": 0})
    held_now("POST", "settings", {"balances": "cash"})
    desk.place(SPREAD)
    desk.world.show()

    assert gave_up == [504, 504, 200]
    assert [(one["id"], one["quantity"]) for one in held_now("GET", "orders").json()] == [("gc-1", 1)]
    assert "cash" in desk.http.get(f"/v1/accounts/{ACCOUNT}/balances").json()["balances"]
    assert held_now("GET", "received").json()["submit"] == 1


# -- streams ----------------------------------------------------------------------------------------------------------


@contextmanager
def account_line(desk: Desk) -> Iterator[ClientConnection]:
    session = desk.http.post("/v1/accounts/events/session").json()["stream"]
    with connect(session["url"], proxy=None) as line:
        line.send(json.dumps({"events": ["order"], "sessionid": session["sessionid"], "excludeAccounts": []}))
        yield line


def heard(line: ClientConnection) -> Any:
    return json.loads(line.recv(timeout=5))


def test_the_account_stream_tells_of_orders_and_beats(desk: Desk) -> None:
    with account_line(desk) as line:
        first = heard(line)
        number = desk.place(SPREAD)
        opened = heard(line)
        desk.world.show()
        filled, beat = heard(line), heard(line)

    assert first["event"] == beat["event"] == "heartbeat"
    assert (opened["event"], opened["id"], opened["status"], opened["tag"]) == ("order", number, "open", SPREAD["tag"])
    assert (filled["status"], filled["avg_fill_price"], filled["account"]) == ("filled", -2.5, ACCOUNT)


def test_a_newer_session_ends_the_one_before_it(desk: Desk, shared_data: Any) -> None:
    old = desk.http.post("/v1/accounts/events/session").json()["stream"]
    desk.http.post("/v1/accounts/events/session")
    with connect(old["url"], proxy=None) as line:
        line.send(json.dumps({"events": ["order"], "sessionid": old["sessionid"]}))
        held_now = heard(line)

    assert set(held_now) == set(json.loads((shared_data / "tradier_fixtures" / "ws_error.json").read_text("utf-8")))


def test_a_stream_can_be_cut_and_garbled(desk: Desk) -> None:
    with account_line(desk) as line:
        heard(line)
        desk.http.post("/_control/streams", json={"say": '{"event": "ord'})
        garbled = line.recv(timeout=5)
        desk.http.post("/_control/streams", json={"cut": True})
        with pytest.raises(ConnectionClosed):
            line.recv(timeout=5)

    assert garbled == '{"event": "ord'


def test_the_market_stream_writes_a_line_for_each_change(desk: Desk) -> None:
    session = desk.http.post("/v1/markets/events/session").json()["stream"]
    asked = {"sessionid": session["sessionid"], "symbols": SHORT, "filter": "quote", "linebreak": "true"}
    with desk.http.stream("GET", session["url"], params=asked) as stream:
        lines = stream.iter_lines()
        before = json.loads(next(lines))
        desk.world.show({put(6880): ("6.00", "6.20"), put(6870): ("2.40", "2.50")})
        after = json.loads(next(lines))

    assert (before["type"], before["symbol"], before["bid"]) == ("quote", SHORT, 5.0)
    assert after["bid"] == 6.0


def test_the_market_stream_refuses_an_unknown_symbol(desk: Desk) -> None:
    session = desk.http.post("/v1/markets/events/session").json()["stream"]
    asked = {"sessionid": session["sessionid"], "symbols": "1234"}
    assert desk.http.get(session["url"], params=asked).json() == {"error": "1234 is not a valid symbol"}
    with connect(desk.server.websocket_url + "/v1/markets/events", proxy=None) as line:
        line.send(json.dumps({"symbols": ["1234"], "sessionid": session["sessionid"]}))
        assert heard(line) == {"error": "1234 is not a valid symbol"}

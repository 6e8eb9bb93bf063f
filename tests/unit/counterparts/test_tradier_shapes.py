"""Every body of our Tradier server has the shape Tradier documents: no key of our own, none of theirs missing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen

from builders import DAY, at
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, TOKEN, World, simulated_world

ORDERS = f"/v1/accounts/{ACCOUNT}/orders"
ORDER_EXTRAS = frozenset({"tag", "price", "reason_description", "option_symbol", "num_legs", "strategy", "leg"})
"""Fields of an order that stand there only where there is something to say (brokers.md 3.5)."""


@frozen
class Desk:
    world: World
    http: httpx.Client

    def get(self, path: str, **params: str) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, **form: str) -> Any:
        answer = self.http.post(ORDERS, data={"duration": "day", "type": "market", **form})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def strike(self, away: int = 0) -> int:
        """A listed strike of SPX, so many steps from the money."""
        spot = self.world.markets["SPX"].snapshot(self.world.now()).spot
        assert spot is not None
        return round(spot / 5) * 5 + 5 * away

    def put(self, away: int) -> str:
        return f"SPXW{DAY:%y%m%d}P{self.strike(away) * 1000:08d}"


@contextmanager
def a_trading_morning() -> Iterator[Desk]:
    """A simulated SPX and SPY at 10:34; a put spread was sold, a put and shares were bought."""
    world = simulated_world(others=("SPY",), cash="100000")
    world.settings["rate_limit"] = "off"
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    with (
        serving(tradier_app(world)) as server,
        httpx.Client(base_url=server.url, headers=headers, timeout=10, trust_env=False) as http,
    ):
        desk = Desk(world, http)
        world.move_to(at("10:30"))
        desk.order(**a_spread(desk, "open"), tag="GEXENTRY-gc-1")
        world.advance(120)
        desk.order(**{"class": "option", "symbol": "SPX", "option_symbol": desk.put(-4), "side": "buy_to_open"},
                   quantity="1")  # fmt: skip
        desk.order(**{"class": "equity", "symbol": "SPY", "side": "buy", "quantity": "3"})
        world.advance(120)
        yield desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with a_trading_morning() as desk:
        yield desk


def a_spread(desk: Desk, opening: str) -> dict[str, str]:
    return {
        "class": "multileg", "symbol": "SPX",
        "option_symbol[0]": desk.put(-2), "side[0]": f"sell_to_{opening}", "quantity[0]": "2",
        "option_symbol[1]": desk.put(-3), "side[1]": f"buy_to_{opening}", "quantity[1]": "2",
    }  # fmt: skip


def rows(body: Any, *path: str) -> list[Mapping[str, Any]]:
    """The objects at the end of a path, whether there is one or many on the way."""
    found = [body]
    for name in path:
        found = [row[name] for row in found if name in row]
        found = [one for cell in found for one in (cell if isinstance(cell, list) else [cell])]
    return [row for row in found if isinstance(row, dict)]


def documented(folder: Path, pattern: str, *path: str) -> list[Mapping[str, Any]]:
    found = [
        row
        for file in sorted((folder / "tradier_fixtures").glob(pattern))
        for row in rows(json.loads(file.read_text("utf-8")), *path)
    ]
    assert found, f"no body like {pattern} with {path}"
    return found


def assert_documented(
    ours: list[Mapping[str, Any]], theirs: list[Mapping[str, Any]], extras: frozenset[str] = frozenset()
) -> None:
    assert ours
    every = set().union(*theirs) | extras
    always = set.intersection(*(set(row) for row in theirs)) - extras
    for row in ours:
        assert set(row) - every == set()
        assert always - set(row) == set()


CURRENT = "asynctradier__"

CASES: dict[str, tuple[str, dict[str, str], tuple[str, ...], str]] = {
    "profile": ("/v1/user/profile", {}, ("profile",), "get_user_profile.json"),
    "profile account": ("/v1/user/profile", {}, ("profile", "account"), "get_user_profile.json"),
    "positions": (f"/v1/accounts/{ACCOUNT}/positions", {}, ("positions", "position"), "get_positions_*.json"),
    "chain": (
        "/v1/markets/options/chains", {"symbol": "SPX", "expiration": f"{DAY}", "greeks": "true"},
        ("options", "option"), "get_option_chains.json",
    ),
    "greeks": (
        "/v1/markets/options/chains", {"symbol": "SPX", "expiration": f"{DAY}", "greeks": "true"},
        ("options", "option", "greeks"), "get_option_chains.json",
    ),
    "expirations": (
        "/v1/markets/options/expirations",
        {"symbol": "SPX", "includeAllRoots": "true", "strikes": "true", "contractSize": "true",
         "expirationType": "true"},
        ("expirations", "expiration"), "get_option_expirations_all_info.json",
    ),
    "strikes": (
        "/v1/markets/options/strikes", {"symbol": "SPX", "expiration": f"{DAY}"}, ("strikes",),
        "get_option_strikes.json",
    ),
    "lookup": ("/v1/markets/options/lookup", {"underlying": "SPX"}, ("symbols",), "option_lookup.json"),
    "calendar": (
        "/v1/markets/calendar", {"month": "1", "year": "2026"}, ("calendar", "days", "day"), "get_calendar.json",
    ),
    "calendar month": (
        "/v1/markets/calendar", {"month": "1", "year": "2026"}, ("calendar",), "get_calendar.json",
    ),
    "history": (
        "/v1/markets/history", {"symbol": "SPX", "start": "2025-12-29"}, ("history", "day"),
        "get_historical_quotes*.json",
    ),
    "time and sales": (
        "/v1/markets/timesales", {"symbol": "SPX", "interval": "1min"}, ("series", "data"), "get_time_and_sale.json",
    ),
    "share quote": ("/v1/markets/quotes", {"symbols": "SPY"}, ("quotes", "quote"), "get_quotes_single.json"),
    "index quote": ("/v1/markets/quotes", {"symbols": "SPX"}, ("quotes", "quote"), "get_quotes_single.json"),
    "unmatched": (
        "/v1/markets/quotes", {"symbols": "SPY,NOSUCH"}, ("quotes",), "get_quotes_parts_unmatch_symbol.json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_body_has_the_documented_keys(desk: Desk, shared_data: Path, name: str) -> None:
    path, params, place, pattern = CASES[name]
    assert_documented(rows(desk.get(path, **params), *place), documented(shared_data, CURRENT + pattern, *place))


def test_a_clock_has_the_documented_keys(desk: Desk, shared_data: Path) -> None:
    answered = desk.get("/v1/markets/clock")["clock"]

    assert_documented([answered], documented(shared_data, "tradier_rb_2013__clock.json", "clock"))
    assert (answered["state"], answered["next_state"], answered["next_change"]) == ("open", "postmarket", "16:00")


@pytest.mark.parametrize("shape", ["margin", "cash", "pdt"])
def test_balances_come_in_three_shapes(desk: Desk, shared_data: Path, shape: str) -> None:
    desk.world.settings["balances"] = shape
    answered = desk.get(f"/v1/accounts/{ACCOUNT}/balances")

    for place in (("balances",), ("balances", shape)):
        theirs = documented(shared_data, f"{CURRENT}get_balance_{shape}.json", *place)
        assert_documented(rows(answered, *place), theirs)


def test_a_quoted_option_has_the_documented_keys(desk: Desk, shared_data: Path) -> None:
    answered = desk.http.post("/v1/markets/quotes", data={"symbols": desk.put(-2), "greeks": "true"}).json()

    theirs = documented(shared_data, CURRENT + "get_quotes_with_greeks.json", "quotes", "quote")
    assert_documented(rows(answered, "quotes", "quote"), theirs)


def test_orders_of_every_class_have_the_documented_keys(desk: Desk, shared_data: Path) -> None:
    answered = rows(desk.get(ORDERS, includeTags="true"), "orders", "order")
    theirs = documented(shared_data, "swift_tradier_lib__orders_1.json", "orders", "order")

    assert [row["class"] for row in answered] == ["multileg", "option", "equity"]
    for row in answered:
        assert_documented([row], [one for one in theirs if one["class"] == row["class"]], ORDER_EXTRAS)
    legs = rows(answered[0], "leg")
    assert len(legs) == answered[0]["num_legs"] == 2
    assert_documented(legs, rows(next(one for one in theirs if one["class"] == "multileg"), "leg"), ORDER_EXTRAS)


def test_receipts_and_previews_have_the_documented_keys(desk: Desk, shared_data: Path) -> None:
    form = {**a_spread(desk, "open"), "type": "credit", "price": "4.90"}
    preview = desk.order(**form, preview="true")
    placed = desk.order(**form)
    canceled = desk.http.delete(f"{ORDERS}/{placed['order']['id']}").json()

    assert_documented(rows(preview, "order"), documented(shared_data, "order_preview_equity.json", "order"))
    assert_documented(rows(placed, "order"), documented(shared_data, CURRENT + "buy_option.json", "order"))
    assert_documented(rows(canceled, "order"), documented(shared_data, CURRENT + "cancel_order.json", "order"))


@pytest.mark.parametrize("stream", ["account", "market_data"])
def test_stream_sessions_have_the_documented_keys(desk: Desk, shared_data: Path, stream: str) -> None:
    path = {"account": "accounts", "market_data": "markets"}[stream]
    answered = desk.http.post(f"/v1/{path}/events/session").json()

    theirs = documented(shared_data, f"{CURRENT}get_streaming_{stream}_session.json", "stream")
    assert_documented(rows(answered, "stream"), theirs)


def test_clearing_tells_the_next_day(shared_data: Path) -> None:
    account = f"/v1/accounts/{ACCOUNT}"
    with a_trading_morning() as desk:
        bought = desk.get(ORDERS)["orders"]["order"][1]["option_symbol"]
        desk.order(**{"class": "option", "symbol": "SPX", "option_symbol": bought, "side": "sell_to_close"},
                   quantity="1")  # fmt: skip
        desk.world.advance(120)
        assert desk.get(f"{account}/history") == {"history": None}
        assert desk.get(f"{account}/gainloss") == {"gainloss": None}

        desk.world.advance(dt.timedelta(days=1).total_seconds())
        booked = [desk.get(f"{account}/{kind}") for kind in ("history", "gainloss")]
        assert desk.get(ORDERS) == {"orders": "null"}

    trades = [row["trade"] for row in documented(shared_data, CURRENT + "get_history_*.json", "history", "event")
              if "trade" in row]  # fmt: skip
    assert_documented(rows(booked[0], "history", "event", "trade"), trades)
    closed = documented(shared_data, CURRENT + "get_gainloss_*.json", "gainloss", "closed_position")
    assert_documented(rows(booked[1], "gainloss", "closed_position"), closed)

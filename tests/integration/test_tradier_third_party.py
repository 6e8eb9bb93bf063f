"""A client of Tradier that others wrote (uvatradier, Apache-2.0) finds in our server what it knows from the real one.

So the server, and what is tested against it, is more than our own reading of the documents. Only the host is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
from attrs import define

from builders import DAY, at
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, TOKEN, World, simulated_world
from gammacore.domain.instruments import REGISTRY, Right


def uvatradier() -> Any:
    """The library; where it must be there (CI=true), its absence is an error and no skip."""
    if os.environ.get("CI") == "true":
        import importlib

        return importlib.import_module("uvatradier")
    return pytest.importorskip("uvatradier", reason="uvatradier is not installed: make tradier-client")


@define
class Elsewhere:
    """Makes the library's clients, each led to our server."""

    world: World
    url: str

    def client(self, name: str) -> Any:
        made = getattr(uvatradier(), name)(ACCOUNT, TOKEN)
        made.BASE_URL = self.url
        return made

    def put(self, steps: int) -> str:
        """The OCC symbol of an SPX put so many strikes from the money as it was at 10:30."""
        spot = self.world.markets["SPX"].snapshot(at("10:30")).spot
        assert spot is not None
        return REGISTRY["SPX"].contract(DAY, Right.PUT, REGISTRY["SPX"].strike(spot) + 5 * steps).occ

    def orders(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self.client("Account").get_orders().to_dict("records"))


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    uvatradier()
    world = simulated_world(others=("SPY",), cash="100000")
    world.move_to(at("10:30"))
    with serving(tradier_app(world)) as server:
        yield Elsewhere(world, server.url)


def test_it_reads_the_account(there: Elsewhere) -> None:
    account = there.client("Account")
    profile = account.get_user_profile()
    balance = account.get_account_balance(return_as_series=True)

    assert profile["account.account_number"][0] == ACCOUNT
    assert balance["total_cash"] == balance["total_equity"] == 100_000
    assert balance["margin"]["option_buying_power"] == 100_000


def test_it_finds_nothing_where_there_is_nothing(there: Elsewhere) -> None:
    account = there.client("Account")

    assert account.get_positions().empty
    assert account.get_orders().empty


def test_it_trades_shares(there: Elsewhere) -> None:
    answer = there.client("EquityOrder").order("SPY", "buy", 10, "market")
    there.world.advance(60)
    held = there.client("Account").get_positions().to_dict("records")

    assert answer["order"]["status"] == "ok"
    assert [(row["symbol"], row["quantity"]) for row in held] == [("SPY", 10.0)]
    assert there.orders()[0]["status"] == "filled"


def test_it_trades_one_option_and_closes_it(there: Elsewhere) -> None:
    orders = there.client("OptionsOrder")
    orders.options_order(there.put(-2), "market", "buy_to_open", 2)
    there.world.advance(60)
    held = there.client("Account").get_positions(options=True).to_dict("records")
    orders.options_order(there.put(-2), "market", "sell_to_close", 2)
    there.world.advance(60)

    assert [(row["symbol"], row["quantity"]) for row in held] == [(there.put(-2), 2.0)]
    assert [row["status"] for row in there.orders()] == ["filled", "filled"]
    assert there.client("Account").get_positions().empty


def test_it_sells_a_spread_for_a_credit(there: Elsewhere) -> None:
    placed = there.client("OptionsOrder").multileg_order(
        [there.put(-2), there.put(-4)], ["sell_to_open", "buy_to_open"], [3, 3], "credit", 0.05, underlying="SPX"
    )
    there.world.advance(60)
    row = there.orders()[0]
    held = {one["symbol"]: one["quantity"] for one in there.client("Account").get_positions().to_dict("records")}

    assert row["id"] == placed["order"]["id"]
    assert (row["status"], row["exec_quantity"], row["num_legs"]) == ("filled", 3.0, 2)
    assert row["avg_fill_price"] < 0  # as in its own documentation: a credit is negative
    assert held == {there.put(-2): -3.0, there.put(-4): 3.0}


def test_it_sells_a_named_spread_at_market(there: Elsewhere) -> None:
    answer = there.client("OptionsOrder").bull_put_spread("SPX", there.put(-2), 1, there.put(-4), 1)
    there.world.advance(60)

    assert answer["order"]["status"] == "ok"
    assert there.orders()[0]["status"] == "filled"


def test_the_reason_is_shown_why_an_order_is_refused(there: Elsewhere) -> None:
    answer = there.client("EquityOrder").order("SPY", "buy", 1_000_000, "market")
    assert "buying power" in str(answer["errors"]["error"])


def test_it_reads_quotes(there: Elsewhere) -> None:
    quotes = there.client("Quotes")
    spot = there.world.markets["SPX"].snapshot(there.world.now()).spot
    both = quotes.get_quote_data(["SPY", "SPX"])

    assert quotes.get_quote_day("SPX", last_price=True) == pytest.approx(float(spot or 0))
    assert sorted(both["symbol"]) == ["SPX", "SPY"]


def test_it_reads_the_past(there: Elsewhere) -> None:
    quotes = there.client("Quotes")
    minutes = quotes.get_timesales("SPX", interval="1min", start_time=f"{DAY} 09:30", end_time=f"{DAY} 10:00")
    days = quotes.get_historical_quotes("SPX", start_date="2025-12-29", end_date="2026-01-02", verbose=False)

    assert len(minutes) == 30
    assert minutes["time"][0] == f"{DAY}T09:30:00"
    assert list(days["date"].dt.strftime("%Y-%m-%d")) == ["2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01",
                                                          "2026-01-02"]  # fmt: skip


def test_it_reads_chains_and_expirations(there: Elsewhere) -> None:
    options = there.client("OptionsData")
    nested = options.get_expiry_dates("SPX", strikes=True)["expiration"]
    chain = options.get_chain_day("SPX", expiry=f"{DAY}", option_type="put")

    assert f"{DAY}" in options.get_expiry_dates("SPX")
    assert there.put(-2) in set(chain["symbol"])
    assert set(chain["strike"]) <= set((nested[0] if isinstance(nested, list) else nested)["strikes"]["strike"])
    assert there.put(-2) in options.get_options_symbols("SPX")

"""Natural prices, limits and clamps, worked by hand. Rules: CS-002, CS-014, CS-419."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_call_spread, a_condor, a_put_spread, at
from builders_exchange import PUT_QUOTES, a_single, an_entry, an_exit, call, put
from fakes import BidAsk, quoted_chain
from gammacore.adapters.fake.order import net_price
from gammacore.adapters.fake.trading_floor import accepts_price, at_limit_or_better, natural_prices
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import OrderTicket

NOW = at("10:01")


def showing(quotes: Mapping[OptionContract, BidAsk], age: float = 0) -> MarketSnapshot:
    chain = quoted_chain("SPX", NOW, quotes, quoted_at=NOW - dt.timedelta(seconds=age))
    return MarketSnapshot(NOW, "SPX", None, None, chain, None)


def net(ticket: OrderTicket, quotes: Mapping[OptionContract, BidAsk], slippage: str = "0") -> Decimal | None:
    prices = natural_prices(ticket, showing(quotes), Decimal(slippage))
    return None if prices is None else net_price(ticket, prices)


def test_an_entry_brings_short_bid_less_long_ask() -> None:
    """5.00 - 2.50. Rule: CS-419."""
    assert net(an_entry(), PUT_QUOTES) == Decimal("2.50")


def test_an_exit_costs_short_ask_less_long_bid() -> None:
    """5.20 - 2.40. Rule: CS-419."""
    assert net(an_exit(), PUT_QUOTES) == Decimal("2.80")


def test_a_condor_crosses_the_quotes_of_all_four_legs() -> None:
    """Calls 3.00 - 1.60 = 1.40, puts 5.00 - 2.50 = 2.50."""
    quotes = {**PUT_QUOTES, call(6980): ("3.00", "3.20"), call(6990): ("1.50", "1.60")}
    assert net(an_entry(spread=a_condor()), quotes) == Decimal("3.90")
    assert net(an_exit(spread=a_condor()), quotes) == Decimal("2.80") + Decimal("1.70")


def test_slippage_is_paid_on_every_leg() -> None:
    """0.05 a leg: the entry brings 0.10 less, the exit costs 0.10 more."""
    assert net(an_entry(), PUT_QUOTES, "0.05") == Decimal("2.40")
    assert net(an_exit(), PUT_QUOTES, "0.05") == Decimal("2.90")


@pytest.mark.parametrize(
    ("short", "long", "entry", "exit_"),
    [
        (("12.90", "13.10"), ("2.40", "2.50"), "10", "10"),  # above the width on both ways
        (("12.40", "12.50"), ("2.40", "2.50"), "9.90", "10"),
        (("2.30", "2.35"), ("2.40", "2.50"), "0", "0"),  # short cheaper than its cover
        (("0.05", "0.10"), ("0.05", "0.10"), "0", "0.05"),
    ],
)
def test_a_vertical_trades_between_zero_and_its_width(short: BidAsk, long: BidAsk, entry: str, exit_: str) -> None:
    """Rule: CS-002."""
    quotes = {put(6880): short, put(6870): long}
    assert net(an_entry(), quotes) == Decimal(entry)
    assert net(an_exit(), quotes) == Decimal(exit_)


def test_each_side_of_a_condor_is_clamped_by_itself() -> None:
    """The put side is worth its 10 at most, whatever the call side shows."""
    quotes = {
        put(6880): ("14.00", "14.20"),
        put(6870): ("2.40", "2.50"),
        call(6980): ("0.05", "0.10"),
        call(6990): ("0.05", "0.10"),
    }
    assert net(an_exit(spread=a_condor()), quotes) == Decimal("10.05")


@pytest.mark.parametrize("unbid", [call(6990), put(6870)])
def test_a_condor_of_which_one_long_has_no_bid_does_not_trade(unbid: OptionContract) -> None:
    """CS-420: not even at a limit far above its worth; the other side by itself does."""
    quotes = {**PUT_QUOTES, call(6980): ("0.30", "0.35"), call(6990): ("0.10", "0.15"), unbid: ("0", "0.05")}
    puts, calls = a_put_spread(), a_call_spread(6980, 6990)

    assert net(an_exit(spread=a_condor(), limit="9.00"), quotes) is None
    assert (net(an_exit(spread=puts), quotes) is None) is (unbid == put(6870))
    assert (net(an_exit(spread=calls), quotes) is None) is (unbid == call(6990))
    assert net(an_entry(spread=puts), quotes) is not None  # the long is bought


@pytest.mark.parametrize("missing", [{put(6880): ("5.00", "5.20")}, {**PUT_QUOTES, put(6870): ("2.50", None)}])
def test_a_leg_without_a_usable_quote_stops_the_order(missing: Mapping[OptionContract, BidAsk]) -> None:
    assert net(an_entry(limit=None), missing) is None


def test_a_crossed_quote_stops_the_order() -> None:
    assert net(an_entry(), {**PUT_QUOTES, put(6870): ("2.60", "2.50")}) is None


@pytest.mark.parametrize(("age", "trades"), [(15, True), (15.5, False)])
def test_a_quote_older_than_the_limit_is_no_quote(age: float, trades: bool) -> None:
    """15 s. Rule: CS-014."""
    assert (natural_prices(an_entry(), showing(PUT_QUOTES, age)) is not None) is trades


def test_no_bidder_buys_a_single_leg_at_a_bid_of_zero() -> None:
    worthless = {put(6870): ("0", "0.05")}
    assert net(a_single(put(6870), Side.SELL), worthless) is None
    assert net(a_single(put(6870), Side.SELL, limit="0.05"), worthless) is None
    assert net(a_single(put(6870), Side.BUY), worthless) == Decimal("0.05")


@pytest.mark.parametrize(("limit", "trades"), [("2.45", True), ("2.50", True), ("2.55", False), (None, True)])
def test_a_credit_trades_at_its_limit_or_more(limit: str | None, trades: bool) -> None:
    assert accepts_price(an_entry(limit=limit), Decimal("2.50")) is trades


@pytest.mark.parametrize(("limit", "trades"), [("2.75", False), ("2.80", True), ("2.85", True), (None, True)])
def test_a_debit_trades_at_its_limit_or_less(limit: str | None, trades: bool) -> None:
    assert accepts_price(an_exit(limit=limit), Decimal("2.80")) is trades


POINTS = st.decimals(min_value="0.01", max_value=40, places=2)
QUOTE = st.tuples(POINTS, st.decimals(min_value="0.05", max_value=5, places=2)).map(lambda q: (q[0], q[0] + q[1]))


@given(short=QUOTE, long=QUOTE, limit=st.decimals(min_value="0.05", max_value=9, places=2), buys=st.booleans())
def test_a_forced_fill_is_never_worse_than_the_limit(short: BidAsk, long: BidAsk, limit: Decimal, buys: bool) -> None:
    """And no leg trades below zero."""
    ticket = an_exit(limit=str(limit)) if buys else an_entry(limit=str(limit))
    prices = natural_prices(ticket, showing({put(6880): short, put(6870): long}))
    assert prices is not None

    fixed = at_limit_or_better(ticket, prices)

    assert accepts_price(ticket, net_price(ticket, fixed))
    assert min(fixed) >= 0


@given(short=QUOTE, long=QUOTE, slippage=st.decimals(min_value=0, max_value=1, places=2))
def test_entry_and_exit_of_one_snapshot_never_pay(short: BidAsk, long: BidAsk, slippage: Decimal) -> None:
    """Both in 0..width, and a round trip within one snapshot costs or is free. Rule: CS-002."""
    quotes = {put(6880): short, put(6870): long}
    entry, exit_ = net(an_entry(), quotes, str(slippage)), net(an_exit(), quotes, str(slippage))
    assert entry is not None
    assert exit_ is not None
    assert 0 <= entry <= exit_ <= 10

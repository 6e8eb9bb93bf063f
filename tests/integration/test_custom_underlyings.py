"""An underlying that only the configuration knows, traded whole: its grid, ticks, roots, settlement and hedge shares.

What cannot be traded rightly is refused by name, before anything is opened. Rules: section 0.1, CS-001, DH-220.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from gammacore.configuration import configure, read_toml
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.instruments import Settlement, Underlying
from gammacore.domain.ledger import DayFinished, DayStarted, Event, OrderIntended, OrderWasRejected
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.domain.sessions import new_york
from gammacore.errors import ConfigurationError
from gammacore.ports.broker import BrokerAccount
from gammacore.wiring import wire_day

INDEX = """
[market]
underlying = "ABC"
start_price = "3200"
[sizing]
starting_capital = "500000"
[underlyings.ABC]
option_root = "ABCW"
exercise = "european"
settlement = "cash"
k = "1/2"
unit = "0.5"
strike_increment = "2.5"
base_width = "7.5"
pin_radius = "0.02"
hedge_share = "ABX"
hedge_ratio = "20"
ticks.complex_order = "0.25"
ticks.single_low = "0.25"
ticks.single_high = "0.50"
"""
STOCK = """
[market]
underlying = "GOOG"
start_price = "320"
[sizing]
starting_capital = "500000"
[underlyings.GOOG]
k = "1/20"
unit = "0.1"
strike_increment = "1"
base_width = "1"
hedge_share = "GOOG"
ticks.complex_order = "0.01"
ticks.single_low = "0.01"
ticks.single_high = "0.05"
"""
NO_TREND_NEEDED = {"entries.adx.strongest": "100", "entries.minimum.vertical": "0.10", "entries.minimum.condor": "0.10"}


@frozen
class Traded:
    """A day that is over: what the ledger says, what the exchange says."""

    underlying: Underlying
    events: tuple[Event, ...]
    book: Book
    account: BrokerAccount
    holdings: dict[str, int]

    @property
    def tickets(self) -> list[OrderTicket]:
        return [event.ticket for event in self.events if isinstance(event, OrderIntended)]

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def traded(folder: Path, toml: str, **settings: object) -> Traded:
    (folder / "gammacore.toml").write_text(toml)
    day = wire_day(configure([read_toml(folder / "gammacore.toml"), settings]))
    try:
        book = day.trade()
        broker = day.trade.broker
        return Traded(
            day.trade.underlying, tuple(day.storage.events()), book, broker.account(), dict(broker.holdings())
        )
    finally:
        day.close()


def option_orders(day: Traded) -> Iterator[OrderTicket]:
    return (ticket for ticket in day.tickets if not ticket.is_shares)


def assert_orders_are_of_the_underlying(day: Traded) -> None:
    """Contracts of its root on its grid, limits on its ticks, shares of its hedge share only; none refused."""
    listed = day.underlying
    for ticket in option_orders(day):
        assert {leg.contract.underlying for leg in ticket.option_legs} == {listed.symbol}
        assert {leg.contract.root for leg in ticket.option_legs} == {listed.option_root}
        assert all(leg.contract.strike % listed.strike_increment == 0 for leg in ticket.option_legs)
        if (limit := ticket.limit) is not None:
            tick = listed.ticks.complex_order if len(ticket.legs) > 1 else listed.ticks.single(limit)
            assert limit % tick == 0
    assert {ticket.symbols[0] for ticket in day.tickets if ticket.is_shares} <= {listed.hedge_share}
    assert day.all(OrderWasRejected) == []


def assert_both_books_agree(day: Traded) -> None:
    assert (day.holdings, day.account.balance) == ({}, day.book.balance)
    assert day.all(DayFinished)[-1].balance == day.book.balance
    assert Book.of(day.events).balance == day.book.balance


@pytest.mark.parametrize("seed", [4, 7, 57])
def test_the_spreads_of_a_made_up_index_are_its_own(seed: int, tmp_path: Path) -> None:
    """CS-009, CS-011, CS-021, CS-404: widths from 7.5, limits in quarters, root ABCW."""
    day = traded(tmp_path, INDEX, **NO_TREND_NEEDED, **{"market.seed": seed})

    assert day.all(HoldingClosed)
    assert_orders_are_of_the_underlying(day)
    assert_both_books_agree(day)


@pytest.mark.parametrize("seed", [0, 3, 57])
@pytest.mark.parametrize("toml", [INDEX, STOCK], ids=["index", "stock"])
def test_a_straddle_of_either_is_hedged_with_its_shares_and_flat_before_the_close(
    toml: str, seed: int, tmp_path: Path
) -> None:
    """DH-220, DH-510: every order is taken, those of the exit too, though the root is not the symbol."""
    day = traded(tmp_path, toml, **{"market.seed": seed, "market.step_seconds": 180, "trade.strategy": "delta-hedge"})

    first_exit = min(event.at for event in day.all(OrderIntended) if event.ticket.purpose is Purpose.EXIT)
    assert first_exit == new_york(day.all(DayStarted)[0].date, dt.time(15, 45))
    assert len(day.all(HoldingClosed)) == 1
    assert any(ticket.is_shares for ticket in day.tickets)
    assert_orders_are_of_the_underlying(day)
    assert_both_books_agree(day)


def test_a_stock_settles_in_shares_and_an_index_in_cash(tmp_path: Path) -> None:
    settles = [traded(tmp_path, toml).underlying.settlement for toml in (INDEX, STOCK)]
    assert settles == [Settlement.CASH, Settlement.PHYSICAL]


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("multiplier", 50, "leave it out"),
        ("option_root", "SPXW", "is a root of SPX"),
        ("option_root", "SPX", "is a root of SPX"),
        ("hedge_share", "", "give the shares that follow it"),
        ("hedge_share", "spy", "give 1 to 6 capital letters"),
        ("hedge_ratio", "0", "give a number above 0"),
        ("strike_increment", "0.0005", "give at most three decimals"),
        ("base_width", "7", "give a multiple of 2.5"),
        ("unit", "5", "give at most strike_increment, 2.5"),
        ("ticks.complex_order", "0.125", "give a multiple of 0.01"),
        ("ticks.complex_order", "7.5", "give less than base_width, 7.5"),
        ("settlement", "shares", "give one of cash, physical"),
        ("k", "0", "give a number above 0"),
    ],
)
def test_what_would_be_traded_wrongly_is_refused_by_its_key(key: str, value: object, fix: str, tmp_path: Path) -> None:
    changed = {f"underlyings.ABC.{key}": value, "trade.strategy": "delta-hedge"}
    with pytest.raises(ConfigurationError, match=rf"underlyings\.ABC\.{key}: .*{fix}"):
        traded(tmp_path, INDEX, **changed)


def test_a_stock_without_hedge_share_is_asked_to_name_itself(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r'underlyings\.GOOG\.hedge_share: none .* give "GOOG", its own shares'
    ):
        traded(tmp_path, STOCK.replace('hedge_share = "GOOG"\n', ""), **{"trade.strategy": "delta-hedge"})


def test_spreads_need_no_hedge_share(tmp_path: Path) -> None:
    assert traded(tmp_path, STOCK.replace('hedge_share = "GOOG"\n', "")).all(DayFinished)


def test_a_morning_settled_root_is_never_0dte(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"underlyings\.SPX\.option_root: SPX settles at the open"):
        traded(tmp_path, "", **{"underlyings.SPX.option_root": "SPX"})


def test_the_simulation_asks_for_the_level_of_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"market\.start_price: .* give the level ABC trades around"):
        traded(tmp_path, INDEX.replace('start_price = "3200"\n', ""))


@pytest.mark.parametrize("strategy", ["st0cka", "st0ckg", "gamma-scalping", "hybrid"])
@pytest.mark.parametrize(("index", "shares"), [("SPX", "SPY"), ("NDX", "QQQ"), ("RUT", "IWM")])
def test_an_index_is_not_scalped_for_it_has_no_shares(strategy: str, index: str, shares: str) -> None:
    """SC-012: its quotes would be missing all day, and every entry refused for that."""
    given = {"market.underlying": index, "trade.strategy": strategy}
    with pytest.raises(
        ConfigurationError, match=rf"market\.underlying: {index} is an index and has no shares; .* give {shares}"
    ):
        wire_day(configure([given]))

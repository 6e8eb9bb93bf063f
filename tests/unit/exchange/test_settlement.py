"""What expiry leaves in the account: worked by hand, and laws. Rules: CS-008, CS-521, CS-528, CS-529, R11."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_condor, a_put_spread, at
from builders_exchange import HALF_DAY, Desk, a_desk, an_entry, call, put
from fakes import NO_FEES
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.market import Bar

SPXW_CALLS_AND_PUTS = a_condor().contracts


def held_to_expiry(holdings: dict[OptionContract, int], price: str, *, underlying: str = "SPX") -> Desk:
    """An account that held these contracts into the close, settled at `price`."""
    desk = a_desk(underlying=underlying, fees=NO_FEES)
    for contract, contracts in holdings.items():
        desk.exchange.hold(contract, contracts)
    desk.market.settle(DAY, price)
    desk.clock.set(at("16:00"))
    return desk


def gained(desk: Desk) -> Decimal:
    return desk.exchange.account().balance - 20_000


@pytest.mark.parametrize(
    ("price", "dollars"),
    [
        ("6900", "0"),
        ("6880", "0"),
        ("6879.99", "-3"),  # 0.01 × 100 × 3
        ("6876", "-1200"),
        ("6870", "-3000"),
        ("6500", "-3000"),
    ],
)
def test_spxw_settles_in_cash_at_one_print_for_all_legs(price: str, dollars: str) -> None:
    """Three 6880/6870 put spreads: at most 3 × 10 × 100. Rule: CS-521."""
    desk = held_to_expiry({put(6880): -3, put(6870): 3}, price)
    assert gained(desk) == Decimal(dollars)
    assert not desk.exchange.holdings()


def test_a_condor_loses_on_one_side_only() -> None:
    """Settled at 6985: the call side costs 5 points, the put side nothing."""
    shorts_and_longs = dict(zip(SPXW_CALLS_AND_PUTS, (-1, 1, -1, 1), strict=True))
    assert gained(held_to_expiry(shorts_and_longs, "6985")) == -500


def test_a_spread_sold_and_settled_earns_its_credit() -> None:
    desk = a_desk()
    desk.hold(an_entry(contracts=3))
    desk.market.settle(DAY, "6900")
    desk.clock.set(at("16:00"))
    assert gained(desk) == 750 - Decimal("3.90")


@pytest.mark.parametrize(
    ("price", "shares", "cash"),
    [
        ("482.10", 0, 0),
        ("480.00", 0, 0),
        ("479.99", 100, -48_000),  # one cent in the money: assigned
        ("479.50", 100, -48_000),  # between the strikes: the long expires
        ("478.00", 100, -48_000),  # the long is at the money, not in it
        ("477.99", 0, -200),  # both exercised: bought at 480, sold at 478
    ],
)
def test_spy_settles_in_shares_leg_by_leg(price: str, shares: int, cash: int) -> None:
    """A 480/478 put spread. Between the strikes only the short is assigned: 100 shares at 480. Rule: CS-529."""
    desk = held_to_expiry({put(480, "SPY"): -1, put(478, "SPY"): 1}, price, underlying="SPY")
    assert dict(desk.exchange.holdings()) == ({"SPY": shares} if shares else {})
    assert gained(desk) == cash


def test_spy_with_both_legs_in_the_money_leaves_no_shares() -> None:
    """Assigned at 480, exercised at 478: minus 200 a spread."""
    desk = held_to_expiry({put(480, "SPY"): -2, put(478, "SPY"): 2}, "470", underlying="SPY")
    assert (dict(desk.exchange.holdings()), gained(desk)) == ({}, Decimal(-400))


@pytest.mark.parametrize(
    ("contract", "held", "shares", "cash"),
    [
        (call(480, "SPY"), 1, 100, -48_000),
        (call(480, "SPY"), -1, -100, 48_000),
        (put(490, "SPY"), 1, -100, 49_000),
        (put(490, "SPY"), -1, 100, -49_000),
    ],
)
def test_every_way_shares_change_hands(contract: OptionContract, held: int, shares: int, cash: int) -> None:
    desk = held_to_expiry({contract: held}, "485", underlying="SPY")
    assert (dict(desk.exchange.holdings()), gained(desk)) == ({"SPY": shares}, Decimal(cash))


def test_shares_sold_short_by_assignment_tie_up_cash() -> None:
    """48,000 came in; FINRA 4210(c)(3) holds 130 % of 48,500."""
    desk = held_to_expiry({call(480, "SPY"): -1}, "485", underlying="SPY")
    assert desk.exchange.account().option_buying_power == 20_000 + 48_000 - 63_050


def test_expiry_fees_are_a_setting() -> None:
    desk = a_desk(fees=FeeSchedule(cash_settlement=Decimal("1.00")))
    desk.exchange.hold(put(6880), -3)
    desk.exchange.hold(put(6870), 3)
    desk.market.settle(DAY, "6876")
    desk.clock.set(at("16:00"))
    assert gained(desk) == -1_200 - 3  # only the contracts in the money


def test_without_a_print_contracts_stay_until_there_is_one() -> None:
    """Rule: CS-528."""
    desk = a_desk(fees=NO_FEES)
    desk.exchange.hold(put(6880), -1)
    desk.clock.set(at("16:20"))
    assert dict(desk.exchange.holdings()) == {put(6880).occ: -1}

    desk.market.fails(1)
    assert desk.exchange.holdings()
    desk.market.settle(DAY, "6876")
    assert not desk.exchange.holdings()
    assert gained(desk) == -400


@pytest.mark.parametrize(("time", "settled"), [("12:59:59", False), ("13:00", True)])
def test_a_half_day_expiry_settles_at_13(time: str, settled: bool) -> None:
    """Rule: CS-008."""
    desk = a_desk(at("10:00", HALF_DAY), fees=NO_FEES)
    desk.exchange.hold(put(6880, expiry=HALF_DAY), -1)
    desk.market.settle(HALF_DAY, "6876")
    desk.clock.set(at(time, HALF_DAY))
    assert (not desk.exchange.holdings()) is settled


def test_an_am_contract_settles_at_the_opening_print_and_its_pm_twin_at_the_close() -> None:
    """Both strikes 6880; the open is 6870, the close 6875. Rules: R11, brokers.md 7."""
    desk = a_desk(at("09:00"), fees=NO_FEES)
    morning = OptionContract("SPX", "SPX", DAY, Right.PUT, Decimal(6880))
    for contract in (morning, put(6880)):
        desk.exchange.hold(contract, 1)
    desk.market.settle(DAY, "6875")
    desk.clock.set(at("09:30"))
    assert dict(desk.exchange.holdings()) == {morning.occ: 1, put(6880).occ: 1}  # no print yet

    low, high = Decimal(6865), Decimal(6890)
    desk.market.add_bar(Bar(at("09:30"), 60, Decimal(6870), high, low, Decimal(6888)))
    assert dict(desk.exchange.holdings()) == {put(6880).occ: 1}
    assert gained(desk) == 1_000

    desk.clock.set(at("16:00"))
    assert gained(desk) == 1_500


def test_contracts_of_a_later_day_are_not_touched() -> None:
    desk = a_desk()
    later = put(6880, expiry=dt.date(2026, 1, 6))
    desk.exchange.hold(later, -1)
    desk.market.settle(DAY, "6000")
    desk.clock.set(at("16:00"))
    assert dict(desk.exchange.holdings()) == {later.occ: -1}


PRICES = st.decimals(min_value=6700, max_value=7200, places=2)


@given(price=PRICES, contracts=st.integers(1, 5), below=st.integers(1, 20), right=st.sampled_from(Right))
def test_a_vertical_settles_between_zero_and_its_width(
    price: Decimal, contracts: int, below: int, right: Right
) -> None:
    """Rules: CS-002, CS-521."""
    short = Decimal(6900)
    long = short - 5 * below if right is Right.PUT else short + 5 * below
    made = put if right is Right.PUT else call
    cost = -gained(held_to_expiry({made(str(short)): -contracts, made(str(long)): contracts}, str(price)))
    assert 0 <= cost <= 5 * below * 100 * contracts


SPREAD = a_put_spread()


@given(
    price=PRICES,
    fills=st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["5.00", "5.35", "6.10"])), min_size=1, max_size=4),
)
def test_cash_is_the_sum_of_what_was_traded_and_settled(price: Decimal, fills: list[tuple[int, str]]) -> None:
    """Gross cash flows and holdings of the orders are those of the account. Rule: CS-005."""
    desk = a_desk(fees=NO_FEES, cash="20000")
    expected, spreads = Decimal(0), 0
    for number, (contracts, bid) in enumerate(fills):
        desk.hold(an_entry(f"gc-{number}", contracts=contracts), {SPREAD.contracts[0]: (bid, "6.50"),
                                                                  SPREAD.contracts[1]: ("2.40", "2.50")})  # fmt: skip
        expected += (Decimal(bid) - Decimal("2.50")) * 100 * contracts
        spreads += contracts
    assert dict(desk.exchange.holdings()) == {put(6880).occ: -spreads, put(6870).occ: spreads}
    assert gained(desk) == expected

    desk.market.settle(DAY, str(price))
    desk.clock.set(at("16:00"))
    assert gained(desk) == expected - SPREAD.settlement_value(price) * 100 * spreads

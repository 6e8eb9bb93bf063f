"""What the exchange refuses on arrival, and what orders and holdings tie up. Rules: CS-006, CS-404..406, CS-419."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import DAY, a_condor, a_put_spread, at
from builders_exchange import PUT_QUOTES, Desk, a_desk, a_single, an_entry, an_exit, call, put
from fakes import NO_FEES
from gammacore.adapters.fake.account import option_requirement, share_requirement
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, OrderState, OrderTicket, Purpose
from gammacore.errors import OrderRejected


def refused(desk: Desk, ticket: OrderTicket) -> str | None:
    """The reason of the refusal, None when the order was taken."""
    reason = None
    try:
        desk.exchange.submit(ticket)
    except OrderRejected as refusal:
        reason = refusal.reason
    report = desk.exchange.order(ticket.id)
    assert report is not None
    assert (report.state, report.reason) == (OrderState.REJECTED if reason else OrderState.ACCEPTED, reason or "")
    return reason


def power(desk: Desk) -> Decimal:
    return desk.exchange.account().option_buying_power


@pytest.mark.parametrize(
    ("limit", "reason"), [("2.35", None), ("2.40", None), ("2.37", "price_not_on_tick"), ("2.375", "price_not_on_tick")]
)
def test_a_spread_is_ordered_in_complex_ticks(limit: str, reason: str | None) -> None:
    """0.05 on SPX. Rule: CS-404."""
    assert refused(a_desk(), an_entry(limit=limit)) == reason


@pytest.mark.parametrize(
    ("limit", "reason"), [("2.95", None), ("3.00", None), ("3.05", "price_not_on_tick"), ("3.10", None)]
)
def test_a_single_leg_is_ordered_in_its_own_ticks(limit: str, reason: str | None) -> None:
    """0.05 below 3.00, 0.10 from there. Rule: CS-406."""
    ticket = a_single(put(6880), Side.BUY, limit=limit, purpose=Purpose.ENTRY)
    assert refused(a_desk(), ticket) == reason


@pytest.mark.parametrize(
    ("time", "date", "reason"),
    [
        ("15:59:59", DAY, None),
        ("16:00", DAY, "market_closed"),
        ("09:00", DAY, None),
        ("12:00", dt.date(2026, 1, 3), "market_closed"),
    ],
)
def test_orders_are_taken_until_the_close_of_a_trading_day(time: str, date: dt.date, reason: str | None) -> None:
    assert refused(a_desk(at(time, date)), an_entry()) == reason


def test_an_order_from_before_the_open_waits_for_it() -> None:
    desk = a_desk(at("09:28"))
    desk.exchange.submit(an_entry())
    desk.show()
    assert not desk.exchange.holdings()
    desk.show()
    assert desk.exchange.holdings()


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        (put(6880), None),
        (put(6880, expiry=dt.date(2026, 1, 2)), "contract_expired"),
        (OptionContract("SPX", "SPX", DAY, Right.PUT, Decimal(6880)), "contract_expired"),  # AM: last traded Friday
        (OptionContract("SPX", "SPX", dt.date(2026, 1, 6), Right.PUT, Decimal(6880)), None),
        (OptionContract("DAX", "ODAX", DAY, Right.PUT, Decimal(6880)), "unknown_symbol"),
    ],
)
def test_only_listed_contracts_that_still_trade_are_taken(contract: OptionContract, reason: str | None) -> None:
    assert refused(a_desk(), a_single(contract, Side.BUY, limit="1.00", purpose=Purpose.ENTRY)) == reason


def test_a_contract_appears_once_in_an_order() -> None:
    legs = (Leg(put(6880), Side.SELL), Leg(put(6880), Side.BUY))
    ticket = OrderTicket("gc-1", Purpose.ENTRY, "SPX", "p1", legs, 1, Effect.CREDIT, Decimal("1.00"))
    assert refused(a_desk(), ticket) == "duplicate_leg"


# -- closing ----------------------------------------------------------------------------------------------------------


def test_no_more_is_closed_than_is_held_and_not_being_closed() -> None:
    """Two exits for one position would leave it the other way round."""
    desk = a_desk()
    assert refused(desk, an_exit("gc-0")) == "closes_more_than_held"
    desk.hold(an_entry(contracts=2))

    assert refused(desk, an_exit("gc-1", contracts=3)) == "closes_more_than_held"
    assert refused(desk, an_exit("gc-2", limit="0.05")) is None
    assert refused(desk, an_exit("gc-3", contracts=2)) == "closes_more_than_held"
    assert refused(desk, an_exit("gc-4")) is None


def test_a_canceled_exit_frees_what_it_would_have_closed() -> None:
    desk = a_desk()
    desk.hold(an_entry())
    desk.exchange.submit(an_exit("gc-1", limit="0.05"))
    desk.exchange.cancel("gc-1")
    assert refused(desk, an_exit("gc-2")) is None


def test_a_repair_sells_only_what_is_long() -> None:
    desk = a_desk()
    desk.hold(an_entry())
    assert refused(desk, a_single(put(6880), Side.SELL, order_id="gc-1")) == "closes_more_than_held"
    assert refused(desk, a_single(put(6880), Side.BUY, order_id="gc-2")) is None


# -- buying power -----------------------------------------------------------------------------------------------------


def test_a_working_entry_ties_up_its_maximum_risk_at_the_limit() -> None:
    """(10 - 2.35) × 100 × 3 = 2,295. Rule: CS-006."""
    desk = a_desk(fees=NO_FEES)
    desk.exchange.submit(an_entry(contracts=3))
    assert power(desk) == 20_000 - 2_295


def test_a_filled_spread_ties_up_its_maximum_risk_at_the_credit() -> None:
    """Cash 20,750 less 3 × 1,000: (10 - 2.50) × 100 × 3 = 2,250 below the start. Rule: CS-006."""
    desk = a_desk(fees=NO_FEES)
    desk.hold(an_entry(contracts=3))
    assert desk.exchange.account().balance == 20_750
    assert power(desk) == 20_000 - 2_250


def test_a_part_ties_up_the_held_and_the_working_share() -> None:
    """One of three filled: 750 held, 2 × 765 working."""
    desk = a_desk(fees=NO_FEES)
    desk.exchange.next_submit(parts=(1,))
    desk.exchange.submit(an_entry(contracts=3))
    desk.show()
    assert power(desk) == 20_000 - 750 - 2 * 765

    desk.exchange.cancel("gc-entry")
    assert power(desk) == 20_000 - 750


@pytest.mark.parametrize(("cash", "reason"), [("2295", None), ("2294.99", "insufficient_buying_power")])
def test_an_entry_beyond_buying_power_is_refused(cash: str, reason: str | None) -> None:
    assert refused(a_desk(cash=cash), an_entry(contracts=3)) == reason


@pytest.mark.parametrize(("cash", "reason"), [("750", None), ("749", "insufficient_buying_power")])
def test_a_market_entry_is_measured_at_the_natural_price(cash: str, reason: str | None) -> None:
    assert refused(a_desk(cash=cash), an_entry(limit=None)) == reason


def test_working_entries_share_what_is_left() -> None:
    desk = a_desk(cash="1600")
    assert refused(desk, an_entry("gc-1")) is None
    assert refused(desk, an_entry("gc-2")) is None
    assert refused(desk, an_entry("gc-3")) == "insufficient_buying_power"


def test_a_close_needs_no_buying_power() -> None:
    desk = a_desk(cash="765")
    desk.hold(an_entry())
    assert refused(desk, an_exit()) is None


def test_a_bought_option_costs_its_limit() -> None:
    desk = a_desk(cash="520")
    buy = a_single(put(6880), Side.BUY, limit="5.20", purpose=Purpose.ENTRY)
    assert refused(desk, buy) is None
    assert power(desk) == 0


@pytest.mark.parametrize(
    ("holdings", "dollars"),
    [
        ({}, 0),
        ({put(6880): -1, put(6870): 1}, 1_000),
        ({put(6880): 1, put(6870): -1}, 0),
        ({put(6880): -3, put(6870): 3, call(6980): -3, call(6990): 3}, 3_000),  # one side loses
        ({put(6880): -1, put(6870): 1, call(6980): -1, call(7000): 1}, 2_000),  # the wider wing
        ({put(6880): -2, put(6870): 1}, 1_000 + 687_000 + 1_000),
        ({call(6980): -1}, 698_000),
        ({put(6880): -1, put(6870, expiry=dt.date(2026, 1, 6)): 1}, 688_000),  # another expiry covers nothing
    ],
)
def test_holdings_tie_up_what_the_worst_settlement_costs(holdings: dict[OptionContract, int], dollars: int) -> None:
    """Rule: CS-006."""
    assert option_requirement(holdings) == dollars


def test_shares_tie_up_the_intraday_margin() -> None:
    """FINRA 4210(c): 25 % of what is owned, 130 % of what is short, its proceeds included."""
    prices = {"SPY": Decimal(480), "QQQ": Decimal(400)}
    assert share_requirement({"SPY": -100}, prices) == 62_400
    assert share_requirement({"QQQ": 100}, prices) == -30_000


def test_the_second_side_of_a_condor_ties_up_nothing_more() -> None:
    """Sold after its put side: only the wider wing can lose, and its credit comes on top. Rule: CS-006."""
    desk = a_desk(fees=NO_FEES)
    desk.hold(an_entry())
    before = power(desk)
    calls = a_condor().sides[0]
    quotes = {**PUT_QUOTES, calls.short: ("3.00", "3.20"), calls.long: ("1.50", "1.60")}
    legs = (Leg(calls.short, Side.SELL), Leg(calls.long, Side.BUY))
    desk.hold(OrderTicket("gc-2", Purpose.ENTRY, "SPX", "p2", legs, 1, Effect.CREDIT, Decimal("1.40")), quotes)

    assert power(desk) == before + 140
    assert dict(desk.exchange.holdings()) == {
        leg.contract.occ: leg.side.sign for leg in (*a_put_spread().opening_legs, *legs)
    }


@pytest.mark.parametrize(
    ("contract", "side", "reason"),
    [
        (put(6870), Side.SELL, "crosses_zero"),
        (put(6880), Side.BUY, "crosses_zero"),
        (put(6870), Side.BUY, None),
        (put(6860), Side.BUY, None),
    ],
)
def test_nothing_is_opened_against_what_is_held(contract: OptionContract, side: Side, reason: str | None) -> None:
    """A broker wants a sell to close there: netted, the spread's own close would find its leg gone."""
    desk = a_desk(cash="2000000")
    desk.hold(an_entry())
    ticket = a_single(contract, side, order_id="gc-2", limit="1.00", purpose=Purpose.ENTRY)

    assert refused(desk, ticket) == reason


def test_a_market_order_opens_nothing_at_an_unknown_price() -> None:
    """Its cost could not be held against the buying power; what closes risk is taken all the same."""
    desk = a_desk()
    desk.hold(an_entry())
    desk.show({})
    unquoted = a_single(put(6860), Side.BUY, order_id="gc-2", purpose=Purpose.ENTRY)

    assert refused(desk, unquoted) == "no_quote"
    assert refused(desk, a_single(put(6860), Side.BUY, order_id="gc-3", limit="1.00", purpose=Purpose.ENTRY)) is None
    assert refused(desk, an_exit()) is None

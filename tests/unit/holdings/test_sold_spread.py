"""A position is what was filled: its holdings and its cash, in ratio or not. Rules: CS-005, CS-411..415, R2."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import a_condor, a_plan, a_position, a_put_spread, at, lots_of
from builders_day import entry_ticket, exit_ticket
from builders_desk import a_contract, leg_fills
from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill
from gammacore.domain.orders import NOTHING_FILLED, Effect, Execution, OrderTicket, Purpose
from gammacore.errors import InvalidInput

SHORT, LONG = a_put_spread().symbols
CONDOR = a_plan(a_condor(), credit="2.80")


def a_new_position(plan: SpreadPlan) -> SoldSpread:
    return evolve(a_position(plan), lots={}, cash=Decimal(0), contracts=0, credit=Decimal(0))


def holding(**held: int) -> SoldSpread:
    """A put spread holding so many of `short` and `long`."""
    symbols = {"short": SHORT, "long": LONG}
    return evolve(a_position(), lots=lots_of({symbols[role]: count for role, count in held.items()}))


def flow(lots: Lots) -> Decimal:
    """Dollars that came in less those that went out for one symbol."""
    return lots.realised - lots.cost


def a_repair(leg: Leg, contracts: int) -> OrderTicket:
    effect = Effect.DEBIT if leg.side is Side.BUY else Effect.CREDIT
    return OrderTicket("r", Purpose.REPAIR, "SPX", "p1", (leg,), contracts, effect, None)


# Money ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "gross"), [("1.00", "450"), ("0.75", "525"), ("2.50", "0"), ("10", "-2250")])
def test_the_worked_trade_brings_what_the_sheet_says(value: str, gross: str) -> None:
    """Section 6, source 000: 6880/6870, 2.50 x 3, closed at 1.00 / 0.75: +450 / +525. Rule: CS-005."""
    plan = a_plan(contracts=3)
    entered = a_new_position(plan).filled(entry_ticket(plan), NOTHING_FILLED, Execution(3, Decimal("2.50")))
    closed = entered.filled(exit_ticket(plan, "target"), NOTHING_FILLED, Execution(3, Decimal(value)))

    assert entered.cash == 750
    assert (entered.quantities, entered.open_contracts) == ({SHORT: -3, LONG: 3}, 3)
    assert closed.cash == Decimal(gross)
    assert closed.is_flat
    assert closed.open_contracts == 0


@given(
    st.integers(1, 10),
    st.decimals("0.05", "9.95", places=2),
    st.lists(st.tuples(st.integers(1, 10), st.decimals("0.05", "9.95", places=2)), max_size=4),
)
def test_cash_is_the_same_however_the_fills_arrive(
    contracts: int, credit: Decimal, parts: list[tuple[int, Decimal]]
) -> None:
    """CS-005: executions are cumulative; reported in parts or at once, the end is the same."""
    plan = a_plan(contracts=contracts)
    ticket, whole = entry_ticket(plan), Execution(contracts, credit, Decimal("1.30") * contracts)
    position, before = a_new_position(plan), NOTHING_FILLED
    for quantity, price in parts:
        now = Execution(min(quantity, contracts), price, Decimal("0.65"))
        position, before = position.filled(ticket, before, now), now

    in_parts, at_once = (
        position.filled(ticket, before, whole),
        a_new_position(plan).filled(ticket, NOTHING_FILLED, whole),
    )

    assert evolve(in_parts, lots={}) == evolve(at_once, lots={})
    assert in_parts.quantities == at_once.quantities
    assert {symbol: round(flow(lots), 9) for symbol, lots in in_parts.lots.items()} == {
        symbol: round(flow(lots), 9) for symbol, lots in at_once.lots.items()
    }


def test_fees_are_kept_apart_from_gross() -> None:
    plan = a_plan()
    filled = a_new_position(plan).filled(entry_ticket(plan), NOTHING_FILLED, Execution(1, Decimal(2), Decimal("1.30")))

    assert (filled.cash, filled.fees) == (Decimal(200), Decimal("1.30"))


def test_a_fill_without_a_price_moves_contracts_and_no_cash() -> None:
    """CS-411: the price is verified later; the holdings are true now."""
    plan = a_plan()
    filled = a_new_position(plan).filled(entry_ticket(plan), NOTHING_FILLED, Execution(1, None))

    assert (filled.cash, filled.open_contracts) == (Decimal(0), 1)


def test_profit_is_a_fraction_of_the_credit_never_of_the_value() -> None:
    """CS-004; must not regress 2."""
    position = a_position(credit="2.50")

    assert position.profit(Decimal("1.00")) == Decimal("0.6")
    assert position.profit(Decimal("2.75")) == Decimal("-0.1")


# Parts and loose legs -------------------------------------------------------------------------------------------------


def test_a_part_in_ratio_is_a_smaller_position() -> None:
    """CS-412."""
    plan = a_plan(contracts=3)
    part = a_new_position(plan).filled(entry_ticket(plan), NOTHING_FILLED, Execution(2, Decimal("2.50")))

    assert (part.open_contracts, part.excess(), part.naked_shorts()) == (2, (), {})


def test_a_leg_filled_beyond_the_ratio_counts_at_its_own_price() -> None:
    """CS-413: two spreads at 2.50 and one more short at 4.00: 500 + 400."""
    plan = a_plan(contracts=3)
    legs = (LegFill(SHORT, Side.SELL, 3, Decimal(4)), LegFill(LONG, Side.BUY, 2, Decimal("1.50")))
    uneven = a_new_position(plan).filled(
        entry_ticket(plan), NOTHING_FILLED, Execution(2, Decimal("2.50"), legs=legs)
    )  # fmt: skip

    assert uneven.cash == 900
    assert uneven.open_contracts == 2
    assert uneven.naked_shorts() == {SHORT: 1}
    assert uneven.excess() == ((Leg(a_contract("P6880"), Side.BUY), 1),)


def test_a_fill_of_a_leg_the_order_does_not_have_is_refused() -> None:
    plan = a_plan()
    odd = Execution(1, Decimal(2), legs=(LegFill("SPXW260105P06000000", Side.SELL, 1, Decimal(2)),))

    with pytest.raises(InvalidInput, match="legs"):
        a_new_position(plan).filled(entry_ticket(plan), NOTHING_FILLED, odd)


@pytest.mark.parametrize(
    ("short", "long", "whole", "naked", "excess"),
    [
        (-3, 3, 3, {}, []),
        (-3, 1, 1, {SHORT: 2}, [("buy", SHORT, 2)]),
        (-1, 3, 1, {}, [("sell", LONG, 2)]),
        (-2, 0, 0, {SHORT: 2}, [("buy", SHORT, 2)]),
        (0, 2, 0, {}, [("sell", LONG, 2)]),
        (0, 0, 0, {}, []),
        # closed twice, one fill came late: held the wrong way round, and not two spreads
        (1, -1, 0, {}, [("buy", LONG, 1), ("sell", SHORT, 1)]),
        (0, -1, 0, {LONG: 1}, [("buy", LONG, 1)]),
        (-1, -1, 0, {SHORT: 1, LONG: 1}, [("buy", SHORT, 1), ("buy", LONG, 1)]),
    ],
)
def test_what_is_loose_is_named_and_what_is_short_of_cover_comes_first(
    short: int, long: int, whole: int, naked: dict[str, int], excess: list[tuple[str, str, int]]
) -> None:
    """CS-413, R2."""
    position = holding(short=short, long=long)

    assert position.open_contracts == whole
    assert position.naked_shorts() == naked
    assert [(str(leg.side), leg.contract.occ, count) for leg, count in position.excess()] == excess


held = st.integers(-4, 4)


@given(st.tuples(held, held, held, held))
def test_trading_the_excess_away_leaves_whole_spreads_and_nothing_naked(counts: tuple[int, int, int, int]) -> None:
    """CS-413, R2: whatever was filled, buys come first and the rest is covered."""
    position = evolve(a_position(CONDOR), lots=lots_of(dict(zip(CONDOR.spread.symbols, counts, strict=True))))
    sides = [leg.side for leg, _ in position.excess()]
    repaired = position
    for leg, contracts in position.excess():
        repaired = repaired.filled(a_repair(leg, contracts), NOTHING_FILLED, Execution(contracts, Decimal(1)))

    assert sides == sorted(sides, key=lambda side: side is Side.SELL)
    assert repaired.excess() == ()
    assert repaired.naked_shorts() == {}
    assert repaired.open_contracts == position.open_contracts


def test_a_condor_half_closed_leg_by_leg_names_its_last_short_first() -> None:
    """CS-413, CS-416: the call short is bought back, the put short is not."""
    position = evolve(a_position(CONDOR), lots=lots_of(dict(zip(CONDOR.spread.symbols, (0, 1, -1, 1), strict=True))))

    assert position.excess()[0] == (Leg(a_contract("P6880"), Side.BUY), 1)
    assert position.naked_shorts() == {}


def test_leg_fills_of_a_condor_are_distinguished_by_symbol() -> None:
    ticket = entry_ticket(CONDOR)
    filled = a_new_position(CONDOR).filled(
        ticket, NOTHING_FILLED, Execution(0, None, legs=leg_fills(CONDOR, 1, 1, 1, 0))
    )

    assert filled.naked_shorts() == {CONDOR.spread.symbols[2]: 1}
    assert filled.cash == Decimal(200)  # sold 2, bought 1, each at 2.00


# What is read off a position ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credit", "contracts", "risk"), [("2.50", 3, "2250"), ("0", 1, "1000"), ("10", 1, "1000"), ("-1", 2, "2000")]
)
def test_risk_is_of_what_is_open_and_an_impossible_credit_counts_nothing(
    credit: str, contracts: int, risk: str
) -> None:
    """CS-006, CS-342."""
    position = evolve(a_position(a_plan(contracts=contracts)), credit=Decimal(credit))

    assert position.maximum_risk == Decimal(risk)


def test_risk_is_gone_once_it_is_flat() -> None:
    assert holding(short=0, long=0).maximum_risk == 0


def test_a_plan_knows_its_risk_and_where_it_breaks_even() -> None:
    plan = a_plan(a_condor(), credit="2.80", contracts=2)

    assert plan.maximum_risk == Decimal(1440)
    assert plan.breakevens == (Decimal("6982.80"), Decimal("6877.20"))


def test_a_position_is_its_plan_and_its_age() -> None:
    position = a_position(a_plan(price="6900"))

    assert (position.id, position.underlying) == ("p1", "SPX")
    assert position.entry_distance == 20  # CS-415, at the entry
    assert position.age_seconds(at("10:01")) == 60


@pytest.mark.parametrize("state", HoldingState)
def test_only_a_closed_position_is_no_longer_live(state: HoldingState) -> None:
    assert a_position(state=state).is_live is (state is not HoldingState.CLOSED)

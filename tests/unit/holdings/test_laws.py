"""Laws of a holding, whatever happens to it: quantities, money, signs and identity. Rules: CS-411, CS-564, R2."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from builders import a_plan, at
from builders_day import entry_ticket
from builders_exchange import call, put
from builders_holdings import a_holding
from gammacore.domain.holdings.holding import AnyHolding, HoldingState
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import Side
from gammacore.domain.legs import Leg, LegFill, ShareLeg
from gammacore.domain.orders import NOTHING_FILLED, Effect, Execution, OrderTicket, Purpose

SYMBOLS = (call(6900).occ, put(6900).occ, "SPY")
NOW, LATER = at("10:00"), at("15:00")
prices = st.decimals("0.05", 900, places=2)
signed = st.integers(-9, 9).filter(bool)


@frozen
class Filled:
    """A cumulative fill of one leg, first at one price and then at another: the quantity may grow, or stay."""

    symbol: str
    sign: int
    first: int
    more: int
    price: Decimal
    corrected: Decimal


@frozen
class Expired:
    """What is held of a symbol settles at its worth; shares may move."""

    symbol: str
    worth: Decimal
    shares: int
    price: Decimal


@frozen
class Gone:
    """Contracts or shares that went without an order of ours, or came back."""

    symbol: str
    change: int
    price: Decimal | None
    is_guess: bool


Step = Filled | Expired | Gone
steps = st.lists(
    st.one_of(
        st.builds(
            Filled, st.sampled_from(SYMBOLS), st.sampled_from((1, -1)), st.integers(1, 9), st.integers(0, 9),
            prices, prices,
        ),
        st.builds(Expired, st.sampled_from(SYMBOLS[:2]), prices, st.sampled_from((0, 100, -100)), prices),
        st.builds(Gone, st.sampled_from(SYMBOLS), signed, st.none() | prices, st.booleans()),
    ),
    max_size=10,
)  # fmt: skip
BEGUN = evolve(a_holding("h1", "delta-hedge", "SPY", NOW), state=HoldingState.ENTERING)


def leg_of(symbol: str, side: Side) -> Leg | ShareLeg:
    if symbol == "SPY":
        return ShareLeg("SPY", side, closes=False)
    return Leg(call(6900) if symbol == SYMBOLS[0] else put(6900), side)


def one_leg(symbol: str, side: Side, quantity: int, order: str) -> OrderTicket:
    effect = Effect.DEBIT if side is Side.BUY else Effect.CREDIT
    return OrderTicket(order, Purpose.HEDGE, "SPY", "h1", (leg_of(symbol, side),), quantity, effect, None)


def after(holding: AnyHolding, step: Step, number: int) -> tuple[AnyHolding, dict[str, int], Decimal]:
    """The holding after a step, the signed quantities it brought, and the dollars that flowed."""
    match step:
        case Filled(symbol=symbol, sign=sign):
            whole = step.first + step.more
            ticket = one_leg(symbol, Side.BUY if sign > 0 else Side.SELL, whole, f"gc-{number}")
            first, last = Execution(step.first, step.price), Execution(whole, step.corrected)
            holding = holding.filled(ticket, NOTHING_FILLED, first).filled(ticket, first, last)
            return holding, {symbol: sign * whole}, -sign * whole * step.corrected * multiplier(symbol)
        case Expired(symbol=symbol):
            held = holding.held(symbol)
            holding = holding.settled(symbol, held, step.worth, "SPY", step.shares, step.price)
            cash = held * step.worth * 100 - step.shares * step.price
            return holding, {symbol: -held, "SPY": step.shares}, cash
        case Gone(symbol=symbol, change=change, price=price):
            holding = holding.adjusted(symbol, change, price, NOW, is_guess=step.is_guess)
            return holding, {symbol: change}, -change * (price or Decimal(0)) * multiplier(symbol)
        case _:
            assert_never(step)


def multiplier(symbol: str) -> int:
    return 1 if symbol == "SPY" else 100


def folded(events: Sequence[Step]) -> tuple[AnyHolding, dict[str, int], Decimal]:
    holding, quantities, cash = BEGUN, dict.fromkeys(SYMBOLS, 0), Decimal(0)
    for number, step in enumerate(events):
        holding, brought, flowed = after(holding, step, number)
        quantities = {symbol: count + brought.get(symbol, 0) for symbol, count in quantities.items()}
        cash += flowed
    return holding, quantities, cash


def kept(holding: AnyHolding) -> Decimal:
    """What its lots say that it earned so far: realised less the cost of what is open, dollars."""
    return sum((lots.realised - lots.cost for lots in holding.lots.values()), Decimal(0))


@given(steps)
def test_the_lots_of_a_symbol_have_one_sign(events: list[Step]) -> None:
    holding, _, _ = folded(events)

    assert all(len({lot.quantity > 0 for lot in lots.lots}) <= 1 for lots in holding.lots.values())
    assert all(lot.quantity for lots in holding.lots.values() for lot in lots.lots)


@given(steps)
def test_a_quantity_is_the_sum_of_fills_settlements_and_adjustments(events: list[Step]) -> None:
    holding, quantities, _ = folded(events)

    assert holding.quantities == {symbol: count for symbol, count in quantities.items() if count}
    assert holding.is_flat is not any(quantities.values())


@given(steps)
def test_without_a_plan_cash_is_what_flowed_and_what_the_lots_say(events: list[Step]) -> None:
    """Nothing is earned or lost by bookkeeping; only lot prices made by a division are rounded, at 28 digits."""
    holding, _, cash = folded(events)

    assert holding.cash == cash
    assert abs(kept(holding) - holding.cash) < Decimal("1e-12")


@given(steps)
def test_what_is_flat_has_realised_its_cash(events: list[Step]) -> None:
    """The booking splits what it brought by source: options, shares, and nothing else."""
    holding, _, _ = folded(events)
    for symbol, count in holding.quantities.items():
        holding = holding.traded(symbol, -count, Decimal(5))

    assert holding.is_flat
    assert abs(holding.options_realised + holding.shares_realised - holding.cash) < Decimal("1e-12")


@given(steps)
def test_what_it_is_never_changes(events: list[Step]) -> None:
    """Id, owner, underlying, plan and origin are what they were when it began, also once it is booked and anew."""

    def identity(holding: AnyHolding) -> tuple[object, ...]:
        return holding.id, holding.owner, holding.underlying, holding.plan, holding.origin

    holding, _, _ = folded(events)
    booked = holding.closed(LATER, "flat")

    assert identity(BEGUN) == identity(holding) == identity(booked) == identity(booked.anew(LATER))


@given(steps)
def test_what_is_closed_holds_nothing(events: list[Step]) -> None:
    holding, _, _ = folded(events)
    booked = holding.closed(LATER, "flat")

    assert (booked.state, booked.is_live, booked.is_flat) == (HoldingState.CLOSED, False, True)
    assert not booked.quantities
    assert booked.maximum_risk == 0
    assert not booked.naked_shorts()
    assert (booked.exit_reason, booked.closed_at) == ("flat", LATER)


@given(steps)
def test_what_begins_anew_carries_nothing_over_but_what_is_still_missing(events: list[Step]) -> None:
    """CS-564: its money was booked, once."""
    holding, _, _ = folded(events)
    again = holding.closed(LATER, "flat").anew(LATER)

    assert (again.cash, again.fees, again.contracts) == (Decimal(0), Decimal(0), 0)
    assert not again.lots
    assert again.missing == holding.missing


# A corrected price ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 9), prices, prices, st.sampled_from((Side.BUY, Side.SELL)), st.sampled_from(SYMBOLS), st.data())
def test_a_corrected_price_moves_cash_by_exactly_the_difference(
    quantity: int, known: Decimal, true: Decimal, side: Side, symbol: str, data: st.DataObject
) -> None:
    """CS-411: at the same quantity, whether what was bought is still held, partly sold, or sold."""
    ticket = one_leg(symbol, side, quantity, "gc-1")
    first, last = Execution(quantity, known), Execution(quantity, true)
    held = BEGUN.filled(ticket, NOTHING_FILLED, first)
    if left := data.draw(st.integers(0, quantity)):
        held = held.traded(symbol, -side.sign * left, Decimal(7), "gc-2")
    corrected = held.filled(ticket, first, last)

    assert corrected.cash - held.cash == -side.sign * (true - known) * quantity * multiplier(symbol)
    assert corrected.quantities == held.quantities
    assert abs(kept(corrected) - corrected.cash) < Decimal("1e-12")


@pytest.mark.parametrize("shares_the_symbol", [False, True])
def test_of_a_spread_too(shares_the_symbol: bool) -> None:
    """CS-411: known at 2.40, then 2.45: 15.00 dollars for three spreads, whatever else is held of its legs."""
    plan = a_plan(contracts=3)
    ticket, first, last = entry_ticket(plan), Execution(3, Decimal("2.40")), Execution(3, Decimal("2.45"))
    begun: AnyHolding = evolve(BEGUN, id=plan.holding, plan=plan)
    if shares_the_symbol:
        begun = begun.traded(plan.spread.symbols[0], -1, Decimal(4), "gc-before")
    held = begun.filled(ticket, NOTHING_FILLED, first)
    corrected = held.filled(ticket, first, last)

    assert corrected.cash - held.cash == 15
    assert kept(corrected) - kept(held) == 15
    assert corrected.quantities == held.quantities


def test_a_correction_after_the_booking_begins_with_nothing_to_correct() -> None:
    """The lots of the order are gone: what it moves is realised, in full."""
    held = Lots("SPY", 1).traded(10, Decimal(600), "gc-1").traded(-10, Decimal(601), "gc-2")
    corrected = held.corrected("gc-1", Decimal(5), 10)

    assert (corrected.lots, corrected.realised - held.realised) == ((), Decimal(-5))


# Multipliers ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 500), prices)
def test_shares_never_multiply_by_a_hundred(count: int, price: Decimal) -> None:
    """Ten shares at 600 are 6,000 dollars, in a holding with a plan too."""
    ticket = one_leg("SPY", Side.BUY, count, "gc-1")
    free = BEGUN.filled(ticket, NOTHING_FILLED, Execution(count, price))
    planned = evolve(BEGUN, plan=a_plan()).filled(ticket, NOTHING_FILLED, Execution(count, price))

    assert free.cash == planned.cash == -count * price
    assert (free.lots["SPY"].multiplier, free.lots["SPY"].cost) == (1, count * price)


def test_a_leg_of_shares_beyond_the_ratio_counts_a_dollar_a_point() -> None:
    ticket = one_leg("SPY", Side.BUY, 10, "gc-1")
    fills = (LegFill("SPY", Side.BUY, 10, Decimal(600)),)
    planned = evolve(BEGUN, plan=a_plan()).filled(ticket, NOTHING_FILLED, Execution(0, None, legs=fills))

    assert planned.cash == -6_000


# Time -----------------------------------------------------------------------------------------------------------------


@given(steps, st.integers(0, 10_000))
def test_its_age_is_since_it_began(events: list[Step], seconds: int) -> None:
    holding, _, _ = folded(events)

    assert holding.opened_at == NOW
    assert holding.age_seconds(NOW + dt.timedelta(seconds=seconds)) == seconds

"""Orders: the life of an order as a table, ids that recognise a repeat, when to call one back. CS-402..414, R1, R4."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_plan, a_put_spread, at
from builders_day import entry_ticket, exit_ticket
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import (
    NOTHING_FILLED,
    THE_DAY,
    Effect,
    Execution,
    Order,
    OrderState,
    OrderTicket,
    Purpose,
    client_order_id,
)
from gammacore.errors import InvalidInput

TICKET = entry_ticket(a_plan(contracts=3))
TEN = at("10:00")


def an_order(state: OrderState = OrderState.ACCEPTED, ticket: OrderTicket = TICKET, **changes: Any) -> Order:
    return evolve(Order(ticket, state, TEN, TEN), **changes)


# States ---------------------------------------------------------------------------------------------------------------

ALLOWED = {
    "intended": "unknown accepted partially_filled cancel_requested filled canceled expired rejected not_sent",
    "unknown": "accepted partially_filled cancel_requested filled canceled expired rejected not_sent",
    "accepted": "partially_filled cancel_requested filled canceled expired rejected",
    "partially_filled": "cancel_requested filled canceled expired rejected",
    "cancel_requested": "partially_filled filled canceled expired rejected",
    "filled": "",
    "canceled": "partially_filled filled cancel_requested",
    "expired": "partially_filled filled",
    "rejected": "accepted partially_filled filled",
    "not_sent": "accepted partially_filled filled",
}
"""Every change an order may make; a fill after a cancel is a fill (CS-410), what was refused may be there (CS-408).

What only counted as canceled, for no report came, is called back again when it works (R9).
"""


@pytest.mark.parametrize("then", OrderState)
@pytest.mark.parametrize("now", OrderState)
def test_an_order_changes_only_as_the_table_says(now: OrderState, then: OrderState) -> None:
    """CS-408..410, R4: all hundred pairs."""
    order = an_order(now)

    if now is then or then in ALLOWED[now].split():
        assert order.moved(then, at("10:01")).state is then
    else:
        with pytest.raises(InvalidInput, match=f"{now} -> {then}"):
            order.moved(then, at("10:01"))


def test_an_order_without_an_answer_is_still_working() -> None:
    """R4: UNKNOWN counts in every limit until it is proven absent."""
    working = {state for state in OrderState if an_order(state).is_working}

    assert working == {
        OrderState.INTENDED, OrderState.UNKNOWN, OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED,
        OrderState.CANCEL_REQUESTED,
    }  # fmt: skip


def test_a_change_is_stamped_and_keeps_the_rest() -> None:
    moved = an_order(broker_id="77").moved(OrderState.FILLED, at("10:02"), execution=Execution(3, Decimal("2.5")))

    assert (moved.changed_at, moved.intended_at, moved.broker_id) == (at("10:02"), TEN, "77")
    assert moved.execution.quantity == 3
    assert moved.id == TICKET.id


# Client ids -----------------------------------------------------------------------------------------------------------

MEANING: dict[str, Any] = {
    "account": "paper-1", "lineage": "f00d", "strategy": "credit-spread", "underlying": "SPX", "day": DAY,
    "position": "SPX-20260105-1", "step": "entry", "attempt": 1,
}  # fmt: skip

names = st.text(max_size=300)
meanings = st.fixed_dictionaries({
    "account": names, "lineage": names, "strategy": names, "underlying": names, "day": st.dates(), "position": names,
    "step": names, "attempt": st.integers(1, 1000),
})  # fmt: skip


@given(meanings)
def test_an_id_is_the_same_every_time_and_fits_every_broker(meaning: dict[str, Any]) -> None:
    """R1, CS-407: letters, digits, hyphen; with the longest tag at most 255."""
    order_id = client_order_id(**meaning)

    assert order_id == client_order_id(**meaning)
    assert re.fullmatch(r"[A-Za-z0-9-]{28}", order_id)
    assert all(len(purpose.tag_prefix + order_id) <= 255 for purpose in Purpose)


@pytest.mark.parametrize(
    ("field", "other"),
    [("account", "paper-2"), ("lineage", "beef"), ("strategy", "scalp"), ("underlying", "NDX"),
     ("day", DAY + dt.timedelta(days=1)), ("position", "SPX-20260105-2"), ("step", "exit"), ("attempt", 2)],
)  # fmt: skip
def test_an_order_for_anything_else_has_another_id(field: str, other: object) -> None:
    assert client_order_id(**MEANING) != client_order_id(**{**MEANING, field: other})


def test_parts_do_not_run_into_each_other() -> None:
    assert client_order_id(**{**MEANING, "account": "a", "lineage": "bc"}) != client_order_id(
        **{**MEANING, "account": "ab", "lineage": "c"}
    )


def test_the_id_of_an_order_never_changes_between_versions() -> None:
    """R1: an id that drifted would send an order twice over an upgrade."""
    assert client_order_id(**MEANING) == "gc-0f8721b0bbdbb66a70dab197e"


# Tickets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "prefix", "closes"),
    [("entry", "GEXENTRY-", False), ("exit", "GEXEXIT-", True), ("emergency", "GEXEXIT-EMERGENCY-", True),
     ("repair", "GEXREPAIR-", True), ("hedge", "GEXHEDGE-", False)],
)  # fmt: skip
def test_the_tag_says_what_the_order_is_for(purpose: str, prefix: str, closes: bool) -> None:
    """CS-407."""
    ticket = evolve(TICKET, purpose=Purpose(purpose))

    assert ticket.tag == prefix + ticket.id
    assert ticket.purpose.closes is closes


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", 0), ("legs", ()), ("legs", TICKET.legs * 3), ("limit", Decimal(0)), ("limit", Decimal("-0.05")),
     ("limit", Decimal("NaN"))],
)  # fmt: skip
def test_an_order_that_cannot_be_is_never_written(field: str, value: Any) -> None:
    """CS-403: a limit of 0 is no order."""
    with pytest.raises(InvalidInput, match=field):
        evolve(TICKET, **{field: value})


def test_no_limit_means_market() -> None:
    assert exit_ticket(a_plan(), "flatten").is_market
    assert not TICKET.is_market
    assert TICKET.symbols == a_put_spread().symbols
    assert (Effect.CREDIT.sign, Effect.DEBIT.sign) == (1, -1)


def test_a_single_filled_leg_is_a_fill() -> None:
    """CS-413."""
    assert not NOTHING_FILLED.any
    assert Execution(1, None).any
    assert Execution(0, None, legs=(LegFill("X", Side.SELL, 1, Decimal(2)),)).any


# When an order is called back -----------------------------------------------------------------------------------------

LIFE = OrderLife()
LIMIT_CLOSE = evolve(exit_ticket(a_plan(), "profit_target"), limit=Decimal("1.25"))


@pytest.mark.parametrize(
    ("state", "seconds", "due"),
    [
        ("accepted", 299, False), ("accepted", 300, True), ("partially_filled", 300, True),
        ("intended", 999, False), ("unknown", 999, False),  # looked up first (R4)
        ("filled", 999, False), ("canceled", 999, False),
    ],
)  # fmt: skip
def test_an_entry_lives_three_hundred_seconds(state: str, seconds: int, due: bool) -> None:
    """CS-409; must not regress 32."""
    assert LIFE.should_cancel(an_order(OrderState(state)), TEN + dt.timedelta(seconds=seconds)) is due


@pytest.mark.parametrize(
    ("cancels", "waited", "due"), [(1, 2.9, False), (1, 3, True), (2, 3, True), (3, 59, False), (3, 60, True)]
)
def test_a_cancel_is_verified_after_three_seconds_and_sent_each_minute_after_the_third(
    cancels: int, waited: float, due: bool
) -> None:
    """CS-409, CS-410; decision 0051."""
    order = an_order(OrderState.CANCEL_REQUESTED, cancels=cancels, changed_at=at("10:05"))

    assert LIFE.should_cancel(order, at("10:05") + dt.timedelta(seconds=waited)) is due


@pytest.mark.parametrize(("waited", "due"), [(59, False), (60, True), (9999, True)])
def test_an_order_with_a_life_of_its_own_is_called_back_every_minute_after_that(waited: float, due: bool) -> None:
    """SC-211, SC-212: while it works nothing else is sold, and an exit is never given up."""
    ticket = evolve(LIMIT_CLOSE, life=THE_DAY)
    order = an_order(OrderState.CANCEL_REQUESTED, ticket=ticket, cancels=3, changed_at=at("10:05"))

    assert LIFE.should_cancel(order, at("10:05") + dt.timedelta(seconds=waited)) is due


@pytest.mark.parametrize(("seconds", "due"), [(119, False), (120, True)])
def test_a_market_close_that_rests_is_called_back_after_two_minutes(seconds: int, due: bool) -> None:
    """CS-416, CS-563, R9: it fills or is refused at once; one that rests is lost somewhere."""
    order = an_order(ticket=exit_ticket(a_plan(), "stop_loss"))

    assert LIFE.should_cancel(order, TEN + dt.timedelta(seconds=seconds)) is due


@pytest.mark.parametrize(("seconds", "due"), [(29, False), (30, True)])
def test_a_close_at_a_limit_does_not_stand_in_the_way_of_the_next_one(seconds: int, due: bool) -> None:
    """CS-405, CS-406: a profit target nobody fills must not keep the stop from closing."""
    assert LIFE.should_cancel(an_order(ticket=LIMIT_CLOSE), TEN + dt.timedelta(seconds=seconds)) is due


@pytest.mark.parametrize("limit", [Decimal("1.25"), None])
def test_a_hedge_is_not_ours_to_call_back(limit: Decimal | None) -> None:
    order = an_order(ticket=evolve(LIMIT_CLOSE, purpose=Purpose.HEDGE, limit=limit))

    assert not LIFE.should_cancel(order, TEN + dt.timedelta(hours=1))


def test_a_loose_long_for_sale_at_market_may_rest() -> None:
    """CS-413: it risks nothing more, and worthless it expires."""
    leg = a_plan().spread.closing_legs[1]
    order = an_order(ticket=evolve(LIMIT_CLOSE, legs=(leg,), effect=Effect.CREDIT, limit=None))

    assert (leg.side, LIFE.should_cancel(order, TEN + dt.timedelta(hours=1))) == (Side.SELL, False)

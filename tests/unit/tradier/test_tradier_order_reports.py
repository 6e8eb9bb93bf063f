"""What Tradier says of an order, in our words. Rules: CS-407, CS-411, CS-412."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders_tradier import ORDER_ID, a_row
from gammacore.adapters.tradier.order_reports import client_id, execution_of, report_of, state_of
from gammacore.adapters.tradier.orders import OrderRow, read_orders
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import NOTHING_FILLED, OrderReport, OrderState, Purpose


def row(**fields: object) -> OrderRow:
    return read_orders({"orders": {"order": a_row(**fields)}})[0]  # type: ignore[arg-type]  # any cell, on purpose


def a_leg(side: str, symbol: str, filled: float, price: float | None) -> dict[str, object]:
    return {"id": 8, "status": "filled", "class": "option", "side": side, "symbol": "SPX", "option_symbol": symbol,
            "quantity": 3.0, "exec_quantity": filled, "avg_fill_price": price}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", OrderState.ACCEPTED),
        ("open", OrderState.ACCEPTED),
        ("submitted", OrderState.ACCEPTED),
        ("held", OrderState.ACCEPTED),
        ("calculated", OrderState.ACCEPTED),
        ("accepted_for_bidding", OrderState.ACCEPTED),
        ("partially_filled", OrderState.PARTIALLY_FILLED),
        ("filled", OrderState.FILLED),
        ("Filled", OrderState.FILLED),
        ("expired", OrderState.EXPIRED),
        ("canceled", OrderState.CANCELED),
        ("rejected", OrderState.REJECTED),
        ("error", OrderState.REJECTED),
        ("a_word_of_tomorrow", OrderState.ACCEPTED),
    ],
)
def test_each_status_is_a_state_and_an_unknown_one_still_works(status: str, state: OrderState) -> None:
    assert state_of(row(status=status)) is state


def test_an_unknown_status_is_reported() -> None:
    assert report_of(row(status="a_word_of_tomorrow")).reason == "a_word_of_tomorrow"


def test_a_rejection_has_tradiers_reason() -> None:
    assert (
        report_of(row(status="rejected", reason_description="OptionLevelRestriction")).reason
        == "OptionLevelRestriction"
    )
    assert report_of(row(status="error")).reason == "error"


@pytest.mark.parametrize("average", [-1.3, 1.3])
@pytest.mark.parametrize("kind", ["credit", "debit", "market"])
def test_a_price_is_positive_in_the_orders_effect_whatever_its_sign_on_the_wire(kind: str, average: float) -> None:
    filled = row(status="filled", type=kind, exec_quantity=3.0, avg_fill_price=average)
    assert execution_of(filled).price == Decimal("1.3")


@pytest.mark.parametrize("average", [0.0, None, "null"])
def test_a_fill_without_a_price_is_a_fill_whose_price_is_not_known(average: object) -> None:
    """Rule: CS-411."""
    execution = execution_of(row(status="filled", exec_quantity=3.0, avg_fill_price=average))
    assert (execution.quantity, execution.price) == (3, None)


def test_the_running_total_counts_spreads() -> None:
    """Rule: CS-412."""
    part = row(status="partially_filled", exec_quantity=1.0, avg_fill_price=-1.25)
    assert execution_of(part).quantity == 1


def test_what_was_filled_before_a_cancel_stays_filled() -> None:
    report = report_of(row(status="canceled", exec_quantity=2.0, avg_fill_price=-1.25))
    assert (report.state, report.execution.quantity) == (OrderState.CANCELED, 2)


def test_each_leg_says_what_was_bought_and_sold() -> None:
    filled = row(
        status="filled",
        exec_quantity=3.0,
        avg_fill_price=-1.25,
        leg=[
            a_leg("sell_to_open", "SPXW260819P06880000", 3.0, 4.75),
            a_leg("buy_to_open", "SPXW260819P06870000", 3.0, 3.5),
        ],
    )
    assert execution_of(filled).legs == (
        LegFill("SPXW260819P06880000", Side.SELL, 3, Decimal("4.75")),
        LegFill("SPXW260819P06870000", Side.BUY, 3, Decimal("3.5")),
    )


def test_legs_are_left_out_while_one_of_them_has_no_price() -> None:
    legs = [a_leg("sell_to_open", "A", 3.0, 4.75), a_leg("buy_to_open", "B", 3.0, 0.0)]
    execution = execution_of(row(status="filled", exec_quantity=3.0, avg_fill_price=-1.25, leg=legs))
    assert (execution.quantity, execution.price, execution.legs) == (3, Decimal("1.25"), ())


@pytest.mark.parametrize(("side", "ours"), [("sell_short", Side.SELL), ("buy_to_cover", Side.BUY), ("Buy", Side.BUY)])
def test_a_single_order_is_its_own_leg(side: str, ours: Side) -> None:
    filled = row(type="market", side=side, symbol="SPY", status="filled", quantity=37.0, exec_quantity=37.0,
                 avg_fill_price=641.07, price=None, **{"class": "equity"})  # fmt: skip
    assert execution_of(filled).legs == (LegFill("SPY", ours, 37, Decimal("641.07")),)


@pytest.mark.parametrize("status", ["filled", "partially_filled", "canceled", "expired"])
def test_what_may_have_filled_and_does_not_say_how_much_is_refused(status: str) -> None:
    """Never to be read as nothing."""
    with pytest.raises(UnreadableAnswer, match="how much"):
        report_of(row(status=status, exec_quantity=None))


@pytest.mark.parametrize("status", ["filled", "partially_filled"])
def test_a_fill_of_nothing_is_refused(status: str) -> None:
    with pytest.raises(UnreadableAnswer, match="how much"):
        report_of(row(status=status, exec_quantity=0.0))


@pytest.mark.parametrize("legs", [(1.0, 0.0), (0.0, 3.0), (3.0, 0.0)])
@pytest.mark.parametrize("status", ["partially_filled", "open", "canceled", "a_new_word"])
def test_one_leg_filled_alone_is_reported_though_no_whole_spread_is(status: str, legs: tuple[float, float]) -> None:
    """R2, CS-412: a naked short of an issue stood for six hours behind "does not say how much"."""
    rows = [
        a_leg("sell_to_open", "SPXW260819P06880000", legs[0], 6.9),
        a_leg("buy_to_open", "SPXW260819P06870000", legs[1], 4.2),
    ]

    report = report_of(row(status=status, exec_quantity=0.0, leg=rows))

    assert (report.execution.quantity, report.state is OrderState.CANCELED) == (0, status == "canceled")
    assert {fill.quantity for fill in report.execution.legs} == {int(max(legs))}


def test_an_unknown_word_with_the_full_quantity_is_filled_and_with_less_in_flight() -> None:
    """Rule: CS-410."""
    states = [state_of(row(status="completed_at_venue", exec_quantity=done)) for done in (0.0, 1.0, 3.0)]
    assert states == [OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.FILLED]


def test_a_leg_of_an_option_that_is_not_named_is_refused() -> None:
    """CS-412: read by its underlying it would be a trade in shares."""
    legs = [a_leg("sell_to_open", "SPXW260819P06880000", 3.0, 6.9), {**a_leg("buy_to_open", "", 3.0, 4.2)}]
    with pytest.raises(UnreadableAnswer, match="does not name"):
        report_of(row(status="filled", exec_quantity=3.0, leg=legs))


@pytest.mark.parametrize("status", ["pending", "open", "rejected", "error"])
def test_what_cannot_have_filled_need_not_say_so(status: str) -> None:
    assert report_of(row(status=status, exec_quantity=None)).execution == NOTHING_FILLED


@pytest.mark.parametrize("reported", [{"class": "multileg"}, {"class": "", "type": "debit"}, {"class": "combo"}])
def test_several_legs_that_are_not_reported_are_not_a_trade_in_the_underlying(reported: dict[str, object]) -> None:
    """CS-412: the parent's own row says "buy SPX"; read as a leg it would be shares that nobody holds."""
    filled = execution_of(row(status="filled", exec_quantity=3.0, avg_fill_price=-1.2, **reported))

    assert (filled.quantity, filled.price, filled.legs) == (3, Decimal("1.2"), ())


def test_part_of_a_contract_is_refused() -> None:
    with pytest.raises(UnreadableAnswer, match=r"1\.5"):
        report_of(row(status="partially_filled", exec_quantity=1.5))


def test_an_order_without_a_time_is_refused() -> None:
    with pytest.raises(UnreadableAnswer, match="time"):
        report_of(row(create_date=None, transaction_date="null"))


def test_an_order_made_of_other_orders_is_listed_and_has_no_fill_of_its_own() -> None:
    """Somebody's oco in the same account must not blind us."""
    oco = {"id": 9, "status": "open", "class": "oco", "create_date": "2026-08-19T15:00:00Z", "leg": [a_row(10)]}
    assert report_of(read_orders({"orders": {"order": oco}})[0]).execution == NOTHING_FILLED


@pytest.mark.parametrize("purpose", Purpose)
def test_our_id_is_the_tag_without_its_purpose(purpose: Purpose) -> None:
    assert client_id(row(tag=purpose.tag_prefix + ORDER_ID)) == ORDER_ID


@pytest.mark.parametrize("tag", [None, "null", "by-hand", "GEXENTRY-"])
def test_an_order_that_is_not_ours_goes_by_tradiers_id(tag: object) -> None:
    assert client_id(row(number=228175, tag=tag)) == "228175"


def test_a_report_holds_tradiers_id_and_its_time_of_the_last_change() -> None:
    assert report_of(row(number=228175)) == OrderReport(
        ORDER_ID, "228175", OrderState.ACCEPTED, NOTHING_FILLED, dt.datetime(2026, 8, 19, 15, 59, 1, tzinfo=dt.UTC)
    )

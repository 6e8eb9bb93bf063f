"""The Alpaca broker's calls: ids, absence, pages, holdings, the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from builders import a_put_spread
from builders_alpaca import NOT_FOUND_WORDS, ORDER_UUID, Answer, Wire, answering, order_words
from builders_exchange import an_entry
from gammacore.adapters.alpaca.broker import ORDERS_A_PAGE
from gammacore.domain.orders import OrderState
from gammacore.errors import BrokerError, BrokerUnavailable, OutcomeUnknown
from gammacore.ports.broker import unread_in

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

TICKET = an_entry("gc-1", a_put_spread(688, 687, "SPY"), limit="0.23")
TAKEN = answering({"code": 40010001, "message": "client_order_id must be unique"}, 422)
OURS = "gc-" + "0a1b2" * 5


def uuid(number: int) -> str:
    return str(UUID(int=number))


def position(symbol: str, quantity: str, side: str, asset_class: str = "us_option") -> dict[str, Any]:
    return {"symbol": symbol, "qty": quantity, "side": side, "asset_class": asset_class}


def test_an_id_alpaca_has_already_is_answered_with_its_order(wire: Wire) -> None:
    """Rule: R1."""
    wire.script.tell(TAKEN, order_words())

    assert wire.broker.submit(TICKET).broker_id == ORDER_UUID
    assert [request.method for request in wire.script.asked] == ["POST", "GET"]
    assert wire.script.asked[1].query == {"client_order_id": "gc-1"}


@pytest.mark.parametrize("answer", [answering(NOT_FOUND_WORDS, 404), Answer(503), Answer(fault="hang_up")])
def test_an_order_alpaca_has_and_does_not_show_is_unknown_and_never_not_sent(wire: Wire, answer: Answer) -> None:
    """Rule: R4."""
    wire.script.tell(TAKEN, answer)
    with pytest.raises(OutcomeUnknown):
        wire.broker.submit(TICKET)
    assert wire.script.count("POST") == 1


def test_only_alpacas_own_word_proves_an_order_absent(wire: Wire) -> None:
    """Rule: R4."""
    wire.script.tell(answering(NOT_FOUND_WORDS, 404))
    assert wire.broker.order("gc-1") is None

    for proof_of_nothing in (Answer(404, "<html>not here</html>"), answering({"message": "endpoint not found"}, 404)):
        wire.script.tell(proof_of_nothing)
        with pytest.raises(BrokerUnavailable):
            wire.broker.order("gc-1")


def test_an_answer_about_another_order_is_no_answer(wire: Wire) -> None:
    wire.script.tell(order_words(client_order_id="gc-2"))
    with pytest.raises(BrokerUnavailable):
        wire.broker.order("gc-1")


def test_legs_that_are_missing_are_asked_for_by_alpacas_id(wire: Wire) -> None:
    wire.script.tell(order_words(legs=None), order_words())

    assert wire.broker.order("gc-1") is not None
    assert wire.script.asked[1].path == f"/v2/orders/{ORDER_UUID}"
    assert wire.script.asked[1].query == {"nested": "True"}


def test_a_cancel_goes_to_alpacas_id(wire: Wire) -> None:
    wire.script.tell(order_words(), Answer(204))
    wire.broker.cancel("gc-1")
    assert (wire.script.asked[1].method, wire.script.asked[1].path) == ("DELETE", f"/v2/orders/{ORDER_UUID}")

    wire.script.tell(answering(NOT_FOUND_WORDS, 404))
    with pytest.raises(BrokerError, match="no order gc-1"):
        wire.broker.cancel("gc-1")


def test_todays_orders_are_asked_for_since_midnight_in_new_york_oldest_first_with_their_legs(wire: Wire) -> None:
    """Rule: CS-574."""
    wire.script.tell([order_words(), order_words(id=uuid(2), client_order_id="by-hand")])

    assert [report.id for report in wire.broker.orders()] == ["gc-1", "by-hand"]
    assert wire.script.asked[0].query == {
        "status": "all", "limit": "500", "direction": "asc", "nested": "True",
        "after": f"{wire.clock.now().date()}T05:00:00+00:00",
    }  # fmt: skip


def test_a_long_list_of_orders_is_read_to_its_end_each_once(wire: Wire) -> None:
    many = [order_words(id=uuid(number), client_order_id=f"gc-{number}") for number in range(1, ORDERS_A_PAGE + 3)]
    wire.script.tell(many[:ORDERS_A_PAGE], many[ORDERS_A_PAGE - 1 :])

    assert [report.id for report in wire.broker.orders()] == [order["client_order_id"] for order in many]
    assert wire.script.asked[1].query["after"] == "2026-01-05T15:00:00.123455+00:00"


def test_a_list_of_orders_that_does_not_move_on_is_refused(wire: Wire) -> None:
    wire.script.tell([order_words(id=uuid(number)) for number in range(ORDERS_A_PAGE)])
    with pytest.raises(BrokerUnavailable):
        wire.broker.orders()


def test_orders_of_others_that_have_no_whole_units_do_not_hide_ours(wire: Wire) -> None:
    wire.script.tell(
        [
            order_words(id=uuid(1), client_order_id="by-value", qty=None, notional="500"),
            order_words(id=uuid(2), client_order_id="coins", asset_class="crypto", qty="0.3"),
            order_words(),
        ]
    )
    assert [report.id for report in wire.broker.orders()] == ["gc-1"]

    wire.script.tell([order_words(client_order_id=OURS, qty="1.5")], order_words(client_order_id=OURS, qty="1.5"))
    assert list(wire.broker.orders()) == []
    with pytest.raises(BrokerUnavailable):
        wire.broker.order(OURS)


@pytest.mark.parametrize(
    "odd",
    ["text", None, {}, order_words(id=uuid(2), status=None), order_words(id=uuid(2), updated_at="soon"),
     order_words(id=uuid(2), qty="many"), order_words(id=uuid(2), client_order_id=None)],
    ids=["text", "null", "empty", "no status", "no time", "no quantity", "no id of a sender"],
)  # fmt: skip
def test_a_row_that_cannot_be_read_hides_no_other(wire: Wire, odd: Any) -> None:
    """Rule: R4."""
    wire.script.tell([odd, order_words()])
    assert [report.id for report in wire.broker.orders()] == ["gc-1"]


def test_an_order_is_found_by_alpacas_id_under_whatever_client_id_it_is_listed(wire: Wire) -> None:
    """Rule: R4."""
    wire.script.tell(order_words(client_order_id="another"), answering(NOT_FOUND_WORDS, 404))

    report = wire.broker.order_by_broker_id("gc-1", ORDER_UUID)

    assert report is not None
    assert (report.id, report.broker_id) == ("gc-1", ORDER_UUID)
    assert wire.broker.order_by_broker_id("gc-1", ORDER_UUID) is None


@pytest.mark.parametrize(
    "answer",
    [
        order_words(status="rejected", reject_reason="insufficient options buying power"),
        {**order_words(), "code": 40310000, "message": "warning: pattern day trader"},
        answering({**order_words(), "message": "duplicate order"}, 400),
        answering({**order_words(), "message": "forbidden"}, 403),
        answering({**order_words(), "message": "unprocessable"}, 422),
    ],
    ids=["rejected", "warning", "400", "403", "422"],
)
def test_an_error_beside_an_id_leaves_the_order_in_doubt_and_its_id_is_kept(wire: Wire, answer: Any) -> None:
    """Rule: CS-408."""
    wire.script.tell(answer)
    with pytest.raises(OutcomeUnknown) as doubt:
        wire.broker.submit(TICKET)
    assert doubt.value.broker_id == ORDER_UUID


def test_holdings_are_signed_by_their_side_whatever_sign_and_spelling_they_have(wire: Wire) -> None:
    wire.script.tell(
        [
            position("SPY260105P00688000", "-3", "short"),
            position("SPY   260105P00687000", "3", "long"),
            position("QQQ260105P00500000", "2", "short"),
            position("SPY", "37", "long", "us_equity"),
            position("BTC/USD", "0.31", "long", "crypto"),
        ]
    )
    assert dict(wire.broker.holdings()) == {
        "SPY260105P00688000": -3, "SPY260105P00687000": 3, "QQQ260105P00500000": -2, "SPY": 37,
    }  # fmt: skip


def test_parts_of_a_share_are_another_traders_and_left_out(wire: Wire) -> None:
    """One bought by value must not stop the desk from seeing what it holds."""
    wire.script.tell(
        [
            position("SPY", "100.75", "long", "us_equity"),
            position("QQQ", "-2.5", "short", "us_equity"),
            position("AAPL", "0.31", "long", "us_equity"),
        ]
    )
    assert dict(wire.broker.holdings()) == {"SPY": 100, "QQQ": -2}


@pytest.mark.parametrize(
    "rows",
    [
        {},
        None,
    ],
)
def test_holdings_that_cannot_be_read_are_never_flat(wire: Wire, rows: Any) -> None:
    """Rules: CS-572, R5."""
    wire.script.tell(rows)
    with pytest.raises(BrokerUnavailable):
        wire.broker.holdings()


@pytest.mark.parametrize(
    ("rows", "unread"),
    [
        ([position("SPY260105P00688000", "0.5", "long")], "SPY260105P00688000"),
        ([position("SPY", "5", "flat")], "SPY"),
        ([position("SPY", "5", "long"), position("SPY", "5", "short")], "SPY"),
        ([position("", "5", "long")], ""),
        ([{"symbol": "SPY", "side": "long"}], "SPY"),
        (["text"], ""),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_makes_its_symbol_unknown_and_no_other(wire: Wire, rows: Any, unread: str) -> None:
    """R5: unknown is never zero, and never the end of the list."""
    wire.script.tell([*rows, position("QQQ", "3", "long", "us_equity")])

    held = wire.broker.holdings()

    assert (dict(held), set(unread_in(held))) == ({"QQQ": 3}, {unread})


def test_the_account_is_equity_and_the_buying_power_for_options(wire: Wire) -> None:
    wire.script.tell({"account_number": "PA1", "equity": "20000.5", "options_buying_power": "-1.25", "cash": "7"})

    account = wire.broker.account()
    assert (account.number, account.balance, account.option_buying_power) == (
        "PA1",
        Decimal("20000.5"),
        Decimal("-1.25"),
    )


@pytest.mark.parametrize(
    ("said", "barred"),
    [
        ({"status": "ACTIVE", "account_blocked": False, "trading_blocked": False}, ""),
        ({}, ""),
        ({"status": "ACTIVE", "trading_blocked": True}, "trading_blocked"),
        ({"status": "ACTIVE", "account_blocked": True, "trade_suspended_by_user": True},
         "account_blocked, trade_suspended_by_user"),
        ({"status": "ACCOUNT_CLOSED", "trading_blocked": True}, "status ACCOUNT_CLOSED, trading_blocked"),
    ],
)  # fmt: skip
def test_an_account_that_may_not_trade_says_why(wire: Wire, said: dict[str, Any], barred: str) -> None:
    wire.script.tell({"account_number": "PA1", "equity": "20000", "options_buying_power": "20000", **said})

    assert wire.broker.account().barred == barred


def test_a_missing_buying_power_is_not_zero(wire: Wire) -> None:
    wire.script.tell({"account_number": "PA1", "equity": "20000.5", "options_buying_power": None})
    with pytest.raises(BrokerUnavailable):
        wire.broker.account()


def test_the_clock_says_time_and_whether_the_market_is_open(wire: Wire) -> None:
    wire.script.tell({"timestamp": "2026-01-05T10:00:03.5-05:00", "is_open": True})

    clock = wire.broker.clock()
    assert (clock.at.isoformat(), clock.is_open) == ("2026-01-05T15:00:03.500000+00:00", True)

    wire.script.tell({"timestamp": "2026-01-05T10:00:03.5-05:00", "is_open": "no"})
    with pytest.raises(BrokerUnavailable):
        wire.broker.clock()


def test_a_question_answered_after_a_fault_is_answered(wire: Wire) -> None:
    wire.script.tell(Answer(429), Answer(504), order_words())

    report = wire.broker.order("gc-1")
    assert report is not None
    assert report.state is OrderState.ACCEPTED
    assert len(wire.script.asked) == 3

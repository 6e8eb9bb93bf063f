"""The account at Tradier: orders found by tag, holdings, figures. Rules: R1, R4, R5, CS-407, CS-572."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx
import pytest

from builders_tradier import ACCOUNT, NO_ORDERS, ORDER_ID, TAKEN, ScriptedWire, a_put_spread, a_row, answered, broker_of
from gammacore.adapters.wire import RequestRefused, UnreadableAnswer
from gammacore.domain.orders import OrderState, Purpose
from gammacore.errors import BrokerError, BrokerUnavailable, OutcomeUnknown
from gammacore.ports.broker import Receipt, unread_in


def listed(*rows: object) -> httpx.Response:
    return answered({"orders": {"order": list(rows)}})


def balances(**fields: object) -> dict[str, object]:
    return {"balances": {"account_number": ACCOUNT, "total_equity": 17798.36, **fields}}


# -- sending ----------------------------------------------------------------------------------------------------------


def test_a_new_order_is_sent_without_a_look() -> None:
    """Rule: CS-408."""
    wire = ScriptedWire({"GET": [answered(NO_ORDERS)], "POST": [answered(TAKEN)]})

    assert broker_of(wire).submit(a_put_spread()) == Receipt("7")
    assert [request.method for request in wire.sent] == ["POST"]
    assert [form["tag"] for form in wire.forms()] == [f"GEXENTRY-{ORDER_ID}"]


@pytest.mark.parametrize("status", ["open", "filled", "canceled"])
def test_an_order_that_is_there_is_answered_with_itself_and_not_sent(status: str) -> None:
    """Rule: R1."""
    wire = ScriptedWire({"GET": [listed(a_row(6, tag="by-hand"), a_row(41, status=status))], "POST": [answered(TAKEN)]})
    broker = broker_of(wire)
    with suppress(UnreadableAnswer):  # filled, and the row does not say how much: it is there all the same
        broker.order(ORDER_ID)

    assert broker.submit(a_put_spread()) == Receipt("41")
    assert wire.count("POST") == 0


def test_an_order_on_a_later_page_is_found_too() -> None:
    strangers = [listed(*(a_row(page * 10 + row, tag="by-hand") for row in range(3))) for page in range(4)]
    wire = ScriptedWire({"GET": [*strangers, listed(a_row(99)), listed()], "POST": [answered(TAKEN)]})

    report = broker_of(wire).order(ORDER_ID)
    assert report is not None
    assert report.broker_id == "99"
    assert [request.url.params["page"] for request in wire.sent] == ["1", "2", "3", "4", "5"]
    assert {request.url.params["includeTags"] for request in wire.sent} == {"true"}


def test_a_broker_that_knows_no_pages_is_asked_twice_not_for_ever() -> None:
    wire = ScriptedWire({"GET": [listed(a_row(6, tag="by-hand"))]})
    assert broker_of(wire).order(ORDER_ID) is None
    assert wire.count("GET") == 2


def test_pages_without_end_are_no_proof_of_absence() -> None:
    numbers = iter(range(1, 10_000))
    with pytest.raises(UnreadableAnswer, match="do not end"):
        broker_of(lambda _: listed(a_row(next(numbers), tag="by-hand"))).order(ORDER_ID)


def test_a_time_out_after_acceptance_is_found_by_its_tag() -> None:
    """Rule: R4."""
    wire = ScriptedWire({"GET": [listed(a_row(41))], "POST": [httpx.ReadTimeout("late"), answered(TAKEN)]})
    broker = broker_of(wire)

    with pytest.raises(OutcomeUnknown):
        broker.submit(a_put_spread())

    report = broker.order(ORDER_ID)
    assert report is not None
    assert (report.id, report.broker_id, report.state) == (ORDER_ID, "41", OrderState.ACCEPTED)
    assert broker.submit(a_put_spread()) == Receipt("41")
    assert wire.count("POST") == 1


def test_one_purposes_order_is_not_anothers() -> None:
    """The id is what counts: an exit has another one."""
    wire = ScriptedWire({"GET": [listed(a_row(41))], "POST": [answered(TAKEN)]})
    other = "gc-" + "f" * 25
    broker_of(wire).submit(a_put_spread(other, purpose=Purpose.EXIT))
    assert [form["tag"] for form in wire.forms()] == [f"GEXEXIT-{other}"]


# -- calling back -----------------------------------------------------------------------------------------------------


def test_a_cancel_goes_to_tradiers_own_id() -> None:
    wire = ScriptedWire({"GET": [listed(a_row(41))], "DELETE": [answered({"order": {"id": 41, "status": "ok"}})]})
    broker_of(wire).cancel(ORDER_ID)
    assert wire.sent[-1].url.path.endswith(f"/accounts/{ACCOUNT}/orders/41")


def test_a_cancel_too_late_is_an_error_and_the_order_stands_as_it_was() -> None:
    """Rule: CS-410."""
    late = answered("order already in finalized state: filled", 400)
    filled = a_row(41, status="filled", exec_quantity=3.0, avg_fill_price=-1.25)
    wire = ScriptedWire({"GET": [listed(filled)], "DELETE": [late]})
    broker = broker_of(wire)

    with pytest.raises(RequestRefused, match="finalized state"):
        broker.cancel(ORDER_ID)

    report = broker.order(ORDER_ID)
    assert report is not None
    assert (report.state, report.execution.quantity) == (OrderState.FILLED, 3)


def test_canceling_what_is_not_there_is_an_error() -> None:
    wire = ScriptedWire({"GET": [answered(NO_ORDERS)]})
    with pytest.raises(BrokerError):
        broker_of(wire).cancel(ORDER_ID)
    assert wire.count("DELETE") == 0


# -- questions --------------------------------------------------------------------------------------------------------


def test_others_orders_for_parts_of_a_share_do_not_hide_the_rest() -> None:
    """Somebody reinvests a dividend: nothing of ours may become unreadable by it. One of ours in parts is left out."""
    part: dict[str, Any] = {"class": "equity", "type": "market", "exec_quantity": 0.5, "quantity": 0.5}
    wire = ScriptedWire({"GET": [listed(a_row(6, tag="by-hand", **part), a_row(41)), listed()]})

    assert [report.broker_id for report in broker_of(wire).orders()] == ["41"]

    wire = ScriptedWire({"GET": [listed(a_row(6, status="filled", **part))]})
    assert broker_of(wire).orders() == []
    with pytest.raises(UnreadableAnswer):
        broker_of(wire).order(ORDER_ID)


def test_orders_are_listed_oldest_first_ours_and_others() -> None:
    wire = ScriptedWire({"GET": [listed(a_row(100), a_row(9, tag="by-hand")), answered(NO_ORDERS)]})
    assert [(report.id, report.broker_id) for report in broker_of(wire).orders()] == [("9", "9"), (ORDER_ID, "100")]


@pytest.mark.parametrize(
    ("body", "held"),
    [
        ({"positions": "null"}, {}),
        ({"positions": None}, {}),
        ({"positions": {"position": {"symbol": "SPY", "quantity": 37.0}}}, {"SPY": 37}),
        (
            {"positions": {"position": [
                {"symbol": "SPXW260819P06880000", "quantity": -3.0, "cost_basis": -1425.0},
                {"symbol": "SPXW260819P06870000", "quantity": 3.0, "cost_basis": 1050.0},
            ]}},
            {"SPXW260819P06880000": -3, "SPXW260819P06870000": 3},
        ),
        (
            {"positions": {"position": [{"symbol": "SPY", "quantity": 5}, {"symbol": "SPY", "quantity": -2}]}},
            {"SPY": 3},
        ),
        (
            {"positions": {"position": [
                {"symbol": "SPY", "quantity": 100.75}, {"symbol": "QQQ", "quantity": -2.5},
                {"symbol": "AAPL", "quantity": 0.5},
                {"symbol": "MSFT", "quantity": 0.5}, {"symbol": "MSFT", "quantity": 0.5},
            ]}},
            {"SPY": 100, "QQQ": -2, "MSFT": 1},
        ),
        (
            {"positions": {"position": [
                {"symbol": "SPXW  260819P06880000", "quantity": -3}, {"symbol": "SPXW260819P06880000", "quantity": 1},
                {"symbol": "SPXW  260819P06870000", "quantity": 3},
            ]}},
            {"SPXW260819P06880000": -2, "SPXW260819P06870000": 3},
        ),
    ],
    ids=["null text", "null", "one", "many", "lots", "parts of a share", "21 characters"],
)  # fmt: skip
def test_holdings_are_signed(body: object, held: dict[str, int]) -> None:
    assert broker_of(ScriptedWire({"GET": [answered(body)]})).holdings() == held


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"positions": {}},
        {"positions": {"holding": []}},
    ],
    ids=str,
)
def test_holdings_that_cannot_be_read_are_never_flat(body: object) -> None:
    """Rule: CS-572."""
    with pytest.raises(BrokerUnavailable):
        broker_of(ScriptedWire({"GET": [answered(body)]})).holdings()


@pytest.mark.parametrize(
    ("row", "symbol"),
    [
        ({"symbol": "SPY"}, "SPY"),
        ({"symbol": "SPXW260819P06880000", "quantity": 0.5}, "SPXW260819P06880000"),
        ({"symbol": "SPXW  260819P06880000", "quantity": "many"}, "SPXW260819P06880000"),
        ({"symbol": None, "quantity": 1}, ""),
        ("nothing", ""),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_makes_its_symbol_unknown_and_no_other(row: object, symbol: str) -> None:
    """R5: unknown is never zero, and never the end of the list."""
    body = {"positions": {"position": [{"symbol": "QQQ", "quantity": 3}, row]}}

    held = broker_of(ScriptedWire({"GET": [answered(body)]})).holdings()

    assert (dict(held), set(unread_in(held))) == ({"QQQ": 3}, {symbol})


ODD_ROWS: list[Any] = [
    {"id": 77, "symbol": "AAPL", "create_date": "2026-08-19T14:00:00.000Z"},
    {"id": 77, "status": "canceled", "quantity": 1.0, "create_date": "2026-08-19T14:00:00.000Z"},
    {"id": 77, "status": "open", "quantity": 1.0},
    {"id": 77, "status": "open", "price": "MKT", "create_date": "2026-08-19T14:00:00.000Z"},
    {"id": 77, "status": "open", "class": "otoco", "leg": [{"id": 78, "status": "open"}, {"id": 79}]},
]


@pytest.mark.parametrize("row", ODD_ROWS, ids=["no status", "no count", "no time", "text for a price", "otoco"])
def test_a_row_of_another_trader_that_cannot_be_read_hides_none_of_ours(row: object, caplog: Any) -> None:
    """R4: logged once."""
    broker = broker_of(ScriptedWire({"GET": [listed(row, a_row(41)), listed()] * 4}))

    assert [report.broker_id for report in (*broker.orders(), *broker.orders())] == ["41", "41"]
    assert sum("77" in record.message for record in caplog.records) == 1
    report = broker.order(ORDER_ID)
    assert report is not None
    assert report.broker_id == "41"


def test_our_row_that_cannot_be_read_is_unreadable_for_its_order_alone() -> None:
    """R4: never absent."""
    other = "gc-" + "f" * 25
    rows = [a_row(40, status=None, tag=f"GEXENTRY-{other}"), a_row(41)]  # type: ignore[arg-type]  # on purpose
    broker = broker_of(ScriptedWire({"GET": [listed(*rows)]}))

    assert broker.order(ORDER_ID) is not None
    with pytest.raises(UnreadableAnswer):
        broker.order(other)


@pytest.mark.parametrize("row", ["text", {"status": "open"}, {"id": 9, "status": "open", "tag": {"odd": 1}}], ids=str)
def test_beside_a_row_without_a_name_no_order_is_proven_absent(row: object) -> None:
    """R4."""
    broker = broker_of(ScriptedWire({"GET": [listed(row), listed()] * 2}))
    with pytest.raises(UnreadableAnswer):
        broker.order(ORDER_ID)


def test_an_order_listed_without_its_tag_is_found_by_tradiers_id() -> None:
    """R4."""
    row = a_row(41, tag=None)  # type: ignore[arg-type]  # as Tradier may list it
    broker = broker_of(ScriptedWire({"GET": [listed(row), listed(), answered({"order": row})]}))
    assert broker.order(ORDER_ID) is None

    report = broker.order_by_broker_id(ORDER_ID, "41")

    assert report is not None
    assert (report.id, report.broker_id) == (ORDER_ID, "41")


def test_another_order_under_that_id_is_no_answer_and_an_id_tradier_lacks_is_absent() -> None:
    """R4."""
    other = answered({"order": a_row(41, tag="GEXENTRY-gc-" + "f" * 25)})
    broker = broker_of(ScriptedWire({"GET": [other, answered("order not found", 404)]}))

    with pytest.raises(UnreadableAnswer):
        broker.order_by_broker_id(ORDER_ID, "41")
    assert broker.order_by_broker_id(ORDER_ID, "41") is None


@pytest.mark.parametrize(
    ("shape", "power"),
    [
        ({"margin": {"option_buying_power": 6363.86, "stock_buying_power": 12727.72}}, "6363.86"),
        ({"pdt": {"option_buying_power": 25455.44}}, "25455.44"),
        ({"cash": {"cash_available": 4343.38, "sweep": 0}}, "4343.38"),
        ({"margin": {"option_buying_power": -12.5}}, "-12.5"),
        ({"margin": {"option_buying_power": 0}}, "0"),
        ({"option_buying_power": 7.0, "margin": "null"}, "7.0"),
    ],
    ids=["margin", "pdt", "cash", "in debt", "used up", "on top"],
)
def test_buying_power_is_reported_in_three_shapes(shape: dict[str, object], power: str) -> None:
    account = broker_of(ScriptedWire({"GET": [answered(balances(**shape))]})).account()
    assert (account.number, account.balance) == (ACCOUNT, Decimal("17798.36"))
    assert account.option_buying_power == Decimal(power)


@pytest.mark.parametrize(
    "body",
    [
        balances(),
        balances(margin={}),
        balances(total_equity="null", margin={"option_buying_power": 1}),
        balances(account_number="VA99999999", margin={"option_buying_power": 1}),
        {"balances": "null"},
    ],
    ids=["no power", "empty margin", "no equity", "another account", "nothing"],
)
def test_a_missing_figure_is_an_error_and_never_zero(body: object) -> None:
    with pytest.raises(BrokerUnavailable):
        broker_of(ScriptedWire({"GET": [answered(body)]})).account()


@pytest.mark.parametrize(
    ("state", "is_open"), [("open", True), ("closed", False), ("premarket", False), ("postmarket", False)]
)
def test_the_clock_says_the_time_and_whether_the_regular_session_is_on(state: str, is_open: bool) -> None:
    body = {"clock": {"date": "2026-08-19", "state": state, "timestamp": 1787155203}}
    clock = broker_of(ScriptedWire({"GET": [answered(body)]})).clock()
    assert (clock.at, clock.is_open) == (dt.datetime(2026, 8, 19, 16, 0, 3, tzinfo=dt.UTC), is_open)


@pytest.mark.parametrize("body", [{}, {"clock": "null"}, {"clock": {"state": "open"}}], ids=str)
def test_a_clock_that_does_not_tell_is_never_open(body: object) -> None:
    with pytest.raises(BrokerUnavailable):
        broker_of(ScriptedWire({"GET": [answered(body)]})).clock()

"""What the account holds rules, whatever the orders say: over both brokers' servers. Rules: R2, R5, CS-408, CS-410.

Decision 0031. The world goes from look to look of 10 s; a spread is sold at 10:00.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, evolve

from builders_broker_day import CREDENTIALS, PLACES, SESSION, a_world, configuration
from counterparts.alpaca_dialect import alpaca_app
from counterparts.bent import Bent, BentWire
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.application.trade_day import TradeDay
from gammacore.domain import ledger
from gammacore.domain.holding_events import HoldingAdopted
from gammacore.domain.ledger import AlarmRaised, Event, HoldingsQuarantined, OrderFilled, OrderIntended
from gammacore.domain.orders import OrderState, Purpose
from gammacore.wiring import wire_day

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
at_both = pytest.mark.parametrize("broker", ["tradier", "alpaca"])
STEP = 10
SEEDS = {"tradier": 57, "alpaca": 7}
"""Days on which a spread is sold at 10:00."""
FAR_STOPS = {"stops.stop": 30, "stops.emergency": 50, "stops.fixed_target": 1, "stops.trailing_trigger": 1}


@define(eq=False)
class AtABroker:
    """One process trading at a served broker, whose answers can be bent."""

    broker: str
    world: World
    wire: BentWire
    trade: TradeDay
    kept: Callable[[], list[Event]]

    def pass_seconds(self, seconds: float) -> None:
        """Looks until so much later."""
        until = self.world.now() + dt.timedelta(seconds=seconds)
        self.trade.run_until(lambda _book: self.world.now() >= until)

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.kept() if isinstance(event, kind)]

    def alarms(self) -> dict[str, AlarmRaised]:
        """The first alarm of each code."""
        found: dict[str, AlarmRaised] = {}
        for alarm in self.all(AlarmRaised):
            found.setdefault(alarm.code, alarm)
        return found

    def held(self) -> dict[str, int]:
        with self.world.lock:
            return {symbol: held for symbol, held in self.world.exchange.holdings().items() if held}

    def first_sent(self) -> dt.datetime:
        """When the first order was intended: a leg of it fills at the next snapshot."""
        at: dt.datetime = self.all(OrderIntended)[0].at
        return at

    def order_purposes(self) -> list[Purpose]:
        return [event.ticket.purpose for event in self.all(OrderIntended)]

    # -- what is done to answers --------------------------------------------------------------------------------------

    def bend(self, method: str, part: str, bend: Callable[[int, Any], tuple[int, Any]]) -> None:
        self.wire.bends.append(Bent(method, lambda path: part in path, bend))

    def orders_are_down(self) -> None:
        self.bend("GET", "/orders", lambda _status, _body: (500, {"fault": {"faultstring": "Datastore Error"}}))

    def fix(self) -> None:
        self.wire.bends.clear()

    def flatten(self) -> None:
        self.trade.ledger.record(ledger.FlattenRequested(self.world.now(), "tested"))


@contextmanager
def at_a_broker(broker: str) -> Iterator[AtABroker]:
    """From half a minute before the first entry of the day."""
    underlying = "SPX" if broker == "tradier" else "SPY"
    world = a_world(underlying, SEEDS[broker], STEP, start=SESSION.after_open(30) - dt.timedelta(seconds=30))
    wire = BentWire(tradier_app(world) if broker == "tradier" else alpaca_app(world))
    with serving(wire) as server:
        day = wire_day(
            configuration(broker, underlying, "credit-spread", STEP, FAR_STOPS),
            credentials=CREDENTIALS, clock=world, places=PLACES[broker](server.url),
        )  # fmt: skip
        try:
            yield AtABroker(broker, world, wire, evolve(day.trade, news=None), lambda: list(day.storage.events()))
        finally:
            day.close()


def tradiers_rows(body: Any) -> list[Any]:
    held = body.get("orders")
    rows = held.get("order") if isinstance(held, dict) else []
    return rows if isinstance(rows, list) else [rows]


def row_of_another(broker: str, odd: Any) -> Callable[[int, Any], tuple[int, Any]]:
    """Puts one more row into a list of orders."""

    def bend(status: int, body: Any) -> tuple[int, Any]:
        if broker == "alpaca":
            return status, [*body, odd] if isinstance(body, list) else body
        return status, {"orders": {"order": [*tradiers_rows(body), odd]}}

    return bend


def without_quantity(broker: str) -> Callable[[int, Any], tuple[int, Any]]:
    """Every order says that a part is filled, and neither how much nor of which leg."""

    def dulled(row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        dull = {name: cell for name, cell in row.items() if name not in ("exec_quantity", "filled_qty", "leg", "legs")}
        return {**dull, "status": "partially_filled", "exec_quantity": 0, "filled_qty": "?"}

    def bend(status: int, body: Any) -> tuple[int, Any]:
        if broker == "alpaca":
            return status, [dulled(row) for row in body] if isinstance(body, list) else dulled(body)
        if "order" in body:
            return status, {"order": dulled(body["order"])}
        rows = tradiers_rows(body)
        return status, {"orders": {"order": [dulled(row) for row in rows]} if rows else "null"}

    return bend


# -- an uncovered short ------------------------------------------------------------------------------------------------


def says_nothing_filled(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    dull = {**row, "status": "open" if "exec_quantity" in row else "new", "avg_fill_price": 0, "filled_avg_price": None}
    dull |= {name: 0 for name in ("exec_quantity",) if name in row} | {n: "0" for n in ("filled_qty",) if n in row}
    for legs in ("leg", "legs"):
        if isinstance(row.get(legs), list):
            dull[legs] = [says_nothing_filled(leg) for leg in row[legs]]
    return dull


def nothing_filled(broker: str) -> Callable[[int, Any], tuple[int, Any]]:
    """Every order is said to work, with nothing filled: readable, and not true."""

    def bend(status: int, body: Any) -> tuple[int, Any]:
        if broker == "alpaca":
            listed = [says_nothing_filled(row) for row in body] if isinstance(body, list) else None
            return status, says_nothing_filled(body) if listed is None else listed
        if "order" in body:
            return status, {"order": says_nothing_filled(body["order"])}
        rows = tradiers_rows(body)
        return status, {"orders": {"order": [says_nothing_filled(row) for row in rows]} if rows else "null"}

    return bend


@at_both
@pytest.mark.parametrize("orders_are", ["as it is", "unreadable", "down", "nothing filled"])
def test_an_entry_of_which_one_leg_filled_is_alarmed_within_a_minute_and_bought_back(
    broker: str, orders_are: str
) -> None:
    """R2, CS-413: naked from 10:01 until the day ended; whatever the orders say, and nothing twice once they say it."""
    with at_a_broker(broker) as there:
        there.world.exchange.next_submit(leg_contracts=(1, 0))
        bends: dict[str, Callable[[], None]] = {
            "as it is": lambda: None,
            "unreadable": lambda: there.bend("GET", "/orders", without_quantity(broker)),
            "down": there.orders_are_down,
            "nothing filled": lambda: there.bend("GET", "/orders", nothing_filled(broker)),
        }
        there.pass_seconds(STEP)  # whose orders the account has was seen once
        bends[orders_are]()
        there.pass_seconds(150)
        alarm = next(there.alarms()[code] for code in ("naked_short", "leg_imbalance") if code in there.alarms())
        assert (alarm.at - there.first_sent()).total_seconds() <= 60
        assert "naked short" in alarm.detail
        assert there.held() == {}
        there.fix()
        there.pass_seconds(120)

        assert there.held() == {}
        assert there.order_purposes() == [Purpose.ENTRY, Purpose.REPAIR]
        assert there.trade.ledger.book.expected_holdings() == {}
        assert (there.all(HoldingsQuarantined), there.all(HoldingAdopted)) == ([], [])


@at_both
@pytest.mark.parametrize("orders_are", ["as it is", "unreadable", "down"])
def test_a_close_of_which_one_leg_filled_is_called_back_and_its_short_bought_once(broker: str, orders_are: str) -> None:
    """R2, CS-413: the cover is sold, the short stands; no order crosses zero."""
    with at_a_broker(broker) as there:
        there.pass_seconds(60)
        assert len(there.held()) == 2
        there.world.exchange.next_submit(leg_contracts=(0, 1))
        there.flatten()
        began = there.world.now()
        if orders_are == "unreadable":
            there.bend("GET", "/orders", without_quantity(broker))
        if orders_are == "down":
            there.orders_are_down()
        there.pass_seconds(180)
        alarms = [a for a in there.all(AlarmRaised) if a.code in ("naked_short", "leg_imbalance")]
        assert (alarms[0].at - began).total_seconds() <= 60 + STEP
        there.fix()
        there.pass_seconds(120)

        assert there.held() == {}
        assert sum(order.execution.any for order in there.world.exchange.every_order) == 3
        assert there.trade.ledger.book.expected_holdings() == {}


# -- silence -----------------------------------------------------------------------------------------------------------


@at_both
def test_a_spread_that_filled_while_the_orders_are_down_is_taken_in_watched_and_closed(broker: str) -> None:
    """CS-410, CS-411: alarmed as silent, booked at the expected credit, closed without a look; later priced."""
    with at_a_broker(broker) as there:
        there.pass_seconds(STEP)
        there.orders_are_down()
        there.pass_seconds(150)
        (spread,) = there.trade.ledger.book.live_spreads
        assert (spread.open_contracts, spread.credit_verified) == (1, False)
        assert {"fill_unknown", "fill_not_reported"} <= there.alarms().keys()
        there.flatten()
        there.pass_seconds(120)
        assert there.held() == {}
        there.fix()
        there.pass_seconds(60)

        assert there.trade.ledger.book.expected_holdings() == {}
        assert there.order_purposes()[0] is Purpose.ENTRY
        assert there.all(HoldingsQuarantined) == []
        assert all(order.state is OrderState.FILLED for order in there.trade.ledger.book.orders.values())


@at_both
def test_an_order_without_news_is_alarmed_after_its_life_and_called_back_by_its_id(broker: str) -> None:
    """CS-409, DH-241: the life of a close at market is 120 s, that of an entry 300 s; silence is alerted after 60 s."""
    with at_a_broker(broker) as there:
        there.world.exchange.next_submit(never=True)
        there.pass_seconds(STEP)
        there.orders_are_down()
        there.pass_seconds(120)
        sent = there.all(OrderIntended)[0].at
        assert 60 <= (there.alarms()["fill_unknown"].at - sent).total_seconds() <= 60 + 2 * STEP
        there.pass_seconds(300)

        assert [one for one in there.wire.asked if one[0] == "DELETE"]
        assert there.trade.ledger.book.working_orders == ()


# -- rows one by one ---------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    {"id": 77, "symbol": "AAPL", "quantity": 1.0},
    {"id": 77, "status": "open", "quantity": 1.0, "price": "MKT", "client_order_id": "by-hand"},
    {"id": "77", "status": "canceled", "quantity": "many", "client_order_id": 5},
    {"id": 77, "status": "open", "class": "otoco", "leg": [{"id": 78, "status": "open"}, {"id": 79}]},
]


@at_both
@pytest.mark.parametrize("odd", ODD, ids=["no status", "text for a price", "text for a count", "otoco"])
def test_a_row_of_another_trader_keeps_no_exit_back(broker: str, odd: Any) -> None:
    """R4: "the stop could not be sent 355 times"."""
    with at_a_broker(broker) as there:
        there.bend("GET", "/orders", row_of_another(broker, odd))
        there.pass_seconds(60)
        assert len(there.held()) == 2
        there.flatten()
        there.pass_seconds(60)

        assert (there.held(), there.order_purposes()) == ({}, [Purpose.ENTRY, Purpose.EMERGENCY])


@at_both
@pytest.mark.parametrize("odd", [{"symbol": "SPXW260303P05000000", "qty": "?", "quantity": "?"}, {"qty": "1"}, "text"])
def test_a_position_that_cannot_be_read_proves_nothing_and_keeps_no_exit_back(broker: str, odd: Any) -> None:
    """R5: unknown is never zero; nothing is opened before all could be compared, what is held can be closed."""

    def only_odd(status: int, _body: Any) -> tuple[int, Any]:
        return status, [odd] if broker == "alpaca" else {"positions": {"position": odd}}

    with at_a_broker(broker) as there:
        there.pass_seconds(60)
        (spread,) = there.trade.ledger.book.live_spreads
        there.bend("GET", "/positions", only_odd)
        there.pass_seconds(60)
        there.flatten()
        there.pass_seconds(60)

        assert "holdings_unread" in there.alarms()
        assert there.order_purposes() == [Purpose.ENTRY, Purpose.EMERGENCY]
        assert (there.held(), spread.open_contracts) == ({}, 1)


# -- refused, and taken all the same -----------------------------------------------------------------------------------


def refused(status: int, *, with_id: bool) -> Callable[[int, Any], tuple[int, Any]]:
    def bend(_status: int, body: Any) -> tuple[int, Any]:
        error = {"errors": {"error": ["Duplicate order"]}, "message": "duplicate order", "code": 40010000}
        return status, {**body, **error} if with_id and isinstance(body, dict) else error

    return bend


@at_both
@pytest.mark.parametrize(
    ("status", "with_id"), [(200, True), (400, True), (400, False), (403, False), (422, False), (500, False)]
)
def test_an_order_that_was_refused_and_taken_is_ours(broker: str, status: int, with_id: bool) -> None:
    """CS-408: looked up by its tag and by its id; never quarantined, never sent twice."""
    with at_a_broker(broker) as there:
        there.bend("POST", "/orders", refused(status, with_id=with_id))
        there.pass_seconds(90)
        (spread,) = there.trade.ledger.book.live_spreads
        assert (spread.open_contracts, len(there.held())) == (1, 2)
        there.flatten()
        there.pass_seconds(120)

        assert there.held() == {}
        assert there.order_purposes() == [Purpose.ENTRY, Purpose.EMERGENCY]
        assert there.all(HoldingsQuarantined) == []


@at_both
def test_holdings_of_an_order_that_counts_as_refused_and_is_not_listed_are_ours(broker: str) -> None:
    """CS-408: REJECTED is one more state that holdings may overrule."""

    def hidden(_status: int, _body: Any) -> tuple[int, Any]:
        if broker == "alpaca":
            return 404, {"code": 40410000, "message": "order not found"}
        return 200, {"orders": "null"}

    with at_a_broker(broker) as there:
        there.bend("POST", "/orders", refused(400, with_id=False))
        there.bend("GET", "/orders:" if broker == "alpaca" else "/orders", hidden)
        there.pass_seconds(120)

        (spread,) = there.trade.ledger.book.live_spreads
        assert spread.open_contracts == 1
        assert there.all(HoldingsQuarantined) == []
        assert there.trade.ledger.book.expected_holdings() == there.held()


def test_an_order_listed_without_its_tag_is_looked_up_by_its_id() -> None:
    """R4: at Tradier, whose list may leave the tag out."""

    def without_tag(status: int, body: Any) -> tuple[int, Any]:
        rows = tradiers_rows(body)
        plain = [{name: cell for name, cell in row.items() if name != "tag"} for row in rows]
        return status, {"orders": {"order": plain} if plain else "null"} if "orders" in body else body

    with at_a_broker("tradier") as there:
        there.bend("GET", "/orders", without_tag)
        there.pass_seconds(90)
        (spread,) = there.trade.ledger.book.live_spreads
        there.flatten()
        there.pass_seconds(60)

        assert (spread.credit_verified, there.held()) == (True, {})
        assert there.order_purposes() == [Purpose.ENTRY, Purpose.EMERGENCY]
        assert "order_vanished" not in there.alarms()


@at_both
def test_an_unknown_word_for_filled_is_filled_and_for_less_is_in_flight_and_alarmed(broker: str) -> None:
    """CS-410."""

    def renamed(row: Any) -> Any:
        return {**row, "status": "done_at_venue"} if isinstance(row, dict) and "status" in row else row

    def bend(status: int, body: Any) -> tuple[int, Any]:
        if broker == "alpaca":
            return status, [renamed(row) for row in body] if isinstance(body, list) else renamed(body)
        rows = tradiers_rows(body)
        return status, {"orders": {"order": [renamed(row) for row in rows]} if rows else "null"}

    with at_a_broker(broker) as there:
        there.world.exchange.next_submit(delay=2)
        there.bend("GET", "/orders", bend)
        there.pass_seconds(90)

        (fill,) = there.all(OrderFilled)
        assert (fill.complete, fill.execution.quantity, fill.price_verified) == (True, 1, True)
        assert "done_at_venue" in there.alarms()["order_word"].detail

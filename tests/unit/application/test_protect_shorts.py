"""A stop rests at the broker on each short, is called back before any close, and what it fills is never closed twice.

Sold at 5.00 - 2.50 with the emergency stop at 40 % of the credit: 5.00 + 1.00, times 1.5, is 9.00. Decision 0058.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, a_condor, a_plan, at
from builders_exchange import PUT_QUOTES, call, put
from builders_world import PATIENT, World, a_scripted_plan, a_world
from fakes import BidAsk
from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.protect_shorts import ENDED, FILLED, UNAVAILABLE, UNPRICED, ProtectShorts
from gammacore.application.wind_down import WindDown
from gammacore.configuration import Settings, configure
from gammacore.domain.desks.protective import PROTECTIVE_STOP, ProtectiveStop
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import Mode, TicketRefused
from gammacore.domain.orders import THE_DAY, Order, OrderReport, OrderState, Purpose
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.sessions import TradingSession
from gammacore.domain.words import Direction, StrategyTag
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker, BrokerDecorator
from gammacore.ports.storage import Request, RequestKind

ON = Settings(protective_stop=ProtectiveStop(on=True))
POLICY = evolve(PATIENT, emergency=Decimal("0.40"), stop=Decimal("0.39"))
SHORT, LONG = put(6880), put(6870)
TRIGGERED: Mapping[OptionContract, BidAsk] = {SHORT: ("9.00", "9.20"), LONG: ("6.60", "6.70")}
"""The short is offered beyond its stop, and the spread costs 2.60: no rule of ours acts."""


def a_protected_plan(contracts: int = 3, position: str = "p1") -> SpreadPlan:
    return evolve(a_scripted_plan(contracts, position), policy=POLICY)


def a_protected_world(
    *plans: SpreadPlan, closes: Mapping[str, str] | None = None, settings: Settings = ON,
    mode: Mode = Mode.STUDY, **stop: Any,
) -> World:  # fmt: skip
    """Entered at 10:00:00, filled at 10:00:10, and a stop placed in the same cycle; `stop` is how it will behave."""
    world = a_world(*(plans or (a_protected_plan(),)), closes=closes, settings=settings)
    world.terms = evolve(world.terms, mode=mode)
    world.day.once()
    if stop:
        world.exchange.next_submit(**stop)
    world.cycle()
    return world


def stops(world: World, name: str = "p1") -> list[Order]:
    return [order for order in world.orders(name) if order.ticket.is_stop]


def sent(world: World) -> list[tuple[str, str, int]]:
    """Purpose, side of the first leg and quantity of what reached the exchange."""
    return [(str(t.purpose), str(t.legs[0].side), t.quantity) for t in world.exchange.received]


def assert_flat(world: World) -> None:
    """Nothing is held, here and there, and what was bought back of the short is what was sold of it."""
    assert world.exchange.holdings() == {}
    assert world.book.holdings["p1"].is_flat
    assert not world.book.working_orders
    assert not world.book.quarantined


def short_bought(world: World) -> int:
    reports = world.exchange.every_order
    fills = (fill for report in reports for fill in report.execution.legs)
    return sum(fill.quantity for fill in fills if fill.symbol == SHORT.occ and fill.side is Side.BUY)


def test_a_stop_rests_on_the_short_once_the_entry_has_filled() -> None:
    world = a_protected_world()
    (stop,) = stops(world)
    ticket = stop.ticket

    assert (ticket.symbols, ticket.legs[0].side, ticket.quantity) == ((SHORT.occ,), Side.BUY, 3)
    assert (ticket.stop, ticket.limit, ticket.life) == (Decimal("9.00"), None, THE_DAY)
    assert (stop.state, ticket.tag) == (OrderState.ACCEPTED, f"GEXSTOP-{ticket.id}")

    world.cycle(5)

    assert stops(world) == [stop]
    assert world.alarms() == []


def test_nothing_rests_with_the_option_off() -> None:
    world = a_protected_world(settings=Settings())
    world.cycle(3)

    assert [order.ticket.purpose for order in world.orders()] == [Purpose.ENTRY]


def test_a_close_calls_the_stop_back_and_leaves_once_that_is_confirmed() -> None:
    world = a_protected_world(closes={"p1": "10:01"})
    world.cycle(8)
    (stop,) = stops(world)

    assert (stop.state, stop.called_back) == (OrderState.CANCELED, "closing")
    assert sent(world) == [("entry", "sell", 3), ("protect", "buy", 3), ("exit", "buy", 3)]
    world.to_the_close()
    assert_flat(world)
    assert (world.all(TicketRefused), world.alarms()) == ([], [])


@pytest.mark.parametrize("ignored", [1, 2, 4])
def test_no_close_leaves_while_the_broker_does_not_confirm_the_cancel(ignored: int) -> None:
    world = a_protected_world(closes={"p1": "10:01"}, ignored_cancels=ignored)
    while stops(world)[0].is_working:
        assert [purpose for purpose, _, _ in sent(world)] == ["entry", "protect"]
        world.cycle()
    world.cycle(3)

    assert sent(world)[2:] == [("emergency", "buy", 3)]
    world.to_the_close()
    assert_flat(world)
    assert short_bought(world) == 3


@pytest.mark.parametrize("trouble", [{"on_cancel": "filled_first"}, {"on_cancel": "filled_late"}])
def test_a_stop_that_fills_while_it_is_called_back_closes_nothing_twice(trouble: dict[str, Any]) -> None:
    world = a_protected_world(closes={"p1": "10:01"}, **trouble)
    world.cycle(12)

    assert world.exchange.holdings() == {}
    world.to_the_close()
    assert world.exchange.holdings() == {}
    assert world.book.holdings["p1"].is_flat
    if trouble["on_cancel"] == "filled_first":
        assert short_bought(world) == 3
        assert ("repair", "sell", 3) in sent(world)


def test_a_stop_that_fills_ends_the_spread_and_the_long_is_sold() -> None:
    world = a_protected_world()
    world.show(TRIGGERED)
    world.day.once()
    world.show(TRIGGERED)
    world.day.once()

    assert FILLED in world.alarms()
    assert sent(world)[2:] == [("repair", "sell", 3)]
    world.to_the_close()
    assert_flat(world)
    assert world.book.holdings["p1"].exit_reason == PROTECTIVE_STOP


def test_a_stop_that_filled_while_no_process_ran_is_found_at_the_start() -> None:
    world = a_protected_world()
    world.restart()
    world.show(TRIGGERED, seconds=600)
    world.show(seconds=600)
    assert world.exchange.holdings() == {LONG.occ: 3}

    world.cycle(2)

    assert FILLED in world.alarms()
    assert world.exchange.holdings() == {}
    world.to_the_close()
    assert_flat(world)


def test_a_stop_that_fills_in_part_closes_the_rest_whole() -> None:
    world = a_protected_world(parts=(1,))
    world.show(TRIGGERED)
    world.day.once()
    world.cycle(4)

    assert short_bought(world) == 3
    assert sorted(sent(world)[2:]) == [("emergency", "buy", 2), ("repair", "sell", 1)]
    assert stops(world)[0].state is OrderState.CANCELED
    world.to_the_close()
    assert_flat(world)


@pytest.mark.parametrize("trouble", [{"rejects": "no stops today"}, {"rejects_later": "no stops today"}])
def test_a_refused_stop_raises_an_alarm_and_is_tried_again_after_a_minute(trouble: dict[str, Any]) -> None:
    world = a_protected_world(**trouble)
    world.cycle(2)
    assert ENDED in world.alarms()
    assert [stop.state for stop in stops(world)] == [OrderState.REJECTED]

    world.cycle(7)
    assert [stop.state for stop in stops(world)] == [OrderState.REJECTED, OrderState.ACCEPTED]


def test_a_refused_stop_holds_no_close_back() -> None:
    world = a_protected_world(closes={"p1": "10:00:20"}, rejects="no stops today")
    world.cycle(1)

    assert sent(world)[-1] == ("exit", "buy", 3)


def test_a_lost_answer_leaves_one_stop() -> None:
    world = a_protected_world(times_out=True)
    world.cycle(4)

    assert [stop.state for stop in stops(world)] == [OrderState.ACCEPTED]
    assert [purpose for purpose, _, _ in sent(world)] == ["entry", "protect"]


def test_each_of_several_lots_has_its_own_stop() -> None:
    world = a_world(a_protected_plan(3), a_protected_plan(2, "p2"), closes={"p1": "10:01"}, settings=ON, cash="90000")
    world.cycle(12)

    assert [stop.state for stop in stops(world)] == [OrderState.CANCELED]
    assert [(stop.state, stop.ticket.quantity) for stop in stops(world, "p2")] == [(OrderState.ACCEPTED, 2)]
    assert world.exchange.holdings() == {SHORT.occ: -2, LONG.occ: 2}


CONDOR_QUOTES: Mapping[OptionContract, BidAsk] = {
    **PUT_QUOTES, call(6920): ("4.00", "4.20"), call(6930): ("2.00", "2.10"),
}  # fmt: skip


def a_protected_condor() -> World:
    spread = a_condor((6920, 6930), (6880, 6870))
    plan = a_plan(spread, credit="4.40", contracts=2, strategy=StrategyTag.IRON_CONDOR, direction=Direction.NEUTRAL,
                  policy=POLICY)  # fmt: skip
    world = a_world(evolve(plan, limit=Decimal("4.00")), settings=ON)
    world.day.once()
    for _ in range(2):
        world.show(CONDOR_QUOTES)
        world.day.once()
    return world


def test_a_condor_has_a_stop_on_each_short() -> None:
    world = a_protected_condor()

    assert {stop.ticket.symbols[0]: stop.ticket.stop for stop in stops(world)} == {
        call(6920).occ: Decimal("8.70"),  # (4.00 + 1.76) * 1.5 = 8.64
        SHORT.occ: Decimal("10.20"),  # (5.00 + 1.76) * 1.5 = 10.14
    }


def test_the_stop_of_one_side_of_a_condor_closes_the_other_with_it() -> None:
    world = a_protected_condor()
    up = {**CONDOR_QUOTES, call(6920): ("8.70", "8.90"), call(6930): ("6.60", "6.70")}
    for _ in range(6):
        world.show(up)
        world.day.once()

    assert world.exchange.holdings() == {}
    assert sorted(sent(world)[3:]) == [("emergency", "buy", 2), ("repair", "sell", 2)]
    assert sorted(stop.state for stop in stops(world)) == [OrderState.CANCELED, OrderState.FILLED]


def test_a_flatten_calls_the_stop_back_first() -> None:
    world = a_protected_world()
    world.inbox.post(Request(RequestKind.FLATTEN, world.clock.now(), "enough"))
    world.cycle(4)

    assert sent(world)[2:] == [("emergency", "buy", 3)]
    assert world.exchange.holdings() == {}
    assert world.book.flatten is None or world.book.holdings["p1"].is_flat


def test_the_stop_ends_with_the_session_and_the_day_finishes() -> None:
    world = a_protected_world()
    world.market.settle(world.session.date, "6900")
    world.to_the_close()

    assert [stop.state for stop in stops(world)] == [OrderState.EXPIRED]
    assert world.day.is_finished()
    assert_flat(world)


def test_a_short_that_another_trader_bought_back_keeps_no_stop() -> None:
    world = a_protected_world()
    world.exchange.hold(SHORT, 3)
    world.cycle(60)

    assert [stop.state for stop in stops(world)] == [OrderState.CANCELED]
    assert short_bought(world) == 0
    assert "closed_externally" in world.alarms()
    assert world.exchange.holdings() == {}


class Forgets(BrokerDecorator):
    """A broker that no longer knows an order it took."""

    forgotten: str = ""

    def order(self, order_id: str) -> OrderReport | None:
        return None if order_id == self.forgotten else super().order(order_id)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return None if order_id == self.forgotten else super().order_by_broker_id(order_id, broker_id)

    def cancel(self, order_id: str) -> None:
        if order_id == self.forgotten:
            raise BrokerError("no such order")
        super().cancel(order_id)


def test_a_stop_that_the_broker_has_forgotten_is_placed_again_and_holds_no_close_back() -> None:
    world = a_protected_world()
    forgetful = Forgets(world.exchange)

    def wrap(_: Broker) -> Broker:
        return forgetful

    forgetful.forgotten = stops(world)[0].id
    world.exchange.cancel(stops(world)[0].id)  # it is gone there
    world.wrap_broker = wrap
    world.restart()
    world.cycle(12, seconds=20)

    assert "order_vanished" in world.alarms()
    assert [stop.state for stop in stops(world)] == [OrderState.CANCELED, OrderState.ACCEPTED]
    world.inbox.post(Request(RequestKind.FLATTEN, world.clock.now(), "enough"))
    world.cycle(4)
    assert world.exchange.holdings() == {}
    assert short_bought(world) == 3


def test_a_restart_places_no_second_stop_and_one_with_the_option_off_calls_it_back() -> None:
    world = a_protected_world()
    world.restart()
    world.cycle(2)
    assert [stop.state for stop in stops(world)] == [OrderState.ACCEPTED]

    world.settings = Settings()
    world.restart()
    world.cycle(3)
    assert [stop.state for stop in stops(world)] == [OrderState.CANCELED]


def test_a_broker_without_stops_is_named_once_at_the_start() -> None:
    world = a_world(a_protected_plan(), settings=ON)
    day = world.day
    refuses = ProtectShorts(
        day.ledger, day.desk, day.clock, ON.protective_stop, day.session, day.underlying, cannot="it takes none"
    )
    world._day = evolve(day, protect=refuses)
    world.day.once()
    world.cycle(4)

    assert world.alarms() == [UNAVAILABLE]
    assert stops(world) == []


def test_legs_without_prices_of_their_own_have_no_stop_and_an_alarm() -> None:
    class Nets(BrokerDecorator):
        def passed_on(self, report: OrderReport) -> OrderReport:
            return evolve(report, execution=evolve(report.execution, legs=()))

    world = a_world(a_protected_plan(), settings=ON)
    world.wrap_broker = Nets
    world.day.once()
    world.cycle(3)

    assert world.alarms() == [UNPRICED]
    assert stops(world) == []


def test_the_exchange_buys_at_the_stop_or_beyond_and_never_before() -> None:
    world = a_protected_world()
    world.show({SHORT: ("8.70", "8.90"), LONG: ("6.40", "6.50")})
    assert world.exchange.holdings()[SHORT.occ] == -3
    world.show({SHORT: ("8.80", "9.00"), LONG: ("6.40", "6.50")})
    assert SHORT.occ not in world.exchange.holdings()


def test_a_day_with_stops_is_read_back_as_it_was() -> None:
    world = a_protected_world()
    (before,) = stops(world)
    world.restart()

    assert stops(world) == [before]
    assert isinstance(world.exchange, FakeExchange)
    assert world.clock.now() - at("10:00") < dt.timedelta(minutes=1)


def test_the_report_names_the_stop_as_what_ended_the_trade() -> None:
    world = a_protected_world()
    for _ in range(5):
        world.show(TRIGGERED)
        world.day.once()

    (trade,) = day_report(world.events).trades
    assert trade.end is not None
    assert trade.end.reason == PROTECTIVE_STOP


def test_a_stop_that_a_restored_ledger_has_lost_is_called_back_before_another_is_placed() -> None:
    """The ledger is older than the stop: beside it a close would buy the same short twice."""
    world = a_protected_world(mode=Mode.PAPER)
    lost = stops(world)[0].id
    del world.medium.events[next(n for n, e in enumerate(world.events) if getattr(e, "id", "") == lost) - 1 :]
    world.restart()
    world.cycle(6)

    at_the_exchange = {report.id: report.state for report in world.exchange.every_order}
    assert at_the_exchange[lost] is OrderState.CANCELED
    assert "order_not_in_ledger" in world.alarms()
    assert [stop.id == lost for stop in stops(world) if stop.is_working] == [False]


def test_a_stop_that_the_broker_forgets_overnight_keeps_no_spread_from_its_settlement() -> None:
    """The process dies with the stop at the broker, the contracts expire, and the next start is another day."""
    world = a_protected_world()
    forgetful = Forgets(world.exchange)
    forgetful.forgotten = stops(world)[0].id
    world.market.settle(DAY, "6900")
    world.session = TradingSession.of(DAY + dt.timedelta(days=1))
    world.clock.set(world.session.open)
    world.wrap_broker = lambda _: forgetful
    world.restart()
    world.cycle(6)

    assert [stop.state for stop in stops(world)] == [OrderState.CANCELED]
    assert "order_vanished" in world.alarms()
    assert world.book.holdings["p1"].exit_reason == "settled"
    assert world.exchange.holdings() == {}


def test_at_its_defaults_the_option_is_in_no_fingerprint_and_no_ticket() -> None:
    """Ledgers of before it go on, under the same client ids and byte for byte."""
    world = a_world(a_protected_plan())
    world.day.once()
    written = [encode(event) for event in world.events]

    assert "protective_stop" not in configure([]).fingerprint()
    assert '"protective_stop.on":"true"' in configure([{"protective_stop.on": True}]).fingerprint()
    assert any('"OrderIntended"' in line for line in written)
    assert not any('"stop":null' in line or '"protect"' in line for line in written)


def test_the_end_of_a_run_leaves_the_stop_where_it_is() -> None:
    """SC-1009 calls back what works; a stop is for the time in which nothing runs."""
    world = a_protected_world()

    assert WindDown(world.day).step(flatten=False)
    assert [stop.state for stop in stops(world)] == [OrderState.ACCEPTED]


class Lies(BrokerDecorator):
    """A broker that reports every stop as rejected until an instant; it works all the same."""

    until: dt.datetime
    time: FakeClock

    def passed_on(self, report: OrderReport) -> OrderReport:
        if report.execution.any or self.time.now() >= self.until:
            return report
        return evolve(report, state=OrderState.REJECTED, reason="lied")


def test_a_stop_that_was_reported_as_rejected_and_rests_all_the_same_is_called_back() -> None:
    """Beside it no other could be placed, and it might fill long after its spread was closed."""
    world = a_world(a_protected_plan(), settings=ON)
    world.terms = evolve(world.terms, mode=Mode.PAPER)
    lies = Lies(world.exchange)
    lies.until, lies.time = at("10:05"), world.clock
    world.wrap_broker = lambda _: lies
    world.day.once()
    world.cycle(30, seconds=20)

    first, *later = stops(world)
    at_the_exchange = {report.id: report.state for report in world.exchange.every_order}
    assert first.reason == "lied"
    assert at_the_exchange[first.id] is OrderState.CANCELED
    assert "order_not_in_ledger" in world.alarms()
    assert [at_the_exchange[stop.id] for stop in later if stop.is_working] == [OrderState.ACCEPTED]

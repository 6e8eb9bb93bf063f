"""Two hosts, one account: the second opens nothing and alarms, and nothing of the other is taken for its own.

Two ledgers in this process trade the same account over the wire, at Tradier and at Alpaca. Rules: CS-302, CS-574, R1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from attrs import frozen
from starlette.types import ASGIApp

from builders_broker_day import CREDENTIALS, PLACES, SESSION, a_world, configuration
from builders_exchange import a_single
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.domain.holding_events import HoldingAdopted
from gammacore.domain.instruments import Side, parse_occ
from gammacore.domain.ledger import AlarmRaised, EntryJudged, FlattenRequested, OrderIntended, Resumed
from gammacore.domain.orders import OrderReport, OrderTicket, Purpose, lineage_mark, mark_of_id
from gammacore.domain.sessions import new_york
from gammacore.ports.broker import Broker, BrokerDecorator
from gammacore.wiring import WiredDay, wire_day

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
APPS: Mapping[str, Callable[[World], ASGIApp]] = {"tradier": tradier_app, "alpaca": alpaca_app}
UNDERLYING = {"tradier": "SPX", "alpaca": "SPY"}
ENTERS = {"tradier": dt.time(10), "alpaca": dt.time(11, 30)}
"""The entry time at which the simulated day of each sells a spread."""
STEP, SEED = 60, 57
PATIENT = {"stops.stop": "30", "stops.emergency": "50", "stops.fixed_target": "1", "stops.trailing_trigger": "1"}


@frozen
class Blind(BrokerDecorator):
    """Does not show the account's orders until an instant, as a broker that lists late."""

    world: World
    until: dt.datetime

    def orders(self) -> Sequence[OrderReport]:
        return () if self.world.now() < self.until else self.inner.orders()


@frozen
class Account:
    """One account at one broker, and how a host gets to it."""

    broker: str
    url: str
    world: World
    tmp_path: Path
    opened: ExitStack

    def host(self, name: str, *, blind_for: int = -60, lineages: tuple[str, ...] = ()) -> WiredDay:
        """A host with a ledger of its own, which is shown no orders until so many minutes after the entry."""
        until = self.time(blind_for)

        def wrap(broker: Broker) -> Broker:
            return Blind(broker, self.world, until)

        more = {**PATIENT, "reconcile.lineages": lineages}
        configured = configuration(self.broker, UNDERLYING[self.broker], "credit-spread", STEP, more)
        places = PLACES[self.broker](self.url)
        day = wire_day(
            configured, self.tmp_path / f"{name}.sqlite", credentials=CREDENTIALS, clock=self.world, places=places,
            listens=False, wrap_broker=wrap,
        )  # fmt: skip
        self.opened.callback(day.close)
        return day

    def time(self, minutes: int) -> dt.datetime:
        """So many minutes after the entry time."""
        return new_york(SESSION.date, ENTERS[self.broker]) + dt.timedelta(minutes=minutes)

    def run(self, until: int, *hosts: WiredDay) -> None:
        """A look of every host each minute, until so many minutes after the entry time."""
        while self.world.now() < self.time(until):
            self.world.advance(STEP)
            for day in hosts:
                day.trade.begin()
                day.trade.cycle()


@pytest.fixture(params=APPS)
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    start = new_york(SESSION.date, ENTERS[request.param]) - dt.timedelta(minutes=2)
    world = a_world(UNDERLYING[request.param], SEED, STEP, start)
    with serving(APPS[request.param](world)) as server, ExitStack() as opened:
        yield Account(request.param, server.url, world, tmp_path, opened)


def alarms(day: WiredDay, code: str = "foreign_lineage") -> list[AlarmRaised]:
    return [event for event in day.trade.ledger.events() if isinstance(event, AlarmRaised) and event.code == code]


def reasons(day: WiredDay) -> list[str | None]:
    return [event.reason for event in day.trade.ledger.events() if isinstance(event, EntryJudged)]


def mark(day: WiredDay) -> str:
    opened = day.trade.ledger.book.opened
    assert opened is not None
    return lineage_mark(opened.lineage)


def of(account: Account, day: WiredDay) -> list[OrderReport]:
    return [report for report in account.world.exchange.every_order if mark_of_id(report.id) == mark(day)]


def a_purchase(account: Account, order_id: str) -> OrderTicket:
    """A put near the money, bought for a cent at most: it rests."""
    underlying = UNDERLYING[account.broker]
    spot = account.world.markets[underlying].snapshot(account.world.now()).spot
    assert spot is not None
    root, strike = ("SPXW" if underlying == "SPX" else underlying), int(spot) // 5 * 5
    contract = parse_occ(f"{root}{SESSION.date:%y%m%d}P{strike * 1000:08d}")
    return a_single(contract, Side.BUY, order_id=order_id, limit="0.05", purpose=Purpose.ENTRY)


def nothing_taken(day: WiredDay) -> bool:
    return not [event for event in day.trade.ledger.events() if isinstance(event, HoldingAdopted)]


def test_the_second_host_opens_nothing_and_alarms_within_a_minute(account: Account) -> None:
    """CS-302, CS-574: it names the orders, the host and what to do."""
    first, second = account.host("first"), account.host("second")
    account.run(6, first, second)

    (order,) = of(account, first)
    (intended,) = [event for event in first.trade.ledger.events() if isinstance(event, OrderIntended)]
    (alarm, *_) = alarms(second)
    assert dt.timedelta(0) <= alarm.at - intended.at <= dt.timedelta(seconds=60)
    assert order.id in alarm.detail
    assert f"client ids begin with gc-{mark(first)}" in alarm.detail
    assert f'reconcile.lineages = ["{mark(first)}"]' in alarm.detail
    assert "foreign_lineage" in reasons(second)
    assert of(account, second) == []
    assert nothing_taken(second)
    assert alarms(first) == []


def test_both_that_entered_in_the_same_second_alarm_and_close_only_their_own(account: Account) -> None:
    """CS-574: neither saw the other's order before its own had left."""
    hosts = account.host("first", blind_for=3), account.host("second", blind_for=3)
    account.run(8, *hosts)

    assert [len(of(account, day)) for day in hosts] == [1, 1]
    for day in hosts:
        assert alarms(day)[0].at <= account.time(4)
        assert nothing_taken(day)
    for day in hosts:
        day.trade.ledger.record(FlattenRequested(account.world.now(), "test"))
    account.run(14, *hosts)
    assert dict(account.world.exchange.holdings()) == {}
    assert all(len(of(account, day)) == 2 for day in hosts)
    assert all(not day.trade.ledger.book.live_holdings for day in hosts)


def test_an_order_of_the_other_host_that_only_rests_is_enough(account: Account) -> None:
    """It may fill any moment; once it is gone without a fill the account is free again."""
    other = account.host("other")
    account.world.exchange.next_submit(never=True)
    account.run(1, other)
    second = account.host("second")
    account.run(2, second)
    assert len(alarms(second)) == 1
    assert second.trade.lineages.judge_opening().reason == "foreign_lineage"

    (resting,) = [report.id for report in account.world.exchange.every_order]
    other.trade.broker.cancel(resting)
    account.run(4, second)
    assert second.trade.lineages.judge_opening().passed


def test_a_person_who_resumes_trades_beside_it(account: Account) -> None:
    """What was there is known; what comes later is an alarm again."""
    first, second = account.host("first"), account.host("second")
    account.run(2, first)
    account.run(4, second)
    assert len(alarms(second)) == 1
    second.trade.ledger.record(Resumed(account.world.now(), "both are mine"))
    account.run(10, second)
    assert len(alarms(second)) == 1
    assert second.trade.lineages.judge_opening().passed

    first.trade.ledger.record(FlattenRequested(account.world.now(), "test"))
    account.world.exchange.next_submit(never=True)
    account.run(11, first)
    account.run(12, second)
    assert len(alarms(second)) == 2


def test_a_ledger_begun_anew_takes_over_the_earlier_one_once_its_mark_is_configured(account: Account) -> None:
    """CS-574: without it the spread is foreign, counted and left alone."""
    lost = account.host("lost")
    account.run(3, lost)
    anew = account.host("anew")
    account.run(6, anew)
    assert (len(alarms(anew)), nothing_taken(anew)) == (1, True)

    heir = account.host("heir", lineages=(mark(lost),))
    account.run(16, heir)
    assert alarms(heir) == []
    assert not nothing_taken(heir)


def test_an_order_of_ours_that_the_ledger_lost_is_called_back_before_another_leaves(account: Account) -> None:
    """R1: a ledger restored from before the order: it works at the broker and is in no book."""
    day = account.host("restored")
    account.run(-1, day)
    ticket = a_purchase(account, f"gc-{mark(day)}{'0' * 17}")
    account.world.exchange.next_submit(never=True)
    day.trade.broker.submit(ticket)
    account.run(2, day)

    (alarm, *_) = alarms(day, "order_not_in_ledger")
    assert ticket.id in alarm.detail
    (lost,) = [report for report in account.world.exchange.every_order if report.id == ticket.id]
    assert (lost.state.is_final, lost.execution.any) == (True, False)
    account.run(4, day)
    assert len(alarms(day, "order_not_in_ledger")) == 1
    assert day.trade.lineages.judge_any().passed

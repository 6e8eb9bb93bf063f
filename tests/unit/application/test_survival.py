"""Whatever nobody foresaw, the loop of an account lives: alarm, no entries, exits go on. Rules: R1, R5, R10, CS-302."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import define, evolve, frozen

from builders_exchange import put
from builders_world import TERMS, Scripted, World, a_scripted_plan, a_world, relayed
from fakes import BidAsk
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.adapters.second_journal import FileJournal, kept
from gammacore.application.survival import FAULT
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import AlarmRaised, EntryJudged, Event, FlattenRequested, Mode
from gammacore.domain.orders import OrderReport, Purpose
from gammacore.domain.regime.regime import UNREAD, Regime
from gammacore.domain.strategy import Decisions, Situation
from gammacore.errors import StorageError, WriteConflict
from gammacore.ports.broker import BrokerDecorator
from gammacore.ports.storage import Storage

SHORT, LONG = put(6880), put(6870)
CHEAP = {SHORT: ("1.90", "2.00"), LONG: ("1.00", "1.10")}
FULL = StorageError("paper.sqlite: the disk is full, nothing was written; free some space and try again")


@define
class Broken:
    """Raises while a fault is set."""

    fault: Exception | None = None

    def __call__(self) -> None:
        if self.fault is not None:
            raise self.fault


@frozen
class Failing(Scripted):
    """A strategy that raises while its `broken` says so."""

    broken: Broken = Broken()

    def decide(self, situation: Situation) -> Decisions:
        self.broken()
        return super().decide(situation)


@frozen
class OddBroker(BrokerDecorator):
    """Raises at one kind of question, and then no fault of the broker port."""

    what: str = ""
    broken: Broken = Broken()

    def order(self, order_id: str) -> OrderReport | None:
        self._perhaps("order")
        return self.inner.order(order_id)

    def orders(self) -> Sequence[OrderReport]:
        self._perhaps("orders")
        return self.inner.orders()

    def holdings(self) -> Mapping[str, int]:
        self._perhaps("holdings")
        return self.inner.holdings()

    def _perhaps(self, what: str) -> None:
        if what == self.what:
            self.broken()


@frozen(eq=False)
class OddStorage:
    """A storage on a medium that takes nothing while it is `broken`."""

    inner: Storage
    broken: Broken

    @property
    def version(self) -> int:
        return self.inner.version

    def append(self, events: Sequence[Event], expected_version: int) -> int:
        self.broken()
        return self.inner.append(events, expected_version)

    def events(self, after: int = 0) -> Iterator[Event]:
        return self.inner.events(after)

    def close(self) -> None:
        self.inner.close()


def on_paper(*plans: SpreadPlan, closes: Mapping[str, str] | None = None) -> World:
    world = a_world(*plans, closes=closes)
    world.terms = evolve(TERMS, mode=Mode.PAPER)
    return world


def look(world: World, times: int = 1, quotes: Mapping[OptionContract, BidAsk] | None = None) -> None:
    for _ in range(times):
        world.show(quotes)
        world.day.begin()
        world.day.cycle()


def holding(world: World) -> World:
    """Three spreads sold at 10:00 and filled."""
    look(world, 3)
    assert world.position().open_contracts == 3
    return world


def alarms(world: World, code: str) -> list[AlarmRaised]:
    return [event for event in world.day.ledger.events() if isinstance(event, AlarmRaised) and event.code == code]


def refusals(world: World) -> list[str | None]:
    return [event.reason for event in world.day.ledger.events() if isinstance(event, EntryJudged)]


def exits(world: World) -> int:
    return sum(ticket.purpose is not Purpose.ENTRY for ticket in world.exchange.received)


# -- exceptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [ValueError("odd"), KeyError("row"), OSError(28, "No space"), ZeroDivisionError()])
@pytest.mark.parametrize("what", ["order", "orders", "holdings"])
def test_an_odd_answer_of_the_broker_is_alarmed_within_a_minute_and_exits_go_on(what: str, fault: Exception) -> None:
    """R5: the exit is sent while every such question fails, and filled once."""
    broken = Broken()
    world = on_paper(a_scripted_plan(), closes={"p1": "10:00:40"})
    world.wrap_broker = relayed(lambda exchange: OddBroker(exchange, what, broken))
    holding(world)
    broken.fault, since = fault, world.clock.now()
    look(world, 7)

    (first, *_) = alarms(world, "unforeseen_fault")
    assert first.at - since <= dt.timedelta(seconds=60)
    assert type(fault).__name__ in first.detail
    assert "exits and repairs go on" in first.detail
    assert exits(world) == 1
    broken.fault = None
    look(world, 40)
    assert dict(world.exchange.holdings()) == {}
    assert exits(world) == 1


def test_a_fault_bars_openings_for_five_minutes() -> None:
    """CS-302."""
    broken = Broken()
    world = on_paper(a_scripted_plan(1, "p1", "10:02"), a_scripted_plan(1, "p2", "10:08"))
    world.wrap_broker = relayed(lambda exchange: OddBroker(exchange, "holdings", broken))
    look(world, 2)
    broken.fault = ValueError("odd")
    look(world)
    broken.fault = None
    look(world, 60)

    assert refusals(world) == ["unforeseen_fault", None]


@pytest.mark.parametrize("fault", [RuntimeError("bug"), StopIteration(), RecursionError("deep")])
def test_a_strategy_that_fails_three_times_in_a_row_is_flattened(fault: Exception) -> None:
    """R10: by the closing rules of every desk; the alarm comes with the first failure."""
    broken = Broken()
    world = on_paper()
    world.strategy = Failing((a_scripted_plan(),), broken=broken)
    holding(world)
    broken.fault = fault
    look(world, 2)
    assert (len(alarms(world, "unforeseen_fault")), exits(world)) == (1, 0)
    look(world, 5)

    (asked,) = world.all(FlattenRequested)
    assert asked.reason == "strategy credit-spread failed 3 times in a row"
    assert (dict(world.exchange.holdings()), world.book.halted) == ({}, asked.reason)
    assert len(world.all(HoldingClosed)) == 1


def test_a_strategy_that_fails_once_goes_on() -> None:
    broken = Broken()
    world = on_paper()
    world.strategy = Failing((a_scripted_plan(),), broken=broken)
    holding(world)
    broken.fault = RuntimeError("bug")
    look(world, 2)
    broken.fault = None
    look(world, 3, CHEAP)

    assert world.all(FlattenRequested) == []


@pytest.mark.parametrize("what", ["snapshot", "next_at"])
def test_a_market_that_raises_is_a_market_that_is_not_seen(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CS-504."""
    world = holding(on_paper(a_scripted_plan()))

    def odd(*_arguments: object) -> None:
        raise ValueError("odd quote")

    monkeypatch.setattr(world.market, what, odd)
    world.clock.advance(10)
    world.day.cycle()
    assert world.day.next_look(world.clock.now()) > world.clock.now()

    assert len(alarms(world, "unforeseen_fault")) == 1


def test_a_regime_that_cannot_be_read_counts_as_an_event_and_never_as_calm() -> None:
    """DH-451: hedges and new risk take the smaller size until it can be read again."""
    world = on_paper()
    world.day.begin()

    def unread(symbol: str, now: object) -> Regime:
        raise ValueError("odd document")

    world._day = evolve(world.day, regimes=cast(Any, unread))

    seen = world.day.look().regime

    assert seen == UNREAD
    assert (seen.macro_active, seen.macro.size, seen.gex.sign) == (True, Decimal("0.75"), None)
    assert alarms(world, FAULT)


def test_a_progress_bar_that_cannot_be_drawn_ends_no_loop() -> None:
    world = holding(on_paper(a_scripted_plan()))
    shown: list[dt.datetime] = []

    def draw(now: dt.datetime) -> None:
        shown.append(now)
        raise BrokenPipeError

    world.day.run_until(lambda _book: len(shown) == 3, draw)

    assert len(alarms(world, "unforeseen_fault")) == 1


@pytest.mark.parametrize("left", [KeyboardInterrupt, SystemExit])
def test_a_person_still_ends_the_loop(left: type[BaseException]) -> None:
    world = holding(on_paper(a_scripted_plan()))

    def leave(_now: dt.datetime) -> None:
        raise left

    with pytest.raises(left):
        world.day.run_until(lambda _book: False, leave)


@pytest.mark.parametrize("fault", [WriteConflict("another process is writing to it"), FULL])
def test_an_event_that_is_in_no_book_ends_the_loop_though_the_next_would_be_taken(fault: StorageError) -> None:
    """R12: another writer; or a medium without a second journal, as a store out of reach past its limit."""
    world = holding(on_paper(a_scripted_plan()))
    cast(MemoryStorage, world.medium.writer).refuse_next_append(fault)
    world.show(CHEAP)

    with pytest.raises(type(fault)):
        world.day.run_until(lambda _book: False)
    assert not alarms(world, FAULT)


def test_a_study_ends_with_the_fault_it_has() -> None:
    """Nothing real is held, and a study that hides a fault is worth nothing."""
    world = a_world()
    world.strategy = Failing((a_scripted_plan(),), broken=Broken(RuntimeError("bug")))

    with pytest.raises(RuntimeError, match="bug"):
        look(world)


def test_a_single_look_ends_with_its_fault_once_its_other_steps_are_done() -> None:
    world = on_paper()
    world.strategy = Failing(broken=Broken(RuntimeError("bug")))
    world.show()

    with pytest.raises(RuntimeError, match="bug"):
        world.day.once()
    assert len(alarms(world, "unforeseen_fault")) == 1


# -- a disk that takes nothing -----------------------------------------------------------------------------------------


def on_a_disk(tmp_path: Path, closes: str = "10:01", *plans: SpreadPlan) -> tuple[World, Broken]:
    """A world whose ledger's disk can be filled, with a second journal elsewhere."""
    disk = Broken()
    world = on_paper(*(plans or (a_scripted_plan(),)), closes={"p1": closes})
    world.wrap_storage = lambda storage: OddStorage(storage, disk)
    world.second = FileJournal((tmp_path / "second.ndjson",), lambda: "checksum")
    return world, disk


def test_on_a_full_disk_exits_go_on_and_everything_is_written_once_there_is_room(tmp_path: Path) -> None:
    """R1: alarmed in the cycle that could not write; the second journal is gone when the ledger has it all."""
    world, disk = on_a_disk(tmp_path)
    holding(world)
    disk.fault = FULL
    look(world, 8)

    (alarm, *_) = alarms(world, "ledger_not_written")
    assert "the disk is full" in alarm.detail
    assert "second.ndjson" in alarm.detail
    assert (exits(world), dict(world.exchange.holdings())) == (1, {})
    written = len(world.medium.events)
    disk.fault = None
    look(world, 2)
    assert len(world.medium.events) > written
    assert list(world.medium.events) == list(world.day.ledger.events())
    assert not (tmp_path / "second.ndjson").exists()


@pytest.mark.parametrize("at_entry", [True, False], ids=["with the entry's own intent", "before"])
def test_on_a_full_disk_nothing_is_opened(tmp_path: Path, at_entry: bool) -> None:
    """R1: an entry whose intent is not on the disk never leaves."""
    world, disk = on_a_disk(tmp_path, "15:00", a_scripted_plan(1, "p1", "10:01"))
    look(world, 1 if at_entry else 2)
    while at_entry and world.clock.now() < a_scripted_plan(1, "p1", "10:01").scheduled_at - dt.timedelta(seconds=10):
        look(world)
    disk.fault = FULL
    look(world, 12)

    assert world.exchange.every_order == ()


@pytest.mark.parametrize("second", ["kept", "lost"])
def test_killed_on_a_full_disk_with_an_exit_at_work_no_exit_is_doubled(tmp_path: Path, second: str) -> None:
    """R1, R2: with the second journal the exit is known; without it, it bears the id that is sent again, or is lost and
    called back first.
    """
    world, disk = on_a_disk(tmp_path)
    holding(world)
    disk.fault = FULL
    world.exchange.next_submit(never=True)  # rests unfilled
    while exits(world) == 0:
        look(world)
    world.restart()
    disk.fault = None
    waits = kept((tmp_path / "second.ndjson",))
    assert waits is not None
    if second == "kept":
        MemoryStorage(world.medium).append(waits.events, waits.after)
        world.restart()
    look(world, 60)

    assert dict(world.exchange.holdings()) == {}
    fills = [fill for report in world.exchange.every_order for fill in report.execution.legs]
    bought_back = sum(fill.quantity for fill in fills if fill.symbol == SHORT.occ and fill.side is Side.BUY)
    assert bought_back == 3
    assert all(report.state.is_final for report in world.exchange.every_order)


def test_a_second_disk_that_is_full_too_ends_no_loop(tmp_path: Path) -> None:
    world, disk = on_a_disk(tmp_path)
    world.second = FileJournal((tmp_path / "no such folder" / "second.ndjson",), lambda: "checksum")
    holding(world)
    disk.fault = FULL
    look(world, 8)

    assert "kept in memory alone" in alarms(world, "ledger_not_written")[0].detail
    assert dict(world.exchange.holdings()) == {}
    disk.fault = None
    look(world)
    assert list(world.medium.events) == list(world.day.ledger.events())


def test_what_was_cut_in_the_second_journal_is_not_taken(tmp_path: Path) -> None:
    """A crash in the middle of a line leaves the lines before it."""
    world = holding(on_paper(a_scripted_plan()))
    path = tmp_path / "second.ndjson"
    events = list(world.medium.events)
    journal = FileJournal((path,), lambda: "c")
    journal.keep(events[:3], 5)
    journal.keep(events[:6], 5)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])

    found = kept((path,))
    assert found is not None
    assert (found.after, found.checksum, list(found.events)) == (5, "c", events[:5])

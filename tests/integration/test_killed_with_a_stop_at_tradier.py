"""Killed at each step of a day whose short has a stop at Tradier, started again: one stop, one close, nothing held.

The exchange is in this process behind Tradier's dialect; the day is traded by another, which kills itself before or
after a call of the broker or an append. In a smoke that is at an order or a cancel of each kind, in `make sweep` at
every boundary from the entry's fill on. Rules: R1, R2, R4. Decision 0058.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import broker_crash_child
from builders_protected import CLOSED, CONTRACTS, ENDS, FILLED, LONG, SHORT, WAYS, a_world
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from extent import WHOLE
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.domain.orders import OrderState, Purpose
from integration.test_killed_at_brokers import PATIENCE_SECONDS, PROCESSES

DEAD_SECONDS = 31
"""Longer than an intent may be old when it leaves."""


class Stage:
    """A served world and a ledger file: what outlives the processes that trade."""

    def __init__(self, way: str, world: World, server: LoopbackServer, folder: Path) -> None:
        self.way, self.world, self.folder, self._server = way, world, folder, server

    def trades(self, fatal: int | None = None) -> list[str]:
        """A process that trades to the day's end, or to its own; the boundaries it passed."""
        fault, passed = self.folder / "fault", self.folder / "passed"
        place = (self._server.url, self.way, self.folder / "day.ledger", fatal, passed)
        process = PROCESSES.Process(
            target=broker_crash_child.trade_protected_or_tell, args=(fault, *place), daemon=True
        )  # fmt: skip
        process.start()
        process.join(PATIENCE_SECONDS)
        why = fault.read_text() if fault.exists() else f"exit code {process.exitcode}"
        assert process.exitcode == (0 if fatal is None else -signal.SIGKILL), why
        return passed.read_text().splitlines() if fatal is None else []

    def events(self) -> tuple[Event, ...]:
        storage = SqliteStorage(self.folder / "day.ledger")
        try:
            return tuple(storage.events())
        finally:
            storage.close()

    def assert_ended_well(self) -> Book:
        """The day is over; each short was bought back once; stops never stood beside another purchase of the short."""
        events, exchange = self.events(), self.world.exchange
        book = Book.of(events)
        assert book.finished is not None
        assert (list(book.live_holdings), list(book.working_orders), dict(book.quarantined)) == ([], [], {})
        assert exchange.holdings() == {}
        fills = [fill for report in exchange.every_order for fill in report.execution.legs]
        assert sum(f.quantity for f in fills if (f.symbol, f.side) == (SHORT.occ, Side.BUY)) == CONTRACTS
        assert sum(f.quantity for f in fills if (f.symbol, f.side) == (LONG.occ, Side.SELL)) == CONTRACTS
        assert not [report for report in exchange.every_order if report.reason == "closes_more_than_held"]
        assert len({report.id for report in exchange.every_order}) == len(exchange.every_order)
        return book


@contextmanager
def a_stage(way: str, folder: Path) -> Iterator[Stage]:
    folder.mkdir(exist_ok=True)
    world = a_world(way)
    with serving(tradier_app(world)) as server:
        yield Stage(way, world, server, folder)


@pytest.fixture(autouse=True)
def preloading(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `test_killed_at_brokers`."""
    monkeypatch.setenv("PYTHONPATH", str(Path(broker_crash_child.__file__).parent))


def points(passed: list[str]) -> list[int]:
    """From the first stop to a few boundaries past the last order: all, or some around an order and a cancel."""
    first = passed.index("before submit protect") - 3
    last = max(number for number, name in enumerate(passed) if "submit" in name) + 12
    if WHOLE:
        return list(range(first, last + 1))
    some = ("after submit protect", "after cancel", "before submit exit", "after submit repair")
    return [number for number, name in enumerate(passed) if number >= first and name in some]


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_each_step_the_short_is_bought_back_once(way: str, tmp_path: Path) -> None:
    with a_stage(way, tmp_path / "undisturbed") as stage:
        passed = stage.trades()
        book = stage.assert_ended_well()
    (stop,) = (order for order in book.orders.values() if order.ticket.is_stop)
    assert stop.state is (OrderState.CANCELED if way == CLOSED else OrderState.FILLED)
    balance = book.balance

    for number in points(passed):
        with a_stage(way, tmp_path / f"killed-{number}") as stage:
            stage.trades(number)
            stage.trades()
            ended = stage.assert_ended_well()
            assert ended.balance == balance, (number, passed[number])
            assert sum(order.ticket.is_stop for order in ended.orders.values()) == 1, (number, passed[number])


@pytest.mark.parametrize(
    "moment", ["after submit protect", "before order", "before holdings"] if WHOLE else ["after submit protect"]
)
def test_a_stop_that_fills_while_no_process_runs_is_found_at_the_start(moment: str, tmp_path: Path) -> None:
    """The process dies with its stop at Tradier; the market comes to it; the next start finds it and sells the long."""
    with a_stage(FILLED, tmp_path / "undisturbed") as stage:
        passed = stage.trades()
    placed = passed.index("after submit protect")
    with a_stage(FILLED, tmp_path / "dead") as stage:
        stage.trades(passed.index(moment, placed))
        stage.world.move_to(ENDS)
        stage.world.advance(DEAD_SECONDS)
        assert stage.world.exchange.holdings() == {LONG.occ: CONTRACTS}

        stage.trades()
        book = stage.assert_ended_well()
        events = stage.events()

    assert [order.ticket.purpose for order in book.orders.values()] == [Purpose.ENTRY, Purpose.PROTECT, Purpose.REPAIR]
    assert "protective_stop_filled" in [event.code for event in events if isinstance(event, AlarmRaised)]

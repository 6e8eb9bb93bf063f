"""A ledger older than its account is taken up: adopted, reconciled, nothing doubled. Decision 0030. CS-574."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from builders_broker_day import CREDENTIALS, PLACES, SESSION, a_world, configuration
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.application.lost_orders import LEDGER_BEHIND
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import Origin
from gammacore.domain.ledger import AlarmRaised, Event, Resumed
from gammacore.domain.orders import Purpose
from gammacore.wiring import wire_day

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
at_both = pytest.mark.parametrize("broker", ["tradier", "alpaca"])


def entries_sent(world: World) -> list[str]:
    """Client ids of the entries the exchange ever had."""
    return [ticket.id for ticket in world.exchange.received if ticket.purpose is Purpose.ENTRY]


def a_process(broker: str, world: World, url: str, ledger: Path, until: Callable[[Book], bool],
              first: Callable[[dt.datetime], list[Event]] = lambda _: []) -> list[Event]:  # fmt: skip
    """One process on a ledger: `first` is recorded, then it loops until the book is as asked; what the ledger has."""
    underlying = "SPX" if broker == "tradier" else "SPY"
    day = wire_day(
        configuration(broker, underlying, "credit-spread"), ledger,
        credentials=CREDENTIALS, clock=world, places=PLACES[broker](url),
    )  # fmt: skip
    try:
        day.trade.ledger.record(*first(world.now()))
        evolve(day.trade, news=None).run_until(until)
        return list(day.storage.events())
    finally:
        day.close()


@at_both
@pytest.mark.parametrize("open_still", [True, False], ids=["open at the broker", "closed meanwhile"])
def test_a_restored_ledger_takes_up_what_is_held_and_opens_nothing_until_resume(
    broker: str, open_still: bool, tmp_path: Path
) -> None:
    world = a_world("SPX" if broker == "tradier" else "SPY", 57, start=SESSION.after_open(29))
    ledger, backup = tmp_path / "paper.sqlite", tmp_path / "backup.sqlite"
    with serving(tradier_app(world) if broker == "tradier" else alpaca_app(world)) as server:
        a_process(broker, world, server.url, ledger, lambda _: True)
        shutil.copy(ledger, backup)
        a_process(
            broker, world, server.url, ledger,
            lambda book: bool(book.live_spreads) if open_still else bool(book.results),
        )  # fmt: skip
        sent = entries_sent(world)
        shutil.copy(backup, ledger)
        for ending in ("-wal", "-shm", ".reached"):
            ledger.with_name(ledger.name + ending).unlink(missing_ok=True)

        began = world.now()
        end = began + dt.timedelta(minutes=3)
        events = a_process(broker, world, server.url, ledger, lambda _: world.now() >= end)

        book = Book.of(events)
        alarm = next(event for event in events if isinstance(event, AlarmRaised) and event.code == LEDGER_BEHIND)
        assert (alarm.at - began).total_seconds() <= 60
        assert "it is older than the account, restored from a backup or a snapshot" in alarm.detail
        assert book.halted is not None
        assert entries_sent(world) == sent
        if open_still:
            assert any(one.origin is Origin.ORPHAN for one in book.holdings.values())
            assert book.expected_holdings() == dict(world.exchange.holdings())
            return
        assert not book.live_holdings
        if broker == "alpaca":
            return  # no later slot of this day sells anything on SPY

        def again(now: dt.datetime) -> list[Event]:
            return [Resumed(now, "compared")]

        events = a_process(broker, world, server.url, ledger, lambda book: bool(book.live_spreads), again)

        assert Book.of(events).live_spreads, "the next slot is traded, under an id of its own"
        new = entries_sent(world)[len(sent) :]
        assert new
        assert set(new).isdisjoint(sent)

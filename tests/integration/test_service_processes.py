"""The supervisor over real processes: its own end, a loop that is stopped with a holding, health. Checks 8 and 9."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from builders_broker_day import a_world
from builders_cli import CommandLine
from builders_service import PATIENCE_SECONDS, TESTS, a_service, eventually, is_alive, pid_in
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.orders import Purpose

STALLED_SECONDS = 8


def test_sigterm_ends_the_service_with_0_and_its_loop_with_it(tmp_path: Path) -> None:
    waits = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); signal.pause()"
    with a_service(tmp_path, 60, sys.executable, "-c", waits) as service:
        pid = pid_in(service.says("loop_started"))
        assert service.end() == 0
        assert not is_alive(pid)
        assert service.state["running"] is False


def test_only_one_service_of_an_account_runs(tmp_path: Path) -> None:
    with a_service(tmp_path, 60, "sleep", "60") as service:
        service.says("loop_started")
        with a_service(tmp_path / ".." / tmp_path.name, 60, "sleep", "60") as second:
            assert second.process.wait(PATIENCE_SECONDS) == 1
        assert service.process.poll() is None


def test_a_stopped_loop_with_a_holding_is_replaced_and_nothing_is_ordered_twice(tmp_path: Path) -> None:
    """Check 9 with a shorter `service.stalled_after`."""
    with serving(tradier_app(world := a_world("SPX", 57, 60))) as server:
        ledger = tmp_path / "paper" / "paper.sqlite"
        trader = (sys.executable, str(TESTS / "stalling_trader.py"), server.url, str(ledger))
        with a_service(tmp_path, STALLED_SECONDS, *trader) as service:
            first = pid_in(service.says("loop_started"))
            eventually(lambda: held_in(ledger), "a holding")
            os.kill(first, signal.SIGSTOP)
            entries = entries_in(ledger)
            stopped = time.monotonic()

            service.says("critical loop_stalled")
            second = pid_in(service.says("loop_restarted"))
            assert time.monotonic() - stopped <= STALLED_SECONDS + 15 + 30  # 75 s of 60, and what a busy machine takes
            assert not is_alive(first)
            assert second != first
            before = len(world.exchange.received)
            eventually(
                lambda: len(world.exchange.received) > before or service.process.poll() or held_in(ledger), "work"
            )
            assert [one for one in entries_in(ledger) if one in entries] == entries
            received = [ticket.id for ticket in world.exchange.received]
            assert len(received) == len(set(received))
            service.end()
        assert not is_alive(second)


def held_in(ledger: Path) -> frozenset[str]:
    if not ledger.exists():
        return frozenset()
    storage = SqliteStorage(ledger, read_only=True)
    try:
        return frozenset(one.id for one in Book.of(list(storage.events())).live_holdings if one.has_filled)
    finally:
        storage.close()


def entries_in(ledger: Path) -> list[str]:
    storage = SqliteStorage(ledger, read_only=True)
    try:
        return [
            event.ticket.id
            for event in storage.events()
            if isinstance(event, OrderIntended) and event.ticket.purpose is Purpose.ENTRY
        ]
    finally:
        storage.close()


def test_health_is_0_beside_a_service_and_1_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path))
    gammacore = CommandLine(capsys)
    assert gammacore("service", "--health").code == 1
    with a_service(tmp_path, 60, "sleep", "60") as service:
        service.says("loop_started")
        eventually(lambda: service.state, "the state")
        answer = gammacore("service", "--health", "--json")
        assert (answer.code, json.loads(answer.out)["ok"]) == (0, True)
        service.end()
    assert gammacore("service", "--health").code == 1

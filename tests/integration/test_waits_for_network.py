"""`trade --wait-for-network` beside a Tradier that is not there yet, and beside one that refuses the token. Check 6."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders_broker_cli import Desk, desks
from counterparts.world import Asked
from fakes_service import JumpingClock

NOW = dt.datetime(2026, 3, 3, 14, 40, tzinfo=dt.UTC)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with desks(monkeypatch, tmp_path, capsys) as opened:
        yield opened("tradier")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    """The clock that the wait for the network goes by."""
    clock = JumpingClock(NOW)
    monkeypatch.setattr("gammacore_cli.network.waiting_clock", lambda: clock)
    return clock


def trade(desk: Desk, *options: str) -> tuple[int, list[str]]:
    answer = desk.gammacore("trade", "--broker", "tradier", "--once", *options)
    return answer.code, [line for line in answer.err.splitlines() if "cannot be reached" in line]


def test_a_broker_that_comes_after_40_seconds_is_traded_at_after_4_lines(desk: Desk, waits: JumpingClock) -> None:
    desk.server.unplug()
    waits.events.append((NOW + dt.timedelta(seconds=40), desk.server.plug))
    code, lines = trade(desk, "--wait-for-network", "120")
    assert (code, len(lines)) == (0, 4)
    assert desk.ledger.exists()


def test_without_the_option_it_is_exit_1_at_once(desk: Desk, waits: JumpingClock) -> None:
    desk.server.unplug()
    assert trade(desk) == (1, [])
    assert waits.now() == NOW


def test_a_refused_token_is_exit_2_and_is_not_waited_for(
    desk: Desk, waits: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADIER_SANDBOX_TOKEN", "another-token")
    assert trade(desk, "--wait-for-network", "120") == (2, [])
    assert waits.now() == NOW
    assert desk.world.faults.counted[Asked.SUBMIT] == 0

"""`trade --once` makes one look a call: a day of single looks is the uninterrupted day. Decision 0022, cli.md."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home, book_of, on_a_trading_day, rows
from gammacore.configuration import Sourced, configure
from gammacore.domain.orders import Order
from gammacore.wiring import WiredDay, wire_day
from gammacore_cli.main import EXIT_DONE, EXIT_USAGE

MOST_CALLS = 120
"""More than the looks of a day in steps of five minutes."""
FIVE_MINUTES = ("--step", "300")
HEDGED = ("--strategy", "delta-hedge", "--seed", "8", *FIVE_MINUTES)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def by_single_looks(gammacore: CommandLine, *options: str) -> int:
    """Call `trade --once` until the day is over; the number of calls."""
    for calls in range(1, MOST_CALLS):
        if gammacore.document("trade", "--once", *options)["finished"]:
            return calls
    raise AssertionError(f"not finished after {MOST_CALLS} calls")


@pytest.mark.parametrize("day", [on_a_trading_day(), HEDGED], ids=["credit-spread", "delta-hedge"])
def test_a_simulated_day_of_single_looks_is_the_uninterrupted_day(day: tuple[str, ...], gammacore: CommandLine) -> None:
    whole = gammacore.document("trade", *day, "--ledger", "whole.sqlite")

    calls = by_single_looks(gammacore, *day, "--ledger", "looks.sqlite")

    assert calls >= 79  # 9:30 to 16:00 in steps of five minutes, both ends looked at
    assert rows(Path("looks.sqlite")) == rows(Path("whole.sqlite"))
    again = gammacore.document("trade", "--once", *day, "--ledger", "looks.sqlite")
    assert {**again, "ledger": ""} == {**whole, "ledger": ""}
    assert rows(Path("looks.sqlite")) == rows(Path("whole.sqlite"))  # a finished day is reported, not traded again


def test_a_recorded_day_of_single_looks_is_the_uninterrupted_day(gammacore: CommandLine) -> None:
    gammacore.document("record", "day.recording", *on_a_trading_day())
    replay = ("--market", "recording:day.recording")
    gammacore.document("trade", *replay, "--ledger", "whole.sqlite")

    by_single_looks(gammacore, *replay, "--ledger", "looks.sqlite")

    assert rows(Path("looks.sqlite")) == rows(Path("whole.sqlite"))


@pytest.mark.parametrize("looks", [1, 2, 9, 40])
def test_after_single_looks_the_rest_of_the_day_can_be_traded_in_one_go(looks: int, gammacore: CommandLine) -> None:
    day = on_a_trading_day()
    gammacore.document("trade", *day, "--ledger", "whole.sqlite")

    for _ in range(looks):
        gammacore.document("trade", "--once", *day, "--ledger", "looks.sqlite")
    gammacore.document("trade", "--ledger", "looks.sqlite")

    assert rows(Path("looks.sqlite")) == rows(Path("whole.sqlite"))


def test_each_call_is_one_step_later_although_nothing_happened(gammacore: CommandLine) -> None:
    """What the ledger holds does not say how far the day is: before the first entry nothing is written in it."""
    seen = []
    for _ in range(3):
        day = a_day(Path("day.sqlite"))
        seen.append(day.trade.clock.now())
        day.once()
        day.close()

    assert [later - earlier for earlier, later in pairwise(seen)] == [dt.timedelta(minutes=5)] * 2
    assert book_of(Path("day.sqlite")).version == 2  # opened, day started


def test_a_look_that_was_killed_before_its_time_was_kept_is_made_again(gammacore: CommandLine) -> None:
    """Decision 0003: the same look at its own instant, and the day ends the same."""
    gammacore.document("trade", *on_a_trading_day(), "--ledger", "whole.sqlite")
    for number in range(MOST_CALLS):
        day = a_day(Path("looks.sqlite"))
        if number % 3 == 2:  # every third process dies after its cycle
            day.trade.once()
            day.close()
            continue
        day.once()
        over = day.trade.is_finished()
        day.close()
        if over:
            break

    assert orders(Path("looks.sqlite")) == orders(Path("whole.sqlite"))
    assert rows(Path("looks.sqlite")) == rows(Path("whole.sqlite"))


def test_a_new_ledger_beside_the_time_of_another_is_refused(gammacore: CommandLine) -> None:
    """A ledger removed by hand leaves the exchange's book: a new day would begin in the middle."""
    gammacore.document("trade", "--once", *on_a_trading_day(), "--ledger", "day.sqlite")
    Path("day.sqlite").unlink()

    refusal = gammacore.refusal("trade", "--once", *on_a_trading_day(), "--ledger", "day.sqlite")

    assert refusal.code == EXIT_USAGE
    assert "is of another ledger; rm day.sqlite.exchange.json" in refusal.err


def test_once_warns_where_an_entry_needs_a_watch_of_several_looks(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CS-361: a watch is not kept between processes, so it never becomes long enough."""
    monkeypatch.setenv("GAMMACORE_ENTRIES__OBSERVATION__ON", "true")

    answer = gammacore("trade", "--once", *on_a_trading_day(), "--ledger", "day.sqlite", "--json")

    assert answer.code == EXIT_DONE
    assert "entries.observation.on: with --once no watch lasts long enough" in answer.err


def a_day(ledger: Path) -> WiredDay:
    _, step, _, seed = on_a_trading_day()
    return wire_day(configure([{"market.step_seconds": Sourced(step, "t"), "market.seed": Sourced(seed, "t")}]), ledger)


def orders(ledger: Path) -> list[Order]:
    return list(book_of(ledger).orders.values())

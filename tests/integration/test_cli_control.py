"""A day begun, interrupted, halted, flattened, recorded: from this process and from others. R2, R10, R12, R14."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders_cli import (
    CommandLine,
    at_home,
    begun,
    book_of,
    interrupted,
    kinds,
    on_a_trading_day,
    process,
    rows,
    trading_seed,
)
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.ports.storage import Request, RequestKind
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_HALTED, EXIT_INTERRUPTED, EXIT_USAGE

NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


# --- a day interrupted, finished, halted ---


def test_a_fresh_ledger_for_every_run_unless_one_is_named(gammacore: CommandLine) -> None:
    first, second = (gammacore.document("trade", *on_a_trading_day()) for _ in range(2))

    assert first["ledger"] != second["ledger"]
    assert {**first, "ledger": ""} == {**second, "ledger": ""}
    assert gammacore.document("status")["ledger"] == second["ledger"]


def test_a_new_ledger_beside_the_exchange_of_a_removed_one_is_refused(gammacore: CommandLine) -> None:
    """R6: its orders would be taken for orders of today, and the day for another."""
    whole = gammacore.document("trade", *on_a_trading_day(), "--ledger", "day.sqlite")
    Path("day.sqlite").unlink()

    refusal = gammacore.refusal("trade", *on_a_trading_day(), "--ledger", "day.sqlite")

    assert refusal.code == EXIT_USAGE
    assert "is of another ledger; rm " in refusal.err
    Path("day.sqlite.exchange.json").unlink()
    assert gammacore.document("trade", *on_a_trading_day(), "--ledger", "day.sqlite") == whole


def test_a_finished_ledger_is_reported_and_not_traded_again(gammacore: CommandLine) -> None:
    ledger = Path("day.sqlite")
    traded = gammacore.document("trade", *on_a_trading_day(), "--ledger", ledger)
    written, exchange = rows(ledger), Path("day.sqlite.exchange.json").read_bytes()

    assert gammacore.document("trade", *on_a_trading_day(), "--ledger", ledger) == traded
    assert gammacore.document("trade", "--ledger", ledger) == traded  # what it was traded on is in it
    assert (rows(ledger), Path("day.sqlite.exchange.json").read_bytes()) == (written, exchange)


def test_once_is_one_cycle_and_the_day_is_taken_up_where_it_stood(gammacore: CommandLine) -> None:
    whole = gammacore.document("trade", *on_a_trading_day(), "--ledger", "whole.sqlite")

    begun_only = gammacore.document("trade", *on_a_trading_day(), "--once", "--ledger", "once.sqlite")
    finished = gammacore.document("trade", "--ledger", "once.sqlite")

    assert (begun_only["finished"], begun_only["trades"]) == (False, [])
    assert {**finished, "ledger": ""} == {**whole, "ledger": ""}
    assert rows(Path("once.sqlite")) == rows(Path("whole.sqlite"))


@pytest.fixture(scope="module")
def quick_day(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The ledger of the quick day that nobody interrupts."""
    return rows(interrupted(tmp_path_factory.mktemp("quick") / "day.sqlite", lambda book: False))


@pytest.mark.parametrize("cycles", [1, 5, 8, 9, 10, 11, 30, 78, 79])
def test_interrupted_after_any_cycle_the_day_ends_the_same(
    cycles: int, quick_day: list[tuple[Any, ...]], gammacore: CommandLine
) -> None:
    left = iter(range(1, cycles))
    interrupted(Path("cut.sqlite"), lambda book: next(left, None) is None)

    gammacore.document("trade", *on_a_trading_day(), "--ledger", "cut.sqlite")

    assert rows(Path("cut.sqlite")) == quick_day


@pytest.mark.parametrize("options", [["--seed", "77"], ["--step", "60"], ["--underlying", "NDX"]])
def test_a_day_begun_on_one_market_does_not_go_on_on_another(options: list[str], gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    before = rows(ledger)

    answer = gammacore.refusal("trade", *on_a_trading_day(), *options, "--ledger", ledger)

    assert answer.code == EXIT_USAGE
    assert f"was begun on SPX, simulated (seed {trading_seed()}, every 300 s)" in answer.err
    assert rows(ledger) == before


def test_a_halt_outlives_restarts_and_lets_exits_go_on(gammacore: CommandLine) -> None:
    """R10."""
    ledger = begun(Path("day.sqlite"))
    gammacore.document("halt", "--ledger", ledger, "--reason", "quotes look wrong")
    assert gammacore.document("status", "--ledger", ledger)["halt_reason"] == "quotes look wrong"

    answer = gammacore("trade", "--ledger", ledger, "--json", "--quiet")

    assert answer.code == EXIT_HALTED
    assert "trading is halted (quotes look wrong)" in answer.err
    assert (answer.document["entries"], answer.document["exits"], answer.document["finished"]) == (1, 1, True)
    assert set(answer.document["skipped"]) == {"halted"}
    assert gammacore("trade", "--ledger", ledger, "--json", "--quiet").code == EXIT_HALTED


def test_resume_clears_a_halt(gammacore: CommandLine) -> None:
    whole = gammacore.document("trade", *on_a_trading_day(), "--ledger", "whole.sqlite")
    ledger = begun(Path("day.sqlite"))
    gammacore.document("halt", "--ledger", ledger)

    gammacore.document("resume", "--ledger", ledger)

    assert gammacore.document("status", "--ledger", ledger)["halted"] is False
    day = gammacore.document("trade", "--ledger", ledger)
    assert (day["decisions"], day["trades"]) == (whole["decisions"], whole["trades"])


def test_flatten_ends_flat_and_halted_and_stays_so(gammacore: CommandLine) -> None:
    """R10: without a loop the command does it itself."""
    ledger = begun(Path("day.sqlite"))

    done = gammacore.document("flatten", "--ledger", ledger, "--reason", "going home")

    assert done["done"] == "flat and halted"
    assert [order["purpose"] for order in done["orders"]] == ["emergency"]
    stands = gammacore.document("status", "--ledger", ledger)
    assert (stands["positions"], stands["orders"], stands["halt_reason"]) == ([], [], "going home")
    after = gammacore("trade", "--ledger", ledger, "--json", "--quiet")
    assert (after.code, after.document["entries"], after.document["finished"]) == (EXIT_HALTED, 1, True)


def test_flatten_with_nothing_open_halts(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"), holding=False)

    assert gammacore.document("flatten", "--ledger", ledger)["orders"] == []
    assert book_of(ledger).halted == "flattened by hand"


def test_reconcile_finds_book_and_broker_alike(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))

    found = gammacore.document("reconcile", "--ledger", ledger)

    assert {verdict["verdict"] for verdict in found["verdicts"]} <= {"match"}
    assert book_of(ledger).live_spreads


@pytest.mark.parametrize(
    ("kind", "event", "code"),
    [(RequestKind.HALT, "Halted", EXIT_HALTED), (RequestKind.FLATTEN, "FlattenRequested", EXIT_HALTED),
     (RequestKind.RESUME, "Resumed", EXIT_DONE)],
)  # fmt: skip
def test_a_request_in_the_inbox_is_obeyed_within_one_cycle(
    kind: RequestKind, event: str, code: int, gammacore: CommandLine
) -> None:
    """R10."""
    ledger = begun(Path("day.sqlite"))
    SqliteInbox(ledger).post(Request(kind, NOON, "asked from elsewhere"))

    answer = gammacore("trade", "--once", "--ledger", ledger, "--json", "--quiet")

    assert answer.code == code
    assert kinds(ledger).count(event) == 1
    assert SqliteInbox(ledger).pending() == ()
    gammacore("trade", "--ledger", ledger, "--json", "--quiet")
    assert not book_of(ledger).live_spreads


@pytest.mark.parametrize(
    ("left", "command", "journaled", "halted"),
    [
        ([RequestKind.HALT], "resume", ["Halted", "Resumed"], None),
        ([RequestKind.FLATTEN], "resume", ["FlattenRequested", "Resumed"], None),
        ([RequestKind.RESUME], "halt", ["Resumed", "Halted"], "halted by hand"),
        ([RequestKind.HALT, RequestKind.RESUME], "halt", ["Halted", "Resumed", "Halted"], "halted by hand"),
        ([RequestKind.HALT], "halt", ["Halted", "Halted"], "halted by hand"),
    ],
)
def test_what_a_loop_left_in_the_inbox_comes_before_what_is_done_directly(
    left: list[RequestKind], command: str, journaled: list[str], halted: str | None, gammacore: CommandLine
) -> None:
    """R10: a halt of before is not obeyed at the next start although somebody resumed since."""
    ledger = begun(Path("day.sqlite"), holding=False)
    for kind in left:
        SqliteInbox(ledger).post(Request(kind, NOON, "asked as the loop ended"))

    gammacore.document(command, "--ledger", ledger)

    assert kinds(ledger)[-len(journaled) :] == journaled
    assert SqliteInbox(ledger).pending() == ()
    assert book_of(ledger).halted == halted
    code = EXIT_DONE if halted is None else EXIT_HALTED
    assert gammacore("trade", "--once", "--ledger", ledger, "--json", "--quiet").code == code
    assert book_of(ledger).halted == halted


def test_a_kill_file_beside_the_ledger_flattens_and_outlives_restarts_and_resume(gammacore: CommandLine) -> None:
    """R10: while it stands every start is halted, and `resume` says so."""
    ledger, kill = begun(Path("day.sqlite")), Path("day.sqlite.halt")
    kill.touch()

    answer = gammacore("trade", "--ledger", ledger, "--json", "--quiet")

    assert (answer.code, answer.document["entries"], answer.document["exits"]) == (EXIT_HALTED, 1, 1)
    assert answer.document["trades"][0]["exit_reason"] == "flatten"
    assert kill.exists()
    assert kinds(ledger).count("FlattenRequested") == 1
    refused = gammacore.refusal("resume", "--ledger", ledger)
    assert (refused.code, "remove it, then resume" in refused.err) == (EXIT_HALTED, True)
    kill.unlink()
    gammacore.document("resume", "--ledger", ledger)
    assert book_of(ledger).halted is None


def test_the_configured_kill_file_holds_for_every_ledger(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMMACORE_ACCOUNT__HALT_FILE", "stop-everything")
    Path("stop-everything").touch()

    for ledger in ("a.sqlite", "b.sqlite"):
        answer = gammacore("trade", *on_a_trading_day(), "--ledger", ledger, "--json", "--quiet")
        assert (answer.code, answer.document["entries"]) == (EXIT_HALTED, 0)


def test_the_ways_to_flatten_are_in_its_help(gammacore: CommandLine) -> None:
    printed = gammacore("flatten", "--help").out

    assert all(way in printed for way in ("LEDGER.halt", "account.halt_file", "SIGUSR1"))


# --- recording ---


@pytest.mark.parametrize("market", [(), ("--seed", "7", "--underlying", "NDX"), ("--vix", "15")])
def test_a_day_recorded_and_replayed_is_the_same_byte_for_byte(market: tuple[str, ...], gammacore: CommandLine) -> None:
    """R14. Rule: CS-701."""
    gammacore.document("record", "day.recording", "--step", "300", *market)
    traded = gammacore.document("trade", "--step", "300", *market, "--ledger", "traded.sqlite")

    replayed = gammacore.document("trade", "--market", "recording:day.recording", "--ledger", "replayed.sqlite")

    assert {**replayed, "ledger": ""} == {**traded, "ledger": ""}
    assert rows(Path("replayed.sqlite")) == rows(Path("traded.sqlite"))


def test_a_recording_is_never_traded_as_another_underlying(gammacore: CommandLine) -> None:
    gammacore.document("record", "day.recording", "--step", "1800", "--underlying", "XSP")

    answer = gammacore.refusal("trade", "--market", "recording:day.recording", "--underlying", "SPX")

    assert (answer.code, "is a recording of XSP, not of SPX" in answer.err) == (EXIT_USAGE, True)


# --- processes ---


FINE = 15
"""Seconds a step: a day long enough to be disturbed."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The ledger of the day that nobody disturbs."""
    return rows(interrupted(tmp_path_factory.mktemp("undisturbed") / "day.sqlite", lambda book: False, FINE))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_stopped_in_the_middle_of_a_day_it_goes_on_to_the_same_end(
    number: signal.Signals, code: int, undisturbed: list[tuple[Any, ...]], gammacore: CommandLine
) -> None:
    """R2: Ctrl-C and SIGKILL."""
    with process("trade", *on_a_trading_day(FINE), "--ledger", "day.sqlite") as child:
        child.wait_for("Opened")
        child.popen.send_signal(number)
        stopped = child.end()

    assert (stopped.code, stopped.out) == (code, "")
    assert "Traceback" not in stopped.err
    assert ("interrupted; the ledger holds everything" in stopped.err) == (number is signal.SIGINT)
    assert len(rows(Path("day.sqlite"))) < len(undisturbed)
    assert gammacore.document("trade", "--ledger", "day.sqlite")["finished"]
    assert rows(Path("day.sqlite")) == undisturbed


def test_a_signal_flattens_the_running_loop(gammacore: CommandLine) -> None:
    """R10: SIGUSR1."""
    with process("trade", *on_a_trading_day(FINE), "--json", "--ledger", "day.sqlite") as child:
        child.wait_for("Opened")
        child.popen.send_signal(signal.SIGUSR1)
        ended = child.end()

    assert ended.code == EXIT_HALTED
    assert "trading is halted (signal SIGUSR1)" in ended.err
    assert (ended.document["entries"], ended.document["exits"], ended.document["finished"]) == (1, 1, True)
    assert book_of(Path("day.sqlite")).halted == "signal SIGUSR1"


def test_of_two_processes_on_one_ledger_the_second_is_refused_and_requests_reach_the_first(
    gammacore: CommandLine,
) -> None:
    """R12, R10, OP-105: the answer has the time of the latch."""
    with process("trade", *on_a_trading_day(FINE), "--json", "--ledger", "day.sqlite") as first:
        first.wait_for("Opened")
        first.popen.send_signal(signal.SIGSTOP)
        refused = gammacore.refusal("trade", *on_a_trading_day(FINE), "--ledger", "day.sqlite")
        with process("halt", "--ledger", "day.sqlite", "--reason", "from the other window", "--json") as asking:
            asking.wait_for("STUDY")
            first.popen.send_signal(signal.SIGCONT)
            left = asking.end()
        ended = first.end()

    assert refused.code == EXIT_FAILED
    assert f"process {first.popen.pid} is writing to it" in refused.err
    assert left.code == EXIT_DONE
    assert f"halted by the running loop (process {first.popen.pid}) at " in left.document["done"]
    assert (left.document["mode"], left.document["running"]) == ("study", True)
    assert ended.code == EXIT_HALTED
    assert book_of(Path("day.sqlite")).halted == "from the other window"
    assert ended.document["finished"]


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    """`gammacore gex --json | head -1`."""
    command = [sys.executable, "-m", "gammacore_cli.main", "gex", "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        printed = writer.stderr.read()

    assert (writer.returncode, printed) == (EXIT_DONE, "")


def test_two_studies_begun_at_once_keep_two_ledgers(gammacore: CommandLine) -> None:
    """Neither named a ledger, so neither may be refused for the other's."""
    options = ("--step", "1800", "--json", "--quiet")
    with process("trade", *options) as one, process("trade", *options) as other:
        answers = [one.end(), other.end()]

    assert [answer.code for answer in answers] == [0, 0], [answer.err for answer in answers]
    assert len({answer.document["ledger"] for answer in answers}) == 2

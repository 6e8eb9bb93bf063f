"""A day whose ledger is in Firestore: the same as in a file, killed and taken up, one writer. R2, R12, R13."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from builders_cli import Answer, CommandLine, at_home, on_a_trading_day, process
from firestore_server import FirestoreServer
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreStorage
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event

LEDGER = ("--ledger", "firestore:paper-1")
FINE = 30
"""Seconds a step of the day that is killed: long enough to be caught in the middle."""
QUICK_LEASE = (("LEASE_SECONDS", "3"), ("RENEW_AFTER_SECONDS", "1"))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str, documents: Documents) -> None:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("FIREBASE_PROJECT_ID", project)
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GAMMACORE_FIRESTORE__CALL_SECONDS", "30")


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def stored(documents: Documents, clock: FakeClock) -> list[Event]:
    storage = FirestoreStorage(documents, "paper-1", clock=clock, holder="reader", read_only=True)
    try:
        return list(storage.events())
    finally:
        storage.close()


def without_place(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "ledger"}


def test_a_day_in_firestore_is_the_day_in_a_file(
    gammacore: CommandLine, documents: Documents, clock: FakeClock
) -> None:
    """R13, R14: the same events, and every command that reads a ledger says the same of it."""
    day = on_a_trading_day()
    by_file = gammacore.document("trade", *day, "--ledger", "day.sqlite")
    by_store = gammacore.document("trade", *day, *LEDGER)

    assert by_store["ledger"] == "firestore:paper-1"
    assert without_place(by_store) == without_place(by_file)
    file = SqliteStorage(Path("day.sqlite"), read_only=True)
    assert stored(documents, clock) == list(file.events())
    file.close()
    for command in ("status", "journal", "report"):
        answers = [gammacore.document(command, *place) for place in (LEDGER, ("--ledger", "day.sqlite"))]
        assert without_place(answers[0]) == without_place(answers[1])
    assert not list(Path().glob("firestore*"))
    assert (Path("home") / "firestore" / "paper-1.exchange.json").exists()


def test_a_finished_day_is_reported_not_traded_again(
    gammacore: CommandLine, documents: Documents, clock: FakeClock
) -> None:
    first = gammacore.document("trade", *on_a_trading_day(), *LEDGER)
    events = stored(documents, clock)

    assert gammacore.document("trade", *on_a_trading_day(), *LEDGER) == first
    assert stored(documents, clock) == events


def test_halt_resume_and_flatten_reach_a_ledger_no_loop_is_writing(gammacore: CommandLine) -> None:
    """R10."""
    gammacore.document("trade", *on_a_trading_day(), "--once", *LEDGER)

    gammacore.document("halt", "--reason", "lunch", *LEDGER)
    assert gammacore.document("status", *LEDGER)["halted"] is True
    gammacore.document("resume", *LEDGER)
    assert gammacore.document("status", *LEDGER)["halted"] is False
    assert gammacore.document("reconcile", *LEDGER)["ledger"] == "firestore:paper-1"
    assert "flat and halted" in gammacore.document("flatten", *LEDGER)["done"]


def test_a_kill_file_lies_in_the_home_folder(gammacore: CommandLine) -> None:
    """R10: `<home>/firestore/<name>.halt`."""
    folder = Path("home/firestore")
    folder.mkdir(parents=True)
    (folder / "paper-1.halt").touch()

    answer = gammacore("trade", *on_a_trading_day(), *LEDGER, "--quiet")

    assert answer.code == 3
    assert "trading is halted" in answer.err


def test_the_accounts_own_ledger_is_in_firestore_by_configuration(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text('[storage]\nkind = "firestore"\n[account]\nid = "paper-1"\n', encoding="utf-8")
    gammacore.document("trade", *on_a_trading_day(), "--once", *LEDGER)

    assert gammacore.document("status")["ledger"] == "firestore:paper-1"
    assert gammacore.document("halt")["ledger"] == "firestore:paper-1"


def test_a_killed_day_is_refused_to_others_taken_up_after_the_lease_and_ends_the_same(
    gammacore: CommandLine, documents: Documents, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """R2, R12: SIGKILL in the middle of a day."""
    for name, value in QUICK_LEASE:
        monkeypatch.setenv(f"GAMMACORE_FIRESTORE__{name}", value)
    day = on_a_trading_day(FINE)
    whole = gammacore.document("trade", *day, "--ledger", "whole.sqlite")

    with process("trade", *day, *LEDGER) as running:
        _wait_until_it_holds(documents, clock)
        os.kill(running.popen.pid, signal.SIGSTOP)  # it stands still, and its lease runs
        refused = gammacore.refusal("trade", *day, *LEDGER)
        assert (refused.code, f"process {running.popen.pid} is writing to it" in refused.err) == (1, True)
        os.kill(running.popen.pid, signal.SIGKILL)
    assert Book.of(stored(documents, clock)).live_spreads

    answer = _taken_up(gammacore, day)
    assert without_place(json.loads(answer.out)) == without_place(whole)
    book = Book.of(stored(documents, clock))
    assert len({order.broker_id for order in book.orders.values()}) == len(book.orders)


def test_a_running_day_outlasts_a_store_that_does_not_answer_and_says_so(
    gammacore: CommandLine,
    own_server: FirestoreServer,
    own_documents: Documents,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R6: nothing is lost, nothing is done twice, and the outage is an alarm in the journal."""
    monkeypatch.setenv("FIREBASE_PROJECT_ID", own_documents.client.project)
    monkeypatch.setenv("GAMMACORE_FIRESTORE__CALL_SECONDS", "0.5")
    monkeypatch.setenv("GAMMACORE_FIRESTORE__ATTEMPTS", "1")
    day = on_a_trading_day(FINE)
    whole = gammacore.document("trade", *day, "--ledger", "whole.sqlite")

    with process("trade", *day, *LEDGER, "--json", "--quiet") as running:
        _wait_until_it_holds(own_documents, clock)
        own_server.freeze()
        assert running.popen.stderr is not None
        silence = next(line for line in running.popen.stderr if "does not answer" in line)
        own_server.thaw()
        out, err = running.popen.communicate(timeout=120)

    assert "Nothing goes on until it answers" in silence
    assert running.popen.returncode == 0, err
    report = without_place(json.loads(out))
    assert [alarm["code"] for alarm in report.pop("alarms")] == ["ledger_outage"]
    assert report == {name: value for name, value in without_place(whole).items() if name != "alarms"}


def test_a_day_whose_store_stays_silent_past_the_limit_ends_with_an_error_and_is_taken_up(
    gammacore: CommandLine,
    own_server: FirestoreServer,
    own_documents: Documents,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R2, R6: the exit code says so, and what reaches the store once it answers again is written once."""
    monkeypatch.setenv("FIREBASE_PROJECT_ID", own_documents.client.project)
    for name, value in (("CALL_SECONDS", "0.5"), ("ATTEMPTS", "1"), ("OUTAGE_SECONDS", "2"), *QUICK_LEASE):
        monkeypatch.setenv(f"GAMMACORE_FIRESTORE__{name}", value)
    day = on_a_trading_day(FINE)
    whole = gammacore.document("trade", *day, "--ledger", "whole.sqlite")

    with process("trade", *day, *LEDGER, "--json", "--quiet") as running:
        _wait_until_it_holds(own_documents, clock)
        own_server.freeze()
        _, err = running.popen.communicate(timeout=60)
    own_server.thaw()

    assert (running.popen.returncode, "does not answer" in err.splitlines()[-1]) == (1, True), err
    monkeypatch.setenv("GAMMACORE_FIRESTORE__CALL_SECONDS", "30")
    answer = _taken_up(gammacore, day)
    assert without_place(json.loads(answer.out)) == without_place(whole)


def _taken_up(gammacore: CommandLine, day: tuple[str, ...]) -> Answer:
    """The day traded on to its end by another process, once the lease of the lost one has run out."""
    deadline = time.monotonic() + 30
    answer = gammacore("trade", *day, *LEDGER, "--json", "--quiet")
    while answer.code == 1 and "is writing to it" in answer.err and time.monotonic() < deadline:
        answer = gammacore("trade", *day, *LEDGER, "--json", "--quiet")
    assert answer.code == 0, answer.err
    return answer


def _wait_until_it_holds(documents: Documents, clock: FakeClock) -> None:
    """Until the other process has a position, by what is in the store."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        there = documents.get("gammacore_ledgers/paper-1") is not None
        if there and Book.of(stored(documents, clock)).live_spreads:
            return
        time.sleep(0.05)
    raise AssertionError("the other process never held a position")

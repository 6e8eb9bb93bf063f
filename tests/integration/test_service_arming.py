"""Arming a live account for the service: what it holds, what voids it, and that nothing runs without. OP-208."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders_cli import CommandLine, at_home
from builders_ledger import ledger_opened, position_adopted
from fakes_service import JumpingClock
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.application.service.keep_loop import Permit
from gammacore.configuration import Configuration, LiveAsk, configure
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.domain.sessions import new_york
from gammacore.errors import ConfigurationError
from gammacore.ports.storage import RequestKind
from gammacore.wiring import armed_mode
from gammacore.wiring.service.live_arming import (
    arm_account,
    armed_by_the_service,
    arming_left,
    disarm_account,
    permit_of,
)

NUMBER = "6YA12345"
KEYS = Variables({"TRADIER_TOKEN": "t", "TRADIER_ACCOUNT": NUMBER}, "test")
MONDAY = new_york(dt.date(2026, 11, 23), dt.time(8))
LIVE = ("--live", "--broker", "tradier", "--confirm-account")


def settings(home: Path, **more: object) -> Configuration:
    keys = {"storage.home": home, "account.broker": "tradier", "account.paper": False}
    return configure([{**keys, **{name.replace("__", "."): value for name, value in more.items()}}], LiveAsk(True))


def armed(home: Path, sessions: int = 5, at: dt.datetime = MONDAY, **more: object) -> None:
    arm_account(settings(home, **more), KEYS, NUMBER, sessions, clock=JumpingClock(at), calendar=NyseCalendar())


def permit(home: Path, at: dt.datetime = MONDAY, keys: Variables = KEYS, **more: object) -> Permit:
    return permit_of(settings(home, **more), keys, clock=JumpingClock(at), calendar=NyseCalendar())


def on(day: int, hour: int = 9, month: int = 11) -> dt.datetime:
    return new_york(dt.date(2026, month, day), dt.time(hour))


def test_it_holds_for_five_sessions_over_thanksgiving(tmp_path: Path) -> None:
    armed(tmp_path)
    assert permit(tmp_path, on(25)) == Permit()
    assert permit(tmp_path, on(30)) == Permit()  # Mon Tue Wed Fri Mon
    lapsed = permit(tmp_path, on(1, month=12))
    assert (lapsed.granted, "lapsed after the session of 2026-11-30" in lapsed.why) == (False, True)
    left = arming_left(settings(tmp_path), clock=JumpingClock(on(27)), calendar=NyseCalendar())
    assert left is not None
    assert left.sessions_left == 2


def test_a_changed_trading_setting_voids_it_and_is_named(tmp_path: Path) -> None:
    armed(tmp_path)
    changed = permit(tmp_path, stops__stop="0.12")
    assert not changed.granted
    assert "stops.stop was 0.10 and is 0.12" in changed.why


def test_a_setting_that_trades_nothing_does_not(tmp_path: Path) -> None:
    armed(tmp_path)
    assert permit(tmp_path, log_level="DEBUG", service__day_end=30, alerts__studies=True) == Permit()


def test_the_code_of_an_own_strategy_voids_it(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("a = 1\n")
    strategy = f"{own}:Ten"
    armed(tmp_path, trade__strategy=strategy)
    assert permit(tmp_path, trade__strategy=strategy) == Permit()
    own.write_text("a = 2\n")
    assert "the code of the strategy has changed" in permit(tmp_path, trade__strategy=strategy).why


def test_the_number_is_not_in_the_file_which_is_its_owners_alone(tmp_path: Path) -> None:
    armed(tmp_path)
    file = tmp_path / "live" / "paper.sqlite.armed.json"
    assert NUMBER not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert (document["account"], document["last_session"]) == ("***345", "2026-11-30")


def test_another_account_a_missing_number_and_disarm_are_refused(tmp_path: Path) -> None:
    assert "is not armed" in permit(tmp_path).why
    armed(tmp_path)
    other = Variables({"TRADIER_TOKEN": "t", "TRADIER_ACCOUNT": "6YA99999"}, "test")
    assert "of another" in permit(tmp_path, keys=other).why
    assert "TRADIER_ACCOUNT" in permit(tmp_path, keys=Variables({"TRADIER_TOKEN": "t"}, "test")).why
    disarm_account(settings(tmp_path), JumpingClock(on(24)))
    assert "gammacore disarm" in permit(tmp_path).why


def test_a_damaged_arming_is_none(tmp_path: Path) -> None:
    armed(tmp_path)
    (tmp_path / "live" / "paper.sqlite.armed.json").write_text('{"format": 1}')
    refused = permit(tmp_path)
    assert not refused.granted
    assert "cannot be read as an arming" in refused.why
    armed(tmp_path)
    assert permit(tmp_path) == Permit()


def test_the_loop_of_the_service_trades_live_under_it_and_no_other_process(tmp_path: Path) -> None:
    armed(tmp_path)
    configuration = settings(tmp_path)
    with pytest.raises(ConfigurationError, match="alone"):
        armed_by_the_service(configuration, KEYS, clock=JumpingClock(MONDAY))
    lock = WriterLock.take((tmp_path / "live" / "paper.sqlite.service").resolve())
    signed = tmp_path / "live" / "paper.sqlite.service.lock"
    try:
        signed.write_text(f"{os.getppid()}\n")  # as if the process that started this one were the service
        loop = armed_by_the_service(configuration, KEYS, clock=JumpingClock(MONDAY))
        assert armed_mode(loop, KEYS).mode is Mode.LIVE
        with pytest.raises(ConfigurationError, match="not_armed"):
            armed_by_the_service(configuration, KEYS, clock=JumpingClock(on(2, month=12)))
    finally:
        lock.release()


def test_the_veto_and_the_other_locks_stay(tmp_path: Path) -> None:
    armed(tmp_path)
    lock = WriterLock.take((tmp_path / "live" / "paper.sqlite.service").resolve())
    try:
        (tmp_path / "live" / "paper.sqlite.service.lock").write_text(f"{os.getppid()}\n")
        loop = armed_by_the_service(settings(tmp_path), KEYS, clock=JumpingClock(MONDAY))
        with pytest.raises(ConfigurationError, match="live_credentials_missing"):
            armed_mode(loop, Variables({"TRADIER_ACCOUNT": NUMBER}, "test"))
    finally:
        lock.release()


def a_ledger_that_holds(home: Path) -> dt.datetime:
    """A live ledger with a spread; returns when it was opened."""
    adopted = position_adopted()
    ledger = home / "live" / "paper.sqlite"
    ledger.parent.mkdir(parents=True, exist_ok=True)
    storage = SqliteStorage(ledger)
    storage.append([evolve(ledger_opened(), mode=Mode.LIVE), adopted], 0)
    storage.close()
    (one,) = Book.of([evolve(ledger_opened(), mode=Mode.LIVE), adopted]).live_holdings
    return one.opened_at


def test_what_was_opened_under_an_arming_is_exited_after_it_latched_and_nothing_else(tmp_path: Path) -> None:
    opened = a_ledger_that_holds(tmp_path)
    armed(tmp_path, sessions=1, at=opened - dt.timedelta(hours=1))
    later = opened + dt.timedelta(days=3)
    void = permit(tmp_path, later)
    assert (void.granted, void.latched) == (True, True)

    lock = WriterLock.take((tmp_path / "live" / "paper.sqlite.service").resolve())
    try:
        (tmp_path / "live" / "paper.sqlite.service.lock").write_text(f"{os.getppid()}\n")
        loop = armed_by_the_service(settings(tmp_path), KEYS, clock=JumpingClock(later))
    finally:
        lock.release()
    assert armed_mode(loop, KEYS).mode is Mode.LIVE
    inbox = SqliteInbox(tmp_path / "live" / "paper.sqlite")
    try:
        (request,) = inbox.pending()
    finally:
        inbox.close()
    assert (request.kind, "lapsed" in request.reason) == (RequestKind.HALT, True)


def test_what_was_opened_before_any_arming_starts_no_loop(tmp_path: Path) -> None:
    opened = a_ledger_that_holds(tmp_path)
    armed(tmp_path, sessions=1, at=opened + dt.timedelta(hours=1))
    assert not permit(tmp_path, opened + dt.timedelta(days=9)).granted


def test_arming_again_keeps_what_was_opened_under_the_first_one(tmp_path: Path) -> None:
    opened = a_ledger_that_holds(tmp_path)
    armed(tmp_path, sessions=1, at=opened - dt.timedelta(hours=1))
    armed(tmp_path, sessions=1, at=opened + dt.timedelta(hours=1))
    assert permit(tmp_path, opened + dt.timedelta(days=9)).latched


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    for name, text in (("TRADIER_TOKEN", "t"), ("TRADIER_ACCOUNT", NUMBER)):
        monkeypatch.setenv(name, text)
    return CommandLine(capsys)


def test_the_commands(gammacore: CommandLine, tmp_path: Path) -> None:
    assert gammacore("arm", *LIVE, "6YA99999").code == 2
    assert gammacore("arm", "--broker", "tradier", "--confirm-account", NUMBER).code == 2
    assert not (tmp_path / ".gammacore" / "live").exists()
    document = gammacore.document("arm", *LIVE, NUMBER, "--sessions", "3")
    assert (document["account"], document["sessions"]) == ("***345", 3)
    ledger = tmp_path / ".gammacore" / "live" / "paper.sqlite"
    storage = SqliteStorage(ledger)
    storage.append([LedgerOpened(MONDAY, "paper", Mode.LIVE, "a" * 16, Decimal(20000))], 0)
    storage.close()
    (tmp_path / "gammacore.toml").write_text('[account]\nbroker = "tradier"\n')
    shown = gammacore.document("status", "--live")["armed"]
    assert (shown["account"], shown["sessions_left"], shown["void"]) == ("***345", 3, None)
    (tmp_path / "gammacore.toml").write_text('[account]\nbroker = "tradier"\n[stops]\nstop = 0.12\n')
    assert "stops.stop was" in gammacore.document("status", "--live")["armed"]["void"]
    gammacore.document("disarm")
    assert "gammacore disarm" in gammacore.document("status", "--live")["armed"]["void"]

"""The rule which ledger a command means, over what a home may hold. OP-101, OP-102, OP-105."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pytest

from builders import a_plan
from builders_day import opened
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.kill_file import KillFile
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Settings, configure
from gammacore.configuration.settings import MarketSettings
from gammacore.domain.ledger import FlattenRequested, Halted, LedgerOpened, Mode
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import FirestoreLedger, LedgerPlace, Patience, ask, kill_files, ledgers_of
from gammacore.wiring.ledgers.choice import Chosen, FoundLedger, HomeLedgers, LedgerChoice, Use, choose

PAPER, LIVE = FirestoreLedger("paper"), FirestoreLedger("live-paper")
ELSEWHERE, STUDY = Path("home/r.sqlite"), Path("home/runs/1.sqlite")
MODES: dict[LedgerPlace, Mode] = {PAPER: Mode.PAPER, LIVE: Mode.LIVE, STUDY: Mode.STUDY, ELSEWHERE: Mode.STUDY}
ANY = LedgerChoice()
LOOP = "host process 7"
NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)


def found(place: LedgerPlace, writer: str | None = None) -> FoundLedger:
    return FoundLedger(place, MODES[place], writer)


def home(*accounts: LedgerPlace, loops: tuple[LedgerPlace, ...] = (), live: bool = False) -> HomeLedgers:
    """A home whose account is kept in Firestore, with one study in a file."""
    there = {place: found(place, LOOP if place in loops else None) for place in (*accounts, *loops, STUDY)}
    return HomeLedgers(
        own={Mode.PAPER: PAPER, Mode.LIVE: LIVE},
        configured=Mode.LIVE if live else Mode.PAPER,
        accounts=tuple(there[place] for place in accounts),
        running=tuple(there[place] for place in loops),
        newest_study=lambda: there[STUDY],
        look=there.get,
    )


def meant(home: HomeLedgers, use: Use, asked: LedgerChoice = ANY) -> list[LedgerPlace]:
    return [one.place for one in choose(asked, home, use, "gammacore it").ledgers]


@pytest.mark.parametrize("use", list(Use))
@pytest.mark.parametrize(
    ("there", "asked", "place"),
    [
        (home(PAPER), ANY, PAPER),
        (home(PAPER, LIVE), LedgerChoice(Mode.LIVE), LIVE),
        (home(PAPER, LIVE), LedgerChoice(place=LIVE), LIVE),
        (home(PAPER, LIVE, loops=(PAPER,)), ANY, PAPER),
        (home(PAPER, LIVE, loops=(PAPER,)), LedgerChoice(Mode.LIVE), LIVE),
        (home(PAPER, loops=(ELSEWHERE,)), ANY, ELSEWHERE),
        (home(PAPER), LedgerChoice(Mode.STUDY), STUDY),
    ],
)
def test_a_choice_wins_then_the_one_loop_then_the_only_account(
    there: HomeLedgers, asked: LedgerChoice, place: LedgerPlace, use: Use
) -> None:
    assert meant(there, use, asked) == [place]


@pytest.mark.parametrize(
    ("there", "place"),
    [(home(PAPER, LIVE), PAPER), (home(PAPER, LIVE, live=True), LIVE), (home(), STUDY), (home(PAPER, live=True), PAPER),
     (home(PAPER, LIVE, loops=(PAPER, LIVE), live=True), LIVE)],
)  # fmt: skip
def test_a_reader_goes_on_to_the_configured_account_and_the_newest_study(
    there: HomeLedgers, place: LedgerPlace
) -> None:
    assert meant(there, Use.READ) == [place]


def test_what_a_reader_could_have_meant_besides_is_listed() -> None:
    chosen: Chosen = choose(ANY, home(PAPER, LIVE, loops=(ELSEWHERE, LIVE)), Use.READ, "gammacore it")

    assert chosen.one.place == PAPER
    assert {one.place for one in chosen.others} == {LIVE, ELSEWHERE}


def test_halt_without_a_choice_means_every_loop() -> None:
    assert meant(home(PAPER, LIVE, loops=(LIVE, ELSEWHERE)), Use.HALT) == [LIVE, ELSEWHERE]


@pytest.mark.parametrize("use", [Use.HALT, Use.ACT, Use.TRADE, Use.RESUME])
def test_of_several_none_is_guessed_and_each_has_a_ready_command(use: Use) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        meant(home(PAPER, LIVE), use)

    typed = " --confirm-account N" if use in (Use.TRADE, Use.RESUME) else ""
    assert "gammacore it --paper (PAPER firestore:paper)" in str(refusal.value)
    assert f"gammacore it --live{typed} (LIVE firestore:live-paper)" in str(refusal.value)


def test_a_live_ledger_is_never_resumed_by_a_guess() -> None:
    for there in (home(LIVE), home(PAPER, LIVE, loops=(LIVE,))):
        with pytest.raises(ConfigurationError, match="gammacore it --live --confirm-account N"):
            meant(there, Use.RESUME)


def test_a_study_is_never_acted_on_by_a_guess() -> None:
    with pytest.raises(MissingData, match="no account ledger under the home; there are: STUDY"):
        meant(home(), Use.HALT)


def test_a_ledger_of_another_mode_than_asked_for_is_refused() -> None:
    there = home(PAPER)
    asked = LedgerChoice.of([Mode.LIVE], PAPER, locks=True)

    with pytest.raises(ConfigurationError, match="is a paper ledger, and --live was asked for"):
        meant(there, Use.TRADE, asked)


def test_a_ledger_that_is_not_there_is_never_made_up_for_by_another() -> None:
    with pytest.raises(MissingData, match="firestore:live-paper: no such ledger; there are: PAPER"):
        meant(home(PAPER), Use.READ, LedgerChoice(Mode.LIVE))


@pytest.mark.parametrize(
    ("modes", "place", "locks", "fine"),
    [
        ([Mode.PAPER], None, False, True), ([], PAPER, False, True), ([], None, False, True),
        ([Mode.LIVE], LIVE, True, True), ([Mode.LIVE], LIVE, False, False), ([Mode.PAPER], PAPER, True, False),
        ([Mode.PAPER, Mode.LIVE], None, True, False), ([Mode.LIVE, Mode.STUDY], LIVE, True, False),
    ],
)  # fmt: skip
def test_two_choices_are_refused_except_the_lock_beside_a_ledger(
    modes: list[Mode], place: LedgerPlace | None, locks: bool, fine: bool
) -> None:
    if fine:
        LedgerChoice.of(modes, place, locks=locks)
        return
    with pytest.raises(ConfigurationError, match="a command means one ledger"):
        LedgerChoice.of(modes, place, locks=locks)


# -- what a home holds --------------------------------------------------------------------------------------------


def settings(folder: Path) -> Settings:
    return configure([{"storage.home": folder}]).settings


def ledger(path: Path, mode: Mode) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = SqliteStorage(path)
    storage.append([LedgerOpened(NOON, "paper", mode, "a" * 16, Decimal(20000))], 0)
    storage.close()
    return path


def test_loops_are_found_by_their_locks_anywhere_under_the_home_and_nothing_is_written(tmp_path: Path) -> None:
    quiet, busy = ledger(tmp_path / "paper" / "paper.sqlite", Mode.PAPER), ledger(tmp_path / "r.sqlite", Mode.STUDY)
    writer = SqliteStorage(busy)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.rglob("*") if file.is_file()}

    there = ledgers_of(settings(tmp_path))

    assert [(one.place, one.mode) for one in there.running] == [(busy, Mode.STUDY)]
    assert [one.place for one in there.accounts] == [quiet]
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in before} == before
    writer.close()
    assert ledgers_of(settings(tmp_path)).running == ()


def test_a_damaged_ledger_keeps_its_place_in_the_list(tmp_path: Path) -> None:
    """By its folder: `ledger repair --live` must find it."""
    path = ledger(tmp_path / "live" / "paper.sqlite", Mode.LIVE)
    path.write_bytes(b"x" * 5000)

    (one,) = ledgers_of(settings(tmp_path)).accounts

    assert (one.place, one.mode) == (path, Mode.LIVE)


def test_folders_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """OP-001."""
    from gammacore.wiring import open_storage

    path = tmp_path / "home" / "paper" / "paper.sqlite"
    storage = open_storage(settings(tmp_path / "home"), path)
    storage.append([LedgerOpened(NOON, "paper", Mode.PAPER, "a" * 16, Decimal(20000))], 0)
    SqliteInbox(path).post(Request(RequestKind.HALT, NOON, "drill"))
    KillFile.beside(path).post(Request(RequestKind.FLATTEN, NOON, "drill"))

    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "home").rglob("*")}
    storage.close()
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert modes.pop("paper") == 0o700
    assert set(modes) >= {"paper.sqlite", "paper.sqlite-wal", "paper.sqlite.lock", "paper.sqlite.inbox"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(("mode", "names"), [(Mode.STUDY, {"a.sqlite.halt"}), (Mode.LIVE, {"a.sqlite.halt", "HALT"})])
def test_the_kill_file_of_a_home_holds_for_its_accounts(tmp_path: Path, mode: Mode, names: set[str]) -> None:
    """OP-105."""
    files = kill_files(settings(tmp_path), tmp_path / "a.sqlite", mode)

    assert {file.path.name for file in files} == names


# -- waiting for a loop -------------------------------------------------------------------------------------------


class LoopWhileWaiting(FakeClock):
    """A clock that lets a loop do something at a certain wait."""

    def __init__(self, at: int, loop: object) -> None:
        super().__init__(NOON)
        self.waits, self._at, self._loop = 0, at, loop

    def wait_until(self, instant: dt.datetime) -> None:
        super().wait_until(instant)
        self.waits += 1
        if self.waits == self._at:
            self._loop()  # type: ignore[operator]  # a function of the test


HALT = Request(RequestKind.HALT, NOON, "drill")
FLATTEN = Request(RequestKind.FLATTEN, NOON, "drill")
SECOND = dt.timedelta(seconds=1)
TEN = Patience(10 * SECOND, 10 * SECOND)


def test_a_halt_waits_for_the_latch_and_has_its_time(tmp_path: Path) -> None:
    path = ledger(tmp_path / "a.sqlite", Mode.PAPER)
    writer = SqliteStorage(path)
    clock = LoopWhileWaiting(3, lambda: writer.append([Halted(NOON, "drill")], 1))

    (answer,) = ask(settings(tmp_path), [path], HALT, TEN, clock)

    writer.close()
    assert (answer.at, answer.done, clock.waits) == (NOON, True, 3)


def test_a_loop_that_does_not_latch_in_ten_seconds_keeps_the_request(tmp_path: Path) -> None:
    path = ledger(tmp_path / "a.sqlite", Mode.PAPER)
    writer = SqliteStorage(path)
    clock = LoopWhileWaiting(-1, None)

    (answer,) = ask(settings(tmp_path), [path], HALT, TEN, clock)

    writer.close()
    assert (answer.at, answer.done, clock.now() - NOON) == (None, False, 10 * SECOND)
    assert SqliteInbox(path).pending() == (HALT,)


def test_a_flatten_is_not_waited_for_longer_than_its_loop_may_take_to_obey(tmp_path: Path) -> None:
    """A loop that hangs is named after ten seconds, not after the two minutes a flatten may take."""
    path = ledger(tmp_path / "a.sqlite", Mode.PAPER)
    writer = SqliteStorage(path)
    clock = LoopWhileWaiting(-1, None)

    (answer,) = ask(settings(tmp_path), [path], FLATTEN, Patience(10 * SECOND, 120 * SECOND), clock)

    writer.close()
    assert (answer.at, answer.loop, clock.now() - NOON) == (None, f"process {os.getpid()}", 10 * SECOND)


def test_a_flatten_that_was_obeyed_is_waited_for_until_it_is_done(tmp_path: Path) -> None:
    path = ledger(tmp_path / "a.sqlite", Mode.PAPER)
    writer = SqliteStorage(path)
    writer.append([*opened(a_plan())], 1)
    version = writer.version
    clock = LoopWhileWaiting(3, lambda: writer.append([FlattenRequested(NOON, "drill")], version))

    (answer,) = ask(settings(tmp_path), [path], FLATTEN, Patience(10 * SECOND, 120 * SECOND), clock)

    writer.close()
    assert (answer.at, answer.done, clock.now() - NOON) == (NOON, False, 120 * SECOND)
    assert answer.open


@pytest.mark.parametrize(
    ("look", "wait", "done", "obey", "whole"),
    [(3, None, None, 10, 10), (60, None, None, 120, 120), (3, 0.5, None, 0.5, 0.5), (3, None, 120, 10, 120),
     (3, None, 4, 4, 4)],
)  # fmt: skip
def test_one_rule_says_how_long_every_command_waits(
    look: float, wait: float | None, done: float | None, obey: float, whole: float
) -> None:
    """A loop that looks once a minute reads its inbox once a minute."""
    settings = Settings(market=MarketSettings(look_seconds=look))

    assert Patience.of(settings, wait, done=done) == Patience(obey * SECOND, whole * SECOND)


def test_a_loop_that_ends_while_it_is_waited_for_leaves_its_inbox_to_the_command(tmp_path: Path) -> None:
    path = ledger(tmp_path / "a.sqlite", Mode.PAPER)
    writer = SqliteStorage(path)

    (answer,) = ask(settings(tmp_path), [path], HALT, TEN, LoopWhileWaiting(2, writer.close))

    assert answer.done
    assert SqliteInbox(path).pending() == ()
    storage = SqliteStorage(path, read_only=True)
    assert [type(event) for event in storage.events()] == [LedgerOpened, Halted]
    storage.close()

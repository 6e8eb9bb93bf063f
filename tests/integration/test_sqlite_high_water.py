"""A ledger whose end is missing is refused with the repair command, and a whole one never is. R6, CS-609."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders_ledger import halted, some_events
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.repair import repair
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.errors import CorruptLedger, StorageError
from gammacore.ports.storage import RequestKind
from gammacore_cli.main import run

ENDINGS = ("", "-wal", "-shm", ".reached")


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def as_killed(ledger: Path, name: str) -> Path:
    """What SIGKILL would leave of a ledger at this instant, in a folder of its own."""
    folder = ledger.parent / name
    folder.mkdir()
    for ending in ENDINGS:
        if beside(ledger, ending).exists():
            shutil.copyfile(beside(ledger, ending), beside(folder / "paper.ledger", ending))
    return folder / "paper.ledger"


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """60 events at the last checkpoint, 60 more in the write-ahead log; the writer died."""
    path = tmp_path / "live.ledger"
    with closing(SqliteStorage(path)) as first:
        first.append(some_events(60), 0)
    with closing(SqliteStorage(path)) as live:
        for start in range(60, 120, 3):
            live.append(some_events(3, first=start + 1), start)
        return as_killed(path, "killed")


def without_log(ledger: Path) -> None:
    for ending in ("-wal", "-shm"):
        beside(ledger, ending).unlink()


def emptied(ledger: Path) -> None:
    beside(ledger, "-wal").write_bytes(b"")


def cut(ledger: Path) -> None:
    log = beside(ledger, "-wal")
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])


def without_its_last_append(ledger: Path) -> None:
    content = bytearray(beside(ledger, "-wal").read_bytes())
    content[-10] ^= 1
    beside(ledger, "-wal").write_bytes(content)


def an_older_copy(ledger: Path) -> None:
    """The main file of an hour ago, put over one that was closed since."""
    older = ledger.parent / "older"
    with closing(SqliteStorage(older)) as storage:
        storage.append(some_events(60), 0)
    with closing(SqliteStorage(ledger)):
        pass
    shutil.copyfile(older, ledger)


def a_log_of_an_hour_ago(ledger: Path) -> None:
    """The log as it was two appends earlier."""
    log = beside(ledger, "-wal")
    log.write_bytes(log.read_bytes()[: -4 * 4120])


LOSSES = [without_log, emptied, cut, without_its_last_append, an_older_copy, a_log_of_an_hour_ago]


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("lose", LOSSES)
def test_a_ledger_whose_end_is_missing_is_refused_with_the_repair_command(
    killed: Path, lose: Callable[[Path], None], read_only: bool
) -> None:
    lose(killed)
    before = killed.read_bytes()

    for _ in range(2):  # a refusal changes nothing: the next opening is refused as well
        with pytest.raises(CorruptLedger, match=r"to 120 are missing|its write-ahead log is damaged") as refusal:
            SqliteStorage(killed, read_only=read_only)
        assert refusal.value.repair == f"gammacore ledger repair --ledger {killed}"
    assert killed.read_bytes() == before


@pytest.mark.parametrize("lose", LOSSES)
def test_repair_says_what_is_lost_and_goes_on_with_what_is_there(killed: Path, lose: Callable[[Path], None]) -> None:
    lose(killed)
    found = killed.read_bytes()

    report = repair(killed)

    assert report.kept >= 60
    assert report.lost == 120 - report.kept > 0
    assert f"events {report.kept + 1} to 120 are missing" in report.problem
    assert report.damaged is not None
    assert report.damaged.read_bytes() == found
    with closing(SqliteStorage(killed)) as storage:
        assert list(storage.events()) == some_events(report.kept)
        storage.append([halted(1)], report.kept)
    with closing(SqliteStorage(killed, read_only=True)) as storage:
        assert storage.version == report.kept + 1
    with pytest.raises(CorruptLedger):
        SqliteStorage(report.damaged)


def test_a_day_that_was_never_checkpointed_goes_on_from_nothing(tmp_path: Path) -> None:
    """The log held all of it: what the broker holds is found by reconciliation."""
    path = tmp_path / "live.ledger"
    with closing(SqliteStorage(path)) as live:
        live.append(some_events(9), 0)
        killed = as_killed(path, "killed")
    without_log(killed)

    with pytest.raises(CorruptLedger, match="events 1 to 9 are missing: its write-ahead log was removed"):
        SqliteStorage(killed)
    assert (repair(killed).kept, repair(killed).lost) == (0, 0)
    with closing(SqliteStorage(killed)) as storage:
        assert storage.append([halted(1)], 0) == 1


def test_at_whatever_point_the_writer_dies_no_append_that_returned_is_lost_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after each note, and after each return: whole it opens, without its log it opens whole or not."""
    path, promised = tmp_path / "live.ledger", 0
    moments: list[tuple[Path, int]] = []
    write = os.pwrite

    def watched(descriptor: int, content: bytes, offset: int) -> int:
        moments.append((as_killed(path, f"{len(moments)}"), promised))
        written = write(descriptor, content, offset)
        moments.append((as_killed(path, f"{len(moments)}"), promised))
        return written

    with closing(SqliteStorage(path)) as first:
        promised = first.append(some_events(3), 0)
    monkeypatch.setattr(os, "pwrite", watched)
    with closing(SqliteStorage(path)) as live:
        for start in range(3, 9):
            promised = live.append(some_events(1, first=start + 1), start)
            moments.append((as_killed(path, f"{len(moments)}"), promised))
    monkeypatch.undo()

    refused = 0
    for ledger, known in moments:
        with closing(SqliteStorage(ledger, read_only=True)) as storage:
            assert storage.version >= known
        for ending in ("-wal", "-shm"):
            beside(ledger, ending).unlink(missing_ok=True)
        try:
            with closing(SqliteStorage(ledger)) as storage:
                assert storage.version >= known
        except CorruptLedger:
            refused += 1
    assert len(moments) > 20
    assert refused > 10


@pytest.mark.parametrize("read_only", [False, True])
class TestNoFalseAlarm:
    def test_with_its_log_the_ledger_of_a_dead_writer_opens(self, killed: Path, read_only: bool) -> None:
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert list(storage.events()) == some_events(120)

    def test_after_a_clean_close_there_is_no_log_to_miss(self, killed: Path, read_only: bool) -> None:
        with closing(SqliteStorage(killed)):
            pass
        assert not beside(killed, "-wal").exists()
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert storage.version == 120

    def test_a_ledger_that_another_program_checkpointed_opens(self, killed: Path, read_only: bool) -> None:
        with closing(sqlite3.connect(killed)) as shell:
            shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert storage.version == 120

    def test_a_backup_that_sqlite_made_opens(self, killed: Path, tmp_path: Path, read_only: bool) -> None:
        copy = tmp_path / "backup.ledger"
        with closing(sqlite3.connect(killed)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        with closing(SqliteStorage(copy, read_only=read_only)) as storage:
            assert storage.version == 120

    def test_a_copy_of_the_file_opens_after_a_clean_close(self, killed: Path, tmp_path: Path, read_only: bool) -> None:
        with closing(SqliteStorage(killed)):
            pass
        shutil.copyfile(killed, tmp_path / "copy.ledger")
        with closing(SqliteStorage(tmp_path / "copy.ledger", read_only=read_only)) as storage:
            assert storage.version == 120

    def test_a_folder_that_was_restored_whole_opens(self, killed: Path, tmp_path: Path, read_only: bool) -> None:
        shutil.copytree(killed.parent, tmp_path / "backup")
        with closing(SqliteStorage(killed)) as storage:
            storage.append([halted(1)], 120)
        shutil.rmtree(killed.parent)
        shutil.copytree(tmp_path / "backup", killed.parent)
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert storage.version == 120

    def test_a_ledger_without_a_note_opens(self, killed: Path, read_only: bool) -> None:
        beside(killed, ".reached").unlink()
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert storage.version == 120

    def test_an_append_that_an_older_gammacore_made_without_a_note(self, killed: Path, read_only: bool) -> None:
        noted = beside(killed, ".reached").read_bytes()
        with closing(SqliteStorage(killed)) as storage:
            storage.append([halted(1)], 120)
        beside(killed, ".reached").write_bytes(noted)
        with closing(SqliteStorage(killed, read_only=read_only)) as storage:
            assert storage.version == 121


def test_a_reader_beside_a_living_writer_sees_a_whole_ledger(tmp_path: Path) -> None:
    path = tmp_path / "live.ledger"
    with closing(SqliteStorage(path)) as writer:
        for number in range(30):
            with closing(SqliteStorage(path, read_only=True)) as reader:
                assert reader.version == number
            writer.append(some_events(1, first=number + 1), number)


def test_a_grouped_ledger_is_noted_by_groups(tmp_path: Path) -> None:
    path = tmp_path / "live.ledger"
    with closing(SqliteStorage(path, grouped=True)) as live:
        for number in range(150):
            live.append(some_events(1, first=number + 1), number)
        killed = as_killed(path, "killed")
    assert SqliteStorage(path, read_only=True).version == 150
    without_log(killed)
    with pytest.raises(CorruptLedger, match="events 1 to 100 are missing"):
        SqliteStorage(killed)


def test_another_ledger_in_the_place_of_this_one_is_refused(killed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ledger"
    with closing(SqliteStorage(other)) as storage:
        storage.append([halted(n) for n in range(200)], 0)
    with closing(SqliteStorage(killed)):
        pass
    shutil.copyfile(other, killed)

    with pytest.raises(CorruptLedger, match="its event 120 is not the one that was written here"):
        SqliteStorage(killed)
    report = repair(killed)
    assert (report.kept, report.lost) == (200, 0)
    SqliteStorage(killed).close()


def test_a_note_that_cannot_be_read_is_refused_and_repaired_without_loss(killed: Path) -> None:
    beside(killed, ".reached").write_bytes(b"\x00" * 40)

    with pytest.raises(CorruptLedger, match=r"paper\.ledger\.reached beside it, which says how far it goes"):
        SqliteStorage(killed)
    report = repair(killed)
    assert (report.kept, report.lost) == (120, 0)
    with closing(SqliteStorage(killed)) as storage:
        assert storage.version == 120


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_that_was_lost_at_work_is_not_begun_anew(killed: Path, read_only: bool) -> None:
    """CS-609: neither file of it is left; one that was closed in good order and moved away is begun anew."""
    without_log(killed)
    killed.unlink()

    with pytest.raises(CorruptLedger, match="the ledger is gone; event 120 was the last"):
        SqliteStorage(killed, read_only=read_only)
    with pytest.raises(StorageError, match=r"120 events with it\. Put a backup in its place, or move .*reached away"):
        repair(killed)
    assert not killed.exists()


def test_a_ledger_that_was_closed_and_moved_away_is_begun_anew(killed: Path) -> None:
    with closing(SqliteStorage(killed)):
        pass
    killed.rename(beside(killed, ".archived"))

    with closing(SqliteStorage(killed)) as anew:
        assert anew.append([halted(1)], 0) == 1
    SqliteStorage(beside(killed, ".archived"), read_only=True).close()


WRITER = """
import os, signal, sys
from builders_ledger import some_events
from gammacore.adapters.sqlite.storage import SqliteStorage
storage = SqliteStorage(sys.argv[1])
for number in range(40):
    storage.append(some_events(1, first=number + 1), number)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_command_line_refuses_repairs_and_goes_on_after_a_real_kill(tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / "paper.sqlite"
    tests = str(Path(__file__).parents[1])
    child = subprocess.run([sys.executable, "-c", WRITER, str(path)], cwd=tests, check=False)
    assert child.returncode == -signal.SIGKILL
    without_log(path)

    assert run(["ledger", "verify", "--ledger", str(path)]) == 1
    assert f"gammacore ledger repair --ledger {path}" in capfd.readouterr().err
    assert run(["ledger", "repair", "--ledger", str(path)]) == 0
    printed = capfd.readouterr().out
    assert "0 events kept, 40 lost" in printed
    assert "no entries until `resume`" in printed
    assert "events 1 to 40 are missing: its write-ahead log was removed" in printed
    assert run(["ledger", "verify", "--ledger", str(path)]) == 0
    [request] = SqliteInbox(path).pending()
    assert (request.kind, request.reason) == (
        RequestKind.HALT,
        "repaired after event 0, 40 events lost: compare with the broker, then resume",
    )

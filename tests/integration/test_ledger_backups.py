"""Backups beside a writer, killed or on a full disk; what is restored trades nothing by itself. OP-701, OP-703."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders_broker_cli import PAPER, A, Desk, desks
from builders_cli import CommandLine, at_home, begun, kinds, rows
from builders_ledger import at, ledger_opened, some_events
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError, CorruptLedger, StorageError
from gammacore.wiring import FoundLedger, back_up, open_storage, restore

EVENTS = (ledger_opened(), *some_events(60))
DONE, FAILED, USAGE, HALTED = 0, 1, 2, 3


@pytest.fixture
def gammacore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> CommandLine:  # fmt: skip
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


@pytest.fixture
def desk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:  # fmt: skip
    with desks(monkeypatch, tmp_path, capsys) as opened:
        yield opened("tradier")


def a_ledger(path: Path) -> FoundLedger:
    storage = SqliteStorage(path)
    storage.append(EVENTS, 0)
    storage.close()
    return FoundLedger(path, Mode.PAPER)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_ten_backups_beside_a_writer_are_whole(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path / "paper.sqlite")
    storage, done = SqliteStorage(tmp_path / "paper.sqlite"), threading.Event()

    def write() -> None:
        while not done.is_set():
            storage.append(EVENTS[-1:], storage.version)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [_whole_copy(ledger, tmp_path / "B") for _ in range(10)]
    finally:
        done.set()
        writer.join()
        storage.close()

    assert len(set(made)) == 10


def _whole_copy(ledger: FoundLedger, folder: Path) -> Path:
    """One backup, read again: its chain holds, and it has the events the ledger began with."""
    assert isinstance(ledger.place, Path)
    made = back_up(Settings(), ledger, folder)
    storage = SqliteStorage(made.file, read_only=True)
    assert (storage.version, storage.checksum) == (made.events, made.checksum)
    assert rows(made.file) == rows(ledger.place)[: made.events]
    return made.file


def test_a_backup_is_a_ledger_with_what_lies_beside_it_and_a_manifest(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    made = [gammacore.document("ledger", "backup", "--ledger", ledger, "--to", "B") for _ in range(2)]

    first, second = (Path(one["file"]) for one in made)
    assert first != second
    assert rows(first) == rows(ledger)
    assert gammacore.document("ledger", "verify", "--ledger", first)["events"] == made[0]["events"]
    manifest = json.loads(first.with_name(f"{first.name}.manifest.json").read_text())
    assert manifest["checksum"] == made[0]["checksum"]
    assert set(manifest["sha256"]) == {first.name, f"{first.name}.exchange.json"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in Path("B").iterdir())
    assert gammacore("halt", "--ledger", first).code == FAILED  # a backup is never written
    assert rows(first) == rows(ledger)


def test_a_study_goes_on_from_its_backup(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    file = gammacore.document("ledger", "backup", "--ledger", ledger)["file"]
    whole = gammacore.document("trade", "--ledger", ledger)

    restored = gammacore.document("ledger", "restore", file, "--to", "again.sqlite")

    assert restored["halted"] is False
    assert {**gammacore.document("trade", "--ledger", "again.sqlite"), "ledger": ""} == {**whole, "ledger": ""}
    assert [row[2] for row in rows(Path("again.sqlite"))] == [row[2] for row in rows(ledger)]


def test_a_restore_replaces_nothing(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    file = gammacore.document("ledger", "backup", "--ledger", ledger)["file"]
    before = rows(ledger)

    assert gammacore("ledger", "restore", file, "--to", ledger).code == USAGE
    Path("other.sqlite.inbox").touch()
    assert gammacore("ledger", "restore", file, "--to", "other.sqlite").code == USAGE

    assert rows(ledger) == before
    assert not Path("other.sqlite").exists()


@pytest.mark.parametrize("spoil", ["", ".manifest.json", ".inbox"])
def test_a_backup_that_is_not_what_was_written_is_refused(spoil: str, tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path / "paper.sqlite")
    Path(f"{ledger.place}.alerts.json").write_text("{}")
    made = back_up(Settings(), ledger, tmp_path / "B").file
    match spoil:
        case "":
            made.write_bytes(made.read_bytes().replace(b"reason", b"raison", 1))
        case ".inbox":
            made.with_name(f"{made.name}.alerts.json").unlink()
        case _:
            made.with_name(made.name + spoil).write_text("{")

    with pytest.raises(CorruptLedger):
        restore(made, tmp_path / "again.sqlite")

    assert not names(tmp_path) & {"again.sqlite", "again.sqlite.alerts.json"}


def test_a_killed_backup_leaves_no_file_under_its_final_name(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path / "paper.sqlite")
    program = f"""
import os, pathlib
from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.wiring.ledgers import backups
from gammacore.wiring import FoundLedger
backups._publish = lambda *_: os.kill(os.getpid(), 9)
backups.back_up(Settings(), FoundLedger(pathlib.Path({str(ledger.place)!r}), Mode.PAPER), pathlib.Path({str(tmp_path / "B")!r}))
"""  # noqa: E501
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9

    assert all(name.startswith(".draft-") for name in names(tmp_path / "B"))
    assert back_up(Settings(), ledger, tmp_path / "B").events == len(EVENTS)


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Lets no file grow beyond so many bytes, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_file_under_its_final_name(
    tmp_path: Path, small_files: Callable[[int], None]
) -> None:  # fmt: skip
    ledger = a_ledger(tmp_path / "paper.sqlite")
    small_files(6000)

    with pytest.raises(StorageError) as refused:
        back_up(Settings(), ledger, tmp_path / "B")

    assert not isinstance(refused.value, CorruptLedger), "a disk that is full is no damage of the ledger"
    assert names(tmp_path / "B") == set()


def test_a_restored_account_ledger_is_compared_before_it_may_be_resumed(desk: Desk) -> None:
    desk.use(A)
    desk.trade()
    gammacore = desk.gammacore
    file = gammacore.document("ledger", "backup", "--paper")["file"]
    assert gammacore("halt", "--paper").code == DONE
    for path in PAPER.parent.glob("paper.sqlite*"):
        path.rename(path.with_name(f"old-{path.name}"))
    Path("moved").mkdir()
    for path in PAPER.parent.glob("old-*"):
        path.rename(Path("moved", path.name))

    restored = gammacore.document("ledger", "restore", file, "--to", PAPER)

    assert restored["halted"] is True
    seen = gammacore.document("status", "--paper")
    assert (seen["halted"], seen["halt_reason"]) == (True, "restored")
    refused = gammacore("resume", "--paper")
    assert refused.code == HALTED
    assert "gammacore reconcile" in refused.err
    assert gammacore("reconcile", "--paper", "--broker", "tradier").code == DONE
    assert kinds(PAPER)[-1] == "Halted"
    assert gammacore("resume", "--paper").code == DONE
    assert gammacore.document("status", "--paper")["halted"] is False


def test_a_resume_that_waited_in_a_backup_does_not_wake_what_is_restored(tmp_path: Path) -> None:
    from gammacore.adapters.sqlite.inbox import SqliteInbox
    from gammacore.ports.storage import Request, RequestKind

    ledger = a_ledger(tmp_path / "paper.sqlite")
    assert isinstance(ledger.place, Path)
    for kind in (RequestKind.RESUME, RequestKind.FLATTEN):
        SqliteInbox(ledger.place).post(Request(kind, at(), "asked"))
    made = back_up(Settings(), ledger, tmp_path / "B")

    restore(made.file, tmp_path / "again.sqlite")

    assert [one.kind for one in SqliteInbox(tmp_path / "again.sqlite").pending()] == [RequestKind.FLATTEN]
    with pytest.raises(StorageError, match="is a backup and is not written"):
        open_storage(Settings(), made.file)
    with pytest.raises(ConfigurationError, match="is not replaced"):
        restore(made.file, tmp_path / "again.sqlite")

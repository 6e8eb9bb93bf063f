"""A loop is found from any folder, by a register that only its owner writes. Rule: OP-102, check 4."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from builders_service import eventually
from gammacore.adapters.loop_register import register_folder, registered, registered_ledgers
from gammacore.adapters.sqlite.lock import writer_of


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_a_running_study_is_halted_from_a_folder_that_knows_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    at_home(monkeypatch, here)
    ledger = there / "r.sqlite"
    trade = [sys.executable, "-m", "gammacore", "trade", "--pace", "60", "--ledger", str(ledger), "--quiet"]
    loop = subprocess.Popen(trade, cwd=there, stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: ledger in registered_ledgers() and writer_of(ledger), "the loop in the register")
        answer = CommandLine(capsys)("halt", "--reason", "drill", "--quiet")
    finally:
        loop.terminate()
        loop.wait(30)

    assert answer.code == 0, answer.err
    assert "STUDY" in answer.out
    assert str(ledger) in answer.out
    assert registered_ledgers() == ()
    assert list(here.iterdir()) == []


def test_an_entry_without_a_loop_means_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], runtime: Path
) -> None:
    at_home(monkeypatch, tmp_path)
    ledger = tmp_path / "gone.sqlite"
    ledger.touch()
    with registered(ledger):
        assert registered_ledgers() == (ledger,)
        assert CommandLine(capsys)("halt").code == 1  # no loop holds its lock

    assert list((runtime / "gammacore").iterdir()) == []


def test_a_folder_that_others_may_write_is_ignored(tmp_path: Path, runtime: Path) -> None:
    ledger = tmp_path / "a.sqlite"
    ledger.touch()
    with registered(ledger):
        (runtime / "gammacore").chmod(0o777)
        assert registered_ledgers() == ()
        with registered(tmp_path / "b.sqlite"):
            assert len(list((runtime / "gammacore").iterdir())) == 1


def test_what_a_killed_loop_left_is_dropped_by_the_next(tmp_path: Path, runtime: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (runtime / "gammacore").mkdir(mode=0o700)
    (runtime / "gammacore" / f"{dead.pid}-0123456789ab").write_text(str(tmp_path / "a.sqlite"))
    with registered(tmp_path / "b.sqlite"):
        (left,) = (runtime / "gammacore").iterdir()
        assert left.name.startswith(f"{os.getpid()}-")
        assert left.stat().st_mode & 0o777 == 0o600


def test_without_a_runtime_folder_it_is_the_user_s_own_below_tmp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert register_folder() == Path(f"/tmp/gammacore-{os.getuid()}")

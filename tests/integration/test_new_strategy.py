"""`gammacore new-strategy`: what it writes passes its own test and trades; nothing is overwritten."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from gammacore.wiring import load_strategy
from gammacore_cli.new_strategy import Names


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


def test_the_next_steps_it_prints_work_as_they_are_printed(gammacore: CommandLine, tmp_path: Path) -> None:
    """Its own pytest, and a simulated day, each in a process of its own."""
    document = gammacore.document("new-strategy", "morning-shares", "--dir", "my desks")
    assert document["strategy"] == "my desks/morning_shares.py:MorningShares"
    test, trade = (shlex.split(line) for line in document["next"])
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    tested = subprocess.run(test, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    traded = subprocess.run(
        [*trade, "--step", "300", "--quiet"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert tested.returncode == 0, tested.stdout
    assert "7 passed" in tested.stdout
    assert traded.returncode == 0, traded.stderr
    assert "bought 5 SPY" in traded.stdout
    assert "sold 5 SPY" in traded.stdout
    assert "morning-shares" in traded.stdout


def test_a_strategy_that_forgets_its_working_orders_fails_the_test_it_is_written_with(
    gammacore: CommandLine, tmp_path: Path
) -> None:
    gammacore.document("new-strategy", "hasty")
    text = Path("hasty.py").read_text(encoding="utf-8")
    hasty = text.replace("if any(order.is_working", "if False and any(order.is_working").replace(
        "if holding is None and begin", "if held < self.shares and begin"
    )
    assert hasty != text
    Path("hasty.py").write_text(hasty, encoding="utf-8")

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_hasty.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 1
    assert "test_slow_fills_never_buy_or_sell_twice" in tested.stdout


def test_no_placeholder_is_left_and_the_name_is_everywhere(gammacore: CommandLine) -> None:
    written = gammacore.document("new-strategy", "MorningShares", "--dir", "desks")["written"]

    for file in map(Path, written):
        text = file.read_text(encoding="utf-8").lower()
        assert not any(left in text for left in ("own_strategy", "own-strategy", "ownstrategy", "$"))
        compile(text, str(file), "exec")
    assert load_strategy("desks/morning_shares.py:MorningShares").name == "morning-shares"


@pytest.mark.parametrize("there", ["desk_one.py", "test_desk_one.py"])
def test_an_existing_file_is_left_as_it_is_and_nothing_else_is_written(gammacore: CommandLine, there: str) -> None:
    Path(there).write_text("mine", encoding="utf-8")

    answer = gammacore.refusal("new-strategy", "desk-one")

    assert answer.code == 2
    assert f"{there}: exists and is left as it is; give another NAME or --dir" in answer.err
    assert [(path.name, path.read_text(encoding="utf-8")) for path in Path().iterdir()] == [(there, "mine")]


@pytest.mark.parametrize(
    ("name", "words"),
    [("9x", "is not a name"), ("a/b", "is not a name"), ("", "is not a name"), ("a--b", "is not a name"),
     ("json", "installed Python module"), ("gammacore", "installed Python module"), ("class", "Python uses itself"),
     ("delta-hedge", "gammacore or Python uses"), ("DeltaHedge", "gammacore or Python uses")],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(gammacore: CommandLine, name: str, words: str) -> None:
    answer = gammacore.refusal("new-strategy", name)

    assert answer.code == 2
    assert "NAME: " in answer.err
    assert words in answer.err
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused(gammacore: CommandLine) -> None:
    Path("file").touch()

    assert "file" in gammacore.refusal("new-strategy", "desk-one", "--dir", "file/below").err


@pytest.mark.parametrize("name", ["morning-shares", "morning_shares", "MorningShares", "Morning Shares"])
def test_one_name_in_three_ways(name: str) -> None:
    assert Names.of(name) == Names("morning-shares", "morning_shares", "MorningShares")

"""`gammacore trade` on a recorded SPY day, killed with SIGKILL at moments nobody chose, ends as if it had not been. R2.

Each run is killed after a drawn number of its log lines, twice. GAMMACORE_KILLS=20 tries more.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from builders_cli import CommandLine, at_home, process, rows

ROOT = Path(__file__).resolve().parents[2]
RUNS = int(os.environ.get("GAMMACORE_KILLS", "3"))
DATE = "2026-08-19"
LOG_LINES = 24
"""About as many as the day has; a day that is over cannot be killed, and need not."""
LOOKING_BACK = ("journal", "report")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def a_recorded_day(shared_data: Path, ledger: str) -> tuple[str | Path, ...]:
    table = shared_data / "replay_spy_0dte" / f"SPY_{DATE}.csv.gz"
    return ("trade", "--config", ROOT / "examples" / "spy-0dte.toml", "--market", f"csv:{table}", "--underlying", "SPY",
            "--date", DATE, "--vix", "15.9", "--ledger", ledger)  # fmt: skip


def report_of(gammacore: CommandLine, ledger: str) -> list[Any]:
    documents = [gammacore.document(command, "--ledger", ledger) for command in LOOKING_BACK]
    return [{key: value for key, value in document.items() if key != "ledger"} for document in documents]


def killed(day: tuple[str | Path, ...], lines: int) -> None:
    """Start the day and kill it once it has logged so many lines, whatever it is doing then."""
    with process(*day) as child:
        assert child.popen.stderr is not None
        for _ in range(lines):
            child.popen.stderr.readline()
        child.popen.send_signal(signal.SIGKILL)
        child.popen.communicate(timeout=60)


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_recorded_day_killed_at_any_moment_is_reported_like_one_that_was_not(
    seed: int, shared_data: Path, gammacore: CommandLine
) -> None:
    chance = Random(seed)
    whole = gammacore(*a_recorded_day(shared_data, "whole.sqlite"))
    assert whole.code == 0, whole.err

    day = a_recorded_day(shared_data, "killed.sqlite")
    for _ in range(2):
        killed(day, chance.randint(1, LOG_LINES))
    assert gammacore(*day).code == 0

    assert report_of(gammacore, "killed.sqlite") == report_of(gammacore, "whole.sqlite")
    assert rows(Path("killed.sqlite")) == rows(Path("whole.sqlite"))

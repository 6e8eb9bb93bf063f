"""`gammacore service` at the command line: the plan over Thanksgiving, refusals, cron. OP-201, OP-205, check 7."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from builders_service import PATIENCE_SECONDS, eventually
from gammacore.adapters.service.state_file import unhealthy
from gammacore.adapters.sqlite.lock import WriterLock
from gammacore.configuration import configure
from gammacore.domain.ledger import Mode
from gammacore.wiring.service.supervisor import ServiceAsk, ensure_service, service_running


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


def test_the_plan_over_thanksgiving(gammacore: CommandLine, tmp_path: Path) -> None:
    """Check 7."""
    days = gammacore.document("service", "--plan", "--from", "2026-11-25", "--days", "4")["days"]
    assert [(day["start"], day["close"], day["day_end"]) for day in days] == [
        ("2026-11-25T14:20:00Z", "2026-11-25T21:00:00Z", "2026-11-25T21:45:00Z"),
        (None, None, None),
        ("2026-11-27T14:20:00Z", "2026-11-27T18:00:00Z", "2026-11-27T18:45:00Z"),
        (None, None, None),
    ]
    assert [day["weekday"] for day in days] == ["Wed", "Thu", "Fri", "Sat"]
    assert list(tmp_path.iterdir()) == []


def test_the_plan_moves_with_its_settings(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text("[service]\nstart = 20\n")
    (day,) = gammacore.document("service", "--plan", "--from", "2026-11-25", "--days", "1")["days"]
    assert day["start"] == "2026-11-25T14:10:00Z"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--paper", "--live"), "give one of them"),
        (("--plan", "--health"), "give one of"),
        (("--from", "2026-11-25"), "--from belongs to --plan"),
        ((), "account.broker"),
    ],
)
def test_what_cannot_be_is_exit_2(options: tuple[str, ...], words: str, gammacore: CommandLine, tmp_path: Path) -> None:
    answer = gammacore("service", *options)
    assert answer.code == 2
    assert words in answer.err
    assert list(tmp_path.iterdir()) == []


def test_an_account_that_is_not_on_paper_is_not_served_without_live(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text('[account]\nbroker = "tradier"\npaper = false\n')
    assert "--live was not given" in gammacore.refusal("service").err


def test_a_configuration_that_cannot_be_read_is_exit_2(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text("[service]\nstrt = 20\n")
    answer = gammacore.refusal("service")
    assert answer.code == 2
    assert "did you mean service.start?" in answer.err


def test_health_reads_the_service_of_whichever_mode_has_run(gammacore: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / ".gammacore" / "live"
    folder.mkdir(parents=True)
    (folder / "paper.sqlite.service.json").write_text(
        '{"running": true, "ok": true, "at": "2020-01-01T00:00:00+00:00"}'
    )
    answer = gammacore("service", "--health")
    assert (answer.code, "has saved nothing for" in answer.out) == (1, True)
    assert gammacore("service", "--health", "--paper").out.strip() == "no service has run here"


def test_a_state_that_is_torn_is_unhealthy() -> None:
    from gammacore.adapters.system_clock import SystemClock

    assert unhealthy({"at": "yesterday"}, SystemClock().now()) == "the state cannot be read"


def test_ensure_starts_it_once_and_is_silent(gammacore: CommandLine, tmp_path: Path) -> None:
    Path("gammacore.toml").write_text('[account]\nbroker = "tradier"\n')
    settings = configure([{"storage.home": tmp_path / ".gammacore", "account.broker": "tradier"}]).settings
    line = [sys.executable, "-m", "gammacore", "service", "--ensure"]  # a process that is over, as cron's is
    ended = subprocess.run(line, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    running = eventually(lambda: service_running(settings, Mode.PAPER), "the service")
    assert running is not None
    pid = int(running.removeprefix("process "))
    try:
        assert gammacore("service", "--ensure").code == 0
        assert ensure_service(settings, ServiceAsk()) is False
        assert service_running(settings, Mode.PAPER) == running
    finally:
        os.kill(pid, signal.SIGTERM)
    eventually(lambda: service_running(settings, Mode.PAPER) is None, "its end")


def test_two_services_of_one_account_are_one_too_many(gammacore: CommandLine, tmp_path: Path) -> None:
    Path("gammacore.toml").write_text('[account]\nbroker = "tradier"\n')
    folder = tmp_path / ".gammacore" / "paper"
    folder.mkdir(parents=True)
    lock = WriterLock.take(folder / "paper.sqlite.service")
    try:
        answer = gammacore.refusal("service")
    finally:
        lock.release()
    assert (answer.code, f"runs already (process {os.getpid()})" in answer.err) == (1, True)

"""The shipped unit, container and compose files, held against the programs that read them. Rules: OP-210, OP-212."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "gammacore@.service"
MOST_EXPOSED = 2.5
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
needs_bwrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bwrap is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program and a user that exist here: whether they do is no matter of the file."""
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    (copy := tmp_path / UNIT.name).write_text(re.sub(r"^User=.*", "User=root", text, flags=re.MULTILINE))
    return copy


def analyzed(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).strip()


@needs_systemd
def test_the_unit_is_accepted_without_a_warning(unit: Path) -> None:
    assert analyzed("verify", unit) == ""


@needs_systemd
def test_the_unit_exposes_little(unit: Path) -> None:
    level = re.search(r"exposure level for \S+: ([\d.]+)", analyzed("security", "--offline=true", "--no-pager", unit))
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSED


def test_every_command_of_the_deploy_folder_is_one_of_ours() -> None:
    from gammacore_cli.main import COMMANDS

    texts = [UNIT.read_text(), (DEPLOY / "Containerfile").read_text()]
    assert "ExecStart=/opt/gammacore/bin/gammacore service --config /etc/gammacore/%i.toml" in texts[0]
    assert 'CMD ["service", "--config", "/data/gammacore.toml"]' in texts[1]
    assert '"gammacore", "service", "--health"' in texts[1]
    assert {"service", "arm"} <= set(COMMANDS)


def test_the_time_to_stop_is_enough_for_the_loop_to_end_by_its_rules() -> None:
    from gammacore.application.service.keep_loop import KILLED_SECONDS
    from gammacore.domain.service.day_plan import ServiceTimes

    for text in (UNIT.read_text(), (DEPLOY / "compose.yaml").read_text()):
        allowed = re.search(r"(?:TimeoutStopSec=|stop_grace_period: )(\d+)", text)
        assert allowed is not None
        assert ServiceTimes().stop_seconds + KILLED_SECONDS <= float(allowed[1])


@needs_bwrap
def test_a_day_and_its_page_pass_on_a_root_that_is_read_only(tmp_path: Path) -> None:
    """Check 11: as in the container, without a container runtime."""
    data = tmp_path / "data"
    data.mkdir(mode=0o777)
    jail = [
        "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(data),
        "/data",
        "--unshare-user", "--uid", "10001", "--gid", "10001", "--setenv", "HOME", "/nonexistent",
        "--setenv", "GAMMACORE_HOME", "/data", "--chdir", "/data", sys.executable, "-m", "gammacore",
    ]  # fmt: skip

    def code(*arguments: str) -> int:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GAMMACORE_")}
        return subprocess.run([*jail, *arguments], env=environment, timeout=300, check=False).returncode

    assert code("trade", "--quiet") == 0
    assert code("report", "--html", "/data/d.html") == 0
    assert code("service", "--health") == 1
    assert (data / "d.html").is_file()

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
SHUT_IN = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--unshare-user"]


def can_shut_in() -> bool:
    """Whether bwrap is there and may make a user namespace, which some machines forbid."""
    return shutil.which("bwrap") is not None and subprocess.run([*SHUT_IN, "true"], check=False).returncode == 0


needs_bwrap = pytest.mark.skipif(not can_shut_in(), reason="bwrap is not installed, or may not make a user namespace")


def analyzed(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).strip()


@needs_systemd
def test_the_unit_is_accepted_without_a_warning() -> None:
    """Check 10, of the file as it is shipped, whether gammacore is installed here or not."""
    assert analyzed("verify", UNIT) == ""


@needs_systemd
def test_the_unit_exposes_little() -> None:
    level = re.search(r"exposure level for \S+: ([\d.]+)", analyzed("security", "--offline=true", "--no-pager", UNIT))
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSED


def test_every_command_of_the_deploy_folder_is_one_of_ours() -> None:
    from gammacore_cli.main import COMMANDS

    texts = [UNIT.read_text(), (DEPLOY / "Containerfile").read_text()]
    assert "ExecStart=/usr/bin/env gammacore service --config /etc/gammacore/%i.toml" in texts[0]
    assert "ExecReload=/bin/kill -HUP $MAINPID" in texts[0]
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
    """Check 11: as in the container, without a container runtime. What is mounted on must exist: the root is shut."""
    home = "/data" if Path("/data").is_dir() else "/mnt"
    data = tmp_path / "data"
    data.mkdir(mode=0o777)
    jail = [
        *SHUT_IN, "--bind", str(data), home, "--uid", "10001", "--gid", "10001", "--setenv", "HOME", "/nonexistent",
        "--setenv", "GAMMACORE_HOME", home, "--chdir", home, sys.executable, "-m", "gammacore",
    ]  # fmt: skip

    def code(*arguments: str) -> int:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GAMMACORE_")}
        return subprocess.run([*jail, *arguments], env=environment, timeout=300, check=False).returncode

    assert code("trade", "--quiet") == 0
    assert code("report", "--html", f"{home}/d.html") == 0
    assert code("service", "--health") == 1
    assert (data / "d.html").is_file()

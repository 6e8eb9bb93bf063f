"""`gammacore completion`: a shell that read its lines completes commands and options. Rule: OP-903."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gammacore_cli.completion import SHELLS
from gammacore_cli.main import COMMANDS, gammacore

PROGRAM = Path(sys.executable).with_name("gammacore")


def completed(*words: str) -> list[str]:
    """What bash is offered behind these words, the last of which may be begun."""
    environment = {
        **os.environ, "_GAMMACORE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("gammacore", *words)),
        "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    answer = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return [line.partition(",")[2] for line in answer.stdout.splitlines()]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_lines_are_printed_as_they_are(shell: str) -> None:
    printed = CliRunner().invoke(gammacore, ["completion", shell]).stdout
    document = json.loads(CliRunner().invoke(gammacore, ["completion", shell, "--json"]).stdout)

    assert "_GAMMACORE_COMPLETE" in printed
    assert document == {"shell": shell, "lines": printed.removesuffix("\n")}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_them(shell: str, tmp_path: Path) -> None:
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"no {shell} on this machine")
    lines = tmp_path / "completion"
    lines.write_text(CliRunner().invoke(gammacore, ["completion", shell]).stdout, encoding="utf-8")

    subprocess.run([program, "-n", str(lines)], check=True, timeout=60)


def test_commands_and_options_are_completed() -> None:
    assert completed("led") == ["ledger"]
    assert completed("ledger", "ver") == ["verify"]
    assert completed("completion", "z") == ["zsh"]
    assert "--strategy" in completed("trade", "--str")


def test_every_command_is_offered() -> None:
    assert set(completed("")) == set(COMMANDS)


def test_another_shell_is_refused() -> None:
    answer = CliRunner().invoke(gammacore, ["completion", "tcsh"])
    assert answer.exit_code == 2
    assert "tcsh" in answer.output

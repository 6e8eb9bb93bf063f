"""`python -m gammacore` is the command line, and the version is one. Rule: OP-801."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import gammacore

ROOT = Path(__file__).resolve().parents[3]


def test_python_m_gammacore_shows_the_version_of_the_library() -> None:
    command = [sys.executable, "-m", "gammacore", "--version"]

    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert shown.split()[-1] == gammacore.__version__ == written

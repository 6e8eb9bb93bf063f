"""A Firestore server of our own for the tests: node, the launcher and the packages that `make` installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = ROOT / "tests" / "firestore" / "launcher.cjs"
PACKAGES = Path(os.environ.get("GAMMACORE_FIRESTORE_SERVER", ROOT / ".venv" / "firestore" / "node_modules"))


def node() -> str | None:
    """Node on the PATH, else the one the virtual environment has from PyPI."""
    return shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


def what_is_missing() -> str | None:
    """Why no server can be started here; None when one can."""
    if node() is None:
        return "node is not on the PATH, so no Firestore server can be started"
    if not (PACKAGES / "@firestore-emulator" / "server").is_dir():
        return f"the Firestore server is not installed in {PACKAGES}; run: make firestore"
    return None


def skip_without_server() -> None:
    """Skip, with the reason, where no server can be started; fail where every test must run (CI)."""
    reason = what_is_missing()
    if reason is None:
        return
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


class FirestoreServer:
    """One server process on the loopback interface. What it holds dies with it, and it dies with the tests."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start with nothing in it; again on the same port after `kill`."""
        command = [node() or "node", str(LAUNCHER), str(self.port)]
        environment = {**os.environ, "NODE_PATH": str(PACKAGES)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        word, _, port = self._process.stdout.readline().partition(" ")
        assert word == "READY", "the Firestore server did not start"
        self.port = int(port)

    def freeze(self) -> None:
        """Stop answering, as a network does that drops every packet; nothing is lost."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End at once, and forget everything."""
        self._process.kill()
        self._process.communicate()

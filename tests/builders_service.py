"""A service in a process of its own, and what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from gammacore.adapters.service.state_file import read_state

TESTS = Path(__file__).parent
PATIENCE_SECONDS = 90.0
"""Real seconds a process may take on a busy machine."""
Found = TypeVar("Found")


class Service:
    """The process of `service_child.py` and what it has said."""

    def __init__(self, process: subprocess.Popen[str], said: Path, ledger: Path) -> None:
        self.process = process
        self.ledger = ledger
        self._said = said

    @property
    def lines(self) -> list[str]:
        return self._said.read_text().splitlines()

    @property
    def state(self) -> dict[str, object]:
        return read_state(self.ledger.with_name(f"{self.ledger.name}.service.json")) or {}

    def says(self, words: str) -> str:
        return eventually(lambda: next((line for line in self.lines if words in line), ""), words)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def eventually(found: Callable[[], Found], what: str) -> Found:
    """What is found, as soon as it is something; looked for until patience ends."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (something := found()):
        assert time.monotonic() < until, what
        threading.Event().wait(0.05)
    return something


@contextmanager
def a_service(home: Path, stalled: int, *command: str) -> Iterator[Service]:
    said = home / "said"
    home.mkdir(exist_ok=True)
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(TESTS / "service_child.py"), str(home), "tradier", str(stalled), *command],
            stdout=out, text=True, env={**os.environ, "PYTHONPATH": str(TESTS)},
        )  # fmt: skip
    try:
        yield Service(process, said, home / "paper" / "paper.sqlite")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_in(line: str) -> int:
    return int(line.rsplit("process ", 1)[1].split(";", maxsplit=1)[0])

"""Prism for the tests: a server that holds every request against Alpaca's own OpenAPI, on the loopback interface."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from firestore_server import node
from prism.loosen_specs import loosen

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "tests" / "prism"
INSTALLED = Path(os.environ.get("GAMMACORE_PRISM", ROOT / ".venv" / "prism"))
PRISM = INSTALLED / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
SPECS = INSTALLED / "vendor" / "alpaca_mcp_server" / "specs"

START_SECONDS = 60.0
"""It needs two on an idle machine."""


def what_is_missing() -> str | None:
    """Why Prism cannot be started here; None when it can."""
    if node() is None:
        return "node is not on the PATH, so Prism cannot be started"
    if not PRISM.is_file() or not SPECS.is_dir():
        return f"Prism or Alpaca's OpenAPI is not installed in {INSTALLED}; run: make prism"
    return None


def skip_without_prism() -> None:
    """Skip, with the reason, where Prism cannot be started; fail where every test must run (CI)."""
    reason = what_is_missing()
    if reason is None:
        return
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


def loosened_specs(folder: Path) -> Path:
    """Write Alpaca's files, loosened, into a folder and return it."""
    loosen(SPECS, folder)
    return folder


@contextmanager
def prism_mock(spec: Path) -> Iterator[str]:
    """The address of a Prism that answers with the examples of `spec`, for as long as the block lasts."""
    with _running("mock", str(spec)) as address:
        yield address


@contextmanager
def prism_proxy(spec: Path, upstream: str) -> Iterator[str]:
    """The address of a Prism that passes on to `upstream` what fits `spec`, and refuses what does not, either way.

    A request that does not fit is answered 422, an answer that does not fit 500.
    """
    with _running("proxy", "--errors", str(spec), upstream) as address:
        yield address


@contextmanager
def _running(*what: str) -> Iterator[str]:
    port = _free_port()
    guard = ["--require", str(FILES / "ends_with_its_parent.cjs")]
    where = ["-v", "error", "-h", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [node() or "node", *guard, str(PRISM), what[0], *where, *what[1:]],
            stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            if (failure := _wait_for(process, port)) is not None:
                said.seek(0)
                pytest.fail(f"Prism {failure}: {said.read().decode(errors='replace')[-2000:]}")
            yield f"http://127.0.0.1:{port}"
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int) -> str | None:
    """Wait until it listens; what went wrong if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"ended with {process.returncode}"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return None
        time.sleep(0.05)
    return f"did not listen within {START_SECONDS:.0f} seconds"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdin is not None
    process.stdin.close()

"""What systemd is told, and that nothing is told where it does not listen. Rule: OP-209."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gammacore.adapters.service.notify_socket import NotifySocket


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address)
        line.settimeout(5)
        yield address, line


def test_ready_status_watchdog_and_stopping_are_sent(listener: tuple[str, socket.socket]) -> None:
    address, line = listener
    alive = NotifySocket({"NOTIFY_SOCKET": address})
    alive.ready("next start Mon 09:20 New York")
    alive.status("next close")
    alive.watchdog()
    alive.stopping()
    assert [line.recv(1000).decode() for _ in range(4)] == [
        "READY=1\nSTATUS=next start Mon 09:20 New York", "STATUS=next close", "WATCHDOG=1", "STOPPING=1",
    ]  # fmt: skip


def test_an_abstract_name_is_one() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0gammacore-test-notify")
        line.settimeout(5)
        NotifySocket({"NOTIFY_SOCKET": "@gammacore-test-notify"}).watchdog()
        assert line.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nonexistent/socket"}])
def test_without_a_listener_nothing_fails(environment: dict[str, str]) -> None:
    NotifySocket(environment).ready("unheard")

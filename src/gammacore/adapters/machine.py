"""What a machine says of itself: a way to a host, whether its clock is kept, which port is taken, what others may read.

Rule: OP-706.
"""

from __future__ import annotations

import ctypes
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

REACH_SECONDS = 5.0
"""So long looking up a name, connecting and the handshake may take."""
NOT_SYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""


def why_unreachable(url: str) -> str:
    """Why a connection to a host cannot be opened, in words; "" when it can. Nothing is asked of the host."""
    parts = urlsplit(url)
    host, is_secret = parts.hostname or "", parts.scheme in ("https", "wss")
    port = parts.port or (443 if is_secret else 80)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return f"the name {host} cannot be resolved"
    try:
        with socket.create_connection((host, port), timeout=REACH_SECONDS) as line:
            if is_secret:
                with ssl.create_default_context().wrap_socket(line, server_hostname=host):
                    pass
    except ssl.SSLError as fault:
        return f"{host} offers no certificate that is trusted ({fault.reason or type(fault).__name__})"
    except OSError as fault:
        return f"no connection to {host}, port {port} ({fault.strerror or type(fault).__name__})"
    return ""


def is_clock_kept() -> bool | None:
    """Whether a time service keeps the machine's clock, as the kernel says it; None where it does not say."""
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != NOT_SYNCHRONISED


def is_port_taken(host: str, port: int) -> bool:
    """Whether another program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((host, port))
        except OSError:
            return True
    return False


def readable_by_others(folder: Path) -> Iterator[Path]:
    """Files and folders below a folder, itself included, that others of the machine may read or write."""
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077 and path.stat().st_uid == os.getuid():
                yield path
